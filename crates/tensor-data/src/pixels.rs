//! Where pixels lie: in memory, or in a file that the system pages in where it is read. Sets larger than memory train from
//! the second kind.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::{Error, Fault};

/// The pixels of all pictures as bytes, in the order picture, channel, row, column. Two are equal where their bytes are.
#[derive(Debug, Clone)]
pub enum Pixels {
    /// In this process's memory.
    Owned(Vec<u8>),
    /// A part of a file, mapped into memory.
    Mapped(MappedPixels),
}

/// The bytes of a mapped file from an offset to its end, shared between clones.
#[derive(Debug, Clone)]
pub struct MappedPixels {
    map: Arc<Mmap>,
    offset: usize,
}

impl Pixels {
    /// Maps the bytes of the file `path` from `offset` (in bytes, behind a header for example) to its end.
    ///
    /// Nobody may change or shorten the file while the pixels are in use: reading behind a shortened end kills the process
    /// (SIGBUS), as with every mapped file.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be opened or mapped, [`Error::File`] when it ends before `offset`.
    pub fn map(path: &Path, offset: usize) -> Result<Self, Error> {
        let failed = |cause| Error::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(failed)?;
        #[expect(unsafe_code, reason = "a mapped file can change underneath; the documentation forbids it")]
        // SAFETY: the map is read-only and private to this type, which hands out shared slices alone. Any byte is a valid u8.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        if offset > map.len() {
            let fault = Fault::ShortContent { expected: offset as u64, found: map.len() as u64 };
            return Err(Error::File { path: path.to_owned(), fault });
        }
        Ok(Self::Mapped(MappedPixels { map: Arc::new(map), offset }))
    }

    /// Whether they are a part of a file.
    pub fn is_mapped(&self) -> bool {
        matches!(self, Self::Mapped(_))
    }
}

impl Deref for Pixels {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(mapped) => &mapped.map[mapped.offset..],
        }
    }
}

impl From<Vec<u8>> for Pixels {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}

impl PartialEq for Pixels {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Pixels {}

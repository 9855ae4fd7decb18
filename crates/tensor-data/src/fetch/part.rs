//! The file that a download grows in, from its first byte to its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Remote;
use crate::Error;
use crate::content::Content;

/// An incomplete download; only the process that holds the folder's lock has one.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Part {
    /// Continues with the file at `path`, or begins it.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        match opened.and_then(|mut file| Ok((file.seek(SeekFrom::End(0))?, file))) {
            Ok((len, file)) => Ok(Self { path, file, len }),
            Err(cause) => Err(Error::Write { path, cause }),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|e| self.failed(e))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn clear(&mut self) -> Result<(), Error> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        self.len = 0;
        cleared.map_err(|e| self.failed(e))
    }

    /// None when the content is that of `remote`, otherwise how it differs.
    pub(super) fn check(&self, remote: &Remote) -> Result<Option<String>, Error> {
        fault(&self.path, remote)
    }

    /// Flushes it to the disk and renames it, so that `target` is complete whenever it exists, even after a power cut.
    pub(super) fn persist(self, target: &Path) -> Result<(), Error> {
        self.file.sync_all().map_err(|e| self.failed(e))?;
        fs::rename(&self.path, target).map_err(|cause| Error::Write { path: target.to_owned(), cause })?;
        // The rename itself is durable once the folder is; where folders cannot be flushed, the file is there all the same.
        if let Some(Ok(folder)) = target.parent().map(File::open) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Leaves what there is for a later download to continue from; an empty file is of no use to it.
    pub(super) fn leave(self) {
        if self.len == 0 {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn failed(&self, cause: io::Error) -> Error {
        Error::Write { path: self.path.clone(), cause }
    }
}

/// None when the uncompressed content of the file is that of `remote`, otherwise how it differs.
pub(super) fn fault(path: &Path, remote: &Remote) -> Result<Option<String>, Error> {
    let unreadable = |cause| Error::Read { path: path.to_owned(), cause };
    let mut content = Content::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut found = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => {
                return content.fault(&e, found).map(|fault| Some(fault.to_string())).ok_or_else(|| unreadable(e));
            }
        };
        found += read as u64;
        if found > remote.bytes {
            return Ok(Some(format!("its content is larger than the expected {} bytes", remote.bytes)));
        }
        hasher.update(&buffer[..read]);
    }
    if found < remote.bytes {
        return Ok(Some(format!("its content has {found} bytes, expected are {}", remote.bytes)));
    }
    let sha256 = format!("{:x}", hasher.finalize());
    Ok((!sha256.eq_ignore_ascii_case(&remote.sha256))
        .then(|| format!("the SHA-256 of its content is {sha256}, expected is {}", remote.sha256)))
}

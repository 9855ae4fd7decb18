//! Plain and gzip files read alike. Which one a file is, its first bytes say, never its name: some servers unpack a
//! `.gz` on the way, and people rename files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::Fault;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The uncompressed content of a file.
pub(crate) enum Content {
    Plain(BufReader<File>),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
}

impl Content {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
        Ok(if reader.fill_buf()?.starts_with(&GZIP) {
            Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
        } else {
            Self::Plain(reader)
        })
    }

    /// What a failed read after `found` bytes of content means: a damaged file, or else a failing system.
    pub(crate) fn fault(&self, error: &io::Error, found: u64) -> Option<Fault> {
        match (self, error.kind()) {
            (Self::Gzip(_), io::ErrorKind::UnexpectedEof) => Some(Fault::GzipCutOff { found }),
            (Self::Gzip(_), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                Some(Fault::GzipDamaged(error.to_string()))
            }
            _ => None,
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
        }
    }
}

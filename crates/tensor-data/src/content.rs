//! Plain and gzip files read alike. Which one a file is, its first bytes say, never its name: some servers unpack a
//! `.gz` on the way, and people rename files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::Fault;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file whose first bytes have been looked at and are read once more.
type Rewound = Chain<Cursor<Vec<u8>>, BufReader<File>>;

/// The uncompressed content of a file.
pub(crate) enum Content {
    Plain(Box<Rewound>),
    Gzip(Members),
}

/// The content of a gzip file's members, one after the other; `None` behind the last one.
pub(crate) struct Members(Option<Box<GzDecoder<Rewound>>>);

impl Content {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (start, rewound) = look(BufReader::with_capacity(1 << 16, File::open(path)?))?;
        Ok(if start == GZIP {
            Self::Gzip(Members(Some(Box::new(GzDecoder::new(rewound)))))
        } else {
            Self::Plain(Box::new(rewound))
        })
    }

    /// What a failed read after `found` bytes of content means: a damaged file, or else a failing system.
    pub(crate) fn fault(&self, error: &io::Error, found: u64) -> Option<Fault> {
        if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
            return Some(fault.clone());
        }
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
            Self::Gzip(members) => members.read(buffer),
        }
    }
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.0 = match self.0.take() {
                Some(ended) => next_member(ended.into_inner().into_inner().1)?,
                None => None,
            };
        }
        Ok(0)
    }
}

/// The first two bytes, and a reader that still gives them.
fn look(mut reader: BufReader<File>) -> io::Result<(Vec<u8>, Rewound)> {
    let mut start = Vec::with_capacity(GZIP.len());
    reader.by_ref().take(GZIP.len() as u64).read_to_end(&mut start)?;
    let rewound = Cursor::new(start.clone()).chain(reader);
    Ok((start, rewound))
}

/// What follows a member: another one, or nothing but NUL bytes, with which tapes and some tools fill up a block.
fn next_member(reader: BufReader<File>) -> io::Result<Option<Box<GzDecoder<Rewound>>>> {
    let (start, mut rest) = look(reader)?;
    if start == GZIP {
        return Ok(Some(Box::new(GzDecoder::new(rest))));
    }
    let (mut bytes, mut is_padding, mut is_line_end) = (0, true, true);
    loop {
        let piece = rest.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        is_padding &= piece.iter().all(|&byte| byte == 0);
        is_line_end &= piece.iter().all(|byte| b"\r\n".contains(byte));
        let read = piece.len();
        bytes += read as u64;
        rest.consume(read);
    }
    if is_padding {
        return Ok(None);
    }
    Err(io::Error::other(Fault::GzipTrailing { bytes, is_line_end }))
}

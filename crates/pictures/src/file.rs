//! Reading picture files: whatever is wrong with one becomes a sentence. A file is looked at before it is opened, its size
//! and its first bytes before it is read, and its width and height before it is decoded.

use crate::Error;
use crate::decode::{self, Decoded, MOST_MEGAPIXELS};
use crate::kind::{Format, HEAD, Kind};
use crate::transparency::Background;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use values::thousands;

/// Bytes of a file: those of the largest picture at 4 bytes a pixel, uncompressed.
const MOST_BYTES: u64 = MOST_MEGAPIXELS * 1_000_000 * 4;

/// Reads a picture of any size, turned as its EXIF data say, what is transparent laid over `background`.
///
/// # Errors
/// [`Error::Special`] for what is no regular file, [`Error::Read`] for what the system does not let us read, and
/// [`Error::Refused`] for all that is no picture, or a damaged one, or one that is too large.
pub fn read(path: &Path, background: Background) -> Result<Decoded, Error> {
    let (bytes, format) = content(path)?;
    decode::decode(&bytes, format, background).map_err(|problem| refused(path, problem))
}

/// The bytes of a picture that is decoded here, and its format.
pub fn content(path: &Path) -> Result<(Vec<u8>, Format), Error> {
    let file = open(path)?;
    let mut bytes = head(&file).map_err(cannot_read(path))?;
    let format = match Kind::of(&bytes) {
        Kind::Decoded(format) => format,
        other => return Err(refused(path, other.problem().unwrap_or_default())),
    };
    let size = file.metadata().map_err(cannot_read(path))?.len();
    if size <= MOST_BYTES {
        // The file may grow while it is read.
        (&file).take(MOST_BYTES).read_to_end(&mut bytes).map_err(cannot_read(path))?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MOST_BYTES {
        let (size, most) = (thousands(size as f64), MOST_BYTES / 1_000_000);
        let problem = format!("it holds {size} bytes, and more than {most} MB are not read: make it smaller first");
        return Err(refused(path, problem));
    }
    Ok((bytes, format))
}

/// What a file holds, by its first [`HEAD`] bytes.
///
/// # Errors
/// [`Error::Special`] for what is no regular file, [`Error::Read`] for what the system does not let us read.
pub fn kind(path: &Path) -> Result<Kind, Error> {
    let head = head(&open(path)?).map_err(cannot_read(path))?;
    Ok(Kind::of(&head))
}

pub fn refused(path: &Path, problem: String) -> Error {
    Error::Refused { path: path.to_owned(), problem }
}

fn cannot_read(path: &Path) -> impl Fn(io::Error) -> Error {
    move |cause| Error::Read { path: path.to_owned(), cause }
}

/// Opens a regular file; anything else could block, never end, or do something when it is opened.
fn open(path: &Path) -> Result<File, Error> {
    let refuse = |kind: FileType| match special(kind) {
        Some(what) => Err(Error::Special { path: path.to_owned(), what }),
        None => Ok(()),
    };
    refuse(fs::metadata(path).map_err(cannot_read(path))?.file_type())?;
    // It may have become a pipe since then: opening one would wait for a writer.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(cannot_read(path))?;
    refuse(file.metadata().map_err(cannot_read(path))?.file_type())?;
    Ok(file)
}

/// What a file is that is no regular one.
fn special(kind: FileType) -> Option<&'static str> {
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a directory"),
        () if kind.is_fifo() => Some("a pipe (save what comes through it as a file)"),
        () if kind.is_socket() => Some("a socket"),
        () if kind.is_block_device() || kind.is_char_device() => Some("a device"),
        () => Some("something other than a file"),
    }
}

fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    fn check(path: &Path, message: &str) {
        let error = read(path, Background::Telling).err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    #[test]
    fn only_regular_files_are_opened() {
        let root = tempfile::tempdir().unwrap();
        check(root.path(), "is a directory, no picture file");
        check(Path::new("/dev/zero"), "is a device");
        check(&root.path().join("none.png"), "No such file");
        let _socket = UnixListener::bind(root.path().join("socket.png")).unwrap();
        check(&root.path().join("socket.png"), "is a socket");
        let pipe = root.path().join("pipe.png");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        check(&pipe, "is a pipe");
    }

    #[test]
    fn size_and_kind_come_before_reading() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8], length: u64| -> PathBuf {
            let path = root.path().join(name);
            fs::write(&path, bytes).unwrap();
            OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
            path
        };
        // Terabytes of holes: reading any of these would not come to an end.
        check(&file("hole.png", b"", 1 << 42), "those of no picture");
        let message = "it holds 4,398,046,511,104 bytes, and more than 256 MB are not read";
        check(&file("big.png", b"\x89PNG\r\n\x1a\n", 1 << 42), message);
        check(&file("empty.png", b"", 0), "it is empty (0 bytes)");
        check(&file("page.png", b"<html>", 6), "it is an HTML page, no picture");
    }
}

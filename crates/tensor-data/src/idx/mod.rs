//! IDX, the format of MNIST and its relatives: a magic number, the dimensions, then the bytes.
//!
//! All numbers are big-endian `u32`. The magic number is two zero bytes, the element type (0x08, unsigned byte, is the
//! one that pictures and labels use) and the number of dimensions:
//!
//! | file | magic | dimensions |
//! | --- | --- | --- |
//! | labels | `0x00000801` | count |
//! | images | `0x00000803` | count, rows, columns |
//! | images of several channels | `0x00000804` | count, channels, rows, columns |
//!
//! Files may be plain or gzip. Nothing in a file is believed before it is checked: memory grows with the bytes that are
//! really there, up to the size that the header claims and never past 4 GiB, whatever a damaged header or a gzip bomb says.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", file formats.

mod header;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::content::Content;
use crate::{Error, Fault, Samples, samples};
use header::{Header, IMAGES, Kind, LABELS};

/// The pictures of an IDX file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Number of pictures, at least 1.
    pub count: usize,
    /// Channels, height and width of each, all at least 1.
    pub shape: [usize; 3],
    /// Pixels in the order picture, channel, row, column.
    pub pixels: Vec<u8>,
}

/// Reads the pictures of an IDX file, plain or gzip.
///
/// # Errors
/// [`Error::Read`] when the file cannot be opened or read, [`Error::File`] with the [`Fault`] when its content is not
/// exactly what its header claims.
pub fn read_images(path: &Path) -> Result<Images, Error> {
    let (dims, pixels) = read(path, &IMAGES)?;
    let shape = match dims[1..] {
        [channels, height, width] => [channels, height, width],
        [height, width] => [1, height, width],
        // The header's reader lets no other number of dimensions pass for images.
        _ => [1, 1, 1],
    };
    Ok(Images { count: dims[0], shape, pixels })
}

/// Reads the labels of an IDX file, plain or gzip: any bytes, at least one.
///
/// # Errors
/// As [`read_images`].
pub fn read_labels(path: &Path) -> Result<Vec<u8>, Error> {
    Ok(read(path, &LABELS)?.1)
}

/// Reads a pair of IDX files, each plain or gzip, as samples of `classes` classes.
///
/// # Errors
/// As [`read_images`]; [`Error::File`] as well, naming the file with the labels, when the two files are of different
/// length or a label is not below `classes`.
pub fn read_samples(images: &Path, labels: &Path, classes: usize) -> Result<Samples, Error> {
    let Images { count, shape, pixels } = read_images(images)?;
    let classified = read_labels(labels)?;
    let fault = if classified.len() == count {
        samples::check(shape, classes, pixels.len(), &classified).err()
    } else {
        Some(Fault::Unpaired { labels: classified.len(), images: count, path: images.to_owned() })
    };
    match fault {
        Some(fault) => Err(Error::File { path: labels.to_owned(), fault }),
        None => Samples::new(shape, classes, pixels, classified),
    }
}

/// Writes samples as a pair of plain IDX files, images and labels; existing files are replaced.
///
/// # Errors
/// [`Error::Write`] when a file cannot be written, or a number does not fit the format's 32 bits.
pub fn write_samples(samples: &Samples, images: &Path, labels: &Path) -> Result<(), Error> {
    let [channels, height, width] = samples.shape();
    let dims: &[usize] = match channels {
        1 => &[samples.len(), height, width],
        _ => &[samples.len(), channels, height, width],
    };
    write(images, dims, samples.pixels())?;
    write(labels, &[samples.len()], samples.labels())
}

fn write(path: &Path, dims: &[usize], content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let mut bytes = header::encode(dims).map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
    bytes.extend_from_slice(content);
    fs::write(path, bytes).map_err(failed)
}

/// Dimensions and content of a file of one kind; as many dimensions as the kind has, none of them 0, and exactly as
/// many bytes as they multiply to.
fn read(path: &Path, kind: &Kind) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    let broken = |fault| Error::File { path: path.to_owned(), fault };
    let mut file = Content::open(path).map_err(unreadable)?;
    let mut bytes_before = 0;
    let mut take = |limit: u64| {
        let mut bytes = Vec::new();
        let outcome = (&mut file).take(limit).read_to_end(&mut bytes);
        bytes_before += bytes.len() as u64;
        outcome.map(|_| bytes).map_err(|error| match file.fault(&error, bytes_before) {
            Some(fault) => broken(fault),
            None => unreadable(error),
        })
    };

    let start = take(header::SHORTEST)?;
    let rest = take(header::missing(&start, kind).map_err(broken)?)?;
    let Header { dims, size } = Header::parse(&[start, rest].concat(), kind).map_err(broken)?;
    let mut content = take(size)?;
    if (content.len() as u64) < size {
        return Err(broken(Fault::ShortContent { expected: size, found: content.len() as u64 }));
    }
    if !take(1)?.is_empty() {
        return Err(broken(Fault::Trailing { expected: size }));
    }
    content.shrink_to_fit();
    Ok((dims, content))
}

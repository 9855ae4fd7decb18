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
    pair((images, read_images(images)?), (labels, read_labels(labels)?), classes)
}

/// Samples out of what two files hold, each given with its path.
pub(crate) fn pair(images: (&Path, Images), labels: (&Path, Vec<u8>), classes: usize) -> Result<Samples, Error> {
    let (Images { count, shape, pixels }, (path, labels)) = (images.1, labels);
    let wide: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
    let fault = if labels.len() == count {
        samples::check(shape, classes, pixels.len(), &wide).err().map(|fault| counted_otherwise(&labels, fault))
    } else {
        Some(Fault::Unpaired { labels: labels.len(), images: count, path: images.0.to_owned() })
    };
    match fault {
        Some(fault) => Err(Error::File { path: path.to_owned(), fault }),
        None => Samples::new(shape, classes, pixels, wide),
    }
}

/// Where not one label is 0, labels out of range are no damage: they are counted from another number.
fn counted_otherwise(labels: &[u8], fault: Fault) -> Fault {
    let (smallest, largest) = labels.iter().fold((u8::MAX, 0), |(low, high), &label| (low.min(label), high.max(label)));
    match fault {
        Fault::Label { classes, .. } if smallest > 0 => Fault::LabelsFrom { smallest, largest, classes },
        fault => fault,
    }
}

/// The headers of the two files that samples are written as, images and labels; empty for numbers beyond 32 bits, which
/// no header can hold.
pub(crate) fn headers(samples: &Samples) -> [Vec<u8>; 2] {
    [dims(samples), vec![samples.len()]].map(|dims| header::encode(&dims).unwrap_or_default())
}

fn dims(samples: &Samples) -> Vec<usize> {
    match samples.shape() {
        [1, height, width] => vec![samples.len(), height, width],
        [channels, height, width] => vec![samples.len(), channels, height, width],
    }
}

/// Writes samples as a pair of plain IDX files, images and labels; existing files are replaced.
///
/// # Errors
/// [`Error::Write`] when a file cannot be written, a number does not fit the format's 32 bits, or there are more than the 256
/// classes that a label of one byte can tell apart.
pub fn write_samples(samples: &Samples, images: &Path, labels: &Path) -> Result<(), Error> {
    let bytes = samples.label_bytes().ok_or_else(|| {
        let problem = format!("{} classes do not fit labels of one byte (at most 256)", samples.classes());
        Error::Write { path: labels.to_owned(), cause: io::Error::new(io::ErrorKind::InvalidInput, problem) }
    })?;
    write(images, &dims(samples), samples.pixels())?;
    write(labels, &[samples.len()], &bytes)
}

fn write(path: &Path, dims: &[usize], content: &[u8]) -> Result<(), Error> {
    let failed = |cause| Error::Write { path: path.to_owned(), cause };
    let mut bytes = header::encode(dims).map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
    bytes.extend_from_slice(content);
    fs::write(path, bytes).map_err(failed)
}

/// Dimensions and content of a file of one kind; as many dimensions as the kind has, none of them 0, and exactly as
/// many bytes as they multiply to.
fn read(path: &Path, kind: &Kind) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let unreadable = |cause| Error::Read { path: path.to_owned(), cause };
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

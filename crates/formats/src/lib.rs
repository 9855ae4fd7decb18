//! Data sets as others publish them, read into a [`Source`](tensor_data::Source): CIFAR's binary files ([`cifar`]), the IDX files of MNIST
//! and its relatives ([`idx`]), NumPy archives ([`npz`]) and arrays in safetensors ([`safetensors`]).
//!
//! [`read`] tells them apart by their content. Nothing in a file is believed before it is checked, nothing is executed, and memory grows with
//! the bytes that are really there, up to [`MOST_BYTES`]. [`Contents`] tells what was read: counts, copies, labels that contradict each
//! other.
//!
//! What this crate does not know: picture files, tensors, models, the command line, the environment.

mod arrays;
pub mod cifar;
mod contents;
mod error;
pub mod idx;
pub mod npz;
pub mod safetensors;

pub use arrays::Read;
pub use contents::{Contents, Copies};
pub use error::Error;

use std::path::Path;

/// Bytes of an array at most, 4 GiB; a larger one is refused by its header.
pub const MOST_BYTES: u64 = 4 << 30;

/// What must be settled where a data set brings no test pictures of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestPart {
    /// Share of the pictures of every class that become test pictures, above 0 and below 1.
    pub share: f64,
    /// Seed of the draw.
    pub seed: u64,
}

/// Whether `path` holds arrays, as far as names and first bytes tell: [`read`] then reads them or says what is wrong.
///
/// # Errors
/// [`Error::Io`] where a file cannot be read.
pub fn is_known(path: &Path) -> Result<bool, Error> {
    if path.is_dir() {
        return Ok(cifar::is_known(path) || idx::is_known(path));
    }
    Ok(matches!(head(path)?, [b'P', b'K', 3, 4, ..] | [_, _, _, _, _, _, _, _, b'{', _]))
}

/// Reads the data set that `path` holds: a folder of CIFAR's binary files or of IDX files, an `.npz` archive, or a safetensors file.
/// `None` where it is none of these.
///
/// # Errors
/// [`Error`] where it is one of them and cannot be used: damaged, of another type or shape than pictures have, labels that do not fit.
pub fn read(path: &Path, test: TestPart) -> Result<Option<Read>, Error> {
    if path.is_dir() {
        let read = cifar::read(path)?;
        return if read.is_some() { Ok(read) } else { idx::read(path) };
    }
    match head(path)? {
        [b'P', b'K', 3, 4, ..] => npz::read(path, test).map(Some),
        // The length of the header, then the header, which begins with a brace.
        [_, _, _, _, _, _, _, _, b'{', _] => safetensors::read(path, test).map(Some),
        _ => Ok(None),
    }
}

/// The first bytes of a file, zeros where it is shorter.
fn head(path: &Path) -> Result<[u8; 10], Error> {
    use std::io::Read;
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    file.take(10).read_to_end(&mut head).map_err(Error::io(path))?;
    head.resize(10, 0);
    // Ten bytes, as was just made sure.
    Ok(<[u8; 10]>::try_from(head).unwrap_or_default())
}

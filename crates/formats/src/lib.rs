//! Data sets as others publish them, read into a [`Source`](tensor_data::Source): CIFAR's binary files ([`cifar`]), NumPy archives
//! ([`npz`]) and arrays in safetensors ([`safetensors`]).
//!
//! [`read`] tells them apart by their content. Nothing in a file is believed before it is checked, nothing is executed, and memory grows with
//! the bytes that are really there, up to [`MOST_BYTES`].
//!
//! What this crate does not know: picture files, tensors, models, the command line, the environment.

mod arrays;
pub mod cifar;
mod error;
pub mod npz;
pub mod safetensors;

pub use arrays::Read;
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

/// Reads the data set that `path` holds: a folder of CIFAR's binary files, an `.npz` archive, or a safetensors file. `None` where it is
/// none of these.
///
/// # Errors
/// [`Error`] where it is one of them and cannot be used: damaged, of another type or shape than pictures have, labels that do not fit.
pub fn read(path: &Path, test: TestPart) -> Result<Option<Read>, Error> {
    if path.is_dir() {
        return cifar::read(path);
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

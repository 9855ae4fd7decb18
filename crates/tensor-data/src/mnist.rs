//! MNIST in one call, for programs that want nothing else. [`catalog`](crate::catalog) knows more data sets.

use std::path::Path;

use crate::catalog::MNIST;
use crate::files::Folder;
use crate::{Error, Source};

/// Reads MNIST's four files from `dir`; see [`Entry::load`](crate::catalog::Entry::load), which tells as well whether
/// they are the published ones.
///
/// # Errors
/// Those of [`Entry::load`](crate::catalog::Entry::load).
pub fn load(dir: &Path) -> Result<Source, Error> {
    Ok(MNIST.load(&Folder::own(dir))?.source)
}

/// Whether all four files are in `dir`, so that [`load`] can try them.
pub fn is_present(dir: &Path) -> bool {
    Folder::own(dir).is_complete()
}

//! Why a data set cannot be used: which file, what is wrong, what to do.

use std::path::{Path, PathBuf};

/// Why a data set cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file whose content is not what its format promises.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Pictures and labels that do not make a data set.
    #[error("{}: {cause}", path.display())]
    Samples {
        /// Where from.
        path: PathBuf,
        /// What is wrong.
        cause: Box<tensor_data::Error>,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |cause| Error::Io { path, cause }
    }

    pub(crate) fn content(path: &Path, problem: impl Into<String>) -> Error {
        Error::Content { path: path.to_owned(), problem: problem.into() }
    }

    pub(crate) fn samples(path: &Path) -> impl Fn(tensor_data::Error) -> Error {
        let path = path.to_owned();
        move |cause| Error::Samples { path: path.clone(), cause: Box::new(cause) }
    }
}

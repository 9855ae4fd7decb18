//! What can go wrong on the way to a libtorch, each said with the place and the way out.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::io;
use std::path::Path;

/// Why there is no libtorch to use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be handled.
    #[error("cannot {action}: {cause}")]
    Io {
        /// What was tried, with its path.
        action: String,
        /// The system's word.
        cause: io::Error,
    },
    /// A wheel is no archive that can be read.
    #[error("cannot {action}: {cause}")]
    Archive {
        /// What was tried, with its path.
        action: String,
        /// What is wrong with it.
        cause: zip::result::ZipError,
    },
    /// A requirement could not be fetched.
    #[error("cannot fetch {what}: {cause}")]
    Fetch {
        /// The requirement, such as `torch==2.11.0`.
        what: String,
        /// Why.
        cause: Box<Error>,
    },
    /// What was found or asked for cannot be used; the message names the remedy.
    #[error("{0}")]
    Unusable(String),
}

impl Error {
    /// For `map_err`: what was tried with `path`.
    pub(crate) fn io(action: &str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        let action = format!("{action} {}", path.display());
        move |cause| Error::Io { action, cause }
    }

    /// For `map_err`: which archive was read.
    pub(crate) fn archive(path: &Path) -> impl FnOnce(zip::result::ZipError) -> Error + use<> {
        let action = format!("read {}", path.display());
        move |cause| Error::Archive { action, cause }
    }

    /// For `map_err`: what was fetched.
    pub(crate) fn fetching(what: impl Into<String>) -> impl FnOnce(Error) -> Error {
        let what = what.into();
        move |cause| Error::Fetch { what, cause: Box::new(cause) }
    }
}

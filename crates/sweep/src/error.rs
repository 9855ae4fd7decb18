//! Everything that can go wrong in a sweep, each with what, where and how to mend it.

use std::path::PathBuf;

/// An error of this crate. Its text says what went wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A space, strategy or number of trials that makes no sweep.
    #[error("{0}")]
    Definition(String),
    /// A sweep's folder that cannot be used as asked.
    #[error("sweep {}: {problem}", path.display())]
    Folder {
        /// The folder or the file inside it.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A folder whose runs cannot be put together.
    #[error("{}: {problem}", path.display())]
    Runs {
        /// The folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Whoever runs the sweep could not make a trial's network.
    #[error("{0}")]
    Network(String),
    /// The page could not be made from its template.
    #[error("the page of the sweep cannot be made: {0}")]
    Page(String),
    /// From drawing.
    #[error(transparent)]
    Picture(#[from] viz::Error),
    /// From training, evaluation and recipes.
    #[error(transparent)]
    Train(#[from] train::Error),
}

impl Error {
    /// Wraps an input/output error with the path it happened at; made for `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |cause| Error::Io { action, path, cause }
    }

    /// An error about what lies in a sweep's folder.
    pub(crate) fn folder(path: impl Into<PathBuf>, problem: impl Into<String>) -> Error {
        Error::Folder { path: path.into(), problem: problem.into() }
    }

    /// An error about a folder of runs.
    pub(crate) fn runs(path: impl Into<PathBuf>, problem: impl Into<String>) -> Error {
        Error::Runs { path: path.into(), problem: problem.into() }
    }

    /// Whether the mistake lies in the recipe or the command line rather than in the world: exit status 2, not 1.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Definition(_) | Error::Runs { .. } => true,
            Error::Train(error) => error.is_usage(),
            _ => false,
        }
    }
}

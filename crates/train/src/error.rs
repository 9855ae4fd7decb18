//! Everything that can go wrong between a recipe and a finished run, each with what, where and how to mend it.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::path::PathBuf;

/// An error of this crate. Its text says what went wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A recipe that is not TOML, has an unknown key or a value of the wrong type.
    #[error("recipe {origin}: {problem}")]
    RecipeSyntax {
        /// The file, or "--set" for an override.
        origin: String,
        /// What is wrong, with the nearest known name where a key is unknown.
        problem: String,
    },
    /// A value outside its range; the key is dotted.
    #[error("recipe key {0}")]
    RecipeRange(values::OutOfRange),
    /// Recipe, pictures and network do not fit together.
    #[error(transparent)]
    Mismatch(#[from] crate::mismatch::Mismatch),
    /// Answers of which no figures can be computed.
    #[error("{0}: the model and the data set do not belong together")]
    Metrics(metrics::Error),
    /// The loss or the parameters stopped being finite numbers.
    #[error("{0}")]
    Diverged(Box<crate::Diverged>),
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {}: {cause}{}", path.display(), hint(cause))]
    Io {
        /// "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A checkpoint that is damaged, incomplete or from another version.
    #[error("checkpoint {}: {problem}", path.display())]
    Checkpoint {
        /// Its folder or the file inside it.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A run folder that cannot be used as asked.
    #[error("run {}: {problem}", path.display())]
    Run {
        /// The run's folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// An observer failed; training stopped with the last checkpoint intact.
    #[error("{cause}")]
    Observer {
        /// What it said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Processes that train together do not agree, or one of them cannot go on.
    #[error("{0}")]
    Ranks(String),
    /// From the data set.
    #[error(transparent)]
    Data(#[from] tensor_data::Error),
    /// From the model.
    #[error(transparent)]
    Model(#[from] models::Error),
    /// From the optimiser.
    #[error(transparent)]
    Optim(#[from] optim::Error),
    /// From libtorch.
    #[error(transparent)]
    Libtorch(#[from] torch_ext::Error),
}

impl Error {
    /// Wraps an input/output error with the path it happened at; made for `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |cause| Error::Io { action, path, cause }
    }

    /// Says what libtorch was asked for when it failed; made for `map_err`.
    pub(crate) fn torch(action: &'static str) -> impl Fn(tch::TchError) -> Error + Copy {
        move |cause| Error::Libtorch(torch_ext::Error::doing(action)(cause))
    }

    /// What an observer of this crate failed with, as it is; of any other, wrapped.
    pub(crate) fn of_observer(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
        match cause.downcast::<Error>() {
            Ok(own) => *own,
            Err(cause) => Error::Observer { cause },
        }
    }

    /// Whether the mistake lies in the recipe or the command line rather than in the world: exit status 2, not 1.
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::RecipeSyntax { .. } | Error::RecipeRange(_) | Error::Mismatch(_))
    }
}

impl From<values::OutOfRange> for Error {
    fn from(problem: values::OutOfRange) -> Error {
        Error::RecipeRange(problem)
    }
}

/// How to mend the common input/output errors.
fn hint(cause: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            " (the disk is full: make room, then continue with --resume; what was saved before is intact)"
        }
        ErrorKind::FileTooLarge => " (a limit on the size of files was reached: raise it, then continue with --resume)",
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            " (it cannot be written: choose another folder with --out, or change its permissions)"
        }
        _ => "",
    }
}

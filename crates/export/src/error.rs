//! Why a model could not be exported, in one line.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Why a model could not be exported. The text is whole: it says its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be written or read.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// The form has no such operation, or the network's operations are not known.
    #[error("it cannot be written as {form}: {problem}")]
    Form {
        /// The form, for instance ONNX.
        form: &'static str,
        /// What does not fit, and what does.
        problem: String,
    },
    /// libtorch failed.
    #[error("libtorch could not {doing}: {problem}")]
    Libtorch {
        /// What was being done.
        doing: String,
        /// The first line of what it said.
        problem: String,
    },
    /// ONNX Runtime could not be loaded, or refused the file.
    #[error("ONNX Runtime could not {doing}: {problem}")]
    Runtime {
        /// What was being done.
        doing: String,
        /// The first line of what it said.
        problem: String,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Error {
        let path = path.to_owned();
        move |cause| Error::Io { path: path.clone(), cause }
    }

    pub(crate) fn libtorch<E: Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Error {
        let doing = doing.into();
        move |cause| Error::Libtorch { doing, problem: first_line(&cause) }
    }

    pub(crate) fn runtime<E: Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Error {
        let doing = doing.into();
        move |cause| Error::Runtime { doing, problem: first_line(&cause) }
    }
}

fn first_line(cause: &impl Display) -> String {
    // libtorch's exceptions begin with a line that says no more than that they are one.
    let text = cause.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Internal torch error:");
    lines.next().unwrap_or_default().to_owned()
}

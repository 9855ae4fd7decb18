//! What can be wrong with a picture file.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file gave no picture. Each message says which file, what is wrong with it and, where it can be mended, how.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to open or read it.
    #[error("{}", self.told(&path.display().to_string()))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is a directory, a pipe, a device or a socket.
    #[error("{}", self.told(&path.display().to_string()))]
    Special {
        /// What was named.
        path: PathBuf,
        /// What it is, such as "a directory".
        what: &'static str,
    },
    /// Its content is no picture that is decoded here, or a damaged one.
    #[error("{}", self.told(&path.display().to_string()))]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong, such as "the JPEG is cut off".
        problem: String,
    },
}

impl Error {
    /// The file at fault.
    pub fn path(&self) -> &Path {
        match self {
            Error::Read { path, .. } | Error::Special { path, .. } | Error::Refused { path, .. } => path,
        }
    }

    /// What is wrong with the file, without its name.
    pub fn problem(&self) -> String {
        match self {
            Error::Read { cause, .. } => format!("it cannot be read: {cause}"),
            Error::Special { what, .. } => format!("it is {what}"),
            Error::Refused { problem, .. } => problem.clone(),
        }
    }

    /// The message, with the file called `name`: for programs that have their own way of printing paths.
    pub fn told(&self, name: &str) -> String {
        match self {
            Error::Read { cause, .. } => format!("cannot read {name}: {cause}"),
            Error::Special { what, .. } => format!("{name} is {what}, no picture file"),
            Error::Refused { problem, .. } => format!("{name} is no picture that can be read: {problem}"),
        }
    }
}

//! What can go wrong between a table of suspects and moved files, each with what, where and how to mend it.

use std::io;
use std::path::{Path, PathBuf};
use values::shown;

/// An error of this crate. Its text is whole: it says its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that cannot be read, written or moved.
    #[error("cannot {action} {}: {cause}", shown::path(path))]
    Io {
        /// "read", "move", ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A table that is not as `clean` writes it.
    #[error(
        "{}: {cause}: keep the header and a value for every column, or have the table written again",
        shown::path(path)
    )]
    Table {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        cause: csv::Error,
    },
    /// A journal that cannot be read.
    #[error("{} is damaged: {cause}; no file is moved without it", shown::path(path))]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        cause: serde_json::Error,
    },
    /// A row that cannot be followed; nothing was moved.
    #[error("{}: {problem}; nothing was moved", shown::word(picture))]
    Row {
        /// The picture.
        picture: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// A move that cannot be made: the moves before it are made, and the journal knows of them.
    #[error(
        "{} cannot be moved to {}: {problem}; the moves before it are made: mend this and say --apply again, or take them back with --undo",
        shown::path(from),
        shown::path(to)
    )]
    Move {
        /// Where it lies.
        from: PathBuf,
        /// Where it was to lie.
        to: PathBuf,
        /// Why.
        problem: String,
    },
    /// A journal in another state than the command needs.
    #[error("{}: {problem}", shown::path(path))]
    State {
        /// The journal.
        path: PathBuf,
        /// What is to be done first.
        problem: &'static str,
    },
    /// A page that cannot be made.
    #[error("the page of suspects cannot be made: {0}")]
    Page(String),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |cause| Error::Io { action, path, cause }
    }
}

//! What can go wrong between a run's folder and its page.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::io;
use std::path::PathBuf;

/// Why there is no page. Each message says what went wrong, where, and how to mend it where that can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run cannot be read, or its model cannot be asked.
    #[error(transparent)]
    Run(#[from] train::Error),
    /// A chart or a sheet of pictures cannot be drawn.
    #[error(transparent)]
    Drawing(#[from] viz::Error),
    /// A template refused its values.
    #[error("the page cannot be made: {cause}")]
    Page {
        /// What the template engine said.
        cause: askama::Error,
    },
    /// The figures of the live page are no JSON.
    #[error("the figures of the page cannot be written as JSON: {cause}")]
    Json {
        /// What the writer of JSON said.
        cause: serde_json::Error,
    },
    /// The page cannot be saved.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The live page cannot be served on this port.
    #[error(
        "cannot serve the page on 127.0.0.1:{port}: {cause}; choose another --port, or leave it out for a free one"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system said.
        cause: io::Error,
    },
}

impl From<askama::Error> for Error {
    fn from(cause: askama::Error) -> Error {
        Error::Page { cause }
    }
}

impl From<serde_json::Error> for Error {
    fn from(cause: serde_json::Error) -> Error {
        Error::Json { cause }
    }
}

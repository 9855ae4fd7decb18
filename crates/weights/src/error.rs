//! Why a file's weights could not be had, in one line.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file's weights could not be had. The text is whole: it says its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("weights {}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// The file is no safetensors file and no PyTorch checkpoint, or not a whole one.
    #[error(
        "weights {}: not a whole safetensors file or PyTorch checkpoint ({problem}); fetch it again or save a \
         state_dict",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The file would run a program where Python loads it.
    #[error(
        "weights {}: whoever loads it with Python runs {called}, which tensors do not need; nothing of it was loaded: take weights \
         from elsewhere, or save a state_dict alone",
        .path.display()
    )]
    Hostile {
        /// The file.
        path: PathBuf,
        /// What it would call, as `module.name`.
        called: String,
    },
    /// The file holds no tensor.
    #[error("weights {}: it holds no tensor; save the network's state_dict", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A tensor has a type that libtorch lacks.
    #[error("weights {}: {name} holds {found} values, which libtorch does not have; convert it first", .path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
    },
}

impl Error {
    pub(crate) fn damaged<E: Display>(path: &Path) -> impl Fn(E) -> Error {
        let path = path.to_owned();
        move |cause| {
            let problem = cause.to_string().lines().next().unwrap_or_default().trim_end().to_owned();
            Error::Damaged { path: path.clone(), problem }
        }
    }
}

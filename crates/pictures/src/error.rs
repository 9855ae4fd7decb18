//! What can be wrong with a picture file, or with a folder of them.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file gave no picture, or a folder no data set. Each message says which file, what is wrong with it and, where it can be mended, how.
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
    /// A folder in which no file is meant as a picture.
    #[error("{}", self.told(&folder.display().to_string()))]
    NoPictures {
        /// The folder.
        folder: PathBuf,
        /// How many pictures lie in the folder itself, in no class's.
        loose: usize,
    },
    /// A folder of which no picture can be read.
    #[error("{}", self.told(&folder.display().to_string()))]
    NoneReadable {
        /// The folder, or the table.
        folder: PathBuf,
        /// How many files were tried.
        files: usize,
        /// What is wrong with the first of them.
        first: String,
    },
    /// A folder whose pictures are all of one class.
    #[error("{}", self.told(&folder.display().to_string()))]
    OneClass {
        /// The folder, or the table's.
        folder: PathBuf,
        /// The class.
        class: String,
        /// How many folders with pictures lie in the class's own.
        inner: usize,
    },
    /// A form without pixels.
    #[error("pictures of {height} x {width} (height, width) have no pixel: each number must be at least 1")]
    Size {
        /// Rows asked for.
        height: u32,
        /// Columns asked for.
        width: u32,
    },
    /// The cache of decoded pictures cannot be read or written.
    #[error("{}", self.told(&path.display().to_string()))]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A CSV table that does not say which pictures are meant.
    #[error("{}", self.told(&path.display().to_string()))]
    Table {
        /// The table.
        path: PathBuf,
        /// What is wrong and how to mend it.
        problem: String,
    },
}

/// How a classifier is told the classes.
const ONE_FOLDER_EACH: &str = "put them into a folder for each class, such as photos/cat and photos/dog";

impl Error {
    /// The file at fault.
    pub fn path(&self) -> &Path {
        match self {
            Error::Read { path, .. } | Error::Special { path, .. } | Error::Refused { path, .. } => path,
            Error::Table { path, .. } | Error::Cache { path, .. } => path,
            // It lies in no file.
            Error::Size { .. } => Path::new(""),
            Error::NoPictures { folder, .. } | Error::NoneReadable { folder, .. } | Error::OneClass { folder, .. } => {
                folder
            }
        }
    }

    /// What is wrong with the file, without its name.
    pub fn problem(&self) -> String {
        match self {
            Error::Read { cause, .. } => format!("it cannot be read: {cause}"),
            Error::Special { what, .. } => format!("it is {what}"),
            Error::Cache { cause, .. } => format!("it cannot keep decoded pictures: {cause}"),
            Error::Size { .. } => self.to_string(),
            Error::Refused { problem, .. } | Error::Table { problem, .. } => problem.clone(),
            Error::NoPictures { loose: 0, .. } => {
                format!("it holds no pictures: {ONE_FOLDER_EACH}")
            }
            Error::NoPictures { loose, .. } => {
                format!("its {loose} pictures lie in no class's folder: {ONE_FOLDER_EACH}")
            }
            Error::OneClass { class, inner: 0 | 1, .. } => format!(
                "all its pictures are of one class, {class}, and a classifier tells two or more apart: \
                 {ONE_FOLDER_EACH}"
            ),
            Error::OneClass { folder, class, inner } => {
                let within = folder.join(class);
                let within = within.display();
                format!(
                    "all its pictures are of one class, {class}; are the {inner} folders in {within} the classes? Then name {within}"
                )
            }
            Error::NoneReadable { files, first, .. } => {
                format!("none of its {files} files can be read; the first: {first}")
            }
        }
    }

    /// The message, with the file called `name`: for programs that have their own way of printing paths.
    pub fn told(&self, name: &str) -> String {
        match self {
            Error::Read { cause, .. } => format!("cannot read {name}: {cause}"),
            Error::Size { .. } => self.to_string(),
            Error::Cache { cause, .. } => {
                format!("cannot keep decoded pictures in {name}: {cause}; make room, or do without the cache")
            }
            Error::Special { what, .. } => format!("{name} is {what}, no picture file"),
            Error::Table { .. } | Error::NoPictures { .. } | Error::NoneReadable { .. } | Error::OneClass { .. } => {
                format!("{name}: {}", self.problem())
            }
            Error::Refused { problem, .. } => format!("{name} is no picture that can be read: {problem}"),
        }
    }
}

//! Which files of a folder are meant as pictures, and of which class: by class folders, by split folders with class folders
//! in them, or by a table. Nothing is passed over without a line that says why.

use crate::error::Error;
use crate::{file, table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Endings by which people mean a picture: such a file is told of if it is none.
const ENDINGS: [&str; 14] =
    ["png", "apng", "jpg", "jpeg", "jpe", "mpo", "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "avif"];

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose by.
    Validation,
    /// To judge by, once, at the end.
    Test,
}

impl Part {
    /// By the names that people give folders and cells: `train`, `training`, `val`, `valid`, `validation`, `dev`, `test`,
    /// `testing`, in any case.
    pub fn of(name: &str) -> Option<Part> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Part::Train),
            "val" | "valid" | "validation" | "dev" => Some(Part::Validation),
            "test" | "testing" => Some(Part::Test),
            _ => None,
        }
    }
}

/// How a folder says the class of its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `class/picture`
    Classes,
    /// `train/class/picture`, with `valid` or `test` or both beside it
    Splits,
    /// A CSV table of path and label
    Table,
}

/// What was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Relative to the folder; folders end in `/`.
    pub path: PathBuf,
    /// Such as "hidden" or "no picture".
    pub why: String,
}

/// A file that is meant as a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the listing's root.
    pub path: PathBuf,
    pub class: String,
    pub part: Option<Part>,
    /// What a table's column says of the group.
    pub group: Option<String>,
}

/// All that a folder holds.
#[derive(Debug)]
pub struct Listing {
    pub root: PathBuf,
    pub layout: Layout,
    pub files: Vec<Listed>,
    pub ignored: Vec<Ignored>,
}

/// Lists a folder, or the pictures that a CSV file names. `column` is the table's column of groups.
pub fn list(place: &Path, column: Option<&str>) -> Result<Listing, Error> {
    let cannot_read = |cause| Error::Read { path: place.to_owned(), cause };
    if fs::metadata(place).map_err(cannot_read)?.is_file() {
        return table::list(place, column);
    }
    let (folders, files) = children(place)?;
    let parts: Vec<(Part, PathBuf)> =
        folders.iter().filter_map(|folder| Some((Part::of(folder.to_str()?)?, folder.clone()))).collect();
    let kinds: BTreeSet<Part> = parts.iter().map(|(part, _)| *part).collect();
    let mut found = Finder { root: place, files: Vec::new(), ignored: Vec::new() };
    let layout = if kinds.contains(&Part::Train) && kinds.len() > 1 {
        for folder in &folders {
            match Part::of(&folder.to_string_lossy()) {
                Some(part) => found.classes(folder, Some(part))?,
                None => found.ignore(folder, true, "stands beside the split folders"),
            }
        }
        Layout::Splits
    } else {
        found.classes(Path::new(""), None)?;
        Layout::Classes
    };
    if layout == Layout::Splits {
        files.iter().for_each(|file| found.loose(file));
    }
    // One folder of pictures beside a table is no class: the table says the classes.
    let classes: BTreeSet<&str> = found.files.iter().map(|file| file.class.as_str()).collect();
    let tables: Vec<&PathBuf> = files.iter().filter(|file| ending(file) == "csv").collect();
    match tables[..] {
        [only] if classes.len() < 2 && layout == Layout::Classes => return table::list(&place.join(only), column),
        _ if found.files.is_empty() => {
            let loose = found.ignored.iter().filter(|ignored| ignored.why == LOOSE).count();
            return Err(Error::NoPictures { folder: place.to_owned(), loose });
        }
        _ => {}
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.ignored.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Listing { root: place.to_owned(), layout, files: found.files, ignored: found.ignored })
}

/// Why a picture outside of all class folders was not taken.
const LOOSE: &str = "lies in no class folder";

struct Finder<'a> {
    root: &'a Path,
    files: Vec<Listed>,
    ignored: Vec<Ignored>,
}

impl Finder<'_> {
    fn ignore(&mut self, path: &Path, is_folder: bool, why: &str) {
        let mut path = path.to_owned();
        if is_folder {
            path.as_mut_os_string().push("/");
        }
        self.ignored.push(Ignored { path, why: why.to_owned() });
    }

    /// A file that lies in no class folder.
    fn loose(&mut self, file: &Path) {
        let why = if is_hidden(file) {
            "hidden"
        } else if is_meant(&self.root.join(file)) {
            LOOSE
        } else {
            "no picture"
        };
        self.ignore(file, false, why);
    }

    /// The class folders within `within`, which is relative to the root.
    fn classes(&mut self, within: &Path, part: Option<Part>) -> Result<(), Error> {
        let (folders, files) = children(&self.root.join(within))?;
        for folder in folders {
            let path = within.join(&folder);
            if is_hidden(&folder) {
                self.ignore(&path, true, "hidden");
                continue;
            }
            let before = self.files.len();
            self.class(&path, &folder.to_string_lossy(), part);
            if self.files.len() == before {
                self.ignored.retain(|ignored| !ignored.path.starts_with(&path));
                self.ignore(&path, true, "holds no picture");
            }
        }
        files.iter().for_each(|file| self.loose(&within.join(file)));
        Ok(())
    }

    /// All pictures beneath a class folder.
    fn class(&mut self, folder: &Path, class: &str, part: Option<Part>) {
        let top = self.root.join(folder);
        let mut walk = WalkDir::new(&top).follow_links(true).min_depth(1).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let relative = |path: &Path| path.strip_prefix(self.root).unwrap_or(path).to_owned();
            match entry {
                Ok(entry) => {
                    let path = relative(entry.path());
                    let is_folder = entry.file_type().is_dir();
                    if is_hidden(entry.file_name()) {
                        self.ignore(&path, is_folder, "hidden");
                        if is_folder {
                            walk.skip_current_dir();
                        }
                    } else if is_folder {
                    } else if is_meant(entry.path()) {
                        self.files.push(Listed { path, class: class.to_owned(), part, group: None });
                    } else {
                        self.ignore(&path, false, "no picture");
                    }
                }
                Err(error) => {
                    let path = relative(error.path().unwrap_or(&top));
                    match error.io_error() {
                        Some(cause) => self.ignore(&path, false, &format!("cannot be read: {cause}")),
                        None => self.ignore(&path, true, "a link leads back to a folder that holds it"),
                    }
                }
            }
        }
    }
}

/// Names of the folders and of the files in a folder, sorted.
fn children(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
    let cannot_read = |cause| Error::Read { path: folder.to_owned(), cause };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot_read)? {
        names.push(PathBuf::from(entry.map_err(cannot_read)?.file_name()));
    }
    names.sort();
    Ok(names.into_iter().partition(|name| folder.join(name).is_dir()))
}

fn is_hidden(name: impl AsRef<Path>) -> bool {
    name.as_ref().file_name().unwrap_or_default().as_encoded_bytes().starts_with(b".")
}

/// The ending of a name in small letters.
fn ending(path: &Path) -> String {
    path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase()
}

/// Whether the file is a picture, or is called one.
fn is_meant(path: &Path) -> bool {
    ENDINGS.contains(&ending(path).as_str()) || file::kind(path).is_ok_and(|kind| kind.is_picture())
}

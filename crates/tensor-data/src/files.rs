//! The four IDX files of a data set in a folder, under the names that people, unpackers and other programs give them.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

/// The canonical names: images and labels to train on, images and labels to test with.
pub const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Extensions that say nothing of the content. `.gz` does not either: a file's first bytes do.
const EXTENSIONS: [&str; 5] = [".gz", ".txt", ".bin", ".dat", ".idx"];
/// Folders inside a data set's folder are looked into so deep: `mnist/MNIST/raw/`.
const DEEPEST: usize = 2;
/// So many names of what a folder holds are shown.
const SHOWN: usize = 6;

/// A folder to look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether the folders inside belong to the same data set, so that they are looked into as well.
    pub is_own: bool,
}

/// A file that may be one of the four.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Smaller is better: canonical before dotted before other names, plain before gzip.
    rank: usize,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its place in [`NAMES`].
    pub(crate) part: usize,
    /// Alike for files that were made together: everything in path and name but what tells the four apart.
    pub(crate) form: String,
    /// Whether it has one of the usual names and lies in the folder itself.
    pub(crate) is_usual: bool,
}

impl Folder {
    /// The folder of one data set alone.
    pub fn own(path: &Path) -> Folder {
        Folder { path: path.to_owned(), is_own: true }
    }

    /// Whether all four files are there, so that reading them can be tried.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// The canonical names of those that are not there.
    pub fn missing(&self) -> Vec<String> {
        missing(&self.scan())
    }

    /// What may be the four files, the best first. Deeper folders are looked into only while one of the four lacks.
    pub(crate) fn scan(&self) -> Vec<Found> {
        let (mut found, mut level) = (Vec::new(), vec![self.path.clone()]);
        for depth in 0..=if self.is_own { DEEPEST } else { 0 } {
            let entries: Vec<PathBuf> = level.iter().flat_map(|dir| entries(dir)).collect();
            let (dirs, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
            let mut here: Vec<Found> = files.into_iter().filter_map(|path| recognise(path, depth)).collect();
            here.sort();
            found.extend(here);
            if missing(&found).is_empty() {
                break;
            }
            level = dirs;
        }
        found
    }

    /// What the folder holds, in a few words: its first names, and how many more there are.
    pub fn contents(&self) -> String {
        let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().escape_debug().to_string());
        let names: Vec<String> = entries(&self.path).into_iter().filter_map(name).collect();
        match names.len() {
            0 => "nothing".to_owned(),
            count if count > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
            _ => prose(&names),
        }
    }
}

/// The canonical names of those of the four that were not found.
pub(crate) fn missing(found: &[Found]) -> Vec<String> {
    let lacks = |part: &usize| !found.iter().any(|file| file.part == *part);
    (0..NAMES.len()).filter(lacks).map(|part| NAMES[part].to_owned()).collect()
}

/// `a, b and c`.
pub(crate) fn prose(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The file of this place in [`NAMES`] under one of its usual names in `dir` itself.
pub(crate) fn usual(dir: &Path, part: usize) -> Option<PathBuf> {
    let found = Folder { path: dir.to_owned(), is_own: false }.scan().into_iter();
    found.filter(|file| file.is_usual).find(|file| file.part == part).map(|file| file.path)
}

/// The folder's entries by name, hidden ones left out; none where it cannot be read.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let is_shown = |path: &PathBuf| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_shown).collect();
    entries.sort();
    entries
}

/// Which of the four a file is by its name.
fn recognise(path: PathBuf, depth: usize) -> Option<Found> {
    if !path.is_file() {
        return None;
    }
    let name = path.file_name()?.to_str()?;
    let part = part_of(name)?;
    let dotted = NAMES[part].replacen("-idx", ".idx", 1);
    let usual = [NAMES[part].to_owned(), format!("{}.gz", NAMES[part]), dotted.clone(), format!("{dotted}.gz")];
    let rank = usual.iter().position(|usual| usual == name);
    let parent = path.parent().unwrap_or(Path::new("")).display().to_string();
    let style = if *name == name.to_ascii_lowercase() { "lower" } else { "other" };
    let mut form = format!("{parent}/{style}/{}", name.to_ascii_lowercase());
    for (word, plain) in [("train", ""), ("t10k", ""), ("test", ""), ("images", ""), ("labels", ""), ("idx3", "idx1")] {
        form = form.replace(word, plain);
    }
    Some(Found { rank: rank.unwrap_or(usual.len()), part, form, is_usual: depth == 0 && rank.is_some(), path })
}

/// `Train_Images.idx3-ubyte.GZ` is `train-images-idx3-ubyte`; `test` is `t10k`.
fn part_of(name: &str) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    let mut stem = lower.as_str();
    while let Some(rest) = EXTENSIONS.iter().find_map(|extension| stem.strip_suffix(extension)) {
        stem = rest;
    }
    let stem = stem.replace(['.', '_', ' '], "-");
    NAMES.iter().position(|name| stem == *name || stem == name.replacen("t10k", "test", 1))
}

/// The folders under `root` in which the files of the data set `name` may lie, the best first: `<root>/<name>/`, the same
/// in other spelling (`MNIST`, `FashionMNIST`), and `root` itself or its `raw/`, for people who name the very folder.
pub fn folders(name: &str, root: &Path) -> Vec<Folder> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let spells =
        |path: &PathBuf| path.file_name().and_then(|it| it.to_str()).is_some_and(|it| plain(it) == plain(name));
    let mut named: Vec<PathBuf> = entries(root).into_iter().filter(|path| path.is_dir() && spells(path)).collect();
    named.sort_by_key(|path| Reverse(path.ends_with(name)));
    let itself = [root.to_owned(), root.join("raw")].map(|path| Folder { path, is_own: false });
    named.iter().map(|path| Folder::own(path)).chain(itself).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognised_in_any_spelling() {
        for (name, part) in [
            ("train-images-idx3-ubyte", 0),
            ("TRAIN-LABELS-IDX1-UBYTE.GZ", 1),
            ("t10k-images.idx3-ubyte", 2),
            ("test_labels_idx1_ubyte.bin", 3),
            ("t10k-labels-idx1-ubyte.gz.txt", 3),
        ] {
            assert_eq!(part_of(name), Some(part), "{name}");
        }
        // Another format, an unfinished download, a second copy, another data set's, and the wrong number of dimensions.
        for name in [
            "train-images-idx3-ubyte.zip",
            "train-images-idx3-ubyte.gz.part",
            "train-images-idx3-ubyte (1).gz",
            "emnist-letters-train-images-idx3-ubyte.gz",
            "train-images-idx1-ubyte",
        ] {
            assert_eq!(part_of(name), None, "{name}");
        }
    }

    #[test]
    fn names_in_prose() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([1, 2, 3].map(|n| prose(&names[..n])), ["a", "a and b", "a, b and c"]);
    }
}

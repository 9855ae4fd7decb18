//! What killed processes and people leave in a folder of checkpoints: replacements that were cut off, and what is damaged.
//! Names of unfinished work are never results.

use super::{PREVIOUS, WRITING, beside, fall_back, is_damage, remove, verify};
use crate::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Ending of names of what was put out of the way.
const SET_ASIDE: &str = "set-aside";

/// The names in a folder, in order; none where it is not there.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", folder))?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_, _>>().map_err(Error::io("read", folder))?;
    names.sort();
    Ok(names)
}

/// Brings replacements inside `folder` that were cut off to their end: afterwards a checkpoint whose name is `ours` is the
/// new one, or the one before it where the new one is not whole, and nothing is left beside it.
pub(crate) fn settle(folder: &Path, is_ours: impl Fn(&str) -> bool) -> Result<(), Error> {
    for name in names(folder)? {
        let (path, parts) = (folder.join(&name), name.rsplit_once('.'));
        match parts.filter(|(base, _)| is_ours(base)) {
            Some((_, WRITING)) => remove(&path)?,
            Some((base, PREVIOUS)) => settle_one(&folder.join(base), &path)?,
            _ => {}
        }
    }
    Ok(())
}

fn settle_one(kept: &Path, previous: &Path) -> Result<(), Error> {
    match verify(kept) {
        Err(error) if !is_damage(&error) => Err(error),
        Err(_) if verify(previous).is_ok() => fall_back(kept),
        _ => remove(previous),
    }
}

/// Whether a name says that this was put out of the way.
pub(crate) fn is_set_aside(name: &str) -> bool {
    name.split('.').any(|part| part.starts_with(SET_ASIDE))
}

/// Puts a file or folder out of the way, under a name that is free, and gives that.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, Error> {
    let first = beside(path, SET_ASIDE);
    let others = (2..).map(|n| beside(path, &format!("{SET_ASIDE}-{n}")));
    let free = std::iter::once(first.clone()).chain(others).find(|path| !path.exists()).unwrap_or(first);
    fs::rename(path, &free).map_err(Error::io("rename", path))?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::super::{Files, write};
    use super::*;

    fn files(text: &str) -> Files {
        Files::from([("a.bin".to_owned(), text.as_bytes().to_vec())])
    }

    /// `epoch-1` replaced and cut off at each moment, another name that is none of ours, and what must be left.
    #[test]
    fn a_replacement_cut_off_anywhere_comes_to_its_end() {
        let check = |prepare: &dyn Fn(&Path), expected: &str| {
            let root = tempfile::tempdir().unwrap();
            let kept = root.path().join("epoch-1");
            write(&kept, &files("one")).unwrap();
            prepare(&kept);
            fs::create_dir(root.path().join("mine.previous")).unwrap();
            settle(root.path(), |name| name.starts_with("epoch-")).unwrap();
            assert_eq!(names(root.path()).unwrap(), ["epoch-1", "mine.previous"]);
            assert_eq!(verify(&kept).unwrap(), files(expected));
        };
        check(&|_| {}, "one");
        check(&|kept| fs::create_dir(beside(kept, WRITING)).unwrap(), "one");
        check(&|kept| fs::rename(kept, beside(kept, PREVIOUS)).unwrap(), "one");
        check(&|kept| write(kept, &files("two")).unwrap(), "two");
        check(&|kept| fs::create_dir(beside(kept, PREVIOUS)).unwrap(), "one");
        let cut = |kept: &Path| {
            write(kept, &files("two")).unwrap();
            fs::write(kept.join("a.bin"), "t").unwrap();
        };
        check(&cut, "one");
    }

    #[test]
    fn what_is_set_aside_overwrites_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("metrics.csv");
        for text in ["one", "two"] {
            fs::write(&path, text).unwrap();
            assert!(set_aside(&path).is_ok());
        }
        assert_eq!(names(root.path()).unwrap(), ["metrics.csv.set-aside", "metrics.csv.set-aside-2"]);
        assert_eq!(fs::read_to_string(root.path().join("metrics.csv.set-aside")).unwrap(), "one");
        assert!(names(root.path()).unwrap().iter().all(|name| is_set_aside(name)) && !is_set_aside("metrics.csv"));
    }
}

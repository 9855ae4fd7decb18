//! A folder of files that is whole or not there.
//!
//! A checkpoint is written beside its place (`last.writing/`), every file fsynced, and moved in by renaming. The
//! checkpoint that was there becomes `last.previous/`, so that at every instant one whole checkpoint exists under one
//! of the two names, whatever moment the process is killed at. `manifest.json` holds the format's version and every
//! file's size and SHA-256; a file that is missing, cut or altered is found out on reading, and the previous
//! checkpoint serves in its place. Models that are kept for good (`replace`) leave no previous one behind.

pub(crate) mod leftovers;

use crate::error::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use values::plain;

/// Version of the folder's layout.
const SCHEMA: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Endings of names of unfinished work.
const WRITING: &str = "writing";
const PREVIOUS: &str = "previous";

/// Names and contents of a checkpoint's files.
pub type Files = BTreeMap<String, Vec<u8>>;

#[derive(Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    bytes: usize,
    sha256: String,
}

/// Writes `files` as the checkpoint `folder`, which replaces the one that is there. On an error the one that is there
/// stays valid.
///
/// # Errors
///
/// [`Error::Io`] where a file cannot be written, as on a full disk.
pub fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    let writing = beside(folder, WRITING);
    remove(&writing)?;
    let result = fill(&writing, files).and_then(|()| swap(&writing, folder));
    if result.is_err() {
        // The error that led here is the one to tell; leftovers are removed at the next attempt at the latest.
        let _ = remove(&writing);
    }
    result
}

/// Writes `files` as the checkpoint `folder` and leaves nothing of the one that was there.
pub(crate) fn replace(folder: &Path, files: &Files) -> Result<(), Error> {
    write(folder, files)?;
    remove(&beside(folder, PREVIOUS))
}

/// A checkpoint as read, and what was wrong with a newer one that had to be passed over.
#[derive(Debug)]
pub struct Found {
    /// The files, all verified.
    pub files: Files,
    /// The folder they came from.
    pub folder: PathBuf,
    /// Why the newer checkpoint could not serve; to be told to the user.
    pub damaged: Option<Error>,
}

/// Reads the checkpoint `folder`, or the one before it where that is damaged or missing.
///
/// # Errors
///
/// [`Error::Checkpoint`] where neither can be used, with the fault of each; [`Error::Io`] where a file cannot be read.
pub fn read(folder: &Path) -> Result<Found, Error> {
    let previous = beside(folder, PREVIOUS);
    match verify(folder) {
        Ok(files) => Ok(Found { files, folder: folder.to_owned(), damaged: None }),
        Err(error) if !is_damage(&error) => Err(error),
        Err(damaged) => match verify(&previous) {
            Ok(files) => Ok(Found { files, folder: previous, damaged: Some(damaged) }),
            Err(_) if !previous.exists() => Err(damaged),
            Err(earlier) => Err(Error::Checkpoint {
                path: folder.to_owned(),
                problem: format!(
                    "neither it nor the one before it can be used; nothing is left to continue from\n  {damaged}\n  {earlier}"
                ),
            }),
        },
    }
}

/// Whether an error of reading lies in what was read: something is missing, cut or altered. All else, such as a file that
/// this user may not read, says nothing about the checkpoint.
pub(crate) fn is_damage(error: &Error) -> bool {
    match error {
        Error::Checkpoint { .. } => true,
        Error::Io { cause, .. } => {
            matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory)
        }
        _ => false,
    }
}

/// Puts the checkpoint before `folder` in the place of a damaged one, so that the next writing cannot remove the good
/// one of the two.
///
/// # Errors
///
/// [`Error::Io`] where a folder cannot be renamed or removed.
pub fn fall_back(folder: &Path) -> Result<(), Error> {
    remove(folder)?;
    fs::rename(beside(folder, PREVIOUS), folder).map_err(Error::io("rename", folder))?;
    sync_folder(folder.parent().unwrap_or(Path::new(".")))
}

/// Whether there is a checkpoint of this name, whole or not.
pub fn exists(folder: &Path) -> bool {
    folder.exists() || beside(folder, PREVIOUS).exists()
}

/// Reads a folder and checks every file against the manifest.
fn verify(folder: &Path) -> Result<Files, Error> {
    let wrong = |path: &Path, problem: String| Error::Checkpoint { path: path.to_owned(), problem };
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).map_err(Error::io("read", &path))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| {
        wrong(&path, format!("is not a manifest ({}): the checkpoint is damaged", plain(&e.to_string())))
    })?;
    if manifest.schema != SCHEMA {
        let problem = format!(
            "has format {}, this version reads format {SCHEMA}: use the version that wrote it",
            manifest.schema
        );
        return Err(wrong(&path, problem));
    }
    let mut files = Files::new();
    for (name, entry) in manifest.files {
        let path = folder.join(&name);
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        if bytes.len() != entry.bytes {
            return Err(wrong(
                &path,
                format!("has {} bytes where {} were written: the checkpoint is damaged", bytes.len(), entry.bytes),
            ));
        }
        if sha256(&bytes) != entry.sha256 {
            return Err(wrong(
                &path,
                "was altered since it was written (its SHA-256 differs): the checkpoint is damaged".into(),
            ));
        }
        files.insert(name, bytes);
    }
    Ok(files)
}

fn fill(folder: &Path, files: &Files) -> Result<(), Error> {
    fs::create_dir(folder).map_err(Error::io("create", folder))?;
    let entry = |bytes: &Vec<u8>| Entry { bytes: bytes.len(), sha256: sha256(bytes) };
    let manifest =
        Manifest { schema: SCHEMA, files: files.iter().map(|(name, bytes)| (name.clone(), entry(bytes))).collect() };
    for (name, bytes) in files {
        write_synced(&folder.join(name), bytes)?;
    }
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::io("write", &path)(e.into()))?;
    write_synced(&path, &text)?;
    sync_folder(folder)
}

/// Moves a whole new folder into place. Between the two renames the previous checkpoint is the valid one.
fn swap(writing: &Path, folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        let previous = beside(folder, PREVIOUS);
        remove(&previous)?;
        fs::rename(folder, &previous).map_err(Error::io("rename", folder))?;
    }
    fs::rename(writing, folder).map_err(Error::io("rename", writing))?;
    sync_folder(folder.parent().unwrap_or(Path::new(".")))
}

/// Writes a file and waits until it is on the disk.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = File::create(path).map_err(Error::io("write", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io("write", path))
}

/// Waits until the names inside a folder are on the disk.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    whole_file::sync_folder(folder).map_err(Error::io("sync", folder))
}

/// Writes one file whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    whole_file::write(path, bytes).map_err(Error::io("write", path))
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a folder with all that it holds, or a file; what is gone already is no error.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::remove_dir_all(path) {
        Err(e) if e.kind() == ErrorKind::NotADirectory => fs::remove_file(path),
        removed => removed,
    };
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        Files::from([("a.bin".to_owned(), text.as_bytes().to_vec()), ("b.json".to_owned(), b"{}".to_vec())])
    }

    #[test]
    fn the_newest_of_two_is_read_and_the_one_before_it_stays() {
        let root = tempfile::tempdir().unwrap();
        let last = root.path().join("last");
        for text in ["one", "two", "three"] {
            write(&last, &files(text)).unwrap();
        }
        let found = read(&last).unwrap();
        assert_eq!((found.files, found.folder, found.damaged.is_none()), (files("three"), last.clone(), true));
        assert_eq!(verify(&beside(&last, "previous")).unwrap(), files("two"));
        assert!(!beside(&last, "writing").exists());
    }

    /// Damages the newest checkpoint; the previous one must serve, and the message must name the file.
    fn check(damage: impl Fn(&Path), named: &str) {
        let root = tempfile::tempdir().unwrap();
        let last = root.path().join("last");
        write(&last, &files("one")).unwrap();
        write(&last, &files("two")).unwrap();
        damage(&last);
        let found = read(&last).unwrap();
        assert_eq!(found.files, files("one"));
        let told = found.damaged.unwrap().to_string();
        assert!(told.contains(named), "{told}");
    }

    #[test]
    fn damage_is_found_and_the_previous_checkpoint_serves() {
        check(|last| fs::write(last.join("a.bin"), "tw").unwrap(), "a.bin");
        check(|last| fs::write(last.join("a.bin"), "twO").unwrap(), "a.bin");
        check(|last| fs::remove_file(last.join("a.bin")).unwrap(), "a.bin");
        check(|last| fs::remove_file(last.join(MANIFEST)).unwrap(), MANIFEST);
        check(|last| fs::write(last.join(MANIFEST), "{\"schema\": 1, \"fi").unwrap(), MANIFEST);
        check(|last| fs::write(last.join(MANIFEST), "{\"schema\": 2, \"files\": {}}").unwrap(), "format 2");
        check(|last| fs::remove_dir_all(last).unwrap(), "last");
    }

    #[test]
    fn falling_back_leaves_the_good_one_alone_in_its_place() {
        let root = tempfile::tempdir().unwrap();
        let last = root.path().join("last");
        write(&last, &files("one")).unwrap();
        write(&last, &files("two")).unwrap();
        fs::write(last.join("a.bin"), "").unwrap();
        fall_back(&last).unwrap();
        assert_eq!(verify(&last).unwrap(), files("one"));
        assert!(!beside(&last, "previous").exists());
    }

    #[test]
    fn what_is_replaced_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let best = root.path().join("best");
        for text in ["one", "two"] {
            replace(&best, &files(text)).unwrap();
        }
        assert_eq!(
            (verify(&best).unwrap(), leftovers::names(root.path()).unwrap()),
            (files("two"), vec!["best".into()])
        );
    }

    /// A file that may not be read says nothing about the checkpoint: the newest must not be given up for it.
    #[test]
    fn only_damage_makes_the_previous_one_serve() {
        let io = |kind: ErrorKind| Error::io("read", "x")(kind.into());
        let kinds = [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::PermissionDenied, ErrorKind::Other];
        assert_eq!(kinds.map(|kind| is_damage(&io(kind))), [true, true, false, false]);
        assert!(is_damage(&Error::Checkpoint { path: "x".into(), problem: "cut".into() }));
    }

    #[test]
    fn two_damaged_checkpoints_are_an_error() {
        let root = tempfile::tempdir().unwrap();
        let last = root.path().join("last");
        assert!(read(&last).is_err());
        write(&last, &files("one")).unwrap();
        fs::write(last.join("a.bin"), "").unwrap();
        let told = read(&last).unwrap_err().to_string();
        assert!(told.contains("0 bytes where 3 were written"), "{told}");
    }
}

//! A folder of files that is whole or not there.
//!
//! A checkpoint is written beside its place (`last.writing/`), every file fsynced, and moved in by renaming. The
//! checkpoint that was there becomes `last.previous/`, so that at every instant one whole checkpoint exists under one
//! of the two names, whatever moment the process is killed at. `manifest.json` holds the format's version and every
//! file's size and SHA-256; a file that is missing, cut or altered is found out on reading, and the previous
//! checkpoint serves in its place.

use crate::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use values::plain;

/// Version of the folder's layout.
const SCHEMA: u32 = 1;
const MANIFEST: &str = "manifest.json";

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
pub fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    let writing = beside(folder, "writing");
    remove(&writing)?;
    let result = fill(&writing, files).and_then(|()| swap(&writing, folder));
    if result.is_err() {
        // The error that led here is the one to tell; leftovers are removed at the next attempt at the latest.
        let _ = remove(&writing);
    }
    result
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
pub fn read(folder: &Path) -> Result<Found, Error> {
    let previous = beside(folder, "previous");
    match verify(folder) {
        Ok(files) => Ok(Found { files, folder: folder.to_owned(), damaged: None }),
        Err(damaged) => match verify(&previous) {
            Ok(files) => Ok(Found { files, folder: previous, damaged: Some(damaged) }),
            Err(_) if !previous.exists() => Err(damaged),
            Err(earlier) => Err(Error::Checkpoint {
                path: folder.to_owned(),
                problem: format!(
                    "neither it nor the one before it can be used; nothing is left to go on from\n  {damaged}\n  {earlier}"
                ),
            }),
        },
    }
}

/// Puts the checkpoint before `folder` in the place of a damaged one, so that the next writing cannot remove the good
/// one of the two.
pub fn fall_back(folder: &Path) -> Result<(), Error> {
    remove(folder)?;
    fs::rename(beside(folder, "previous"), folder).map_err(Error::io("rename", folder))?;
    sync_folder(folder.parent().unwrap_or(Path::new(".")))
}

/// Whether there is a checkpoint of this name, whole or not.
pub fn exists(folder: &Path) -> bool {
    folder.exists() || beside(folder, "previous").exists()
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
        let previous = beside(folder, "previous");
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
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("sync", folder))
}

/// Writes one file by way of a temporary one, so that readers see the old content or the new, never half of it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Opened here, because tempfile's own errors tell of a name that nobody asked for.
    let open = |path: &Path| File::options().write(true).create_new(true).open(path);
    let mut file = tempfile::Builder::new().make_in(folder, open).map_err(Error::io("write", path))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(Error::io("write", path))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(Error::io("write", path))?;
    file.persist(path).map_err(|e| Error::io("write", path)(e.error))?;
    sync_folder(folder)
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", folder)(e)),
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

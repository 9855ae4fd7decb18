//! The one way in which this project replaces a file: a reader sees the old content or the new, never half of it, also
//! after a crash.
//!
//! The crate is one of its own because `viz`, `train`, `report` and the command line share it and may not know each other.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Ending of the name of a file that is being written. A killed process may leave one behind; it is never a result.
pub const WRITING: &str = ".writing";

/// Writes `bytes` to `path` in a folder that exists; an older file is replaced in one step. The bytes go to a file of a
/// free name in the same folder, which is synced and renamed. It gets the permissions that the user's umask gives any new
/// file.
///
/// # Errors
/// What the system said; the older file is then as it was. The caller names `path`: the other file's name would tell nobody
/// anything.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Opened here, because tempfile's own errors tell of a name that nobody asked for.
    let mut file = tempfile::Builder::new().suffix(WRITING).make_in(folder, create)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    sync_folder(folder)
}

/// Waits until the names inside `folder` are on the disk, where the system can do that.
///
/// # Errors
/// What the system said.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    // tempfile would keep others from reading it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o666);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_new_file_takes_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.txt");
        for text in ["one", "two"] {
            write(&path, text.as_bytes()).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "old").unwrap();
        assert!(write(&path, b"new").is_err(), "a folder is in its place");
        assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn errors_do_not_name_the_file_that_was_being_written() {
        // A folder of processes: not even root may make files there.
        let error = write(Path::new("/proc/self/report.html"), b"").unwrap_err();
        assert_eq!(error.to_string(), io::Error::from_raw_os_error(error.raw_os_error().unwrap()).to_string());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [ours, plain] = ["ours", "plain"].map(|name| folder.path().join(name));
        write(&ours, b"").unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}

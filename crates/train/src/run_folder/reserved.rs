//! A new run's folder, taken before anything is loaded: of two that want one name at the same moment, one gets it.

use super::{LOCK, lock};
use crate::checkpoint::leftovers::names;
use crate::error::Error;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder that holds nothing and belongs to this process. What was made for it is removed again unless a run begins in it.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    lock: Option<File>,
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Reserved {
    /// Takes a folder that is not there or is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] where the folder holds anything; [`Error::Io`] where it cannot be made.
    pub fn take(path: &Path) -> Result<Reserved, Error> {
        check_free(path)?;
        let mut reserved = Reserved { path: path.to_owned(), lock: None, made: make(path)?.1 };
        reserved.lock = Some(lock(path)?);
        // Another process may have begun, and even ended, between the look and the lock.
        check_free(path).inspect_err(|_| reserved.made.clear())?;
        Ok(reserved)
    }

    /// Takes the first of `paths` that is not there, by making it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where a folder cannot be made.
    pub fn take_first(mut paths: impl Iterator<Item = PathBuf>) -> Result<Option<Reserved>, Error> {
        paths.find_map(|path| Reserved::take_new(&path).transpose()).transpose()
    }

    /// `None` where there is something of this name already.
    fn take_new(path: &Path) -> Result<Option<Reserved>, Error> {
        let (is_new, made) = make(path)?;
        if !is_new {
            return Ok(None);
        }
        let mut reserved = Reserved { path: path.to_owned(), lock: None, made };
        reserved.lock = Some(lock(path)?);
        Ok(Some(reserved))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lock, for the run that begins here; from now on the folder stays.
    pub(super) fn keep(mut self) -> Option<File> {
        self.made.clear();
        self.lock.take()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // A folder that cannot be removed is an empty one too many; the error that led here is the one to tell.
        if self.lock.is_some() {
            let _ = fs::remove_file(self.path.join(LOCK));
        }
        remove_empty(&self.made);
    }
}

/// An error when `path` holds anything but the lock of a process that ended before it wrote: a run is never overwritten.
pub(super) fn check_free(path: &Path) -> Result<(), Error> {
    let found = match names(path) {
        Err(Error::Io { cause, .. }) if cause.kind() == ErrorKind::NotADirectory => {
            // The path is a file, or a folder above it is: then it cannot be made, which making it will tell.
            if path.symlink_metadata().is_err() {
                return Ok(());
            }
            vec![String::new()]
        }
        found => found?,
    };
    if found.iter().all(|name| name == LOCK) {
        return Ok(());
    }
    let problem = "exists already and is never overwritten: choose another folder with --out, or continue with --resume (--or-resume does \
         where the same command line is started again)";
    Err(Error::Run { path: path.to_owned(), problem: problem.into() })
}

/// Makes a folder and those that it lies in: whether it is a new one, and all that were not there, the innermost first.
fn make(path: &Path) -> Result<(bool, Vec<PathBuf>), Error> {
    let outer = path.parent().filter(|outer| !outer.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<PathBuf> = path.ancestors().take_while(is_missing).map(Path::to_owned).collect();
    // A process that gives up removes what it made for itself; it may do so between these two.
    let mut attempts = 3;
    loop {
        attempts -= 1;
        fs::create_dir_all(outer).map_err(Error::io("create", outer))?;
        match fs::create_dir(path) {
            Ok(()) => return Ok((true, missing)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok((false, Vec::new())),
            Err(e) if e.kind() == ErrorKind::NotFound && attempts > 0 => {}
            Err(e) => {
                remove_empty(&missing);
                return Err(Error::io("create", path)(e));
            }
        }
    }
}

/// Removes folders, as far as they are empty.
fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        let _ = fs::remove_dir(folder); // what somebody else lies in stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_for_a_run_that_never_began_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/run");
        drop(Reserved::take(&path).unwrap());
        assert!(!root.path().join("a").exists());
        fs::create_dir_all(&path).unwrap();
        drop(Reserved::take(&path).unwrap());
        assert_eq!(names(&path).unwrap(), [] as [String; 0], "it was there before and stays");
        assert!(Reserved::take(&path).unwrap().keep().is_some());
        assert!(path.exists());
    }

    #[test]
    fn of_two_that_want_one_name_the_second_is_told() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run");
        let first = Reserved::take(&path).unwrap();
        let told = Reserved::take(&path).unwrap_err().to_string();
        assert!(told.contains("another process is training in it") && told.contains("--out"), "{told}");
        assert!(first.path().join(LOCK).exists(), "the second took nothing away");
        drop(first);
        Reserved::take(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        assert!(Reserved::take(&path).unwrap_err().to_string().contains("exists already"));
    }

    #[test]
    fn a_lock_left_by_a_process_that_died_does_not_take_the_name() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(LOCK), "").unwrap();
        Reserved::take(root.path()).unwrap();
    }

    #[test]
    fn the_first_name_that_is_free_is_taken_by_making_it() {
        let root = tempfile::tempdir().unwrap();
        let paths = || ["runs/x", "runs/x-2", "runs/x-3"].iter().map(|name| root.path().join(name));
        let one = Reserved::take_first(paths()).unwrap().unwrap();
        let two = Reserved::take_first(paths()).unwrap().unwrap();
        assert_eq!([one.path(), two.path()], [root.path().join("runs/x"), root.path().join("runs/x-2")]);
        assert!(Reserved::take_first(paths().take(2)).unwrap().is_none());
        drop(two);
        drop(one);
        assert!(!root.path().join("runs").exists());
    }
}

//! Who trains in a folder: a file that the training process holds locked, and the system releases when that process ends,
//! however it ends.

use crate::error::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Held locked by the process that trains in the folder.
pub(super) const LOCK: &str = ".lock";

/// Whoever asks [`is_trained`] holds the lock for some microseconds: a process that wants it tries again.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the folder for this process; another process that trains in it is an error.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let name = path.join(LOCK);
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(&name).map_err(Error::io("write", &name))?;
    let mut tries = 1;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if tries < TRIES => {
                tries += 1;
                thread::sleep(PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Run {
                    path: path.to_owned(),
                    problem: "another process is training in it: wait for that one or stop it; a new run can have another folder with --out".into(),
                });
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &name)(e)),
        }
    }
}

/// Whether a process of this machine trains in the run's folder now. Nothing is written; `false` where the folder has no lock
/// or it cannot be looked at.
pub fn is_trained(run: &Path) -> bool {
    File::open(run.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_trained_in_while_its_lock_is_held() {
        let root = tempfile::tempdir().unwrap();
        assert!(!is_trained(root.path()), "there is no lock");
        let held = lock(root.path()).unwrap();
        assert!(is_trained(root.path()));
        assert!(lock(root.path()).unwrap_err().to_string().contains("another process is training in it"));
        drop(held);
        assert!(!is_trained(root.path()));
    }
}

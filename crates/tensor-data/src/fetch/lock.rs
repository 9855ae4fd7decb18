//! One process at a time fetches into a folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Progress;
use crate::Error;

/// The right to fetch into a folder. Dropping it removes the lock file, and the folders that were made for it if nothing
/// came into them.
pub(super) struct Lock {
    path: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    _file: File,
}

impl Lock {
    /// Makes the folder where it is not there, and waits until no other process fetches into it.
    pub(super) fn take(dir: &Path, name: &str, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Lock, Error> {
        let path = dir.join(".fetch.lock");
        let failed = |path: &Path, cause| Error::Write { path: path.to_owned(), cause };
        let made: Vec<PathBuf> = dir.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect();
        loop {
            fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
            let file = match File::create(&path) {
                // Another process has given up and removed the folder in between.
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(|source| failed(&path, source))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    progress(Progress::Waiting { name });
                    file.lock().map_err(|source| failed(&path, source))?;
                }
                Err(TryLockError::Error(source)) => {
                    let _ = fs::remove_file(&path); // nobody can hold it on a disk without locks
                    return Err(failed(&path, source));
                }
            }
            if is_at(&file, &path) {
                return Ok(Lock { path, made, _file: file });
            }
            // Whoever held it removed the file that was waited for: what lies there now is another one.
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed before it is let go of, so that those who wait notice. Where it cannot be removed, it does no harm.
        let _ = fs::remove_file(&self.path);
        for dir in &self.made {
            if fs::remove_dir(dir).is_err() {
                break; // something came into it
            }
        }
    }
}

/// Whether the open file is the one that lies at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |it: fs::Metadata| (it.dev(), it.ino());
    let (open, there) = (file.metadata().map(id), fs::metadata(path).map(id));
    open.is_ok_and(|open| there.is_ok_and(|there| open == there))
}

/// Open files cannot be removed here, so it is.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

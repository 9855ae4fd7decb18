//! Writing a file so that a reader never sees half of it: a temporary file in the same folder, then a rename.

use crate::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path`, making missing folders on the way; an older file is replaced in one step.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let attempt = || {
        std::fs::create_dir_all(folder)?;
        let mut options = File::options();
        options.write(true).create_new(true);
        // A picture gets the permissions that the user's umask gives any new file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o666);
        // Opened here, because tempfile's own errors tell of a name that nobody asked for.
        let mut file = tempfile::Builder::new().prefix(".viz-").make_in(folder, |path| options.open(path))?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    };
    attempt().map_err(|cause| Error::Write { path: path.to_owned(), cause })
}

/// Refuses a file name whose ending is none of `endings` (compared without regard to case).
pub(crate) fn check_ending(path: &Path, endings: &[&str], allowed: &'static str) -> Result<(), Error> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some(ending) if endings.iter().any(|e| e.eq_ignore_ascii_case(ending)) => Ok(()),
        _ => Err(Error::Ending { path: path.to_owned(), allowed }),
    }
}

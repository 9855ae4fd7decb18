//! Writing a file so that a reader never sees half of it: a temporary file in the same folder, then a rename.

use crate::Error;
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
        let mut builder = tempfile::Builder::new();
        builder.prefix(".viz-");
        // Temporary files are private by default; a picture gets the permissions that the user's umask gives any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    };
    attempt().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Refuses a file name whose ending is none of `endings` (compared without regard to case).
pub(crate) fn check_ending(path: &Path, endings: &[&str], allowed: &'static str) -> Result<(), Error> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some(ending) if endings.iter().any(|e| e.eq_ignore_ascii_case(ending)) => Ok(()),
        _ => Err(Error::Ending { path: path.to_owned(), allowed }),
    }
}

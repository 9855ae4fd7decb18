//! Saving a picture: its folder is made, and the file is written whole or not at all.

use crate::Error;
use std::path::Path;

/// Writes `bytes` to `path`, making missing folders on the way; an older file is replaced in one step.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let attempt = || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        whole_file::write(path, bytes)
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

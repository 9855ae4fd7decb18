//! Writing a file so that a reader never sees half of it: a temporary file in the same folder, then a rename.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `bytes` to `path`, making missing folders on the way; an older file is replaced in one step. The file gets the
/// permissions that the user's umask gives any new file.
///
/// # Errors
/// What the system said. The caller names `path`: the temporary file's name would tell nobody anything.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let open = |path: &Path| File::options().write(true).create_new(true).mode(0o666).open(path);
    let mut file = tempfile::Builder::new().make_in(folder, open)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_name_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
        // A folder of processes: not even root may make files there.
        let error = write(Path::new("/proc/self/report.html"), b"").unwrap_err();
        assert_eq!(error.to_string(), io::Error::from_raw_os_error(error.raw_os_error().unwrap()).to_string());
    }
}

//! Room on disks, and sizes for people.

use std::path::Path;

use crate::Error;

/// Bytes free for this user on the file system that holds `path`, which need not exist yet.
///
/// # Errors
/// If no parent of `path` can be examined.
pub fn free_bytes(path: &Path) -> Result<u64, Error> {
    let existing = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(existing)
        .map_err(|e| Error::io("read the free space of the disk that holds", existing)(e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// `530712279` as `531 MB`: for people.
pub fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        return format!("{} kB", bytes.div_ceil(1000));
    }
    if bytes < 10_000_000_000 {
        return format!("{:.0} MB", bytes as f64 / 1e6);
    }
    format!("{:.0} GB", bytes as f64 / 1e9)
}

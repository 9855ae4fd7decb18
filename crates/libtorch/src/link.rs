//! The link that names the libtorch in use.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::Error;

/// Makes `link` a symbolic link to `folder` in one step, so that a build that runs meanwhile sees one or the other.
///
/// # Errors
/// If something that is no link stands there, or the link cannot be made.
pub fn point(link: &Path, folder: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(link).is_ok_and(|data| !data.is_symlink()) {
        let link = link.display();
        return Err(Error::Unusable(format!(
            "{link} is in the way: it should be a link to libtorch. Move it away and try again"
        )));
    }
    let beside = link.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    symlink(folder, &beside)
        .and_then(|()| fs::rename(&beside, link))
        .map_err(|cause| Error::Io { action: format!("make {} a link to {}", link.display(), folder.display()), cause })
}

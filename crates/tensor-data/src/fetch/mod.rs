//! Files from the web: from the first of several mirrors that gives the right content, and whole or not at all.
//!
//! A download grows in `<name>.part` and is renamed to `<name>` only after the SHA-256 of its uncompressed content was
//! right and it was flushed to the disk, so that `<name>` is never a half. What a broken connection or an interrupted
//! program left behind is continued with a range request; if the outcome is wrong it is fetched once more from the
//! start. Servers that are busy or cut off are asked again after a pause, and the next mirror after that; a mirror that
//! refuses or does not know the file is left at once. The addresses of all mirrors are looked up at the same time, and those that have none
//! are not asked. A lock file in the folder (`.fetch.lock`) lets one process fetch
//! at a time; the others wait and find the file in place. It is removed at the end, and so is a folder that was made for
//! a file that did not come.
//!
//! Proxies are used as `ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.

mod lock;
mod mirror;
mod part;
mod resolve;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use lock::Lock;
use part::Part;
use resolve::without_address;

/// A file on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Name of the file on disk.
    pub name: String,
    /// Complete URLs (`http` or `https`), the best first.
    pub mirrors: Vec<String>,
    /// Size of the uncompressed content. No mirror may send much more than this.
    pub bytes: u64,
    /// SHA-256 of the uncompressed content, in hexadecimal. Whether the file itself is gzip, its first bytes say.
    pub sha256: String,
}

/// How patient the downloader is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Longest time until the addresses of several mirrors are found, which are looked up at once. 3 s by default.
    pub resolve: Duration,
    /// Longest time to find a server and connect to it. 10 s by default.
    pub connect: Duration,
    /// Longest time without a single byte. 30 s by default.
    pub stall: Duration,
    /// Requests to one mirror, the first included, while it is busy or cuts off. 4 by default; 0 counts as 1.
    pub attempts: u32,
    /// Pause before the second request to a mirror; doubled before each further one. 1 s by default.
    pub backoff: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(3),
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            attempts: 4,
            backoff: Duration::from_secs(1),
        }
    }
}

/// What a download is doing, for whoever shows it. `name` is the file's name on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The file is there already, with the right content.
    Present {
        /// The file.
        name: &'a str,
    },
    /// Another process is fetching into the same folder; this one waits for it.
    Waiting {
        /// The file.
        name: &'a str,
    },
    /// A mirror is asked.
    Asking {
        /// The file.
        name: &'a str,
        /// The mirror's URL of it.
        url: &'a str,
        /// Bytes that are there already and not asked for again.
        from: u64,
    },
    /// Bytes came.
    Received {
        /// The file.
        name: &'a str,
        /// Bytes of it that are there now, those of earlier attempts included.
        bytes: u64,
        /// Bytes of the whole file, where the server said so.
        total: Option<u64>,
    },
    /// An attempt failed, and the same mirror is asked again.
    Retrying {
        /// The file.
        name: &'a str,
        /// The mirror's URL of it.
        url: &'a str,
        /// Why the attempt failed.
        reason: &'a str,
        /// Pause until then.
        wait: Duration,
    },
    /// A mirror was given up.
    Failed {
        /// The file.
        name: &'a str,
        /// The mirror's URL of it.
        url: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// The file is in place and verified.
    Done {
        /// The file.
        name: &'a str,
    },
}

/// A mirror that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The URL asked.
    pub url: String,
    /// Why it gave nothing.
    pub reason: String,
}

/// Makes sure that `dir` holds the file, and returns its path. The folder is made when it does not exist.
///
/// # Errors
/// [`Error::Fetch`] when no mirror gave the file, with the reason of each; [`Error::Different`] when a file of that name
/// with other content is there already; [`Error::Write`] when the folder cannot be written or locked.
pub fn fetch(
    remote: &Remote,
    dir: &Path,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<PathBuf, Error> {
    let name = remote.name.as_str();
    let target = dir.join(name);
    // Held until the function returns; the system lets go of it as well when the process dies.
    let _lock = Lock::take(dir, name, progress)?;
    if target.exists() {
        verify(&target, remote, progress)?;
        return Ok(target);
    }
    let mut part = Part::open(dir.join(format!("{name}.part")))?;
    let mut tried = Vec::new();
    let mut complete = part.len() > 0 && part.check(remote)?.is_none();
    let without_address = if complete { HashMap::new() } else { without_address(&remote.mirrors, settings.resolve) };
    for url in &remote.mirrors {
        if complete {
            break;
        }
        let given = match without_address.get(url) {
            Some(reason) => Some(reason.clone()),
            None => mirror::download(url, remote, &mut part, settings, progress)?,
        };
        match given {
            None => complete = true,
            Some(reason) => {
                progress(Progress::Failed { name, url, reason: &reason });
                tried.push(Tried { url: url.clone(), reason });
            }
        }
    }
    if complete {
        part.persist(&target)?;
        progress(Progress::Done { name });
        Ok(target)
    } else {
        part.leave();
        Err(Error::Fetch { name: name.to_owned(), dir: dir.to_owned(), tried })
    }
}

/// Checks that a file which is there already has the content of `remote`, and reports it as present.
///
/// # Errors
/// [`Error::Different`] when its content is another, [`Error::Read`] when it cannot be read.
pub fn verify(path: &Path, remote: &Remote, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
    match part::fault(path, remote)? {
        Some(reason) => Err(Error::Different { path: path.to_owned(), reason }),
        None => {
            progress(Progress::Present { name: &remote.name });
            Ok(())
        }
    }
}

//! Moves of files that are written down before the first is made. Whatever ends the process, where each file lies says how far it came, so that
//! the moves can be finished or taken back.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One file's way, below the journal's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where it lay.
    pub from: PathBuf,
    /// Where it is to lie.
    pub to: PathBuf,
    /// SHA-256 of its content, lower-case hexadecimal.
    pub sha256: String,
}

/// How far the moves of a journal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Begun, and ended only if it is not found so.
    Applying,
    /// All are made.
    Applied,
    /// Taking back has begun.
    Undoing,
    /// All are taken back.
    Undone,
}

/// What was moved, in a file that outlives the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The folder below which everything lies, absolute.
    pub root: PathBuf,
    /// How far it came.
    pub state: State,
    /// In the order in which they are made.
    pub moves: Vec<Move>,
}

impl Journal {
    /// The journal at `path`; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Journal`] where it cannot be read.
    pub fn read(path: &Path) -> Result<Option<Journal>, Error> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(Error::io("read", path))?,
        };
        serde_json::from_slice(&text).map(Some).map_err(|cause| Error::Journal { path: path.to_owned(), cause })
    }

    /// An error where the journal at `path` knows of moves that are not taken back.
    ///
    /// # Errors
    /// [`Error::State`], and those of [`read`](Journal::read).
    pub fn check_free(path: &Path) -> Result<(), Error> {
        if Journal::read(path)?.is_some_and(|it| it.state != State::Undone) {
            let problem = "files were moved by it already: --undo takes that back first";
            return Err(Error::State { path: path.to_owned(), problem });
        }
        Ok(())
    }

    /// Writes the journal to `path` and makes the moves. Each file is checked against its SHA-256 first.
    ///
    /// # Errors
    /// [`Error::State`] where moves were made that are not taken back yet; [`Error::Io`] and [`Error::Move`].
    pub fn begin(path: &Path, root: &Path, moves: Vec<Move>) -> Result<Journal, Error> {
        Journal::check_free(path)?;
        for it in &moves {
            let file = root.join(&it.from);
            let found = Sha256::digest(fs::read(&file).map_err(Error::io("read", &file))?);
            if format!("{found:x}") != it.sha256 {
                let problem = "the file has changed since it was judged".to_owned();
                return Err(Error::Row { picture: it.from.display().to_string(), problem });
            }
        }
        let journal = Journal { root: root.to_owned(), state: State::Applying, moves };
        journal.write(path)?;
        journal.finish(path)
    }

    /// Makes the moves that are not made yet, of a journal that was begun.
    ///
    /// # Errors
    /// [`Error::State`] where they are being taken back; [`Error::Io`] and [`Error::Move`].
    pub fn finish(mut self, path: &Path) -> Result<Journal, Error> {
        match self.state {
            State::Applied => return Ok(self),
            State::Applying => {}
            State::Undoing | State::Undone => {
                let problem = "its moves are being taken back: --undo finishes that first";
                return Err(Error::State { path: path.to_owned(), problem });
            }
        }
        self.moves.iter().try_for_each(|it| make(&self.root, &it.from, &it.to))?;
        self.state = State::Applied;
        self.write(path)?;
        Ok(self)
    }

    /// Takes back whatever was made.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Move`]; those before are taken back then.
    pub fn undo(mut self, path: &Path) -> Result<Journal, Error> {
        if self.state == State::Undone {
            return Err(Error::State { path: path.to_owned(), problem: "everything is taken back already" });
        }
        self.state = State::Undoing;
        self.write(path)?;
        self.moves.iter().rev().try_for_each(|it| make(&self.root, &it.to, &it.from))?;
        self.state = State::Undone;
        self.write(path)?;
        Ok(self)
    }

    fn write(&self, path: &Path) -> Result<(), Error> {
        let wrong = |cause| Error::Journal { path: path.to_owned(), cause };
        let text = serde_json::to_vec_pretty(self).map_err(wrong)?;
        whole_file::write(path, &text).map_err(Error::io("write", path))
    }
}

/// Makes one move unless it is made already.
fn make(root: &Path, from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |problem: String| Error::Move { from: from.to_owned(), to: to.to_owned(), problem };
    let (old, new) = (root.join(from), root.join(to));
    match (old.symlink_metadata(), new.symlink_metadata()) {
        (Ok(_), Err(_)) => {}
        (Err(_), Ok(_)) => return Ok(()),
        (Ok(old_one), Ok(new_one)) if is_one_file(&old_one, &new_one) => {
            // Linked and not yet unlinked, where the file system knows no exclusive rename.
            return fs::remove_file(&old).map_err(|cause| failed(cause.to_string()));
        }
        (Ok(_), Ok(_)) => return Err(failed("another file of that name is there, and none is overwritten".to_owned())),
        (Err(_), Err(_)) => return Err(failed("it is in neither place: somebody else moved or removed it".to_owned())),
    }
    if let Some(folder) = new.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    rename(&old, &new).map_err(|cause| failed(cause.to_string()))
}

/// Renames a file and never replaces another, also one that appears in this moment.
fn rename(old: &Path, new: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(error) if error == rustix::io::Errno::EXIST => return Err(error.into()),
            // The system or the file system does not know it.
            Err(_) => {}
        }
    }
    fs::hard_link(old, new)?;
    fs::remove_file(old)
}

#[cfg(unix)]
fn is_one_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_one_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

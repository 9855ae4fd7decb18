//! From an edited table to moves: everything that can be known to fail is refused before the first file is touched.

use crate::error::Error;
use crate::journal::Move;
use crate::table::Row;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// A picture as the folder was read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the folder.
    pub path: PathBuf,
    /// Its class, the name of the class folder.
    pub class: String,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// The moves that the rows with a `move_to` ask for, of files below `root`: the class folder of the path is replaced, all else stays.
/// `classes` are those that there are.
///
/// # Errors
/// [`Error::Row`] for a picture that is not there or not of the given class any more, for a class that does not exist, and for a place that is
/// taken; nothing has been moved then.
pub fn plan(root: &Path, rows: &[Row], files: &[File], classes: &[String]) -> Result<Vec<Move>, Error> {
    let mut moves = Vec::new();
    let (mut sources, mut places) = (BTreeSet::new(), BTreeSet::new());
    for row in rows.iter().filter(|row| !row.move_to.trim().is_empty()) {
        let wrong = |problem: String| Error::Row { picture: row.picture.clone(), problem };
        let target = row.move_to.trim();
        let file = files.iter().find(|file| file.path == Path::new(&row.picture));
        let file =
            file.ok_or_else(|| wrong("there is no such picture in the folder now: take its row out".to_owned()))?;
        if file.class != row.given {
            return Err(wrong(format!("it is of class {:?} now, not {:?}: take its row out", file.class, row.given)));
        }
        if !classes.iter().any(|class| class == target) {
            return Err(wrong(format!("move_to is {target:?}, but the classes are {}", classes.join(", "))));
        }
        if target == file.class {
            continue;
        }
        let to = moved(&file.path, &file.class, target)
            .ok_or_else(|| wrong(format!("its path has no folder {:?}: move it by hand", file.class)))?;
        if root.join(&to).symlink_metadata().is_ok() || !places.insert(to.clone()) {
            return Err(wrong(format!("there is another {} already: rename one of them", to.display())));
        }
        if !sources.insert(file.path.clone()) {
            return Err(wrong("it stands in the table twice: take one row out".to_owned()));
        }
        let sha256 = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        moves.push(Move { from: file.path.clone(), to, sha256 });
    }
    Ok(moves)
}

/// The path with its class folder replaced: the first folder of that name, which is the first or, below `train/` and the like, the second.
fn moved(path: &Path, class: &str, target: &str) -> Option<PathBuf> {
    let folders: Vec<Component<'_>> = path.components().collect();
    let name = folders.len().checked_sub(1)?;
    let place = folders[..name].iter().take(2).position(|folder| folder.as_os_str() == class)?;
    Some(folders.iter().enumerate().map(|(i, it)| if i == place { Path::new(target) } else { Path::new(it) }).collect())
}

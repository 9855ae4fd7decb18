//! Decoded and resized pictures on disk: one file for each content and form of a whole set, shared by all runs. A file is
//! written beside its place and renamed, so that it is whole or not there; the set that was used longest ago goes first.
//!
//! A file holds a mark, the length of its header, the header (JSON), and the pixels as one block in the order picture,
//! channel, row, column.

use crate::error::Error;
use crate::inventory::{Inventory, Settings};
use crate::listing::{self, Listing};
use crate::set::{Form, Whole};
use crate::{file, survey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Stands first in a file, and is part of every key: another decoder or resize is another version.
const VERSION: &[u8; 8] = b"pictur01";
const ENDING: &str = "pictures";

/// A folder of decoded sets.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Where the sets lie; made when the first is written.
    pub folder: PathBuf,
    /// Bytes that all sets may take together. A set that is larger by itself is not kept.
    pub limit: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    inventory: Inventory,
    shape: [usize; 3],
}

impl Cache {
    /// Removes every set, and gives the bytes that were freed.
    ///
    /// # Errors
    /// [`Error::Cache`] where the folder cannot be read or a file cannot be removed.
    pub fn clear(&self) -> Result<u64, Error> {
        let sets = self.sets()?;
        for (_, path, _) in &sets {
            fs::remove_file(path).map_err(failed(path))?;
        }
        Ok(sets.iter().map(|(_, _, bytes)| bytes).sum())
    }

    /// A set, from the cache where it is there already.
    pub(crate) fn whole(&self, place: &Path, settings: &Settings, form: &Form) -> Result<Whole, Error> {
        let listing = listing::list(place, settings.group.column())?;
        let path = self.folder.join(key(&listing, settings, form)).with_extension(ENDING);
        // A file that is damaged counts as none, and is replaced.
        if let Ok(Some(mut whole)) = read(&path) {
            whole.inventory.root = listing.root;
            // For the order of removal alone: whether it succeeds does not matter.
            let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(whole);
        }
        let whole = Whole::read(place, settings, form)?;
        if whole.pixels.len() as u64 <= self.limit {
            fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
            self.write(&path, &whole).map_err(failed(&path))?;
            self.prune(&path)?;
        }
        Ok(whole)
    }

    fn write(&self, path: &Path, whole: &Whole) -> io::Result<()> {
        let header = Header { inventory: whole.inventory.clone(), shape: whole.shape };
        let header = serde_json::to_vec(&header)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(VERSION)?;
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        file.write_all(&whole.pixels)?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    }

    /// Removes sets, those used longest ago first, until all keep within the limit; never `newest`.
    fn prune(&self, newest: &Path) -> Result<(), Error> {
        let mut sets = self.sets()?;
        sets.sort();
        let mut total: u64 = sets.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, bytes) in sets.iter().filter(|(_, path, _)| path != newest) {
            if total <= self.limit {
                break;
            }
            match fs::remove_file(path) {
                // Another run may have removed it.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path)(error)),
                _ => total -= bytes,
            }
        }
        Ok(())
    }

    /// When each set was last used, its path and its bytes.
    fn sets(&self) -> Result<Vec<(SystemTime, PathBuf, u64)>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed(&self.folder))?,
        };
        let mut sets = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed(&self.folder))?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                let about = fs::metadata(&path).map_err(failed(&path))?;
                sets.push((about.modified().map_err(failed(&path))?, path, about.len()));
            }
        }
        Ok(sets)
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error {
    move |cause| Error::Cache { path: path.to_owned(), cause }
}

/// A set as it was written; `None` where its length is not what its header says.
fn read(path: &Path) -> io::Result<Option<Whole>> {
    let mut bytes = fs::read(path)?;
    let Some(length) = bytes.strip_prefix(VERSION).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
    let start = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| length.checked_add(16));
    let Some(header) = start.and_then(|start| bytes.get(16..start)) else { return Ok(None) };
    let Header { inventory, shape } = serde_json::from_slice(header)?;
    let pixels = bytes.split_off(header.len() + 16);
    let expected = shape.iter().try_fold(inventory.pictures.len(), |product, &n| product.checked_mul(n));
    Ok((expected == Some(pixels.len())).then_some(Whole { inventory, shape, pixels, from_cache: true }))
}

/// By the content of all files, what their places say of them, and all that decides their pixels.
fn key(listing: &Listing, settings: &Settings, form: &Form) -> String {
    let digests = survey::on_all_cores(listing.files.len(), |i| {
        match file::content(&listing.root.join(&listing.files[i].path)) {
            Ok((bytes, _)) => format!("{:x}", Sha256::digest(&bytes)),
            Err(error) => error.problem(),
        }
    });
    let mut whole = Sha256::new();
    whole.update(VERSION);
    whole.update(format!("{settings:?} {form:?} {:?} {:?}", listing.layout, listing.ignored));
    for (file, digest) in listing.files.iter().zip(digests) {
        whole.update(format!("{file:?} {digest}\n"));
    }
    format!("{:x}", whole.finalize())
}

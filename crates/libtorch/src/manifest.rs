//! What a cache entry holds, written down when it was fetched: sizes are compared at every start, contents by `setup`
//! and `doctor`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::kind::{Kind, VERSION};

/// File that stands beside the `torch/` folder of a cache entry; written last, so its presence means complete.
pub const MANIFEST: &str = "manifest.json";

/// One library of a cache entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct Library {
    /// Relative to the cache entry.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// What a cache entry holds: `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// libtorch's version.
    pub version: String,
    /// Which parts were fetched.
    pub kind: Kind,
    /// Every shared library with its hash.
    pub libraries: Vec<Library>,
}

impl Manifest {
    /// Lists and hashes the shared libraries under `entry`.
    ///
    /// # Errors
    /// If a file cannot be read, or there is no library at all.
    pub fn of(entry: &Path, kind: Kind) -> Result<Manifest, Error> {
        let mut libraries = Vec::new();
        let mut folders = vec![entry.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let listing = fs::read_dir(&folder).map_err(Error::io("list", &folder))?;
            for file in listing {
                let file = file.map_err(Error::io("list", &folder))?;
                let path = file.path();
                let data = fs::symlink_metadata(&path).map_err(Error::io("read", &path))?;
                if data.is_dir() {
                    folders.push(path);
                } else if is_library(&path) {
                    let inside = path.strip_prefix(entry).unwrap_or(&path).to_path_buf();
                    libraries.push(Library { path: inside, bytes: data.len(), sha256: sha256(&path)? });
                }
            }
        }
        if libraries.is_empty() {
            return Err(Error::Unusable(format!("there is no library in {}", entry.display())));
        }
        libraries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Manifest { version: VERSION.to_owned(), kind, libraries })
    }

    /// Reads the manifest of a cache entry; `None` if it has none or one that cannot be read.
    pub fn read(entry: &Path) -> Option<Manifest> {
        serde_json::from_slice(&fs::read(entry.join(MANIFEST)).ok()?).ok()
    }

    /// Compares sizes alone: a millisecond. The error names the first difference.
    ///
    /// # Errors
    ///
    /// The first difference, in words: a library that is missing, or of another size.
    pub fn check_sizes(&self, entry: &Path) -> Result<(), String> {
        for library in &self.libraries {
            let bytes = fs::metadata(entry.join(&library.path)).map(|m| m.len()).ok();
            if bytes != Some(library.bytes) {
                let found = bytes.map_or("is missing".to_owned(), |b| format!("has {b} bytes"));
                return Err(format!("{} {found}, not {} bytes", library.path.display(), library.bytes));
            }
        }
        Ok(())
    }

    /// Compares the content of every library: a second or so. The error names the first difference.
    ///
    /// # Errors
    ///
    /// The first difference, in words: a library that is missing, or of another content.
    pub fn check_content(&self, entry: &Path) -> Result<(), String> {
        self.check_sizes(entry)?;
        for library in &self.libraries {
            if sha256(&entry.join(&library.path)).map_err(|e| e.to_string())? != library.sha256 {
                return Err(format!("the content of {} has changed", library.path.display()));
            }
        }
        Ok(())
    }
}

/// SHA-256 of a file, lower-case hexadecimal.
///
/// # Errors
/// If the file cannot be read.
pub fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = fs::File::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash).map_err(Error::io("read", path))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A shared library by its name: `libx.so`, `libx.so.1`, `libx.dylib`.
fn is_library(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".so") || name.contains(".so.") || name.ends_with(".dylib")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_content_of_the_same_size_is_found_by_the_full_check_alone() {
        let entry = tempfile::tempdir().unwrap();
        fs::create_dir(entry.path().join("lib")).unwrap();
        let library = entry.path().join("lib/libx.so.1");
        fs::write(&library, "abc").unwrap();
        fs::write(entry.path().join("notes.txt"), "not a library").unwrap();
        let manifest = Manifest::of(entry.path(), Kind::Cpu).unwrap();
        assert_eq!(manifest.libraries.len(), 1);
        // The SHA-256 of "abc", as FIPS 180-2 gives it.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(manifest.libraries[0].sha256, expected);
        assert_eq!(manifest.check_content(entry.path()), Ok(()));

        fs::write(&library, "cba").unwrap();
        assert_eq!(manifest.check_sizes(entry.path()), Ok(()));
        assert!(manifest.check_content(entry.path()).unwrap_err().contains("has changed"));
        fs::remove_file(&library).unwrap();
        assert!(manifest.check_sizes(entry.path()).unwrap_err().contains("is missing"));
    }

    #[test]
    fn a_folder_without_libraries_has_no_manifest() {
        let entry = tempfile::tempdir().unwrap();
        assert!(Manifest::of(entry.path(), Kind::Cpu).is_err());
        fs::write(entry.path().join(MANIFEST), "{}").unwrap();
        assert!(Manifest::read(entry.path()).is_none());
    }
}

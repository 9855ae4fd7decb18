//! Libraries of another libtorch that the environment shows to the dynamic linker. The runner's own run path comes before
//! `LD_LIBRARY_PATH`, but nothing comes before `LD_PRELOAD`, and other programs of this machine have no such run path:
//! where one does not start, these files are the first to look at.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The variables that the dynamic linker reads, and what separates the paths in each.
pub const VARIABLES: [(&str, &[u8]); 2] = [("LD_LIBRARY_PATH", b":;"), ("LD_PRELOAD", b": ")];

/// Libtorch's files, by which others are known.
pub struct Own {
    folders: Vec<PathBuf>,
    names: BTreeSet<OsString>,
}

impl Own {
    /// Those of the libtorch in `folder`, and of the CUDA parts that came with it.
    pub fn of(folder: &Path) -> Own {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let parts = folder.parent().map(|beside| entries(&beside.join("nvidia"))).unwrap_or_default();
        let folders: Vec<PathBuf> = parts.into_iter().chain([folder]).map(|part| part.join("lib")).collect();
        let names = folders.iter().flat_map(|folder| entries(folder)).filter_map(|path| Some(path.file_name()?.into()));
        Own { names: names.collect(), folders }
    }

    /// Files with libtorch's names that are shown by `value`, the content of a variable; in its order.
    pub fn shadows(&self, value: &OsStr, separators: &[u8]) -> Vec<PathBuf> {
        let shown = value.as_bytes().split(|byte| separators.contains(byte)).filter(|part| !part.is_empty());
        let files = shown.map(|part| PathBuf::from(OsStr::from_bytes(part))).flat_map(|path| {
            if !path.is_dir() {
                return vec![path];
            }
            // Builds for newer processors, which come first.
            let newer = entries(&path.join("glibc-hwcaps"));
            newer.iter().chain([&path]).flat_map(|folder| entries(folder)).collect()
        });
        files.filter(|file| self.is_shadow(file)).collect()
    }

    fn is_shadow(&self, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        let is_named_so = ["libtorch", "libc10"].iter().any(|start| text.starts_with(start)) && text.contains(".so");
        let lies_in = file.parent().and_then(|folder| fs::canonicalize(folder).ok());
        (is_named_so || self.names.contains(name)) && !lies_in.is_some_and(|folder| self.folders.contains(&folder))
    }
}

/// What a folder holds, by name; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: PathBuf) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "code").unwrap();
        path
    }

    #[test]
    fn files_with_our_names_are_found_in_the_order_of_search() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| file(root.path().join(path));
        at("torch/lib/libc10.so");
        at("torch/lib/libgomp.so.1");
        at("nvidia/cudnn/lib/libcudnn.so.9");
        let own = Own::of(&root.path().join("torch"));
        let others = [
            at("a/glibc-hwcaps/x86-64-v3/libc10.so"),
            at("a/libcudnn.so.9"),
            at("a/libgomp.so.1"),
            at("b/libtorch_cuda.so"),
        ];
        at("b/libm.so.6");
        at("b/libtorch.txt");
        let folder = |name: &str| root.path().join(name).display().to_string();
        let search = format!("{}:/nowhere::{};{}", folder("a"), folder("torch/lib"), folder("b"));
        assert_eq!(own.shadows(OsStr::new(&search), VARIABLES[0].1), others);
        let preload = format!("libjemalloc.so.2 {} {}", folder("b/libtorch_cuda.so"), folder("torch/lib/libc10.so"));
        assert_eq!(own.shadows(OsStr::new(&preload), VARIABLES[1].1), others[3..]);
        assert!(own.shadows(OsStr::new(""), VARIABLES[0].1).is_empty());
    }
}

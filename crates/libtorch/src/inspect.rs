//! Looks into a folder that should hold libtorch: which version, which kind, anything missing. Reads a few small
//! files and sizes, so that it may run at every start.

use std::fs;
use std::path::Path;

pub use crate::kind::{Kind, VERSION};
use crate::manifest::{MANIFEST, Manifest};

/// What a folder turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is there.
    Absent,
    /// Something is there that cannot be used; the reason, as the end of a sentence.
    Broken(String),
    /// A libtorch of another version.
    Wrong(String),
    /// The right version, complete as far as a quick look can tell.
    Good(Kind),
}

/// Looks into `folder`, which should hold `include/` and `lib/`.
pub fn inspect(folder: &Path) -> Finding {
    if !folder.exists() {
        return Finding::Absent;
    }
    let library = |name: &str| folder.join("lib").join(format!("lib{name}.{}", std::env::consts::DLL_EXTENSION));
    for name in ["torch_cpu", "c10"] {
        let path = library(name);
        if !fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() > 0) {
            return Finding::Broken(format!("{} is missing", path.display()));
        }
    }
    match version(folder) {
        None => {
            return Finding::Broken("no header in it states a version (include/torch/headeronly/version.h)".into());
        }
        Some(found) if found != VERSION => return Finding::Wrong(found),
        Some(_) => {}
    }
    if let Some(entry) = fs::canonicalize(folder).ok().as_deref().and_then(Path::parent)
        && let Some(manifest) = Manifest::read(entry)
        && let Err(difference) = manifest.check_sizes(entry)
    {
        return Finding::Broken(difference);
    }
    Finding::Good(if library("torch_cuda").exists() { Kind::Cuda } else { Kind::Cpu })
}

/// Looks into a cache entry, which must have its manifest beside `torch/`.
pub fn inspect_entry(entry: &Path) -> Finding {
    match (entry.exists(), Manifest::read(entry)) {
        (false, _) => Finding::Absent,
        (true, None) => Finding::Broken(format!("{MANIFEST} is missing or cannot be read")),
        (true, Some(_)) => match inspect(&entry.join("torch")) {
            Finding::Absent => Finding::Broken("its folder torch is missing".to_owned()),
            other => other,
        },
    }
}

/// Version without a suffix such as `+cpu`: from `build-version` of libtorch's own zip files, else from a header.
pub fn version(folder: &Path) -> Option<String> {
    let from_zip = fs::read_to_string(folder.join("build-version")).ok();
    let stated = from_zip.map(|text| text.trim().to_owned()).or_else(|| {
        let include = folder.join("include/torch");
        let headers = ["headeronly/version.h", "csrc/api/include/torch/version.h"];
        headers.iter().find_map(|header| version_in_header(&fs::read_to_string(include.join(header)).ok()?))
    })?;
    stated.split('+').next().map(str::to_owned)
}

/// Reads `#define TORCH_VERSION_MAJOR 2` and its two siblings.
fn version_in_header(text: &str) -> Option<String> {
    let part = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("#define ")?.trim().strip_prefix(name))?;
        line.trim().parse::<u32>().ok()
    };
    let [major, minor, patch] = ["TORCH_VERSION_MAJOR ", "TORCH_VERSION_MINOR ", "TORCH_VERSION_PATCH "].map(part);
    Some(format!("{}.{}.{}", major?, minor?, patch?))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn libtorch(version: &str) -> tempfile::TempDir {
        let entry = tempfile::tempdir().unwrap();
        let torch = entry.path().join("torch");
        fs::create_dir_all(torch.join("lib")).unwrap();
        fs::create_dir_all(torch.join("include/torch/headeronly")).unwrap();
        let dll = std::env::consts::DLL_EXTENSION;
        fs::write(torch.join(format!("lib/libtorch_cpu.{dll}")), "code").unwrap();
        fs::write(torch.join(format!("lib/libc10.{dll}")), "code").unwrap();
        let parts: Vec<_> = version.split('.').collect();
        let header = format!(
            "#pragma once\n#define TORCH_VERSION_MAJOR {}\n#define TORCH_VERSION_MINOR {}\n#define TORCH_VERSION_PATCH {}\n",
            parts[0], parts[1], parts[2]
        );
        fs::write(torch.join("include/torch/headeronly/version.h"), header).unwrap();
        entry
    }

    fn with_manifest(version: &str) -> tempfile::TempDir {
        let entry = libtorch(version);
        let manifest = Manifest::of(entry.path(), Kind::Cpu).unwrap();
        fs::write(entry.path().join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
        entry
    }

    fn torch_cpu(entry: &Path) -> PathBuf {
        entry.join("torch/lib").join(format!("libtorch_cpu.{}", std::env::consts::DLL_EXTENSION))
    }

    #[test]
    fn the_right_version_is_good_and_its_kind_is_seen() {
        let entry = libtorch(VERSION);
        assert_eq!(inspect(&entry.path().join("torch")), Finding::Good(Kind::Cpu));
        let cuda = format!("torch/lib/libtorch_cuda.{}", std::env::consts::DLL_EXTENSION);
        fs::write(entry.path().join(cuda), "code").unwrap();
        assert_eq!(inspect(&entry.path().join("torch")), Finding::Good(Kind::Cuda));
    }

    #[test]
    fn another_version_is_named() {
        let entry = libtorch("2.6.1");
        assert_eq!(inspect(&entry.path().join("torch")), Finding::Wrong("2.6.1".to_owned()));
    }

    #[test]
    fn build_version_of_a_zip_distribution_counts_without_its_suffix() {
        let entry = libtorch("1.0.0");
        fs::write(entry.path().join("torch/build-version"), "2.11.0+cpu\n").unwrap();
        assert_eq!(inspect(&entry.path().join("torch")), Finding::Good(Kind::Cpu));
    }

    #[test]
    fn what_is_missing_is_named() {
        let entry = libtorch(VERSION);
        fs::remove_file(torch_cpu(entry.path())).unwrap();
        let Finding::Broken(reason) = inspect(&entry.path().join("torch")) else { panic!("not broken") };
        assert!(reason.contains("libtorch_cpu"), "{reason}");
        assert_eq!(inspect(&entry.path().join("nowhere")), Finding::Absent);
    }

    #[test]
    fn a_cache_entry_without_manifest_or_with_other_sizes_is_broken() {
        let entry = with_manifest(VERSION);
        assert_eq!(inspect_entry(entry.path()), Finding::Good(Kind::Cpu));
        fs::write(torch_cpu(entry.path()), "co").unwrap();
        let Finding::Broken(reason) = inspect_entry(entry.path()) else { panic!("not broken") };
        assert!(reason.contains("has 2 bytes, not 4"), "{reason}");
        fs::remove_file(entry.path().join(MANIFEST)).unwrap();
        assert!(matches!(inspect_entry(entry.path()), Finding::Broken(_)));
    }
}

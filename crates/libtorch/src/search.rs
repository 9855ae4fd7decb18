//! Which libtorch to use: a pure function of what is found on this machine, so that every case can be tested
//! without one. Looking is left to probes, which are only called when the answer depends on them.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::inspect::{Finding, Kind, VERSION};

/// What the user asked for, beyond "one that works".
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// `--cpu` or `--cuda`.
    pub kind: Option<Kind>,
    /// `--force`: fetch whatever is there already.
    pub fetch: bool,
}

/// The part of the environment that is cheap to read.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `LIBTORCH`, absolute; `None` if unset or if it names `link`.
    pub libtorch: Option<PathBuf>,
    /// Whether `LIBTORCH_USE_PYTORCH` is set.
    pub use_pytorch: bool,
    /// The workspace's `.libtorch`.
    pub link: PathBuf,
    /// The cache entry of each kind: CPU, CUDA.
    pub entries: [PathBuf; 2],
}

/// A Python whose `torch` package was found.
#[derive(Clone, Debug)]
pub struct PythonTorch {
    /// The interpreter.
    pub python: PathBuf,
    /// The package's folder, which holds `include/` and `lib/`.
    pub folder: PathBuf,
}

/// What costs time to find out.
pub struct Probes<'a> {
    /// Looks into a folder that should be libtorch.
    pub inspect: &'a dyn Fn(&Path) -> Finding,
    /// Looks into a cache entry.
    pub inspect_entry: &'a dyn Fn(&Path) -> Finding,
    /// Whether two paths name one folder.
    pub same: &'a dyn Fn(&Path, &Path) -> bool,
    /// Pythons on the PATH that have a `torch`, best first.
    pub pythons: &'a dyn Fn() -> Vec<PythonTorch>,
    /// Whether there is an NVIDIA driver.
    pub gpu: &'a dyn Fn() -> bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `.libtorch` is right as it is.
    Keep(Kind),
    /// `.libtorch` is to be linked to `folder`.
    Link {
        /// Folder with `include/` and `lib/`.
        folder: PathBuf,
        /// What it can compute on.
        kind: Kind,
        /// Where it came from, in words.
        source: String,
    },
    /// Nothing fits: this kind is to be fetched. If the cache holds a damaged one, what is wrong with it.
    Fetch {
        /// Which parts.
        kind: Kind,
        /// What is wrong with the one in the cache.
        damage: Option<String>,
    },
}

/// Chooses, in this order: `LIBTORCH`, `LIBTORCH_USE_PYTORCH`, the link as it is, a Python's torch, the cache, a
/// fetch. The first two are orders: if they do not fit, that is an error and never passed over.
///
/// # Errors
/// If `LIBTORCH` or `LIBTORCH_USE_PYTORCH` names something that cannot be used, or contradicts the wish.
pub fn search(around: &Surroundings, wish: Wish, probes: &Probes) -> Result<Choice, Error> {
    let free = wish.kind.is_none() && !wish.fetch;
    let link = |folder: &Path, kind: Kind, source: String| {
        if (probes.same)(&around.link, folder) {
            return Choice::Keep(kind);
        }
        Choice::Link { folder: folder.to_path_buf(), kind, source }
    };

    if let Some(folder) = &around.libtorch {
        if !free {
            let folder = folder.display();
            return Err(Error::Unusable(format!(
                "LIBTORCH is set to {folder} and wins over --cpu, --cuda and --force: unset it first"
            )));
        }
        return match (probes.inspect)(folder) {
            Finding::Good(kind) => Ok(link(folder, kind, "LIBTORCH".to_owned())),
            finding => Err(refusal("LIBTORCH", folder, &finding)),
        };
    }
    if around.use_pytorch && free {
        let found = (probes.pythons)();
        let Some(first) = found.first() else {
            return Err(Error::Unusable(format!(
                "LIBTORCH_USE_PYTORCH is set, but no Python on the PATH has torch: \
                 run pip install torch=={VERSION}, or unset LIBTORCH_USE_PYTORCH"
            )));
        };
        return match (probes.inspect)(&first.folder) {
            Finding::Good(kind) => Ok(link(&first.folder, kind, "LIBTORCH_USE_PYTORCH".to_owned())),
            finding => Err(refusal("LIBTORCH_USE_PYTORCH", &first.folder, &finding)),
        };
    }
    if !wish.fetch
        && let Finding::Good(kind) = (probes.inspect)(&around.link)
        && wish.kind.is_none_or(|wished| wished == kind)
    {
        return Ok(Choice::Keep(kind));
    }

    let wanted = wish.kind.unwrap_or_else(|| if (probes.gpu)() { Kind::Cuda } else { Kind::Cpu });
    let [cpu, cuda] = &around.entries;
    let entries: &[&PathBuf] = match (wanted, wish.kind) {
        (Kind::Cuda, _) => &[cuda],
        (Kind::Cpu, Some(_)) => &[cpu],
        (Kind::Cpu, None) => &[cpu, cuda],
    };
    if !wish.fetch {
        // A Python's torch may hold CUDA libraries, which `--cpu` declines.
        let pythons = if wish.kind == Some(Kind::Cpu) { Vec::new() } else { (probes.pythons)() };
        for PythonTorch { python, folder } in pythons {
            if let Finding::Good(kind) = (probes.inspect)(&folder)
                && (wanted == Kind::Cpu || kind == Kind::Cuda)
            {
                return Ok(link(&folder, kind, python.display().to_string()));
            }
        }
        for entry in entries {
            if let Finding::Good(kind) = (probes.inspect_entry)(entry) {
                return Ok(link(&entry.join("torch"), kind, "the cache".to_owned()));
            }
        }
    }
    let damage = entries.first().and_then(|entry| match (probes.inspect_entry)(entry) {
        Finding::Broken(reason) => Some(reason),
        Finding::Wrong(version) => Some(format!("it holds version {version}")),
        Finding::Absent | Finding::Good(_) => None,
    });
    Ok(Choice::Fetch { kind: wanted, damage })
}

/// Why the folder that a variable names cannot be used, and how to mend it.
fn refusal(variable: &str, folder: &Path, finding: &Finding) -> Error {
    let folder = folder.display();
    let problem = match finding {
        Finding::Absent => format!("there is no folder {folder}"),
        Finding::Broken(reason) => format!("{folder} does not hold a complete libtorch: {reason}"),
        Finding::Wrong(version) => format!("found libtorch {version} at {folder}, need {VERSION}"),
        Finding::Good(_) => format!("{folder} is not wanted"),
    };
    Error::Unusable(format!(
        "{problem} (named by {variable}). Let {variable} name libtorch {VERSION}, or unset it and run `setup`"
    ))
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

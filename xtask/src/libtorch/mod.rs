//! Brings libtorch here without thinking: looks for one that fits, fetches it if there is none, and links it as
//! `.libtorch` in the workspace, the one place that cargo's configuration and the binaries' run paths name.
//!
//! Verified on x86-64 Linux alone, there with the CPU parts and with the complete CUDA package. On other platforms
//! (64-bit Arm Linux, macOS) the complete package for the Python on the PATH is installed into the cache, by the same
//! rules; that way has not been tried.

pub mod fetch;
pub mod inspect;
pub mod manifest;
pub mod python;
pub mod search;
pub mod wheels;

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cli::SetupArgs;
use crate::places;
use crate::progress::{Spinner, print, say};
use fetch::Parts;
use inspect::{Finding, Kind, VERSION};
use manifest::Manifest;
use search::{Choice, Probes, Surroundings, Wish, search};

/// `setup`: makes sure that libtorch is there and whole, and says where.
///
/// # Errors
/// See [`ensure`].
pub fn setup(args: &SetupArgs) -> Result<()> {
    let kind = match (args.cpu, args.cuda) {
        (true, _) => Some(Kind::Cpu),
        (_, true) => Some(Kind::Cuda),
        _ => None,
    };
    let mut kind = ensure(Wish { kind, fetch: args.force })?;
    let folder = || fs::canonicalize(link()).with_context(|| format!("cannot follow {}", link().display()));
    let whole = {
        let _spinner = Spinner::new("verifying libtorch");
        verify(&folder()?)
    };
    if let Some(Err(damage)) = whole {
        say(format!("the libtorch in the cache is damaged ({damage}): fetching it anew"));
        kind = ensure(Wish { kind: Some(kind), fetch: true })?;
    }
    say(format!("libtorch {VERSION} ({}) is ready: {}", kind.title(), folder()?.display()));
    if args.print {
        print(folder()?.display().to_string())?;
    }
    Ok(())
}

/// Makes sure that `.libtorch` is a libtorch that can be used. Silent and quick if it is.
///
/// # Errors
/// If none can be had; the message says what was tried and how to mend it.
pub fn ensure(wish: Wish) -> Result<Kind> {
    let (folder, kind, source) = match choose(wish)? {
        Choice::Keep(kind) => return Ok(kind),
        Choice::Link { folder, kind, source } => (folder, kind, source),
        Choice::Fetch { kind, damage } => {
            if let Some(damage) = damage {
                say(format!("the libtorch in the cache is damaged ({damage}): fetching it anew"));
            }
            let pip = python::Pip::find()?;
            let folder = fetch::fetch(&places::cache()?, &parts(kind)?, &pip, wish.fetch)?;
            (folder, kind, "pip".to_owned())
        }
    };
    point(&link(), &folder)?;
    say(format!("using libtorch {VERSION} ({}) from {source}: {}", kind.title(), folder.display()));
    Ok(kind)
}

/// What [`ensure`] would do here.
///
/// # Errors
/// If `LIBTORCH` or `LIBTORCH_USE_PYTORCH` cannot be followed.
pub fn choose(wish: Wish) -> Result<Choice> {
    let cache = places::cache()?;
    let link = link();
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let libtorch = variable("LIBTORCH").map(PathBuf::from);
    let around = Surroundings {
        libtorch: libtorch.map(std::path::absolute).transpose()?.filter(|folder| *folder != link),
        use_pytorch: variable("LIBTORCH_USE_PYTORCH").is_some(),
        entries: [Kind::Cpu, Kind::Cuda].map(|kind| fetch::entry(&cache, kind)),
        link,
    };
    let same = |a: &Path, b: &Path| fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b));
    let probes = Probes {
        inspect: &inspect::inspect,
        inspect_entry: &inspect::inspect_entry,
        same: &same,
        pythons: &python::with_torch,
        gpu: &|| nvidia_driver().is_some(),
    };
    search(&around, wish, &probes)
}

/// The workspace's `.libtorch`.
pub fn link() -> PathBuf {
    places::workspace().join(".libtorch")
}

/// Compares the content of a libtorch from the cache with its manifest; `None` for one from elsewhere.
pub fn verify(folder: &Path) -> Option<Result<(), String>> {
    let entry = folder.parent()?;
    Some(Manifest::read(entry)?.check_content(entry))
}

/// What `.libtorch` holds now.
pub fn state() -> Finding {
    inspect::inspect(&link())
}

/// The NVIDIA driver in a few words, if there is one. A driver's library alone does not count: distributions
/// install it on machines without a GPU.
pub fn nvidia_driver() -> Option<String> {
    if let Ok(text) = fs::read_to_string("/proc/driver/nvidia/version") {
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        return Some(format!("NVIDIA driver {}", version.unwrap_or("of unknown version")));
    }
    let smi = places::on_path("nvidia-smi").or_else(|| places::on_path("/usr/lib/wsl/lib/nvidia-smi"))?;
    let output = Command::new(smi).args(["--query-gpu=driver_version", "--format=csv,noheader"]).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned());
    version.filter(|v| output.status.success() && !v.is_empty()).map(|v| format!("NVIDIA driver {v}"))
}

/// What to fetch on this platform.
fn parts(kind: Kind) -> Result<Parts> {
    let x86_linux = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    match kind {
        Kind::Cpu if x86_linux => Ok(Parts::Wheels(wheels::cpu_parts())),
        Kind::Cuda if cfg!(target_os = "macos") => {
            bail!("there is no libtorch with CUDA for macOS: leave out --cuda")
        }
        kind => Ok(Parts::Complete(kind)),
    }
}

/// Makes `link` a symbolic link to `folder` in one step, so that a build that runs meanwhile sees one or the other.
fn point(link: &Path, folder: &Path) -> Result<()> {
    if fs::symlink_metadata(link).is_ok_and(|data| !data.is_symlink()) {
        bail!("{} is in the way: it should be a link to libtorch. Move it away and try again", link.display());
    }
    let beside = link.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    symlink(folder, &beside)
        .and_then(|()| fs::rename(&beside, link))
        .with_context(|| format!("cannot make {} a link to {}", link.display(), folder.display()))
}

//! Brings libtorch here without thinking: looks for one that fits, fetches it if there is none, and links it as
//! `.libtorch` in the workspace, the one place that cargo's configuration and the binaries' run paths name. What is
//! decided and done is the crate `libtorch`'s; here the environment is read and progress is shown.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use libtorch::Progress;
use libtorch::fetch::{self, Parts};
use libtorch::inspect::{self, Finding, Kind, VERSION};
use libtorch::manifest::Manifest;
use libtorch::python::{self, Pip};
use libtorch::search::{Choice, Probes, Surroundings, Wish, search};
use libtorch::{driver, point, wheels};

use crate::cli::SetupArgs;
use crate::places;
use crate::progress::{Bytes, Spinner, print, say};
use crate::shown;

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
        say(format!("the libtorch in the cache is damaged ({damage}): fetching it again"));
        kind = ensure(Wish { kind: Some(kind), fetch: true })?;
    }
    say(format!("libtorch {VERSION} ({}) is ready: {}", kind.title(), shown::path(folder()?)));
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
                say(format!("the libtorch in the cache is damaged ({damage}): fetching it again"));
            }
            let pip = pip()?;
            let folder =
                fetch::fetch(&places::cache()?, &parts(kind)?, &pip, wish.fetch, &mut Shown::default().tell())?;
            (folder, kind, "pip".to_owned())
        }
    };
    point(&link(), &folder)?;
    say(format!("using libtorch {VERSION} ({}) from {source}: {}", kind.title(), shown::path(folder)));
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
        pythons: &|| python::with_torch(&pythons()),
        gpu: &|| nvidia_driver().is_some(),
    };
    Ok(search(&around, wish, &probes)?)
}

/// The link to the libtorch in use, `.libtorch`.
pub fn link() -> PathBuf {
    places::libtorch()
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

/// The NVIDIA driver in a few words, if there is one.
pub fn nvidia_driver() -> Option<String> {
    let smi = places::on_path("nvidia-smi").or_else(|| places::on_path("/usr/lib/wsl/lib/nvidia-smi"));
    driver::nvidia(smi.as_deref())
}

/// The pip of a Python on the PATH.
///
/// # Errors
/// If there is none; the message says how to get it.
pub fn pip() -> Result<Pip> {
    Ok(Pip::find(&pythons())?)
}

/// `python3` and `python`, those that are on the PATH.
fn pythons() -> Vec<PathBuf> {
    ["python3", "python"].iter().filter_map(|name| places::on_path(name)).collect()
}

/// What to fetch on this platform.
fn parts(kind: Kind) -> Result<Parts> {
    let x86_linux = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    match kind {
        Kind::Cpu if x86_linux => Ok(Parts::Wheels(wheels::cpu_parts())),
        Kind::Cuda if cfg!(target_os = "macos") => {
            bail!("there is no libtorch with CUDA for macOS: leave out --cuda")
        }
        kind => Ok(Parts::complete(kind)),
    }
}

/// How far a fetch has come, as a bar or a spinner.
#[derive(Default)]
struct Shown {
    bar: Option<(String, Bytes)>,
    spinner: Option<Spinner>,
}

impl Shown {
    fn tell(mut self) -> impl FnMut(Progress<'_>) {
        move |progress| match progress {
            Progress::Waiting => say("waiting: another process is fetching libtorch"),
            Progress::Bytes { label, done, total } => {
                let bar = self.bar.take().filter(|(of, _)| of == label);
                let (of, mut bar) = bar.unwrap_or_else(|| (label.to_owned(), Bytes::new(label, total)));
                bar.set(done);
                self.bar = Some((of, bar));
            }
            Progress::Open { label, done } => {
                let spinner = self.spinner.get_or_insert_with(|| {
                    say(label);
                    Spinner::new(label)
                });
                spinner.set(format!("{label}, {} so far", libtorch::disk::size(done)));
            }
            _ => {}
        }
    }
}

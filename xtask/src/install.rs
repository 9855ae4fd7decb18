//! `install`: puts the program on the user's PATH, so that it works from any folder and without the clone.
//!
//! What is installed is what `cargo xtask` builds: the launcher as `ROOT/bin/minibatch`, and beside it in `ROOT/lib/minibatch`
//! the runner with a link `.libtorch` to the libtorch in use. The launcher links no libtorch: it starts on any machine, finds
//! or fetches libtorch when that was removed, and points the link to it. The runner looks for libtorch through its own run
//! path, first in the link beside itself (`crates/rpath.rs`), so that neither `LD_LIBRARY_PATH` nor the clone's libtorch gets
//! in between.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::InstallArgs;
use crate::places::{self, INSTALLED_IN};
use crate::progress::{print, say};
use crate::{setup, shown, start};

/// The name of the program once it is installed.
const NAME: &str = "minibatch";
/// What captures CUDA graphs; there where it could be built.
const CUDA_GRAPHS: &str = "libminibatch_cuda.so";

/// `install`
///
/// # Errors
/// If there is no clone to build from, libtorch cannot be had, or the folder cannot be written to.
pub fn run(args: &InstallArgs) -> Result<()> {
    let runner = start::ready()?;
    let launcher = env::current_exe().context("cannot tell where this program lies")?;
    let root = args.root.clone().map_or_else(cargo_root, Ok)?;
    let root = std::path::absolute(root).context("the current folder is unknown")?;
    let program = place(&launcher, &runner, &setup::link(), &root)?;
    print(format!("installed {}", shown::path(&program)))?;
    if places::on_path(NAME).is_none_or(|found| found != program) {
        say(format!("{} does not come first on the PATH: add it to call {NAME}", shown::path(root.join("bin"))));
    }
    Ok(())
}

/// Puts both programs and the link to the libtorch that `libtorch` leads to into `root`; gives the program to call. What was
/// installed before is replaced, also while it runs.
///
/// # Errors
/// If another program of that name is there, or a file cannot be written.
pub fn place(launcher: &Path, runner: &Path, libtorch: &Path, root: &Path) -> Result<PathBuf> {
    let (program, folder) = (root.join("bin").join(NAME), root.join(INSTALLED_IN));
    if program.exists() && !folder.exists() {
        let program = shown::path(&program);
        bail!("{program} is another program: move it away, or name another folder with --root");
    }
    let libtorch = fs::canonicalize(libtorch).with_context(|| format!("cannot follow {}", libtorch.display()))?;
    copy(runner, &folder.join(NAME))?;
    let graphs = runner.with_file_name(CUDA_GRAPHS);
    if graphs.exists() {
        copy(&graphs, &folder.join(CUDA_GRAPHS))?;
    }
    libtorch::point(&folder.join(".libtorch"), &libtorch)?;
    copy(launcher, &program)?;
    Ok(program)
}

/// Where cargo installs programs, unless its own configuration names another folder.
fn cargo_root() -> Result<PathBuf> {
    let named =
        ["CARGO_INSTALL_ROOT", "CARGO_HOME"].into_iter().find_map(env::var_os).filter(|value| !value.is_empty());
    let home =
        || Ok(etcetera::home_dir().context("no home directory is known: name a folder with --root")?.join(".cargo"));
    named.map(PathBuf::from).map_or_else(home, Ok)
}

/// Copies a program beside its place and renames it: one that runs cannot be written over.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = || {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let beside = to.with_extension(format!("new-{}", std::process::id()));
        fs::copy(from, &beside)?;
        fs::rename(&beside, to)
    };
    copied().with_context(|| format!("cannot install {}", to.display()))
}

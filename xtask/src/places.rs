//! Where things lie: the workspace, the per-user cache, data sets, programs on the PATH. The one reader of these
//! parts of the environment.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use etcetera::BaseStrategy;

use crate::cli::DataDirArgs;

/// Where an installed program keeps what it needs, below the folder that it was installed into.
pub const INSTALLED_IN: &str = "lib/minibatch";

/// What this program belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// A clone of the repository: its folder.
    Clone(PathBuf),
    /// What `cargo xtask install` made: the folder with the runner and the link to libtorch.
    Installed(PathBuf),
}

/// What this program belongs to. It is installed where its own file lies in an installation. Otherwise `cargo run` names this
/// package's folder at run time, so that a clone may be moved; a binary started by hand falls back on the folder it was built
/// in.
pub fn home() -> &'static Home {
    static HOME: OnceLock<Home> = OnceLock::new();
    HOME.get_or_init(|| {
        if let Some(folder) = env::current_exe().ok().and_then(|program| installation(&program)) {
            return Home::Installed(folder);
        }
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .filter(|folder| folder.file_name().is_some_and(|name| name == "xtask"))
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        Home::Clone(package.parent().map_or(package.clone(), Path::to_path_buf))
    })
}

/// The folder of the installation that `program` is part of: the runner lies in it, the launcher in `bin` beside it.
fn installation(program: &Path) -> Option<PathBuf> {
    let program = program.canonicalize().ok()?;
    let (folder, name) = (program.parent()?, program.file_name()?);
    if folder.ends_with(INSTALLED_IN) {
        return Some(folder.to_owned());
    }
    let beside = folder.parent()?.join(INSTALLED_IN);
    (folder.ends_with("bin") && name == "minibatch" && beside.join(name).is_file()).then_some(beside)
}

/// What the user types to call this program.
pub fn program() -> &'static str {
    match home() {
        Home::Clone(_) => "cargo xtask",
        Home::Installed(_) => "minibatch",
    }
}

/// The file that is this program, for jobs on machines where nobody has typed anything: the launcher of an installed one.
///
/// # Errors
/// If the system does not tell it.
pub fn program_file() -> Result<PathBuf> {
    let launcher = |folder: &Path| Some(folder.ancestors().nth(2)?.join("bin/minibatch"));
    match home() {
        Home::Installed(folder) => launcher(folder).context("the installation has no folder bin"),
        Home::Clone(_) => runner_file(),
    }
}

/// The file of this process's own program, which links libtorch.
///
/// # Errors
/// If the system does not tell it.
pub fn runner_file() -> Result<PathBuf> {
    env::current_exe().context("cannot tell this program's own file")
}

/// Where runs and fetched data go: the clone, or for an installed program the current folder.
pub fn workspace() -> PathBuf {
    match home() {
        Home::Clone(folder) => folder.clone(),
        Home::Installed(_) => env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    }
}

/// The clone that this program belongs to; `None` for an installed one.
pub fn clone() -> Option<&'static Path> {
    match home() {
        Home::Clone(folder) => Some(folder),
        Home::Installed(_) => None,
    }
}

/// The link to the libtorch in use.
pub fn libtorch() -> PathBuf {
    let (Home::Clone(folder) | Home::Installed(folder)) = home();
    folder.join(".libtorch")
}

/// The per-user folder shared by all clones: `$XDG_CACHE_HOME/minibatch` or `~/.cache/minibatch`.
///
/// # Errors
/// If neither `XDG_CACHE_HOME` nor a home directory is known.
pub fn cache() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .context("no home directory is known, so there is no place for the cache: set HOME or XDG_CACHE_HOME")?;
    Ok(base.cache_dir().join("minibatch"))
}

/// Folders that may hold data sets as `<folder>/<name>/`, best first: `$MINIBATCH_DATA`, `data/` in the
/// [`workspace`], and for an installed program the cache, which serves every folder. Data is fetched into the last. Where
/// `--data` names one, there is no other: what lies elsewhere is not what was asked for.
pub fn data_roots(args: &DataDirArgs) -> Vec<PathBuf> {
    if let Some(folder) = &args.data {
        return vec![folder.clone()];
    }
    let from_environment = env::var_os("MINIBATCH_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
    from_environment.into_iter().chain([workspace().join("data")]).chain(cached_data()).collect()
}

/// Where data sets are fetched to unless another folder is named, each into `<folder>/<name>/`.
pub fn data_home() -> PathBuf {
    cached_data().unwrap_or_else(|| workspace().join("data"))
}

/// The data sets of an installed program, which is started from many folders.
fn cached_data() -> Option<PathBuf> {
    if clone().is_some() { None } else { cache().ok().map(|cache| cache.join("data")) }
}

/// The first executable file called `name` on the PATH; a `name` with a slash is taken as a path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(executable);
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(executable)
}

/// The Pythons on the PATH whose pip may fetch a package.
pub fn pythons() -> Vec<PathBuf> {
    ["python3", "python"].into_iter().filter_map(on_path).collect()
}

/// `path` relative to the current folder where it lies inside it, for printing and for commands to copy.
pub fn shorten(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).map_or_else(|| path.to_owned(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_program_knows_its_installation_and_one_that_was_built_has_none() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let make = |name: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            path
        };
        let (launcher, built) = (make("bin/minibatch"), make("target/debug/minibatch"));
        assert_eq!(installation(&launcher), None, "there is no runner yet");
        let runner = make("lib/minibatch/minibatch");
        let installed = Some(root.join("lib/minibatch"));
        assert_eq!([installation(&launcher), installation(&runner)], [installed.clone(), installed]);
        assert_eq!([installation(&built), installation(&make("bin/other"))], [None, None]);
    }
}

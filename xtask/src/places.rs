//! Where things lie: the workspace, the per-user cache, data sets, programs on the PATH. The one reader of these
//! parts of the environment.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use etcetera::BaseStrategy;

use crate::cli::DataDirArgs;

/// The workspace's folder. `cargo run` names this package's folder at run time, so that a clone may be moved; a
/// binary started by hand falls back on the folder it was built in.
pub fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.file_name().is_some_and(|name| name == "xtask"))
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    package.parent().map_or(package.clone(), Path::to_path_buf)
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

/// Folders that may hold data sets as `<folder>/<name>/`, best first: `$MINIBATCH_DATA`, the workspace's `data/`. Where
/// `--data` names one, there is no other: what lies elsewhere is not what was asked for.
pub fn data_roots(args: &DataDirArgs) -> Vec<PathBuf> {
    if let Some(folder) = &args.data {
        return vec![folder.clone()];
    }
    let from_environment = env::var_os("MINIBATCH_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
    from_environment.into_iter().chain([workspace().join("data")]).collect()
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

/// `path` relative to the current folder where it lies inside it, for printing and for commands to copy.
pub fn shorten(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).map_or_else(|| path.to_owned(), Path::to_path_buf)
}

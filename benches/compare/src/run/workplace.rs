//! What is found on this machine: the clone, MNIST, the per-user cache, programs on the PATH. The one reader of the
//! environment.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use compare::workspace::Workspace;
use etcetera::BaseStrategy;
use tensor_data::mnist;

/// The clone that this program was started from. Cargo names a package's folder at run time, so that a clone may be moved.
pub fn workspace() -> Result<Workspace> {
    let named = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let built_in = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = named.into_iter().chain([built_in]).find_map(|package| Workspace::of(&package));
    found.context("there is no clone of the repository around this program: start it with `cargo xtask bench`")
}

/// The folder of MNIST's four files: in `asked` where a folder was named, else in `$MINIBATCH_DATA` or the clone's `data/`.
pub fn mnist(workspace: &Workspace, asked: Option<&Path>) -> Result<PathBuf> {
    let roots = asked.map_or_else(
        || {
            let from_environment = env::var_os("MINIBATCH_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
            from_environment.into_iter().chain([workspace.data()]).collect()
        },
        |folder| vec![folder.to_owned()],
    );
    let folders = roots.iter().flat_map(|root| [root.join("mnist"), root.clone()]);
    let found = folders.into_iter().find(|folder| mnist::is_present(folder)).context(
        "the comparison needs MNIST, and it is in none of the data folders: fetch it with `cargo xtask data mnist`",
    )?;
    found.canonicalize().with_context(|| format!("cannot follow {}", found.display()))
}

/// The per-user folder shared by all clones: `$XDG_CACHE_HOME/minibatch` or `~/.cache/minibatch`.
pub fn cache() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .context("no home directory is known, so there is no place for the cache: set HOME or XDG_CACHE_HOME")?;
    Ok(base.cache_dir().join("minibatch"))
}

/// The first executable file called `name` on the PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(executable)
}

/// Cargo as it was called, working on this workspace. What the cargo that runs this program said of its package is left out:
/// build scripts that look at it (ring's) would run again every time.
pub fn cargo(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(workspace.root());
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(variable);
        }
    }
    command
}

/// `path` relative to the current folder where it lies inside it, for printing.
pub fn shorten(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).map_or_else(|| path.to_owned(), Path::to_path_buf)
}

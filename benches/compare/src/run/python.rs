//! The Python that PyTorch's sides run in: the user's own, or a virtual environment in the per-user cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use libtorch::inspect::VERSION;
use libtorch::python::Pip;

use crate::terminal::{self, say};
use crate::workplace;

/// Prints torch's version, without what stands behind a plus sign, once all packages are there.
const CHECK: &str = "import numpy, safetensors, torch; print(torch.__version__.split('+')[0])";

/// A Python with PyTorch of libtorch's own version: `given`, or the one in the cache, made if need be.
///
/// # Errors
/// If `given` lacks a package or has another version of torch, or the environment cannot be made.
pub fn ready(given: Option<&Path>, requirements: &Path) -> Result<PathBuf> {
    match given {
        Some(python) => check(python, requirements).map(|()| python.to_path_buf()),
        None => in_cache(&workplace::cache()?.join(format!("pytorch-{VERSION}")), requirements),
    }
}

/// Whether this Python has what the sides need.
fn check(python: &Path, requirements: &Path) -> Result<()> {
    let remedy = format!(
        "give another one with --python, mend it (`{} -m pip install -r {}`), or leave --python out and one is set up",
        python.display(),
        requirements.display()
    );
    let output = Command::new(python).args(["-c", CHECK]).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {}: {remedy}", python.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("nothing").to_owned();
        bail!("{} cannot take PyTorch's side ({said}): {remedy}", python.display());
    }
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(
        version == VERSION,
        "{} has torch {version}, and both sides must be of libtorch {VERSION}: {remedy}",
        python.display()
    );
    Ok(())
}

/// The environment in `folder`, made again unless one is there that works.
fn in_cache(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    if python.exists() && check(&python, requirements).is_ok() {
        return Ok(python);
    }
    let base = workplace::on_path("python3").context(
        "there is no python3 on the PATH to set up PyTorch with: install it (Debian, Ubuntu: apt install python3-venv), \
         or name one that has torch with --python",
    )?;
    say(format!("setting up PyTorch {VERSION} in {} (some gigabytes, once per user)", folder.display()));
    // Programs in a virtual environment hold its path, so it is made in its place and not renamed into it.
    let _ = fs::remove_dir_all(folder);
    let made = make(&base, folder, requirements).and_then(|()| check(&python, requirements));
    if made.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    made.map(|()| python)
}

fn make(base: &Path, folder: &Path, requirements: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let output = Command::new(base).args(["-m", "venv"]).arg(folder).stdin(Stdio::null()).output()?;
    ensure!(
        output.status.success(),
        "{} makes no virtual environment ({}): install its part for that (Debian, Ubuntu: apt install python3-venv), or \
         name a Python that has torch with --python",
        base.display(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).lines().last().unwrap_or_default()
    );
    let pip = Pip::of(&folder.join("bin/python")).context("the new virtual environment has no pip")?;
    let spinner = terminal::spinner("installing PyTorch");
    let args = ["install".to_owned(), "-r".to_owned(), requirements.display().to_string()];
    let result = pip.run(&args, &folder.join("scratch"), &mut || spinner.tick());
    let _ = fs::remove_dir_all(folder.join("scratch"));
    Ok(result?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A stand-in for Python that does what `script` says.
    fn message(script: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        ready(Some(&python), Path::new("requirements.txt"))
            .map_or_else(|error| format!("{error:#}"), |_| "fine".to_owned())
    }

    #[test]
    fn a_python_without_torch_or_with_another_one_is_refused_with_a_remedy() {
        let without = message("echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1");
        assert!(without.contains("No module named 'torch'") && without.contains("requirements.txt"), "{without}");
        let other = message("echo 2.3.1");
        assert!(other.contains("has torch 2.3.1") && other.contains("libtorch 2.11.0"), "{other}");
        assert_eq!(message("echo 2.11.0"), "fine");
        let absent = format!("{:#}", ready(Some(Path::new("/no/python")), Path::new("requirements.txt")).unwrap_err());
        assert!(absent.contains("cannot start /no/python") && absent.contains("--python"), "{absent}");
    }
}

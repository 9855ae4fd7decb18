//! Builds the runner (`minibatch`, which links libtorch) when it is not up to date, and starts it.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::{cargo, cxx_compiler};
use crate::progress::{Spinner, say};
use crate::setup;
use libtorch::search::Wish;

/// Name of the runner's binary.
const RUNNER: &str = "minibatch";

/// Runs this very command line in the runner, which takes this process's place: signals and the exit status are its
/// own.
///
/// # Errors
/// If libtorch cannot be had, the runner cannot be built, or it does not start.
pub fn run() -> Result<ExitCode> {
    let runner = ready()?;
    let error = Command::new(&runner).args(env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot start {}", runner.display()))
}

/// The runner, built against a libtorch that is there.
///
/// # Errors
/// As [`run`].
pub fn ready() -> Result<PathBuf> {
    setup::ensure(Wish::default())?;
    build()
}

/// Where the runner lies once it is built: beside this program.
pub fn expected() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.with_file_name(RUNNER))
}

/// Builds the runner; silent when there is nothing to do.
fn build() -> Result<PathBuf> {
    let first = !expected().is_some_and(|path| path.exists());
    if first {
        cxx_compiler()?;
        say("building (first time: some minutes)");
    }
    let mut child = cargo(["build", "-q", "-p", "xtask", "--bin", RUNNER, "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo: is Rust installed and on the PATH?")?;
    let messages = child.stdout.take().context("cargo's output is not connected")?;
    let spinner = Spinner::new("building");
    let mut executable = None;
    for line in BufReader::new(messages).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let name = message["target"]["name"].as_str().unwrap_or_default();
        spinner.set(format!("building: {name} is ready"));
        if name == RUNNER {
            executable = message["executable"].as_str().map(|path| Path::new(path).to_path_buf());
        }
    }
    drop(spinner);
    let status = child.wait()?;
    match executable {
        Some(path) if status.success() => Ok(path),
        _ => bail!("the runner could not be built ({status}): what cargo said is above"),
    }
}

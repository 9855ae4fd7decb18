//! Builds the runner (`minibatch`, which links libtorch) or the comparison (`compare`) when it is not up to date, and becomes
//! it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::{cargo, cxx_compiler};
use crate::places::{self, Home};
use crate::progress::{Spinner, say};
use crate::setup;
use libtorch::search::Wish;

/// The binary of a package of the workspace.
struct Program {
    name: &'static str,
    package: &'static str,
    /// Further words for cargo.
    options: &'static [&'static str],
}

/// Everything that links libtorch.
const RUNNER: Program = Program { name: "minibatch", package: "xtask", options: &[] };
/// What lets sides take turns. It links no libtorch and has it fetched where it needs it.
const COMPARE: Program = Program { name: "compare", package: "compare", options: &["--no-default-features"] };

/// Runs this very command line in the runner, which takes this process's place: signals and the exit status are its
/// own.
///
/// # Errors
/// If libtorch cannot be had, the runner cannot be built, or it does not start.
pub fn run() -> Result<ExitCode> {
    become_program(&ready()?, env::args_os().skip(1))
}

/// Runs `bench` with these words in the comparison, which takes this process's place.
///
/// # Errors
/// If it cannot be built or does not start.
pub fn compare(words: &[OsString]) -> Result<ExitCode> {
    become_program(&build(&COMPARE)?, words)
}

fn become_program<S: AsRef<OsStr>>(program: &Path, words: impl IntoIterator<Item = S>) -> Result<ExitCode> {
    let error = Command::new(program).args(words).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}

/// The runner, built against a libtorch that is there.
///
/// # Errors
/// As [`run`].
pub fn ready() -> Result<PathBuf> {
    setup::ensure(Wish::default())?;
    if let Home::Installed(folder) = places::home() {
        return Ok(folder.join(RUNNER.name));
    }
    if !expected().is_some_and(|path| path.exists()) {
        cxx_compiler()?;
        say("building (first time: some minutes)");
    }
    build(&RUNNER)
}

/// Where the runner lies once it is built: beside this program, or where it was installed.
pub fn expected() -> Option<PathBuf> {
    match places::home() {
        Home::Installed(folder) => Some(folder.join(RUNNER.name)),
        Home::Clone(_) => Some(env::current_exe().ok()?.with_file_name(RUNNER.name)),
    }
}

/// Builds a program; silent when there is nothing to do.
fn build(program: &Program) -> Result<PathBuf> {
    let Program { name: wanted, package, options } = program;
    let mut child = cargo(["build", "-q", "-p", package, "--bin", wanted, "--message-format=json-render-diagnostics"])
        .args(*options)
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
        if name == *wanted {
            executable = message["executable"].as_str().map(|path| Path::new(path).to_path_buf());
        }
    }
    drop(spinner);
    let status = child.wait()?;
    match executable {
        Some(path) if status.success() => Ok(path),
        _ => bail!("{wanted} could not be built ({status}): what cargo said is above"),
    }
}

//! Criterion's benches, which cargo runs: what they measured beside the newest record of this kind of machine.

use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use compare::record::Record;
use compare::workspace::Workspace;
use compare::{criterion, page};

use crate::terminal::{print, say};
use crate::words::Words;
use crate::{programs, workplace};

/// Runs every criterion bench of the workspace, and tells what became slower.
///
/// # Errors
/// If libtorch cannot be had, a bench fails, or results cannot be read or written.
pub fn run(workspace: &Workspace, words: &Words) -> Result<()> {
    programs::libtorch(workspace)?;
    // The profile is the one that everything else here is built and run with, so that libtorch's bindings are not
    // compiled again. The pattern leaves out unit tests, which do not know criterion's options.
    let mut command = workplace::cargo(workspace, &["bench", "--profile", "dev", "--workspace", "--bench", "*", "--"]);
    command.args(words.quick.then_some("--quick")).args(&words.criterion).env_remove("LIBTORCH");
    command.env("CRITERION_HOME", workspace.criterion()).env("OMP_NUM_THREADS", words.threads.to_string());
    // Benches that need MNIST say so where it is missing.
    if let Some(root) = workplace::mnist(workspace, words.data.as_deref()).ok().as_deref().and_then(|it| it.parent()) {
        command.env("MINIBATCH_DATA", root);
    }
    let since = SystemTime::now();
    let status = command.status().context("cargo bench does not start")?;
    ensure!(status.success(), "cargo bench failed ({status}): see above");
    tell(workspace, &criterion::gather(&workspace.criterion(), since, words.threads)?, words.keep)
}

/// Says what became slower, and keeps the record where that is wanted.
fn tell(workspace: &Workspace, now: &Record, keep: bool) -> Result<()> {
    if now.rows.is_empty() {
        ensure!(!keep, "nothing was measured, so there is nothing to keep: see above");
        return Ok(());
    }
    let before = criterion::earlier(&workspace.results(), now)?;
    match &before {
        Some(before) => print(criterion::comparison(now, before).trim_end())?,
        None => say(
            "no figures of this kind of machine are kept yet, so there is nothing to compare with: --keep keeps these",
        ),
    }
    if keep {
        let today = before.filter(|before| before.file_name() == now.file_name());
        let whole = criterion::completed(now.clone(), today);
        let path = whole.write(&workspace.results())?;
        say(format!("kept in {}", workplace::shorten(&path).display()));
        page::replace(&workspace.page(), criterion::KIND, &criterion::section(&whole))?;
    }
    Ok(())
}

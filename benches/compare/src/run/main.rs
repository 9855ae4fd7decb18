//! `cargo xtask bench`: runs criterion's benches, lets the sides take turns (`--versus`), or lets work grow (`--scaling`);
//! then writes tables and charts. It is built without libtorch: what computes is a program of its own for every turn.

mod charts;
mod criterion;
mod programs;
mod python;
mod reach;
mod scaling;
mod terminal;
mod versus;
mod words;
mod workplace;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use compare::platform::Platform;
use compare::record::Record;
use compare::workspace::Workspace;
use compare::{page, table};

use terminal::{print, say};
use words::Words;

fn main() -> ExitCode {
    let words = Words::parse();
    let done = workplace::workspace().and_then(|workspace| run(&workspace, &words));
    done.map_or_else(
        |error| {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(workspace: &Workspace, words: &Words) -> Result<()> {
    if words.is_criterion() {
        return criterion::run(workspace, words);
    }
    if words.versus {
        return versus(workspace, words);
    }
    if words.scaling {
        let record = scaling::measure(workspace, words)?;
        return if words.quick {
            print(compare::scaling::tables(&record, &[]))
        } else {
            charts::scaling(workspace, &record)
        };
    }
    render(workspace)
}

/// Lets the sides take turns.
fn versus(workspace: &Workspace, words: &Words) -> Result<()> {
    let task = versus::Task::new(workspace, words)?;
    let (record, failures) = task.measure()?;
    let platform = Platform::of(words.device);
    print(table::goals(platform, &record))?;
    if task.is_kept() {
        versus::render(platform, &record, &workspace.page(), &workspace.pictures())?;
    }
    if !failures.is_empty() {
        for failure in &failures {
            say(failure);
        }
        bail!("{} turns failed and are left out: see above", failures.len());
    }
    Ok(())
}

/// Draws what was measured before.
fn render(workspace: &Workspace) -> Result<()> {
    let results = workspace.results();
    let newest = |kind: &str| Record::newest(&results, kind);
    let compared = [Platform::Cpu, Platform::Cuda].map(|platform| newest(platform.kind()).map(|it| (platform, it)));
    let (scaled, layers) = (newest("scaling")?, newest(compare::criterion::KIND)?);
    let mut is_empty = scaled.is_none() && layers.is_none();
    for found in compared {
        if let (platform, Some(record)) = found? {
            is_empty = false;
            versus::render(platform, &record, &workspace.page(), &workspace.pictures())?;
        }
    }
    if let Some(record) = scaled {
        charts::scaling(workspace, &record)?;
    }
    if let Some(record) = layers {
        page::replace(&workspace.page(), compare::criterion::KIND, &compare::criterion::section(&record))?;
    }
    if is_empty {
        bail!("{} holds no results: measure with `bench --versus` or `bench --scaling` first", results.display());
    }
    print(format!("wrote {}", workplace::shorten(&workspace.page()).display()))
}

//! `report`: the words of the command line become the report of some runs, and what it lacks becomes lines.

use crate::console::Usage;
use crate::{console, data_sets, device};
use anyhow::Result;
use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use train::Identity;
use train::run_folder::FoldSet;
use xtask::cli::{Format, ReportArgs};
use xtask::places;

/// The runs that are meant: a set of folds stands for its runs.
fn runs(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut runs = Vec::new();
    for path in named {
        if !FoldSet::is_at(path) {
            runs.push(path.clone());
            continue;
        }
        let begun = FoldSet::read(path)?.runs();
        if begun.is_empty() {
            let program = places::program();
            let set = console::shown::path(path);
            return Err(
                Usage(format!("no fold of {set} has begun: `{program} train --resume {set}` trains them")).into()
            );
        }
        runs.extend(begun);
    }
    Ok(runs)
}

/// Writes the report of the runs that were named.
pub fn run(args: &ReportArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let own = |run: &Path, identity: &Identity| {
        let opened = data_sets::open_of_run(run, identity, &args.data, device);
        opened.map(|(data, _)| data).map_err(|error| console::message(&error))
    };
    let runs = runs(&args.runs)?;
    let report = Report::read(&runs, &places::data_roots(&args.data), &own, device)?;
    for run in report.named_twice() {
        console::line(false, &format!("note     {} was given twice and is shown once", console::shown::path(run)));
    }
    let (folder, program) = (args.out.as_deref().unwrap_or(&args.runs[0]), places::program());
    let written = match args.format {
        Format::Html => report.write(folder, program)?,
        Format::Md => report.write_markdown(folder, program)?,
    };
    for note in report.notes() {
        console::line(false, &format!("note     {}: {}", note.run, note.text));
    }
    for set in report.data_sets() {
        console::line(false, &format!("data     {set}"));
    }
    console::line(false, &format!("report   {}", console::shown::path(&written)));
    Ok(ExitCode::SUCCESS)
}

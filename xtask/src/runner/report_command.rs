//! `report`: the words of the command line become the report of some runs, and what it lacks becomes lines.

use crate::{console, data_sets, device};
use anyhow::Result;
use report::Report;
use std::path::Path;
use std::process::ExitCode;
use train::Identity;
use xtask::cli::{Format, ReportArgs};
use xtask::places;

/// Writes the report of the runs that were named.
pub fn run(args: &ReportArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let own = |run: &Path, identity: &Identity| {
        let opened = data_sets::open_of_run(run, identity, &args.data, device);
        opened.map(|(data, _)| data).map_err(|error| console::message(&error))
    };
    let report = Report::read(&args.runs, &places::data_roots(&args.data), &own, device)?;
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

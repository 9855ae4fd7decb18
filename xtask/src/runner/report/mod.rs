//! `report`: one HTML file that shows what a run did, or several runs side by side. It opens from disk, loads nothing
//! and is written from what the runs saved; the test set is looked at only through the best model of a finished run.
//!
//! Each concern has a file of its own that turns saved figures into values; the page's templates, in
//! `xtask/templates/report`, turn those into markup.

mod comparison;
mod curves;
mod environment;
mod filters;
mod headline;
mod known;
mod names;
mod page;
mod pictures;
mod record;
mod sections;
mod sprites;
mod test_sets;
mod tested;
mod times;

pub use headline::Figure;
pub use page::{Live, curves as live_curves, headline as live_headline};
pub use record::Record;
pub use sections::Sections;

use crate::{console, device};
use anyhow::{Context, Result};
use page::Page;
use pictures::DataSets;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tensor_data::Dataset;
use test_sets::{Examined, TestSets};
use xtask::cli::ReportArgs;
use xtask::places;

/// Name of the report in a run's folder.
pub const FILE: &str = "report.html";

/// Writes the report of the runs that were named.
pub fn run(args: &ReportArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let roots = places::data_roots(&args.data);
    let mut test_sets = TestSets::new(&roots, device);
    let mut runs = Vec::new();
    for (path, name) in named(&args.runs)? {
        let record = Record { name, ..Record::read(path, device)? };
        let test = record.finished().then(|| test_sets.of(&record));
        runs.push(Sections::of(record, test, runs.len()));
    }
    let written = write(&runs, args.out.as_deref().unwrap_or(&args.runs[0]))?;
    for run in &runs {
        for note in &run.record.notes {
            console::line(false, &format!("note     {}: {note}", run.record.name));
        }
    }
    let sets = DataSets::of(&runs.iter().map(|run| &run.record).collect::<Vec<_>>());
    for set in sets.all.iter().filter(|_| sets.differ()) {
        console::line(false, &format!("data     {}", set.line()));
    }
    console::line(false, &format!("report   {}", console::shown::path(&written)));
    Ok(ExitCode::SUCCESS)
}

/// The runs with their names, each once however often it was given.
fn named(runs: &[PathBuf]) -> Result<Vec<(&Path, String)>> {
    let mut paths: Vec<&Path> = Vec::new();
    let mut whole: Vec<PathBuf> = Vec::new();
    for run in runs {
        let path = std::path::absolute(run)?;
        let path = path.canonicalize().unwrap_or(path);
        if whole.contains(&path) {
            console::line(false, &format!("note     {} was given twice and is shown once", run.display()));
        } else {
            paths.push(run);
            whole.push(path);
        }
    }
    Ok(paths.into_iter().zip(names::distinct(&whole)).collect())
}

/// Writes the report of a run that has just ended into its folder, with the data set that it trained on.
pub fn after_training(folder: &Path, data: &Dataset) -> Result<PathBuf> {
    let record = Record::read(folder, data.test.device())?;
    let test = if record.finished() { Examined::of(&record, &data.test).transpose()? } else { None };
    write(&[Sections::of(record, test.map(Ok), 0)], folder)
}

/// The page of a run that is being trained.
pub fn live_page(run: &[Sections; 1], live: Live) -> Result<String> {
    Page::live(run, live)?.text()
}

/// Writes the page whole or not at all.
fn write(runs: &[Sections], folder: &Path) -> Result<PathBuf> {
    let path = folder.join(FILE);
    let page = Page::of(runs)?.text()?;
    let write = || {
        fs::create_dir_all(folder)?;
        whole_file::write(&path, page.as_bytes())
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

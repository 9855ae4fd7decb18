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
mod page;
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
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tensor_data::Dataset;
use test_sets::TestSets;
use xtask::cli::ReportArgs;

/// Name of the report in a run's folder.
pub const FILE: &str = "report.html";

/// Writes the report of the runs that were named.
pub fn run(args: &ReportArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let mut test_sets = TestSets::new(&args.data, device);
    let mut runs = Vec::new();
    for path in &args.runs {
        let mut record = Record::read(path, device)?;
        let test = match record.finished().then(|| test_sets.of(&record.path, &record.identity)) {
            Some(Ok(split)) => Some(split),
            Some(Err(error)) => {
                record.note(format!("the test pictures are left out: {error:#}"));
                None
            }
            None => None,
        };
        runs.push(Sections::of(record, test, runs.len()));
    }
    let written = write(&runs, args.out.as_deref().unwrap_or(&args.runs[0]))?;
    for run in &runs {
        for note in &run.record.notes {
            console::line(false, &format!("note     {}: {note}", run.record.name));
        }
    }
    console::line(false, &format!("report   {}", console::shown::path(&written)));
    Ok(ExitCode::SUCCESS)
}

/// Writes the report of a run that has just ended into its folder, with the data set that it trained on.
pub fn after_training(folder: &Path, data: &Dataset) -> Result<PathBuf> {
    let record = Record::read(folder, data.test.device())?;
    let test = record.finished().then_some(&data.test);
    write(&[Sections::of(record, test, 0)], folder)
}

/// The page of a run that is being trained.
pub fn live_page(run: &[Sections; 1], live: Live) -> Result<String> {
    Page::live(run, live)?.text()
}

/// Writes the page whole or not at all.
fn write(runs: &[Sections], folder: &Path) -> Result<PathBuf> {
    let path = folder.join(FILE);
    let page = Page::of(runs)?.text()?;
    let save = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o644)).tempfile_in(folder)?;
        file.write_all(page.as_bytes())?;
        file.persist(&path)?;
        Ok(())
    };
    save().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

//! The report of runs that were saved: read, and written as one page.

use crate::error::Error;
use crate::names;
use crate::page::Page;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::sections::Sections;
use crate::test_sets::{Examined, OwnPictures, TestSets};
use std::fs;
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::Dataset;

/// Name of the report in a run's folder.
pub const FILE: &str = "report.html";

/// One or more runs, with all that is shown of them.
pub struct Report {
    runs: Vec<Sections>,
    twice: Vec<PathBuf>,
}

/// Something that is missing in the report of a run, and why, or that a reader must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// What the run is called in the report.
    pub run: &'a str,
    /// A line of text.
    pub text: &'a str,
}

impl Report {
    /// Reads the folders of `runs`, each once however often it is named, and asks their best models on `device`. Test pictures
    /// are looked for where each run found them and in the folders `data`, which hold data sets as `<folder>/<name>/`; where
    /// they are not found, the report has a note instead. `own` opens the pictures of a run that was trained on a folder.
    ///
    /// # Errors
    /// [`Error::Run`] for a folder that is no run.
    pub fn read(runs: &[PathBuf], data: &[PathBuf], own: OwnPictures<'_>, device: Device) -> Result<Report, Error> {
        let mut test_sets = TestSets::new(data, device, own);
        let (paths, twice) = each_once(runs)?;
        let names = names::distinct(&paths.iter().map(|(_, whole)| whole.clone()).collect::<Vec<_>>());
        let mut read = Vec::new();
        for ((path, _), name) in paths.into_iter().zip(names) {
            let record = Record { name, ..Record::read(path, device)? };
            let test = record.finished().then(|| test_sets.of(&record));
            read.push(Sections::of(record, test, read.len()));
        }
        Ok(Report { runs: read, twice })
    }

    /// Runs that were named more than once, as they were named again.
    pub fn named_twice(&self) -> &[PathBuf] {
        &self.twice
    }

    /// What is missing and why, and what a reader must know, in the order of the runs.
    pub fn notes(&self) -> impl Iterator<Item = Note<'_>> {
        let records = self.runs.iter().map(|run| &run.record);
        records.flat_map(|record| record.notes.iter().map(|text| Note { run: &record.name, text }))
    }

    /// The data sets that the runs were tested on, a line each; none where all were tested on the same.
    pub fn data_sets(&self) -> Vec<String> {
        let sets = DataSets::of(&self.runs.iter().map(|run| &run.record).collect::<Vec<_>>());
        sets.all.iter().filter(|_| sets.differ()).map(|set| set.line()).collect()
    }

    /// Writes the page whole or not at all, as [`FILE`] in `folder`, which is made where it is missing. Gives its path.
    ///
    /// # Errors
    /// [`Error::Drawing`] where curves cannot be drawn, [`Error::Write`] where the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Error> {
        write(&self.runs, folder)
    }
}

/// Writes the report of a run that has just ended into its folder, with the data set that it trained on. Gives its path.
///
/// # Errors
/// [`Error::Run`] for a folder that is no run, and those of [`Report::write`].
pub fn after_training(folder: &Path, data: &Dataset) -> Result<PathBuf, Error> {
    let record = Record::read(folder, data.test.device())?;
    let test = if record.finished() { Examined::of(&record, &data.test).transpose()? } else { None };
    write(&[Sections::of(record, test.map(Ok), 0)], folder)
}

/// The runs with their whole paths, each once, and those that were named again.
#[expect(clippy::type_complexity, reason = "two lists")]
fn each_once(runs: &[PathBuf]) -> Result<(Vec<(&Path, PathBuf)>, Vec<PathBuf>), Error> {
    let (mut once, mut twice) = (Vec::<(&Path, PathBuf)>::new(), Vec::new());
    for run in runs {
        let cannot_find = |cause| train::Error::Io { action: "find", path: run.clone(), cause };
        let whole = std::path::absolute(run).map_err(cannot_find)?;
        let whole = whole.canonicalize().unwrap_or(whole);
        if once.iter().any(|(_, known)| *known == whole) {
            twice.push(run.clone());
        } else {
            once.push((run, whole));
        }
    }
    Ok((once, twice))
}

fn write(runs: &[Sections], folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join(FILE);
    let page = Page::of(runs)?.text()?;
    let write = || {
        fs::create_dir_all(folder)?;
        whole_file::write(&path, page.as_bytes())
    };
    write().map_err(|cause| Error::Write { path: path.clone(), cause })?;
    Ok(path)
}

//! The report of runs that were saved: read, and written as one page.

use crate::error::Error;
use crate::gallery::{Gallery, Member};
use crate::markdown;
use crate::names;
use crate::page::Page;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::sections::Sections;
use crate::test_sets::{OwnPictures, TestSets, examine};
use std::fs;
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::{Dataset, Split};

/// Name of the report in a run's folder.
pub const FILE: &str = "report.html";
/// Name of the same as Markdown.
pub const MARKDOWN: &str = "report.md";
/// Where the card of a run's best model lies in its folder.
pub const CARD: &str = "best/README.md";

/// One or more runs, with all that is shown of them.
pub struct Report {
    runs: Vec<Sections>,
    galleries: Vec<Gallery>,
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
        let (mut read, mut sets) = (Vec::new(), Vec::new());
        for ((path, _), name) in paths.into_iter().zip(names) {
            let record = Record { name, ..Record::read(path, device)? };
            let test = record.finished().then(|| test_sets.of(&record));
            sets.push(test.as_ref().and_then(|test| Some(test.as_ref().ok()?.0)));
            let test = test.map(|test| test.map(|(set, answers)| (test_sets.split(set), answers)));
            read.push(Sections::of(record, test, read.len()));
        }
        // Runs that were tested on the same pictures share a gallery, also where each opened them for itself.
        let mut groups: Vec<Vec<(usize, usize)>> = Vec::new();
        for (run, set) in sets.iter().enumerate().filter_map(|(run, set)| Some((run, (*set)?))) {
            let same =
                |group: &&mut Vec<(usize, usize)>| test_sets.fingerprint(group[0].1) == test_sets.fingerprint(set);
            match groups.iter_mut().find(same) {
                Some(group) => group.push((run, set)),
                None => groups.push(vec![(run, set)]),
            }
        }
        let mut galleries = Vec::new();
        for group in groups {
            let members: Vec<_> = group.iter().map(|&(run, set)| (run, test_sets.split(set))).collect();
            galleries.extend(gallery(&mut read, &members, galleries.len()));
        }
        Ok(Report { runs: read, galleries, twice })
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
    /// `program` is how the commands that it suggests begin, such as `minibatch`.
    ///
    /// # Errors
    /// [`Error::Drawing`] where curves cannot be drawn, [`Error::Write`] where the folder cannot be written to.
    pub fn write(&self, folder: &Path, program: &str) -> Result<PathBuf, Error> {
        write(&self.runs, &self.galleries, folder, program)
    }

    /// Writes the report as Markdown, as [`MARKDOWN`] in `folder`, with the pictures that it shows beside it. Gives its path.
    ///
    /// # Errors
    /// Those of [`Report::write`].
    pub fn write_markdown(&self, folder: &Path, program: &str) -> Result<PathBuf, Error> {
        let (text, attached) = markdown::report(&self.runs, program)?;
        for file in attached {
            save(&folder.join(file.name), &file.bytes)?;
        }
        let path = folder.join(MARKDOWN);
        save(&path, text.as_bytes())?;
        Ok(path)
    }
}

/// Writes the report of a run that has just ended into its folder, and the card of its best model ([`CARD`]), with the data set that it trained on. Gives its path.
/// `program` is how the commands that it suggests begin.
///
/// # Errors
/// [`Error::Run`] for a folder that is no run, and those of [`Report::write`].
pub fn after_training(folder: &Path, data: &Dataset, program: &str) -> Result<PathBuf, Error> {
    let record = Record::read(folder, data.test.device())?;
    let answers = if record.finished() { examine(&record, &data.test).transpose()? } else { None };
    let mut runs = [Sections::of(record, answers.map(|answers| Ok((&data.test, answers))), 0)];
    let galleries: Vec<Gallery> = gallery(&mut runs, &[(0, &data.test)], 0).into_iter().collect();
    if let Some(card) = markdown::card(&runs[0], program)? {
        save(&folder.join(CARD), card.as_bytes())?;
    }
    write(&runs, &galleries, folder, program)
}

/// Pictures of the runs that were tested on the same, each with the split as it opened it; `None` where no run has answers, and
/// with a note where they cannot be drawn.
fn gallery(runs: &mut [Sections], members: &[(usize, &Split)], number: usize) -> Option<Gallery> {
    let member = |&(run, split): &(usize, _)| {
        let run = &runs[run];
        Some(Member { name: &run.record.name, answered: run.answered()?, model: run.record.best.as_ref(), split })
    };
    let drawn: Vec<Member<'_>> = members.iter().filter_map(member).collect();
    let first = &runs[members.first()?.0];
    let names = first.tested.as_ref()?.names.clone();
    let drawn = if drawn.is_empty() {
        return None;
    } else {
        Gallery::draw(&drawn, names, first.record.identity.recipe.data.divisor, number)
    };
    drawn.map_err(|error| runs[members[0].0].record.note(format!("the test pictures cannot be drawn: {error}"))).ok()
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

fn write(runs: &[Sections], galleries: &[Gallery], folder: &Path, program: &str) -> Result<PathBuf, Error> {
    let path = folder.join(FILE);
    let page = Page::of(runs, galleries, program)?.text()?;
    save(&path, page.as_bytes())?;
    Ok(path)
}

/// Writes a file whole or not at all, with the folder that it lies in.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        whole_file::write(path, bytes)
    };
    write().map_err(|cause| Error::Write { path: path.to_owned(), cause })
}

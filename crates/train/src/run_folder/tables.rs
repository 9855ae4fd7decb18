//! The tables of a run: a header once, a row per validation, and one for every few minibatches between them. Each checkpoint holds them as well, so that what is removed,
//! cut or edited comes back when the run is resumed.

use crate::checkpoint::{self, Files, leftovers};
use crate::course::StepRow;
use crate::error::Error;
use crate::event::Row;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

pub(super) const METRICS: &str = "metrics.csv";
pub(super) const TIMINGS: &str = "timings.csv";
pub(super) const STEPS: &str = "steps.csv";

/// A row of `timings.csv`: when a validation was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Minibatches trained.
    pub iteration: u64,
    /// Seconds in the training loop by then, over all resumptions.
    pub train_seconds: f64,
    /// Seconds of those that went into writing checkpoints; 0 in tables of runs that did not measure it.
    #[serde(default)]
    pub saving_seconds: f64,
}

/// The rows of a run's `metrics.csv`.
///
/// # Errors
///
/// [`Error::Run`] for a table that is damaged, with the row; [`Error::Io`].
pub fn read_metrics(run: &Path) -> Result<Vec<Row>, Error> {
    read_rows(&run.join(METRICS))
}

/// The rows of a run's `timings.csv`, one for each of `metrics.csv`.
///
/// # Errors
///
/// [`Error::Run`] for a table that is damaged, with the row; [`Error::Io`].
pub fn read_timings(run: &Path) -> Result<Vec<Timing>, Error> {
    read_rows(&run.join(TIMINGS))
}

/// The rows of a run's `steps.csv`: training between validations; none in runs of earlier versions.
///
/// # Errors
///
/// [`Error::Run`] for a table that is damaged, with the row; [`Error::Io`].
pub fn read_steps(run: &Path) -> Result<Vec<StepRow>, Error> {
    let path = run.join(STEPS);
    if path.exists() { read_rows(&path) } else { Ok(Vec::new()) }
}

/// All tables.
#[derive(Debug)]
pub(super) struct Tables {
    metrics: Table,
    timings: Table,
    steps: Table,
}

/// A table as it is to be on the disk.
#[derive(Debug)]
struct Table {
    path: PathBuf,
    name: &'static str,
    text: Vec<u8>,
}

impl Tables {
    /// Empty ones; nothing is written yet.
    pub(super) fn new(run: &Path) -> Tables {
        let table = |name| Table { path: run.join(name), name, text: Vec::new() };
        Tables { metrics: table(METRICS), timings: table(TIMINGS), steps: table(STEPS) }
    }

    /// Takes the tables back to the rows of a checkpoint, whose `files` may be those of an earlier version, which held no
    /// tables: then to as many of its `rows` as are there. Gives a line for each table that was not as the run left it.
    pub(super) fn restore(&mut self, files: &Files, rows: u64) -> Result<Vec<String>, Error> {
        let metrics = self.metrics.restore::<Row>(files, rows)?;
        let timings = self.timings.restore::<Timing>(files, rows)?;
        // Runs of earlier versions kept no steps; theirs begin where this version continues.
        let steps = files.contains_key(STEPS).then(|| self.steps.restore::<StepRow>(files, rows)).transpose()?;
        Ok(metrics.into_iter().chain(timings).chain(steps.flatten()).collect())
    }

    /// The number of validations.
    pub(super) fn rows(&self) -> u64 {
        lines(&self.metrics.text).count().saturating_sub(1) as u64
    }

    /// The last row of the timings.
    pub(super) fn last_timing(&self) -> Result<Option<Timing>, Error> {
        Ok(parsed(&self.timings.text, &self.timings.path)?.pop())
    }

    /// Cuts the tables down to their first `rows` validations; what is missing on the disk is written.
    pub(super) fn keep(&mut self, rows: u64) -> Result<(), Error> {
        [&mut self.metrics, &mut self.timings].into_iter().try_for_each(|table| {
            let kept = if rows == 0 { Vec::new() } else { first_lines(&table.text, rows as usize + 1) };
            let is_there = table.path.exists();
            let is_whole = kept == table.text;
            table.text = kept;
            if is_there && is_whole { Ok(()) } else { table.write() }
        })?;
        let last = parsed::<Row>(&self.metrics.text, &self.metrics.path)?.last().map_or(0, |row| row.iteration);
        let steps: Vec<StepRow> = parsed(&self.steps.text, &self.steps.path)?;
        let kept = steps.iter().take_while(|step| step.iteration <= last).count();
        let text = if kept == 0 { Vec::new() } else { first_lines(&self.steps.text, kept + 1) };
        let is_whole = text == self.steps.text && self.steps.path.exists();
        self.steps.text = text;
        if is_whole { Ok(()) } else { self.steps.write() }
    }

    /// Adds a validation.
    pub(super) fn append(&mut self, row: &Row, timing: &Timing, steps: &[StepRow]) -> Result<(), Error> {
        self.metrics.append(&[row])?;
        self.timings.append(&[timing])?;
        if steps.is_empty() { Ok(()) } else { self.steps.append(steps) }
    }

    /// Waits until all are on the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        [&self.metrics, &self.timings, &self.steps].into_iter().try_for_each(Table::sync)
    }

    /// What a checkpoint holds of them.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        [&self.metrics, &self.timings, &self.steps].into_iter().map(|table| (table.name.to_owned(), table.text.clone()))
    }
}

impl Table {
    fn write(&self) -> Result<(), Error> {
        checkpoint::write_file(&self.path, &self.text)
    }

    /// Adds rows; the first brings the header along.
    fn append<R: Serialize>(&mut self, rows: &[R]) -> Result<(), Error> {
        let written = written(rows, self.text.is_empty(), &self.path)?;
        self.text.extend(&written);
        match OpenOptions::new().append(true).open(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => self.write(), // somebody removed it
            file => file.and_then(|mut file| file.write_all(&written)).map_err(Error::io("write", &self.path)),
        }
    }

    fn sync(&self) -> Result<(), Error> {
        match File::open(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => self.write(),
            file => file.and_then(|file| file.sync_all()).map_err(Error::io("sync", &self.path)),
        }
    }

    /// See [`Tables::restore`].
    fn restore<R: Serialize + DeserializeOwned>(&mut self, files: &Files, rows: u64) -> Result<Option<String>, Error> {
        let found = match fs::read(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            found => Some(found.map_err(Error::io("read", &self.path))?),
        };
        let (text, problem) = match files.get(self.name) {
            Some(saved) => (saved.clone(), difference(found.as_deref(), saved)),
            None => first_readable::<R>(found.as_deref().unwrap_or_default(), rows),
        };
        // Under today's header, so that what follows fits.
        let today = written(&parsed::<R>(&text, &self.path)?, true, &self.path)?;
        self.text = if lines(&today).next() == lines(&text).next() { text } else { today };
        let note = match problem {
            None => None,
            Some(Problem { what, loses_text: false }) => Some(format!("{} {what}", self.name)),
            Some(Problem { what, .. }) => {
                let aside = leftovers::set_aside(&self.path)?;
                let aside = aside.file_name().unwrap_or_default().to_string_lossy();
                Some(format!("{} {what}; what was there lies in {aside}", self.name))
            }
        };
        if note.is_some() || found.as_deref() != Some(&self.text) {
            self.write()?;
        }
        Ok(note)
    }
}

/// How a table is not as the run left it.
struct Problem {
    what: String,
    /// Whether what is there would be lost by writing over it.
    loses_text: bool,
}

/// How a table on the disk differs from the one that a checkpoint holds. Rows behind that one's are those of validations
/// that come again.
fn difference(found: Option<&[u8]>, saved: &[u8]) -> Option<Problem> {
    let problem = |what: &str, loses_text| Some(Problem { what: format!("{what} the checkpoint"), loses_text });
    match found {
        Some(found) if found.starts_with(saved) => None,
        Some(found) if saved.starts_with(found) => problem("was cut off and is rebuilt from", false),
        Some(_) => problem("was changed since the run wrote it and is rebuilt from", true),
        None => problem("was missing and is rebuilt from", false),
    }
}

/// The first rows of a table, at most `rows`, up to one that cannot be read; and what is said where that is fewer.
fn first_readable<R: DeserializeOwned>(table: &[u8], rows: u64) -> (Vec<u8>, Option<Problem>) {
    let whole = first_lines(table, rows as usize + 1);
    let readable = csv::Reader::from_reader(&whole[..]).into_deserialize::<R>().take_while(Result::is_ok).count();
    if readable as u64 == rows {
        return (if rows == 0 { Vec::new() } else { whole }, None);
    }
    let what = format!(
        "holds {readable} of the {rows} rows that were written; the checkpoint is of an earlier version, which kept none of \
         them: WARNING: the others are lost"
    );
    let text = if readable == 0 { Vec::new() } else { first_lines(&whole, readable + 1) };
    (text, Some(Problem { what, loses_text: !table.is_empty() }))
}

/// Lines that have an end.
pub(super) fn lines(table: &[u8]) -> impl Iterator<Item = &[u8]> {
    table.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"))
}

fn first_lines(table: &[u8], count: usize) -> Vec<u8> {
    lines(table).take(count).collect::<Vec<_>>().concat()
}

fn parsed<R: DeserializeOwned>(table: &[u8], path: &Path) -> Result<Vec<R>, Error> {
    csv::Reader::from_reader(table).into_deserialize().collect::<Result<_, _>>().map_err(|e| csv_error("read", path, e))
}

/// Rows as a table has them, with the header before them where that is wanted.
pub(super) fn written<R: Serialize>(rows: &[R], header: bool, path: &Path) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(header).from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(|e| csv_error("write", path, e))?;
    writer.into_inner().map_err(|e| Error::io("write", path)(e.into_error()))
}

fn csv_error(action: &'static str, path: &Path, error: csv::Error) -> Error {
    Error::io(action, path)(error.into())
}

fn read_rows<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, Error> {
    parsed(&fs::read(path).map_err(Error::io("read", path))?, path)
}

#[cfg(test)]
mod tests;

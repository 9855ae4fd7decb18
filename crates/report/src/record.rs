//! What a run's folder says about the run. Parts that are missing become notes, for the reader of the report and for
//! the terminal; only a folder that is no run is an error.

use crate::error::Error;
use crate::warnings;
use models::Model;
use std::path::{Path, PathBuf};
use tch::Device;
use train::run_folder::{self, Saved, Timing};
use train::{Identity, Row, StepRow, Summary};

/// A run as it was saved.
pub struct Record {
    pub path: PathBuf,
    /// The folder's name.
    pub name: String,
    /// What the run is, with the recipe that it was trained with.
    pub identity: Identity,
    /// `None` while the run has not ended.
    pub summary: Option<Summary>,
    pub rows: Vec<Row>,
    pub timings: Vec<Timing>,
    /// Training between validations; none of runs of earlier versions.
    pub steps: Vec<StepRow>,
    /// Minibatches of an epoch, where that is known before the first validation.
    pub steps_per_epoch: Option<u64>,
    /// The model with the lowest validation error.
    pub best: Option<Model>,
    /// What is missing and why, a line each.
    pub notes: Vec<String>,
}

impl Record {
    /// Reads the folder of a run.
    pub fn read(path: &Path, device: Device) -> Result<Record, Error> {
        let cannot_find = |cause| train::Error::Io { action: "find", path: path.to_owned(), cause };
        let full = std::path::absolute(path).map_err(cannot_find)?;
        let name = full.file_name().unwrap_or(full.as_os_str()).to_string_lossy().into_owned();
        let written = run_folder::read_recipe(path, &[])?;
        let mut record = Record {
            path: path.to_owned(),
            identity: Identity::new(name.clone(), &written),
            name,
            summary: None,
            rows: Vec::new(),
            timings: Vec::new(),
            steps: Vec::new(),
            steps_per_epoch: None,
            best: None,
            notes: Vec::new(),
        };
        record.read_figures();
        let mut meta = None;
        match run_folder::load_model(path, &Saved::Best, device) {
            Ok((model, its_card)) => (record.best, meta) = (Some(model), Some(its_card)),
            Err(error) => record.note(format!("filters, parameters and test figures are left out: {error}")),
        }
        match train::run_folder::identity(path, meta.as_ref()) {
            Ok(identity) => record.identity = identity,
            Err(error) => record.note(error.to_string()),
        }
        let copies = record.identity.pictures.as_ref().and_then(warnings::copies);
        let unknown = warnings::unknown(&record.identity);
        record
            .identity
            .differing(&written)?
            .into_iter()
            .chain(unknown)
            .chain(copies)
            .for_each(|line| record.note(line));
        Ok(record)
    }

    fn read_figures(&mut self) {
        if self.path.join(Summary::FILE).exists() {
            match Summary::read(&self.path) {
                Ok(summary) => self.summary = Some(summary),
                Err(error) => self.note(error.to_string()),
            }
        } else {
            self.note(format!("there is no {}: training has not ended", Summary::FILE));
        }
        let untested = self.summary.as_ref().filter(|summary| summary.test_error.is_none());
        if let Some(summary) = untested {
            let why = if summary.stopped_by == "interrupted" { "training was interrupted: " } else { "" };
            self.note(format!("{why}the test set has not been looked at"));
        }
        if let Some(note) = self.summary.as_ref().and_then(|summary| summary.dataset_note.clone()) {
            self.note(note);
        }
        match run_folder::read_metrics(&self.path) {
            Ok(rows) => self.rows = rows,
            Err(error) => self.note(format!("the curves are left out: {error}")),
        }
        match run_folder::read_timings(&self.path) {
            Ok(timings) => self.timings = timings,
            Err(error) => self.note(format!("the times are left out: {error}")),
        }
        match run_folder::read_steps(&self.path) {
            Ok(steps) => self.steps = steps,
            Err(error) => self.note(format!("the course between validations is left out: {error}")),
        }
    }

    /// Whether training came to its end, so that the test set may be looked at through the best model.
    pub fn finished(&self) -> bool {
        let tested = self.summary.as_ref().is_some_and(|summary| summary.test_error.is_some());
        tested && self.best.is_some()
    }

    /// Notes that something is missing.
    pub fn note(&mut self, line: String) {
        self.notes.push(line);
    }
}

//! What a table, a page and a winner are made of: the trials of a sweep, or runs that were trained one by one.

use crate::error::Error;
use crate::folder::Folder;
use crate::optuna;
use crate::page;
use crate::space::Axis;
use crate::state::State;
use crate::strategy::Strategy;
use crate::work::Outcome;
use std::path::Path;

/// Trials to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The folder that holds the runs.
    pub root: &'a Path,
    /// Name of the recipe, or of the folder of runs of several.
    pub recipe: &'a str,
    /// The data set.
    pub dataset: &'a str,
    /// How the settings were chosen; `None` where each run was begun by itself.
    pub strategy: Option<Strategy>,
    /// The keys that differ.
    pub axes: &'a [Axis],
    /// The trials.
    pub state: &'a State,
}

impl<'a> View<'a> {
    /// The trials of a sweep.
    pub fn of(sweep: &'a Folder, state: &'a State) -> View<'a> {
        let search = sweep.search();
        View {
            root: sweep.path(),
            recipe: &sweep.identity().name,
            dataset: &sweep.identity().recipe.data.set,
            strategy: Some(search.strategy),
            axes: &search.axes,
            state,
        }
    }

    /// Writes `report.html` and `optuna.jsonl`, with notes of whoever put the trials together; `program` is what is typed to start
    /// the program.
    ///
    /// # Errors
    /// A table of a run that cannot be read; files that cannot be written.
    pub fn write(&self, outcome: &Outcome, notes: &[String], program: &str) -> Result<(), Error> {
        page::write(self, outcome, notes, program)?;
        optuna::write(self, outcome)
    }

    /// The lowest and the highest number of runs of a trial.
    pub fn seeds(&self) -> (usize, usize) {
        let counts = || self.state.trials.iter().map(|trial| trial.runs.len());
        (counts().min().unwrap_or(1), counts().max().unwrap_or(1))
    }
}

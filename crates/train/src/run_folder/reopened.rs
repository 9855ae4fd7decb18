//! The way back into a run's folder: the checkpoint is found, and what is not as the run left it is put in order.

use super::known::{identity, read_recipe};
use super::names::{SNAPSHOTS, epoch};
use super::tables::Tables;
use super::top::Top;
use super::{BEST, LAST, RunFolder, lock, remains};
use crate::checkpoint::{self, leftovers};
use crate::error::Error;
use crate::identity::Identity;
use crate::learner::Learner;
use crate::model_meta::ModelMeta;
use crate::plan::Plan;
use models::Model;
use std::path::Path;
use tch::Device;
use tensor_data::Dataset;

impl RunFolder {
    /// Opens the folder of a run that is to continue, with `overrides` applied to its `recipe.toml`.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] for a folder of no run, one that another process uses or one without a checkpoint; [`Error::Checkpoint`] where none can be
    /// used; those of [`Recipe::read`](crate::Recipe::read).
    pub fn open(path: &Path, overrides: &[(String, String)]) -> Result<RunFolder, Error> {
        let recipe = read_recipe(path, overrides)?;
        let lock = lock(path)?;
        let last = path.join(LAST);
        let found = checkpoint::exists(&last).then(|| checkpoint::read(&last)).transpose();
        let found = found.map_err(|error| without_way_on(path, error))?;
        let meta = found.map(|found| ModelMeta::from_files(&found.files, &found.folder)).transpose()?;
        let saved = identity(path, meta.as_ref())?;
        let trained = saved.recipe.clone();
        Ok(RunFolder::held(path, Identity { recipe, ..saved }, trained, Some(lock)))
    }

    /// Whether there is a checkpoint to continue from. Without one, [`load_with`](RunFolder::load_with) has to be given the model that
    /// the run was to begin with, weights from elsewhere included.
    pub fn has_checkpoint(&self) -> bool {
        checkpoint::exists(&self.path().join(LAST))
    }

    /// The learner as it was saved last, or a new one where the run ended before its first checkpoint and left nothing that
    /// could be lost. Rows of the tables that were written after the checkpoint are taken back, because they will be written
    /// again. The second value tells of a damaged newer checkpoint that was passed over and removed;
    /// [`take_notes`](RunFolder::take_notes) tells of all else that was not as the run left it.
    ///
    /// An error, before anything is written, where the plan is not this run's: other pictures, or a recipe that differs
    /// in what cannot change in mid-run.
    ///
    /// # Errors
    ///
    /// [`Error::Run`], before anything is written, where the plan is not this run's: other pictures, or a recipe that differs in what cannot
    /// change in mid-run; [`Error::Checkpoint`] for tensors that do not fit.
    pub fn load(&mut self, plan: &Plan, data: &Dataset, device: Device) -> Result<(Learner, Option<Error>), Error> {
        self.load_with(plan, data, plan.initial_model(data, device)?)
    }

    /// [`load`](RunFolder::load) for a program's own `model`, built as it was when the run began.
    ///
    /// # Errors
    ///
    /// Those of [`load`](RunFolder::load).
    pub fn load_with(&mut self, plan: &Plan, data: &Dataset, model: Model) -> Result<(Learner, Option<Error>), Error> {
        self.trained.changes_on_resume(plan.recipe())?;
        self.identity.check_pictures(&self.path, plan.pictures(), None)?;
        self.identity.pictures = Some(plan.pictures().clone());
        let last = self.path.join(LAST);
        if !checkpoint::exists(&last) {
            remains::refuse(&self.path)?;
            self.notes.push("there is no checkpoint yet: training starts from the beginning".to_owned());
            return Ok((Learner::with_model(plan, data, model)?, None));
        }
        let found = checkpoint::read(&last).map_err(|error| without_way_on(&self.path, error))?;
        let new = Learner::with_model(plan, data, model)?;
        let mut learner = new.restored(plan, &found.files, &found.folder)?;
        if found.damaged.is_some() {
            checkpoint::fall_back(&last)?;
        }
        remove_leftovers(&self.path)?;
        self.tables = Tables::new(&self.path);
        self.notes.extend(self.tables.restore(&found.files, learner.progress.validations)?);
        learner.progress.validations = learner.progress.validations.min(self.tables.rows());
        self.saving_before = self.tables.last_timing()?.map_or(0.0, |timing| timing.saving_seconds);
        let (keep, watch) = (self.recipe().checkpoint.keep_top, self.recipe().evaluation.watch);
        let (top, notes) = Top::read(&self.path, keep, watch, learner.progress.iteration)?;
        self.top = top;
        self.notes.extend(notes);
        Ok((learner, found.damaged))
    }
}

/// What is said where no checkpoint can be used.
fn without_way_on(run: &Path, error: Error) -> Error {
    if !checkpoint::is_damage(&error) {
        return error;
    }
    let problem = format!(
        "{error}\nthis run cannot continue: train its recipe.toml again with another --out, or move or remove this folder and \
         start again; models in best/, top/ and snapshots/ can still be used"
    );
    Error::Run { path: run.to_owned(), problem }
}

/// Removes what a killed process was writing.
fn remove_leftovers(run: &Path) -> Result<(), Error> {
    leftovers::settle(run, |name| name == BEST)?;
    leftovers::settle(&run.join(SNAPSHOTS), |name| epoch(name).is_some())?;
    for name in leftovers::names(run)?.iter().filter(|name| name.ends_with(".writing")) {
        checkpoint::remove(&run.join(name))?;
    }
    Ok(())
}

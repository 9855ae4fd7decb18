//! A run's folder: the observer that writes everything a run leaves behind, and the way back in for a resumed run.
//!
//! ```text
//! recipe.toml    the recipe with every key
//! run.json       what the run is: its name, its pictures, and the recipe again, which every saved model carries, too
//! metrics.csv    a row per validation, the same bytes however often the run was interrupted
//! timings.csv    seconds at the same validations
//! steps.csv      loss, error and learning rate of every few minibatches between them
//! now.csv        the same since the last validation, only while somebody watches from another process
//! last/          the newest checkpoint with the tables, and last.previous/ the one before it
//! best/          the best model so far
//! snapshots/     epoch-0000/, epoch-0010/, ... when the recipe asks for them
//! top/           iteration-00000500-error-0.0123/, ... the best models, when the recipe asks for several
//! summary.json   written at the end
//! ```
//!
//! Names that end in `.writing` or `.previous` are unfinished work, but for `last.previous`; those in `.set-aside` are what
//! could not be used. Neither is ever taken for a result, and unfinished work is removed when the run is resumed.

mod fold_set;
mod known;
mod lock;
mod names;
mod remains;
mod reopened;
mod reserved;
mod save_throttle;
mod saved;
mod tables;
mod top;
mod within;

pub use fold_set::FoldSet;
pub use known::{identity, read_recipe};
pub use lock::is_trained;
pub use reserved::Reserved;
pub use saved::{Saved, load_model, load_snapshot, snapshots, top_models};
pub use tables::{Timing, read_metrics, read_steps, read_timings};
pub use within::{Glimpse, Watching, read_now, watching};

use crate::calibration::SavedCalibration;
use crate::checkpoint;
use crate::error::Error;
use crate::event::{Answer, Event, Observer};
use crate::identity::Identity;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::recipe::Recipe;
use known::RECIPE;
use lock::{LOCK, lock};
use names::{SNAPSHOTS, snapshot_name};
use save_throttle::SaveThrottle;
use serde::Serialize;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tables::Tables;
use top::Top;
use within::Within;

const BEST: &str = "best";
const LAST: &str = "last";

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    identity: Identity,
    /// The recipe that the newest checkpoint was trained with.
    trained: Recipe,
    throttle: SaveThrottle,
    saved_best: Option<u64>,
    top: Top,
    tables: Tables,
    within: Within,
    /// What there is to tell of the folder since somebody asked last.
    notes: Vec<String>,
    /// Seconds that went into saving before this process.
    saving_before: f64,
    /// What was written since somebody asked last.
    savings: Vec<Saving>,
    /// Released by the system when the process ends, however it ends.
    _lock: Option<File>,
}

/// A checkpoint or model that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// Minibatches trained when it was written.
    pub iteration: u64,
    /// Its folder inside the run's, such as `last` or `snapshots/epoch-0010`.
    pub folder: String,
}

impl RunFolder {
    /// Makes the folder of a new run, named like its folder. One that holds anything is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] where `path` holds anything or another process uses it; [`Error::Io`] where it cannot be written.
    pub fn create(path: &Path, recipe: &Recipe) -> Result<RunFolder, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        RunFolder::create_as(path, Identity::new(name, recipe))
    }

    /// Makes the folder of a new run and writes what it is. A folder that holds anything is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] where `path` holds anything or another process uses it; [`Error::Io`] where it cannot be written.
    pub fn create_as(path: &Path, identity: Identity) -> Result<RunFolder, Error> {
        RunFolder::begin(Reserved::take(path)?, identity)
    }

    /// A new run in a folder that was taken for it: writes what it is.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] where another process uses it; [`Error::Io`] where it cannot be written.
    pub fn begin(place: Reserved, identity: Identity) -> Result<RunFolder, Error> {
        let path = place.path().to_owned();
        // The recipe makes a folder that of a run: it comes last, so that no run is without its identity.
        identity.write(&path)?;
        checkpoint::write_file(&path.join(RECIPE), identity.recipe.to_toml()?.as_bytes())?;
        let trained = identity.recipe.clone();
        Ok(RunFolder::held(&path, identity, trained, place.keep()))
    }

    fn held(path: &Path, identity: Identity, trained: Recipe, lock: Option<File>) -> RunFolder {
        let recipe = &identity.recipe;
        RunFolder {
            throttle: SaveThrottle::new(recipe.checkpoint.seconds),
            top: Top::new(path, recipe.checkpoint.keep_top, recipe.evaluation.watch),
            tables: Tables::new(path),
            within: Within::new(path),
            path: path.to_owned(),
            identity,
            trained,
            saved_best: None,
            notes: Vec::new(),
            saving_before: 0.0,
            savings: Vec::new(),
            _lock: lock,
        }
    }

    /// An error when `path` holds anything: a run is never overwritten.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] where `path` holds anything; [`Error::Io`] where it cannot be looked into.
    pub fn check_free(path: &Path) -> Result<(), Error> {
        reserved::check_free(path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The recipe with every key.
    pub fn recipe(&self) -> &Recipe {
        &self.identity.recipe
    }

    /// What the run is, with the recipe that it is to continue with.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The recipe that the newest checkpoint was trained with.
    pub fn trained(&self) -> &Recipe {
        &self.trained
    }

    /// The differences between the recipe that the run was trained with and the one that it is to continue with, whether
    /// `recipe.toml` was edited or a key overridden. An error when a key differs that cannot change in mid-run.
    ///
    /// # Errors
    ///
    /// Where a key differs that cannot change in mid-run, with its old and new value.
    pub fn changes(&self) -> Result<Vec<String>, Error> {
        self.trained.changes_on_resume(self.recipe())
    }

    /// Remembers where the files of the data set lie now.
    pub fn set_data_folder(&mut self, folder: Option<PathBuf>) {
        self.identity.data_folder = folder;
    }

    /// Writes the recipe and what the run is again, after a resumed run changed them.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where a file cannot be written.
    pub fn write_recipe(&self) -> Result<(), Error> {
        checkpoint::write_file(&self.path.join(RECIPE), self.recipe().to_toml()?.as_bytes())?;
        self.identity.write(&self.path)
    }

    /// What there is to tell of the folder since this was asked last, in lines: what [`load`](RunFolder::load) found missing,
    /// damaged or out of place, and what became of it.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Seconds spent writing checkpoints and models, over all resumptions, as far as `timings.csv` knows of the earlier
    /// ones.
    pub fn saving_seconds(&self) -> f64 {
        self.saving_before + self.throttle.spent().as_secs_f64()
    }

    /// What was written since this was asked last, in order.
    pub fn take_savings(&mut self) -> Vec<Saving> {
        std::mem::take(&mut self.savings)
    }

    /// Puts what is known of its probabilities beside the best model; nothing where there is none. A later best model is
    /// written without it.
    ///
    /// # Errors
    /// Where the best model cannot be read or written again.
    pub fn calibrate_best(&self, calibration: &SavedCalibration) -> Result<(), Error> {
        let folder = self.path.join(BEST);
        if !checkpoint::exists(&folder) {
            return Ok(());
        }
        let mut files = checkpoint::read(&folder)?.files;
        calibration.put_into(&mut files)?;
        checkpoint::replace(&folder, &files)
    }

    fn save(&mut self, learner: &Learner) -> Result<(), Error> {
        let start = Instant::now();
        self.tables.sync()?;
        for folder in self.top.write()? {
            self.note(learner, folder);
        }
        let best = learner.best().map(|best| best.iteration);
        if best.is_some() && best != self.saved_best {
            checkpoint::replace(&self.path.join(BEST), &learner.best_files(&self.identity)?)?;
            self.saved_best = best;
            self.note(learner, BEST.to_owned());
        }
        let mut files = learner.to_files(&self.identity)?;
        files.extend(self.tables.files());
        checkpoint::write(&self.path.join(LAST), &files)?;
        self.note(learner, LAST.to_owned());
        self.top.remove_old()?;
        self.throttle.saved(start);
        Ok(())
    }

    fn snapshot(&mut self, epoch: u64, learner: &Learner) -> Result<(), Error> {
        let start = Instant::now();
        let (folder, name) = (self.path.join(SNAPSHOTS), snapshot_name(epoch));
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        checkpoint::replace(&folder.join(&name), &learner.model_files(&self.identity)?)?;
        self.note(learner, format!("{SNAPSHOTS}/{name}"));
        self.throttle.wrote(start);
        Ok(())
    }

    /// Makes sure that what is about to be saved is described as what it is.
    fn take_up(&mut self, plan: &Plan) -> Result<(), Error> {
        let differences = self.recipe().differences(plan.recipe())?;
        if !differences.is_empty() {
            let changes: Vec<String> = differences.into_iter().map(|(_, change)| change).collect();
            let problem = format!(
                "the folder was made for another recipe than the one that is trained with ({}): make both of one recipe",
                changes.join(", ")
            );
            return Err(Error::Run { path: self.path.clone(), problem });
        }
        self.identity.check_pictures(&self.path, plan.pictures(), None)?;
        if self.identity.pictures.is_none() {
            self.identity.pictures = Some(plan.pictures().clone());
            self.identity.write(&self.path)?;
        }
        Ok(())
    }

    fn note(&mut self, learner: &Learner, folder: String) {
        self.savings.push(Saving { iteration: learner.progress.iteration, folder });
    }
}

impl Observer for RunFolder {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        self.take_in(event)?;
        Ok(ControlFlow::Continue(()))
    }
}

impl RunFolder {
    fn take_in(&mut self, event: &Event<'_>) -> Result<(), Error> {
        if let Event::Started { plan, .. } = event {
            self.take_up(plan)?;
        }
        self.within.on(event);
        match event {
            Event::Started { learner, .. } => {
                // A run that continues may have taken back its closing, and with it the best model and a row.
                if learner.progress.best.is_none() {
                    checkpoint::remove(&self.path.join(BEST))?;
                }
                self.tables.keep(learner.progress.validations)?;
                // A resumed run may have taken up changes of its recipe: the checkpoint has to know of them.
                self.save(learner)?;
                let wants_first = learner.progress.iteration == 0 && self.recipe().checkpoint.snapshots > 0;
                if wants_first { self.snapshot(0, learner) } else { Ok(()) }
            }
            Event::Stepping(_) | Event::Thawed { .. } | Event::Trained { .. } => Ok(()),
            Event::Validated { row, steps, learner, plan, .. } => {
                let train_seconds = learner.progress.train_seconds;
                let timing = Timing { iteration: row.iteration, train_seconds, saving_seconds: self.saving_seconds() };
                self.tables.append(row, &timing, steps)?;
                // The closing's model is none that the undisturbed run would keep.
                if plan.validates_after(row.iteration - 1) {
                    self.top.consider(row, || learner.chosen_files(&self.identity))?;
                    let period = self.recipe().checkpoint.snapshots.saturating_mul(plan.steps_per_epoch());
                    if period > 0 && row.iteration.is_multiple_of(period) {
                        self.snapshot(row.epoch, learner)?;
                    }
                }
                if self.throttle.is_due() { self.save(learner) } else { Ok(()) }
            }
            Event::Stopped { learner, .. } => self.save(learner),
        }
    }
}

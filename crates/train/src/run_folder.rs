//! A run's folder: the observer that writes everything a run leaves behind, and the way back in for a resumed run.
//!
//! ```text
//! recipe.toml    the recipe with every key
//! metrics.csv    a row per validation, the same bytes however often the run was interrupted
//! timings.csv    seconds at the same validations
//! last/          the newest checkpoint, and last.previous/ the one before it
//! best/          the best model so far
//! snapshots/     epoch-0000/, epoch-0010/, ... when the recipe asks for them
//! summary.json   written at the end
//! ```

use crate::learner::Card;
use crate::{Error, Event, Learner, Observer, Plan, Recipe, Row, checkpoint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tch::Device;
use tensor_data::Dataset;

/// Name of the resolved recipe in a run's folder.
const RECIPE: &str = "recipe.toml";
const METRICS: &str = "metrics.csv";
const TIMINGS: &str = "timings.csv";
const SNAPSHOTS: &str = "snapshots";
/// Saving takes at most one part in so many of the time between two savings.
const LEAST_SAVING_INTERVAL: u32 = 100;

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    recipe: Recipe,
    next_saving: Instant,
    saved_best: Option<u64>,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

/// A row of `timings.csv`: when a validation was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Minibatches trained.
    pub iteration: u64,
    /// Seconds in the training loop by then, over all resumptions.
    pub train_seconds: f64,
}

impl RunFolder {
    /// Makes the folder of a new run and writes `recipe.toml` and the headers. A folder that holds anything is refused.
    pub fn create(path: &Path, recipe: &Recipe) -> Result<RunFolder, Error> {
        RunFolder::check_free(path)?;
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        let lock = lock(path)?;
        checkpoint::write_file(&path.join(RECIPE), recipe.to_toml()?.as_bytes())?;
        Ok(RunFolder {
            path: path.to_owned(),
            recipe: recipe.clone(),
            next_saving: Instant::now(),
            saved_best: None,
            _lock: lock,
        })
    }

    /// An error when `path` holds anything: a run is never overwritten.
    pub fn check_free(path: &Path) -> Result<(), Error> {
        if !fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Ok(());
        }
        let problem =
            "exists already and is never overwritten: choose another folder with --out, or go on with --resume";
        Err(Error::Run { path: path.to_owned(), problem: problem.into() })
    }

    /// Opens the folder of a run that is to go on, with `overrides` applied to its recipe.
    pub fn open(path: &Path, overrides: &[(String, String)]) -> Result<RunFolder, Error> {
        let recipe = read_recipe(path, overrides)?;
        let lock = lock(path)?;
        Ok(RunFolder { path: path.to_owned(), recipe, next_saving: Instant::now(), saved_best: None, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The recipe with every key.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Writes the recipe anew, after a resumed run changed it.
    pub fn write_recipe(&self) -> Result<(), Error> {
        checkpoint::write_file(&self.path.join(RECIPE), self.recipe.to_toml()?.as_bytes())
    }

    /// The learner as it was saved last, or a new one where the run ended before its first checkpoint. Rows of
    /// `metrics.csv` that were written after that are taken back, because they will be written again. The second value
    /// tells of a damaged newer checkpoint that was passed over and removed.
    pub fn load(&mut self, plan: &Plan, data: &Dataset, device: Device) -> Result<(Learner, Option<Error>), Error> {
        let last = self.path.join("last");
        if !checkpoint::exists(&last) {
            return Ok((Learner::new(plan, data, device)?, None));
        }
        let found = checkpoint::read(&last)?;
        let learner = Learner::from_files(plan, data, device, &found.files, &found.folder)?;
        if found.damaged.is_some() {
            checkpoint::fall_back(&last)?;
        }
        for name in [METRICS, TIMINGS] {
            keep_rows(&self.path.join(name), learner.progress.validations)?;
        }
        Ok((learner, found.damaged))
    }

    fn save(&mut self, learner: &Learner) -> Result<(), Error> {
        let clock = Instant::now();
        for name in [METRICS, TIMINGS] {
            let path = self.path.join(name);
            File::open(&path).and_then(|file| file.sync_all()).map_err(Error::io("sync", &path))?;
        }
        let best = learner.progress.best.map(|best| best.iteration);
        if best.is_some() && best != self.saved_best {
            checkpoint::write(&self.path.join("best"), &learner.best_files(&self.recipe)?)?;
            self.saved_best = best;
        }
        checkpoint::write(&self.path.join("last"), &learner.to_files(&self.recipe)?)?;
        let shortest = Duration::from_secs_f64(self.recipe.checkpoint.seconds);
        let cheapest = if shortest.is_zero() { shortest } else { clock.elapsed() * LEAST_SAVING_INTERVAL };
        self.next_saving = Instant::now() + shortest.max(cheapest);
        Ok(())
    }

    fn snapshot(&self, epoch: u64, learner: &Learner) -> Result<(), Error> {
        let folder = self.path.join(SNAPSHOTS);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        checkpoint::write(&folder.join(format!("epoch-{epoch:04}")), &learner.model_files(&self.recipe)?)
    }

    fn append<R: Serialize>(&self, name: &str, row: &R) -> Result<(), Error> {
        let path = self.path.join(name);
        let file = OpenOptions::new().append(true).create(true).open(&path).map_err(Error::io("write", &path))?;
        let is_empty = file.metadata().map_err(Error::io("read", &path))?.len() == 0;
        let mut writer = csv::WriterBuilder::new().has_headers(is_empty).from_writer(file);
        writer.serialize(row).map_err(|e| Error::io("write", &path)(e.into()))?;
        writer.flush().map_err(Error::io("write", &path))
    }
}

impl Observer for RunFolder {
    fn on(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Started { learner, .. } if learner.progress.iteration == 0 => {
                for name in [METRICS, TIMINGS] {
                    checkpoint::write_file(&self.path.join(name), b"")?;
                }
                if self.recipe.checkpoint.snapshots > 0 {
                    self.snapshot(0, learner)?;
                }
                self.save(learner)
            }
            // A resumed run may have taken up changes of its recipe: the checkpoint has to know of them.
            Event::Started { learner, .. } => self.save(learner),
            Event::Trained { .. } => Ok(()),
            Event::Validated { row, learner, plan, .. } => {
                self.append(METRICS, *row)?;
                let timing = Timing { iteration: row.iteration, train_seconds: learner.progress.train_seconds };
                self.append(TIMINGS, &timing)?;
                let period = self.recipe.checkpoint.snapshots * plan.steps_per_epoch();
                if period > 0 && row.iteration.is_multiple_of(period) {
                    self.snapshot(row.epoch, learner)?;
                }
                if Instant::now() >= self.next_saving { self.save(learner) } else { Ok(()) }
            }
            Event::Stopped { learner, .. } => self.save(learner),
        }
    }
}

/// Which of a run's saved models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The one with the lowest validation error.
    Best,
    /// The one trained longest.
    Last,
}

/// The recipe of a run, with `overrides` applied.
pub fn read_recipe(run: &Path, overrides: &[(String, String)]) -> Result<Recipe, Error> {
    let path = run.join(RECIPE);
    if !path.exists() {
        let problem = format!("is not the folder of a run: it holds no {RECIPE}");
        return Err(Error::Run { path: run.to_owned(), problem });
    }
    Recipe::read(&path, overrides)
}

/// Loads a saved model of a run without its data set, and what is known of the pictures it takes.
pub fn load_model(run: &Path, saved: Saved, device: Device) -> Result<(models::Model, Card), Error> {
    let name = match saved {
        Saved::Best => "best",
        Saved::Last => "last",
    };
    let folder = run.join(name);
    if !checkpoint::exists(&folder) {
        let problem =
            format!("holds no checkpoint {name}/: it was stopped before its first validation, or is not a run");
        return Err(Error::Run { path: run.to_owned(), problem });
    }
    let found = checkpoint::read(&folder)?;
    if let Some(damaged) = found.damaged {
        // A model one validation older would give other figures without a word: refuse.
        return Err(damaged);
    }
    Learner::model_from_files(&found.files, &found.folder, device)
}

/// Names of a run's snapshots, first to last, such as `epoch-0010`; empty when it kept none.
pub fn snapshots(run: &Path) -> Result<Vec<String>, Error> {
    let folder = run.join(SNAPSHOTS);
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", &folder))?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(Error::io("read", &folder))?;
    let epoch = |name: &str| name.strip_prefix("epoch-")?.parse::<u64>().ok();
    let mut numbered: Vec<_> = names.into_iter().filter_map(|name| Some((epoch(&name)?, name))).collect();
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

/// Loads a model of a run as it was when the snapshot `name` was kept.
pub fn load_snapshot(run: &Path, name: &str, device: Device) -> Result<(models::Model, Card), Error> {
    let found = checkpoint::read(&run.join(SNAPSHOTS).join(name))?;
    Learner::model_from_files(&found.files, &found.folder, device)
}

/// The rows of a run's `metrics.csv`.
pub fn read_metrics(run: &Path) -> Result<Vec<Row>, Error> {
    read_rows(&run.join(METRICS))
}

/// The rows of a run's `timings.csv`, one for each of `metrics.csv`.
pub fn read_timings(run: &Path) -> Result<Vec<Timing>, Error> {
    read_rows(&run.join(TIMINGS))
}

fn read_rows<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, Error> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| Error::io("read", path)(e.into()))?;
    reader.deserialize().collect::<Result<_, _>>().map_err(|e| Error::io("read", path)(e.into()))
}

/// Takes the folder for this process; another process that trains in it is an error.
fn lock(path: &Path) -> Result<File, Error> {
    let name = path.join(".lock");
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(&name).map_err(Error::io("write", &name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Run {
            path: path.to_owned(),
            problem: "another process is training in it: wait for that one or stop it".into(),
        }),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", &name)(e)),
    }
}

/// Cuts a table down to its header and its first `rows` rows.
fn keep_rows(path: &Path, rows: u64) -> Result<(), Error> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let kept: String = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).take(rows as usize + 1).collect();
    let found = kept.lines().count().saturating_sub(1) as u64;
    if found < rows {
        let problem =
            format!("{found} rows are left of the {rows} that the checkpoint knows of: rows were removed from it");
        return Err(Error::Run { path: path.to_owned(), problem });
    }
    let kept = if rows == 0 { String::new() } else { kept };
    if kept == text { Ok(()) } else { checkpoint::write_file(path, kept.as_bytes()) }
}

//! A run's figures as TensorBoard reads them, in `tensorboard/` inside the run's folder.
//!
//! There is one event file. When training starts it is written again from `metrics.csv` and `timings.csv`, which a resumed
//! run has cut down to its checkpoint; so no step comes twice, and a run that is resumed with this observer shows its
//! whole course. Rows of earlier processes get the times at which they would have come had training gone on without a
//! break.

mod event;
mod record;

use event::Scalars;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use train::run_folder::{self, Timing};
use train::{Answer, Error, Event, Learner, Observer, Plan, Row};

/// TensorBoard looks for `tfevents` in a file's name.
const FILE: &str = "events.out.tfevents.minibatch";

/// The observer that writes the event file.
pub struct TensorBoard {
    run: PathBuf,
    path: PathBuf,
    file: Option<File>,
    /// The validation before the next one; speed is measured between the two.
    before: Timing,
}

/// The folder of the event file in a run's folder.
pub fn folder(run: &Path) -> PathBuf {
    run.join("tensorboard")
}

impl TensorBoard {
    /// Of the run in the folder `run`; nothing is written yet.
    pub fn new(run: &Path) -> TensorBoard {
        TensorBoard { run: run.to_owned(), path: folder(run).join(FILE), file: None, before: START }
    }

    /// Writes all that is known so far.
    fn begin(&mut self, plan: &Plan, learner: &Learner) -> Result<(), Error> {
        let folder = folder(&self.run);
        fs::create_dir_all(&folder).map_err(self.io("create"))?;
        let (rows, timings) = (run_folder::read_metrics(&self.run)?, run_folder::read_timings(&self.run)?);
        let now = seconds_since_1970();
        let start = now - learner.progress.train_seconds;
        let first = timings.first().map_or(now, |timing| start + timing.train_seconds);
        let mut bytes = record::framed(&event::version(first));
        bytes.extend(record::framed(&event::text(first, "recipe", &plan.recipe().to_toml()?)));
        self.before = START;
        for (row, timing) in rows.iter().zip(timings) {
            bytes.extend(self.record(start + timing.train_seconds, row, timing, plan));
        }
        whole_file::write(&self.path, &bytes).map_err(self.io("write"))?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path).map_err(self.io("write"))?);
        Ok(())
    }

    /// A validation as a record.
    fn record(&mut self, wall_time: f64, row: &Row, timing: Timing, plan: &Plan) -> Vec<u8> {
        let minibatches = timing.iteration.saturating_sub(self.before.iteration);
        let seconds = timing.train_seconds - self.before.train_seconds;
        self.before = timing;
        let pictures = minibatches as f64 * plan.minibatch_size() as f64;
        let scalars: Scalars<'_> = &[
            ("loss/train", Some(row.train_loss)),
            ("loss/validation", Some(row.validation_loss)),
            ("error/train", Some(row.train_error)),
            ("error/validation", Some(row.validation_error)),
            ("error/validation_top_k", row.validation_top_k_error),
            ("loss/averaged_validation", row.averaged_validation_loss),
            ("error/averaged_validation", row.averaged_validation_error),
            ("error/best_validation", Some(row.best_validation_error)),
            ("penalty", Some(row.penalty)),
            ("learning_rate", Some(row.learning_rate)),
            ("images_per_second", Some(pictures / seconds)),
            ("epoch", Some(row.epoch as f64)),
        ];
        record::framed(&event::scalars(wall_time, row.iteration, scalars))
    }

    fn io(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> Error + use<> {
        let path = self.path.clone();
        move |cause| Error::Io { action, path, cause }
    }
}

const START: Timing = Timing { iteration: 0, train_seconds: 0.0, saving_seconds: 0.0 };

impl Observer for TensorBoard {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Started { plan, learner } => self.begin(plan, learner)?,
            Event::Validated { row, plan, learner, .. } => {
                let train_seconds = learner.progress.train_seconds;
                let timing = Timing { iteration: row.iteration, train_seconds, saving_seconds: 0.0 };
                let record = self.record(seconds_since_1970(), row, timing, plan);
                let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(&record));
                written.map_err(self.io("write"))?;
            }
            Event::Stepping(_) | Event::Thawed { .. } | Event::Trained { .. } | Event::Stopped { .. } => {}
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

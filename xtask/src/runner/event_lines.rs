//! `train --json`: what happens, as one JSON object a line on standard output; the last line is the result.
//!
//! | `event` | keys | when |
//! | --- | --- | --- |
//! | `started` | `run`, `recipe`, `dataset`, `model`, `parameters`, `device`, `seed`, `minibatch_size`, `steps_per_epoch`, `epochs`, `validate_every`, `iteration` (above 0 in a run that continues) | before the first minibatch |
//! | `stepping` | `captured`: whether each step is one captured CUDA graph; `reason`, where it is not | after one of the first minibatches |
//! | `trained` | `epoch`, `iteration`, `last_iteration` (where training ends at the latest, as far as is known), `learning_rate`, `loss` and `error` since the last validation, `seconds` | at most four times a second |
//! | `validated` | the columns of `metrics.csv`, `improved`, `seconds` | after each validation |
//! | `saved` | `iteration`, `folder` inside the run's | after each checkpoint or model written |
//! | `stopped` | `by` (as `stopped_by` of `summary.json`), `iteration`, `seconds` | after the last minibatch |
//! | `summary` | `run`, and the keys of `summary.json` | last line of a run that ended, or was stopped by a signal |
//! | `folds` | `run`, and the keys of `table.json` | last line of a set of folds, each of which had its `summary` |
//! | `error` | `message`, `status` (of the process) | last line of one that failed |
//! | `dry-run`, `overfit` | see those modules | the only line of those modes, unless it is `error` |
//!
//! Seconds are those in the training loop, over all resumptions. Numbers that are not finite are `null`. Whoever reads may
//! go away: training does not end for it.

use crate::console;
use folds::Table;
use serde::Serialize;
use std::ops::ControlFlow::Continue;
use std::time::{Duration, Instant};
use train::run_folder::Saving;
use train::{Answer, Event, Observer, Plan, Row, Stepping, Summary};
use xtask::words;

/// How often there is a `trained` at most; each waits for the device once.
const INTERVAL: Duration = Duration::from_millis(250);

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Started {
        #[serde(flatten)]
        run: &'a About,
        steps_per_epoch: u64,
        epochs: u64,
        validate_every: u64,
        iteration: u64,
    },
    Stepping {
        captured: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Thawed {
        iteration: u64,
    },
    Trained {
        epoch: u64,
        iteration: u64,
        last_iteration: u64,
        learning_rate: f64,
        loss: f64,
        error: f64,
        seconds: f64,
    },
    Validated {
        #[serde(flatten)]
        row: &'a Row,
        improved: bool,
        seconds: f64,
    },
    Saved(&'a Saving),
    Stopped {
        by: &'a str,
        iteration: u64,
        seconds: f64,
    },
    Summary {
        run: String,
        #[serde(flatten)]
        summary: &'a Summary,
    },
    Folds {
        run: String,
        #[serde(flatten)]
        table: &'a Table,
    },
    Error {
        message: String,
        status: u8,
    },
}

/// What stays the same in a run.
#[derive(Serialize)]
pub struct About {
    pub run: String,
    pub recipe: String,
    pub dataset: String,
    pub model: &'static str,
    pub parameters: i64,
    pub device: String,
    pub seed: u64,
    pub minibatch_size: usize,
}

/// The observer that writes the lines.
pub struct EventLines {
    about: About,
    steps_per_epoch: u64,
    last_iteration: u64,
    written: Instant,
}

impl EventLines {
    /// Writes nothing yet.
    pub fn new(about: About) -> EventLines {
        EventLines { about, steps_per_epoch: 1, last_iteration: 0, written: Instant::now() }
    }

    /// Tells what was saved.
    pub fn saved(&self, savings: &[Saving]) {
        savings.iter().for_each(|saving| write(&Line::Saved(saving)));
    }

    fn started(&mut self, plan: &Plan, iteration: u64) {
        self.steps_per_epoch = plan.steps_per_epoch();
        write(&Line::Started {
            run: &self.about,
            steps_per_epoch: plan.steps_per_epoch(),
            epochs: plan.recipe().epochs,
            validate_every: plan.validate_every(),
            iteration,
        });
    }
}

impl Observer for EventLines {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Started { plan, learner } => {
                self.last_iteration = plan.last_iteration(&learner.progress);
                self.started(plan, learner.progress.iteration);
            }
            Event::Stepping(how) => {
                let reason = match how {
                    Stepping::Captured => None,
                    Stepping::Eager(reason) => Some(reason.to_string()),
                };
                write(&Line::Stepping { captured: reason.is_none(), reason });
            }
            Event::Thawed { learner, .. } => write(&Line::Thawed { iteration: learner.progress.iteration }),
            Event::Trained { iteration, learning_rate, seconds, sums } => {
                if self.written.elapsed() >= INTERVAL {
                    self.written = Instant::now();
                    let (sums, iteration) = (sums(), *iteration);
                    write(&Line::Trained {
                        epoch: iteration.saturating_sub(1) / self.steps_per_epoch + 1,
                        iteration,
                        last_iteration: self.last_iteration,
                        learning_rate: *learning_rate,
                        loss: sums.mean_loss(),
                        error: sums.error(),
                        seconds: *seconds,
                    });
                }
            }
            Event::Validated { row, improved, plan, learner, .. } => {
                self.last_iteration = plan.last_iteration(&learner.progress);
                write(&Line::Validated { row, improved: *improved, seconds: learner.progress.train_seconds });
            }
            Event::Stopped { learner, .. } => write(&Line::Stopped {
                by: learner.progress.stopped_by.as_deref().unwrap_or("interrupted"),
                iteration: learner.progress.iteration,
                seconds: learner.progress.train_seconds,
            }),
        }
        Ok(Continue(()))
    }
}

/// The last line of a run.
pub fn summary(run: &std::path::Path, summary: &Summary) -> anyhow::Result<()> {
    console::print_json_line(&Line::Summary { run: run.display().to_string(), summary })
}

/// The last line of a set of folds.
pub fn folds(set: &std::path::Path, table: &Table) -> anyhow::Result<()> {
    console::print_json_line(&Line::Folds { run: set.display().to_string(), table })
}

/// The last line of a run that failed.
pub fn error(error: &anyhow::Error) {
    write(&Line::Error { message: words::chain(error), status: console::status(error) });
}

/// Writes a line; nobody may be left to read it.
fn write(line: &Line<'_>) {
    let _ = console::print_json_line(line);
}

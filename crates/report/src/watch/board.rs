//! What training leaves for the page to show, and the page's wish to see it.

use crate::environment::Surroundings;
use models::Summary;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use train::run_folder::Timing;
use train::{Recipe, Row, StepRow};

/// Shared by the observer, which writes, and the server, which reads.
pub struct Board {
    /// What stays as it is.
    pub run: Run,
    state: Mutex<State>,
    asked: AtomicBool,
}

/// A run as it was before training.
pub struct Run {
    /// Its folder.
    pub path: PathBuf,
    /// What it is trained with.
    pub recipe: Recipe,
    /// Pictures per minibatch.
    pub minibatch_size: usize,
    /// The model's layers.
    pub parameters: Summary,
    /// What it is computed with.
    pub surroundings: Surroundings,
    /// Why the data set is not the one that the recipe names.
    pub note: Option<String>,
}

/// What training changes.
#[derive(Clone, Default)]
pub struct State {
    /// Minibatches of an epoch.
    pub steps_per_epoch: u64,
    pub rows: Vec<Row>,
    pub timings: Vec<Timing>,
    pub steps: Vec<StepRow>,
    /// What was seen since the last validation, until that says it better.
    pub seen: Vec<StepRow>,
    pub sight: Sight,
    /// Set after the last minibatch.
    pub ended: bool,
    pub interrupted: bool,
    /// Set where a page has asked for an end after the epoch.
    pub stopping: bool,
}

/// How far training is; `None` is what is not known yet.
#[derive(Clone, Copy, Default)]
pub struct Sight {
    pub iteration: u64,
    pub last_iteration: u64,
    pub epoch: u64,
    /// In the training loop, over all resumptions.
    pub seconds: f64,
    /// Minibatches per second.
    pub speed: Option<f64>,
    pub seconds_left: Option<f64>,
    pub learning_rate: Option<f64>,
    /// Of the minibatches since the last validation.
    pub loss: Option<f64>,
    pub error: Option<f64>,
}

impl State {
    /// Changes whenever there is more to draw.
    pub fn drawn(&self) -> usize {
        self.rows.len() * 1_000_000 + self.seen.len()
    }
}

impl Board {
    pub fn new(run: Run) -> Board {
        Board { run, state: Mutex::default(), asked: AtomicBool::new(false) }
    }

    /// Changes the state; short, because training waits for it.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.locked());
    }

    /// A copy of the state. The next minibatch is asked to leave fresh figures.
    pub fn look(&self) -> State {
        self.asked.store(true, Ordering::Relaxed);
        self.locked().clone()
    }

    /// Whether a page has asked for an end after the epoch.
    pub fn is_stopping(&self) -> bool {
        self.locked().stopping
    }

    /// Whether somebody has looked since the last time this was asked.
    pub fn was_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// A state is whole between any two of its changes, so one that a failing thread left is good.
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

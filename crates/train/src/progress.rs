//! How far a run has come: plain numbers that every checkpoint holds.

use crate::precision::LossScale;
use crate::running_metrics::Sums;
use crate::stopping::StopperState;
use serde::{Deserialize, Serialize};

/// The best validation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Minibatches trained when it was found.
    pub iteration: u64,
    /// Validation error, a fraction.
    pub error: f64,
    /// Validation loss, nats per sample.
    pub loss: f64,
}

/// A validation of the state that a limit ended training with, between two that the recipe asks for. The run that never had
/// the limit does not make it; so nothing that training goes by knows of it, and it is forgotten when training continues.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// What was measured; of the averaged model where there is one.
    pub at: Best,
    /// Whether no validation before it was better. The best model is then the one that training ended with.
    pub is_best: bool,
}

/// How far a run has come: plain numbers, saved with every checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Minibatches trained.
    pub iteration: u64,
    /// Updates made: fewer than minibatches where gradients are accumulated.
    #[serde(default)]
    pub updates: u64,
    /// Validations made that the recipe asks for, which is the number of rows in `metrics.csv`; `closing` has one more.
    pub validations: u64,
    /// Training loss and errors since the last validation.
    pub sums: Sums,
    /// The same in pieces of a few minibatches, for the curves; empty between validations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub course: Vec<Sums>,
    /// The best validation that the recipe asked for; see [`Learner::best`](crate::Learner::best).
    pub best: Option<Best>,
    /// The validation that a limit brought at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    /// What the stopping rule remembers.
    pub stopping: StopperState,
    /// Seconds spent in the loop, over all resumptions.
    pub train_seconds: f64,
    /// The loss scale of f16.
    #[serde(default)]
    pub loss_scale: LossScale,
    /// Why training ended; `None` while it can continue.
    pub stopped_by: Option<String>,
}

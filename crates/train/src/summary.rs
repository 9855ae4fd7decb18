//! `summary.json`: the figures that outlive a run.

use crate::{Error, checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a run came to. Errors are fractions: 0.0092 is 0.92 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the recipe.
    pub recipe: String,
    /// The data set trained on.
    pub dataset: String,
    /// Why that is not the one the recipe names; absent where it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dataset_note: Option<String>,
    /// The model's kind.
    pub model: String,
    /// Trainable numbers in the model.
    pub parameters: i64,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Threads that libtorch computes with.
    pub threads: i32,
    /// The seed.
    pub seed: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// Minibatches trained.
    pub iterations: u64,
    /// Minibatches trained when the best validation was made.
    pub best_iteration: Option<u64>,
    /// Lowest validation error.
    pub best_validation_error: Option<f64>,
    /// Validation loss of that model, nats per sample.
    pub best_validation_loss: Option<f64>,
    /// Test error of that model; absent until training has ended.
    pub test_error: Option<f64>,
    /// Test loss of that model, nats per sample.
    pub test_loss: Option<f64>,
    /// `epochs`, the name of the stopping rule, or `interrupted`.
    pub stopped_by: String,
    /// Seconds in the training loop with its validations.
    pub train_seconds: f64,
    /// Seconds from the start of the process (the last one, where the run was resumed).
    pub total_seconds: f64,
    /// Training pictures per second of `train_seconds`.
    pub images_per_second: f64,
    /// libtorch's version.
    pub libtorch: String,
    /// Minibatch's version.
    pub version: String,
}

impl Summary {
    /// The file's name in a run's folder.
    pub const FILE: &str = "summary.json";

    /// Writes `summary.json` into `folder`, whole or not at all.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(Self::FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::io("write", &path)(e.into()))?;
        text.push(b'\n');
        checkpoint::write_file(&path, &text)
    }

    /// Reads a run's `summary.json`.
    pub fn read(folder: &Path) -> Result<Summary, Error> {
        let path = folder.join(Self::FILE);
        let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|e| Error::Run { path, problem: format!("is not a summary: {e}") })
    }
}

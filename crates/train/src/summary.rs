//! `summary.json`: the figures that outlive a run.

use crate::checkpoint;
use crate::error::Error;
use metrics::{ClassScore, Confusion, Figures, MacroAverage};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// In summaries of earlier versions.
fn one() -> usize {
    1
}

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
    /// How training steps reached the device: `captured` as CUDA graphs, or `eager: ` and why; absent in runs that were not
    /// trained on by this call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stepping: Option<String>,
    /// Threads that libtorch computes with, in each process.
    pub threads: i32,
    /// Processes that trained together.
    #[serde(default = "one")]
    pub ranks: usize,
    /// The seed.
    pub seed: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// Minibatches trained.
    pub iterations: u64,
    /// Minibatches trained when the best validation was made.
    pub best_iteration: Option<u64>,
    /// Validation error of the best model, by what `evaluation.watch` names.
    pub best_validation_error: Option<f64>,
    /// Validation loss of that model, nats per sample.
    pub best_validation_loss: Option<f64>,
    /// Test error of that model; absent until training has ended.
    pub test_error: Option<f64>,
    /// Test loss of that model, nats per sample.
    pub test_loss: Option<f64>,
    /// How far the test figures can be believed: intervals, balanced accuracy, areas under curves, calibration; absent until
    /// training has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Figures>,
    /// The k of the next figure, `evaluation.top_k`.
    #[serde(default)]
    pub top_k: u64,
    /// Fraction of the test set whose own class is not among the k most probable.
    #[serde(default)]
    pub test_top_k_error: Option<f64>,
    /// What that model makes of each class of the test set, in their order; empty until training has ended.
    #[serde(default)]
    pub per_class: Vec<ClassFigures>,
    /// Means of those figures over the classes.
    #[serde(default)]
    pub macro_average: Option<MacroAverage>,
    /// Samples of the test set by true class (which list) and predicted class (which number of it).
    #[serde(default)]
    pub confusion: Vec<Vec<u64>>,
    /// `epochs`, the name of the stopping rule, or `interrupted`.
    pub stopped_by: String,
    /// Seconds in the training loop with its validations.
    pub train_seconds: f64,
    /// Seconds from the start of the process (the last one, where the run was resumed).
    pub total_seconds: f64,
    /// Seconds spent writing checkpoints, over all resumptions, as far as `timings.csv` knows of the earlier ones.
    #[serde(default)]
    pub saving_seconds: f64,
    /// Training pictures per second of `train_seconds`.
    pub images_per_second: f64,
    /// libtorch's version.
    pub libtorch: String,
    /// Minibatch's version.
    pub version: String,
}

/// A class of the test set and how the model does on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// The class's name.
    pub label: String,
    /// Its rates and its number of samples; a rate without a denominator is `null`.
    #[serde(flatten)]
    pub score: ClassScore,
}

impl ClassFigures {
    /// The figures of every class under its name; under its number where there is none.
    pub fn of(confusion: &Confusion, names: &[String]) -> Vec<ClassFigures> {
        let scores = confusion.per_class().into_iter().enumerate();
        let label = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        scores.map(|(class, score)| ClassFigures { label: label(class), score }).collect()
    }
}

impl Summary {
    /// The file's name in a run's folder.
    pub const FILE: &str = "summary.json";

    /// Writes `summary.json` into `folder`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(Self::FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::io("write", &path)(e.into()))?;
        text.push(b'\n');
        checkpoint::write_file(&path, &text)
    }

    /// Reads a run's `summary.json`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read; [`Error::Run`] where it is damaged.
    pub fn read(folder: &Path) -> Result<Summary, Error> {
        let path = folder.join(Self::FILE);
        let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&text)
            .map_err(|e| Error::Run { path, problem: format!("is not a summary: {}", values::plain(&e.to_string())) })
    }
}

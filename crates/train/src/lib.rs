//! The training loop and all that makes a run trustworthy: early stopping that gives back the best model,
//! checkpoints that are never half there, metrics, and resuming bit for bit.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`recipe`] | what a run is: every setting typed, defaulted and checked, read from TOML |
//! | [`plan`](Plan) | a recipe measured against a data set: steps per epoch, steps in all, when to validate |
//! | [`stopping`] | the early-stopping rules, pure state machines |
//! | [`fit`](fit()) | the loop, on one screen |
//! | [`ranks`](Ranks) | several processes that train one model together |
//! | [`stepping`](Stepping) | whether steps are captured CUDA graphs, and why not |
//! | [`divergence`](Diverged) | noticing a loss or a state that is not finite, and what went first |
//! | [`precision`](LossScale) | bf16 and f16, and the loss scale of f16 |
//! | [`evaluate`](evaluate()) | loss and error of a model on a split |
//! | [`predictions`](predictions()) | what a model says of every picture of a split |
//! | [`metrics`] | confusion matrix, figures of each class, intervals, calibration |
//! | [`event`] | what the loop tells its observers |
//! | [`printer`](Printer) | a ready observer: a line for each validation |
//! | [`checkpoint`] | a folder that is whole or not there |
//! | [`identity`](Identity) | what a run is: name, pictures, recipe; compared on resuming and evaluating |
//! | [`run_folder`] | the observer that writes a run's folder |
//! | [`batch_finder`] | the search for a minibatch size |
//! | [`rate_finder`] | the search for a learning rate |
//! | [`summary`] | the figures that outlive a run |
//!
//! The crate owns the only loop in the project. It reads no command line, no environment and no picture files, and
//! prints nothing: what there is to say is an [`Event`] or an [`Error`].

mod accumulation;
mod adopt;
pub mod batch_finder;
mod calibration;
mod captured;
pub mod checkpoint;
mod course;
mod criterion;
mod diverged;
mod divergence;
mod error;
mod evaluate;
pub mod event;
mod exchange;
mod files;
mod fit;
mod identity;
mod layer_rates;
mod learner;
mod mismatch;
mod model_meta;
mod outcome;
mod plan;
mod precision;
mod predictions;
mod printer;
mod progress;
mod ranks;
pub mod rate_finder;
pub mod recipe;
pub mod run_folder;
mod running_metrics;
mod stepper;
mod stepping;
pub mod stopping;
pub mod summary;
mod tensors;
mod update;
mod validation;

pub use calibration::SavedCalibration;
pub use course::StepRow;
pub use diverged::{Culprit, Diverged};
pub use error::Error;
pub use evaluate::{Score, evaluate};
pub use event::{Answer, Event, Observer, Row};
pub use fit::fit;
#[doc(hidden)]
pub use fit::fit_as_captured;
pub use identity::Identity;
pub use learner::Learner;
pub use metrics;
pub use mismatch::Mismatch;
pub use model_meta::ModelMeta;
pub use outcome::{Holds, Outcome, StoppedBy};
pub use plan::Plan;
pub use precision::LossScale;
pub use predictions::{Predictions, predictions};
pub use printer::Printer;
pub use progress::{Best, Closing, Progress};
pub use ranks::Ranks;
pub use recipe::Recipe;
pub use run_folder::RunFolder;
pub use running_metrics::Sums;
pub use stepping::{EagerReason, Stepping};
pub use summary::Summary;

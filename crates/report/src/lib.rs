//! What a run did, for people: an HTML report of one run or of several side by side, the live page of a run that is being
//! trained, and files that TensorBoard reads.
//!
//! A page is one file: it opens from disk and loads nothing. It is written from what the runs saved; the test set is looked
//! at only through the best model of a finished run, and a report shows no pictures but the run's own. Each concern has a
//! file of its own that turns saved figures into values; the page's templates, in `templates/`, turn those into markup.
//!
//! What this crate does not know: the command line, the environment, the terminal and the network, but for the loopback
//! address that [`watch`] serves its page on.
//!
//! ```no_run
//! use report::Report;
//! use tch::Device;
//!
//! let report = Report::read(&["runs/one".into(), "runs/two".into()], &["data".into()], &|_, _| Err("not asked for".into()), Device::Cpu)?;
//! let page = report.write("comparison".as_ref(), "minibatch")?; // comparison/report.html
//! # Ok::<(), report::Error>(())
//! ```

mod advice;
mod answered;
mod calibration;
mod comparison;
mod curves;
mod environment;
mod error;
mod filters;
mod gallery;
mod headline;
mod known;
mod layers;
mod layers_over_time;
mod markdown;
mod matrix;
mod names;
mod page;
mod pictures;
mod record;
mod report;
mod results;
mod sections;
mod sprites;
pub mod tensorboard;
mod test_sets;
mod tested;
mod times;
mod verdict;
pub mod warnings;
pub mod watch;

pub use environment::Surroundings;
pub use error::Error;
pub use report::{CARD, FILE, MARKDOWN, Note, Report, after_training};
pub use test_sets::OwnPictures;

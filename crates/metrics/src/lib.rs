//! Figures about a classifier that say how far they can be believed. Plain arrays in, numbers out: no tensors, no files.
//!
//! An accuracy measured on 33 pictures may be off by 16 points either way, an accuracy over unbalanced classes may hide a class
//! that is never recognised, and the probabilities of a trained network are too high as a rule. So:
//!
//! - [`wilson`]: the interval in which an accuracy lies, and [`bootstrap`] for all figures that are no plain shares;
//! - [`Confusion`]: which class is taken for which; precision, recall and F1 of each, balanced accuracy;
//! - [`roc_auc`], [`average_precision`]: how well a class is told from the rest, whatever the threshold;
//! - [`Temperature`], [`Calibration`]: probabilities that come true as often as they say;
//! - [`RejectCurve`]: below which probability an answer is better withheld;
//! - [`suspects()`]: which labels are probably wrong.
//!
//! [`Figures`] are all of them together. Everything is computed in f64.

mod answers;
mod calibration;
mod confusion;
mod figures;
mod interval;
mod order;
mod ranking;
mod reject;
mod suspects;

pub use answers::{Answers, Error};
pub use calibration::{Bin, Calibration, Temperature};
pub use confusion::{ClassScore, Confusion, MacroAverage};
pub use figures::Figures;
pub use interval::{Interval, bootstrap, wilson};
pub use ranking::{average_precision, roc_auc};
pub use reject::{RejectCurve, Threshold};
pub use suspects::{Suspect, suspects};

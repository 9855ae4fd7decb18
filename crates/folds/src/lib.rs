//! k-fold cross-validation without models: [`deal`] says which pictures are tested in which fold, and [`Table`] what the folds come
//! to together.
//!
//! A small set split once gives a figure that depends on who was drawn for the test part. With k folds every picture is tested
//! exactly once, by a model that has not seen it: the figure rests on all pictures, and the spread over the folds says how much
//! a single split would have been worth.
//!
//! What this crate does not know: tensors, picture files, models, the command line.

mod deal;
mod table;

pub use deal::deal;
pub use table::{ClassRow, Measured, Pooled, Row, Table};

use serde::{Deserialize, Serialize};
use std::fmt;

/// One fold of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// Which one, 1 to `of`: its pictures are the test part.
    pub index: u32,
    /// How many there are, at least 2.
    pub of: u32,
}

impl Fold {
    /// The share of all pictures that a fold tests.
    pub fn test_share(&self) -> f64 {
        1.0 / f64::from(self.of)
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fold {} of {}", self.index, self.of)
    }
}

//! How the training set is cut into minibatches.

use super::Recipe;
use serde::{Deserialize, Serialize};
use std::fmt;
use tensor_data::Tail;
use tensor_data::augment::{Operation, Padding, Shift};

/// `[minibatch]`: how the training set is cut.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `size` | required | 1 up to the training set, or `"all"` | pictures per minibatch; `"all"` is full-batch gradient descent, 1 is online |
/// | `order` | `shuffled` | `stored`, `shuffled` | the same order every epoch, or a new one from the seed and the epoch |
/// | `tail` | `drop` | `drop`, `keep` | an incomplete last minibatch |
/// | `sampling` | `each` | `each`, `balanced` | every picture once an epoch; or every class equally often: n / C of the n places of an epoch, so that pictures of small classes come several times, and of large ones not all |
/// | `with_class_weights` | false | | whether `sampling = "balanced"` may go together with `loss.class_weights`, which corrects for the same thing |
/// | `shift` | 0 | 0 to 8 pixels | random translation of every training picture by up to so many pixels in each axis: the first operation of `[[augment]]`, in short |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minibatch {
    /// Pictures per minibatch.
    pub size: Size,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// What becomes of an incomplete last minibatch.
    #[serde(default = "Minibatch::default_tail")]
    pub tail: Tail,
    /// How often each picture comes.
    #[serde(default)]
    pub sampling: Sampling,
    /// Whether balanced sampling may go together with class weights.
    #[serde(default)]
    pub with_class_weights: bool,
    /// Largest random translation, in pixels.
    #[serde(default)]
    pub shift: usize,
}

impl Recipe {
    /// What is done to training pictures: the shift of `[minibatch]`, where there is one, then the list of `[[augment]]`.
    pub fn operations(&self) -> Vec<Operation> {
        let pixels = self.minibatch.shift;
        let shift = (pixels > 0).then_some(Operation::Shift(Shift { pixels, padding: Padding::Zero }));
        shift.into_iter().chain(self.augment.iter().copied()).collect()
    }
}

impl Minibatch {
    pub(super) fn default_tail() -> Tail {
        Tail::Drop
    }
}

/// How often a training picture comes in an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Once.
    #[default]
    Each,
    /// As often as brings every class equally often.
    Balanced,
}

/// The order of training pictures within an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As stored, the same every epoch.
    Stored,
    /// A new permutation every epoch, from the seed.
    #[default]
    Shuffled,
}

/// Pictures per minibatch. In a recipe a number, or `"all"`: gradient descent in its three sizes is `"all"`, 1, and what lies
/// between. A step with all pictures needs the memory for their feature maps at once; `gradients.accumulate` gives the same
/// step, to rounding, from minibatches that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number of pictures, at least 1, or \"all\"")]
pub enum Size {
    /// So many.
    Count(usize),
    /// The whole training set.
    All(All),
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// Every picture of the training set.
    All,
}

impl Size {
    /// The number of pictures out of a training set of `available`.
    pub fn resolve(self, available: usize) -> usize {
        match self {
            Size::Count(count) => count,
            Size::All(All::All) => available,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Count(count) => count.fmt(f),
            Size::All(All::All) => f.write_str("all"),
        }
    }
}

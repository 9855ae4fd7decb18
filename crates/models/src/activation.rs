//! Functions between layers.

use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The function between two layers, applied to each value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Hyperbolic tangent, into (-1, 1).
    #[default]
    Tanh,
    /// Logistic function `1 / (1 + exp(-x))`, into (0, 1).
    Sigmoid,
    /// Rectifier `max(x, 0)`.
    Relu,
}

impl Activation {
    /// The function of every value.
    pub(crate) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Relu => x.relu(),
        }
    }
}

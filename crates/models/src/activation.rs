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
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x * Phi(x)` with the normal distribution's `Phi`, exact (`torch.nn.GELU`).
    Gelu,
    /// `x * sigmoid(x)`, also called swish.
    Silu,
    /// `x * hardsigmoid(x)`.
    HardSwish,
    /// `min(max(x + 3, 0), 6) / 6`, into `[0, 1]`.
    HardSigmoid,
}

impl Activation {
    /// The function of every value.
    pub(crate) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Relu => x.relu(),
            Activation::Relu6 => x.relu6(),
            Activation::Gelu => x.gelu("none"),
            Activation::Silu => x.silu(),
            Activation::HardSwish => x.hardswish(),
            Activation::HardSigmoid => x.hardsigmoid(),
        }
    }
}

//! How training steps reach the device: one captured CUDA graph each, or operation by operation, and why.

use crate::recipe::Recipe;
use crate::recipe::{Graphs, Precision};
use std::fmt;
use tch::Device;

/// How the steps of a run reach its device. The results are the same either way, to rounding; on CUDA, graphs are the faster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepping {
    /// A step is one captured CUDA graph, asked for with one call: minibatch, forward, loss, gradients, update and sums.
    /// The first few steps of a run, and a shorter last minibatch of an epoch, are not.
    Captured,
    /// Operation by operation.
    Eager(EagerReason),
}

/// Why steps are not captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EagerReason {
    /// The recipe says `graphs = "off"`.
    Recipe,
    /// The device is not CUDA.
    Device,
    /// With `precision = "f16"` each step reads whether a gradient overflowed.
    LossScale,
    /// With `gradients.accumulate` above 1, minibatches differ in whether they update.
    Accumulation,
    /// Several processes train together: between gradients and update, the host exchanges what they computed.
    Ranks,
    /// This build or this libtorch has no graphs; what is missing, and how to mend it.
    Unsupported(String),
    /// Capturing was tried and failed; what libtorch said.
    Failed(String),
}

impl Stepping {
    /// How steps can reach `device`, whatever a recipe says.
    pub fn on(device: Device) -> Stepping {
        if !device.is_cuda() {
            return Stepping::Eager(EagerReason::Device);
        }
        match torch_ext::graph_support(device) {
            Ok(()) => Stepping::Captured,
            Err(error) => Stepping::Eager(EagerReason::Unsupported(error.to_string())),
        }
    }
}

impl EagerReason {
    /// Whether someone who runs on CUDA and asked for nothing else would want to know.
    pub fn is_news(&self) -> bool {
        !matches!(self, EagerReason::Recipe | EagerReason::Device)
    }
}

impl fmt::Display for EagerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EagerReason::Recipe => f.write_str("the recipe says graphs = \"off\""),
            EagerReason::Device => f.write_str("the device is not CUDA"),
            EagerReason::LossScale => f.write_str("precision = \"f16\" reads a value at every minibatch"),
            EagerReason::Accumulation => f.write_str("gradients.accumulate is above 1"),
            EagerReason::Ranks => f.write_str("several ranks train together"),
            EagerReason::Unsupported(lack) => f.write_str(lack),
            EagerReason::Failed(said) => write!(f, "capturing failed: {said}"),
        }
    }
}

impl fmt::Display for Stepping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stepping::Captured => f.write_str("captured"),
            Stepping::Eager(reason) => write!(f, "eager: {reason}"),
        }
    }
}

/// Whether what the recipe asks for can be captured, on a device that can.
pub(crate) fn capturable(recipe: &Recipe) -> Result<(), EagerReason> {
    match recipe {
        Recipe { graphs: Graphs::Off, .. } => Err(EagerReason::Recipe),
        Recipe { precision: Precision::F16, .. } => Err(EagerReason::LossScale),
        recipe if recipe.gradients.accumulate > 1 => Err(EagerReason::Accumulation),
        _ => Ok(()),
    }
}

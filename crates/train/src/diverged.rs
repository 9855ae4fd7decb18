//! A divergence as it is told: what went first, when, at which learning rate.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What was found first not to be a finite number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Culprit {
    /// The gradient of a parameter, of the update before: the one nearest to the loss, where backward begins.
    Gradient(String),
    /// The values of a parameter: its gradient was finite, the step along it was not.
    Values(String),
    /// The output of a layer: all parameters are finite, their products are not.
    Output(String),
    /// What the optimiser, the average or the gathered gradients hold of a parameter.
    OptimizerState(String),
    /// The loss itself: the logits are finite, their differences are not.
    Loss,
    /// It happened too long ago.
    Unknown,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Culprit::Gradient(name) => write!(f, "first to go was the gradient of {name}"),
            Culprit::Values(name) => write!(f, "first to go were the values of {name}, by a step that was too large"),
            Culprit::Output(layer) => {
                write!(f, "first to go was the output of layer {layer}; all parameters are finite")
            }
            Culprit::OptimizerState(name) => write!(f, "first to go was {name}; all parameters are finite"),
            Culprit::Loss => f.write_str("first to go was the loss itself; the logits are finite"),
            Culprit::Unknown => f.write_str("what went first is told by the same run on the CPU (--device cpu)"),
        }
    }
}

/// What is known of a run that diverged.
#[derive(Debug, Clone, PartialEq)]
pub struct Diverged {
    /// The loss when it was noticed; finite where parameters went and the loss had not followed yet.
    pub loss: f64,
    /// What went first.
    pub culprit: Culprit,
    /// The minibatch it was noticed at, counted from 1; on the CPU the first one whose loss was not finite.
    pub iteration: u64,
    /// Its epoch, counted from 1.
    pub epoch: u64,
    /// Its learning rate.
    pub learning_rate: f64,
}

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diverged { loss, culprit, iteration, epoch, learning_rate } = self;
        let rate =
            if (1e-4..1e5).contains(learning_rate) { format!("{learning_rate}") } else { format!("{learning_rate:e}") };
        write!(
            f,
            "training diverged at iteration {iteration} (epoch {epoch}), learning rate {rate}, loss {loss}: {culprit}. The last \
             finite checkpoint and the best model so far are kept. Try a learning rate ten times smaller, a warm-up (schedule.kind = \
             \"one-cycle\"), or gradients.clip_norm = 1"
        )
    }
}

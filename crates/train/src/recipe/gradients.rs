//! What lies between a minibatch's gradient and the parameters: accumulation, clipping, groups, and the average.

use serde::{Deserialize, Serialize};

/// `[gradients]`: what becomes of gradients before the update rule sees them.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `accumulate` | 1 | 1 to 10^9 | minibatches per update |
/// | `clip_value` | none | 1e-30 to 1e30 | each number of the gradient is brought into `[-clip_value, clip_value]`: [`optim::clip_value`] |
/// | `clip_norm` | none | 1e-30 to 1e30 | the whole gradient is scaled down to this L2 norm at most: [`optim::clip_norm`] |
///
/// # Order
/// Per update: the mean over the samples, plus the gradient of `[penalty]` (once), then `clip_value`, then `clip_norm`, then the
/// rule of `[optimizer]`. What is clipped is thus the gradient of the whole objective, and both bounds hold for what the
/// rule gets. Decoupled weight decay is part of the rule and is not clipped.
///
/// # Accumulation
/// With `accumulate = k` an update is made after every k-th minibatch of an epoch, along the mean over all samples of those
/// k minibatches, so k minibatches of m pictures make the step of one minibatch of `k * m`, to rounding (with class weights too:
/// the mean is then weighted over all k). At the end of an epoch a leftover of fewer than k minibatches makes an update of
/// its own, along the mean over its own samples; no gradient crosses into the next epoch.
///
/// All else counts minibatches and not updates: `iteration`, schedules, patience, limits, validation. An update uses the
/// learning rate of the minibatch that completes it. A validation or a stop in between sees the parameters as they are; the
/// gradients gathered so far are part of the checkpoint, and a resumed run continues with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gradients {
    /// Minibatches per update.
    #[serde(default = "Gradients::default_accumulate")]
    pub accumulate: u64,
    /// Largest absolute value of a gradient's numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// Largest L2 norm of the gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}

impl Gradients {
    fn default_accumulate() -> u64 {
        1
    }

    /// Whether gradients are clipped in any way.
    pub(crate) fn clips(&self) -> bool {
        self.clip_value.is_some() || self.clip_norm.is_some()
    }
}

impl Default for Gradients {
    fn default() -> Self {
        Gradients { accumulate: 1, clip_value: None, clip_norm: None }
    }
}

/// `[average]`: an exponential moving average of all parameters, weights and biases, validated beside the model itself.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `decay` | required | `[0, 1)` | part of the average that survives an update |
/// | `warm_up` | false | | at update t (from 0) the decay is `min(decay, (1 + t) / (10 + t))` |
///
/// After every update, `average <- d * average + (1 - d) * parameters`. Without `warm_up` the first update sets the
/// average to the parameters (d = 0 at t = 0), as PyTorch's `AveragedModel` and Keras' `ema_momentum` do; with it the average
/// starts at the initial values.
///
/// The averaged model is what early stopping, `limits.target_error` and the choice of the best go by, and what `best/`, the
/// test set and the report get; `last/` and `snapshots/` hold the model itself, `last/` with the average beside it. `metrics.csv` has both figures:
/// `validation_*` are the model's, `averaged_validation_*` the average's. The average draws nothing at random.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Average {
    /// Part of the average that survives an update.
    pub decay: f64,
    /// Whether the decay grows from 0.1.
    #[serde(default)]
    pub warm_up: bool,
}

impl Average {
    /// The decay of update `t`, counted from 0.
    pub fn decay_at(&self, t: u64) -> f64 {
        if self.warm_up {
            self.decay.min((1 + t) as f64 / (10 + t) as f64)
        } else if t == 0 {
            0.0
        } else {
            self.decay
        }
    }
}

/// `[[groups]]`: parameters that are stepped differently. Each table is a group.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `parameters` | required | a prefix of at least one parameter's name | which: `"conv"` is all of `conv1.*` and `conv2.*`, `"output.bias"` one bias |
/// | `learning_rate_factor` | 1 | 0 to 1e8 | what the learning rate is multiplied with; 0 freezes them |
/// | `decay` | true | | whether `[penalty]` and decoupled weight decay fall on the group's weights; on biases they never do |
///
/// A parameter may lie in one group at most; those in none keep the factor 1 and decay if they are weights. Decoupled
/// weight decay follows the group's rate, as it does in PyTorch's parameter groups. Each row of `metrics.csv` holds the rate
/// before the factor, and the penalty of the weights that it falls on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A prefix of the parameters' names.
    pub parameters: String,
    /// What the learning rate is multiplied with.
    #[serde(default = "Group::default_factor")]
    pub learning_rate_factor: f64,
    /// Whether the group's weights decay.
    #[serde(default = "Group::default_decay")]
    pub decay: bool,
}

impl Group {
    fn default_factor() -> f64 {
        1.0
    }
    fn default_decay() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decay_of_the_average_is_that_of_its_formula() {
        let plain = Average { decay: 0.99, warm_up: false };
        assert_eq!([0, 1, 2, 1000].map(|t| plain.decay_at(t)), [0.0, 0.99, 0.99, 0.99]);
        let warm = Average { decay: 0.99, warm_up: true };
        // (1 + t) / (10 + t) passes 0.99 at t = 890.
        assert_eq!([0, 1, 8, 80, 1000].map(|t| warm.decay_at(t)), [0.1, 2.0 / 11.0, 0.5, 0.9, 0.99]);
        let none = Average { decay: 0.0, warm_up: true };
        assert_eq!([0, 5].map(|t| none.decay_at(t)), [0.0, 0.0]);
    }
}

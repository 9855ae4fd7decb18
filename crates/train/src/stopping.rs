//! Early stopping as pure state machines: numbers in, decisions out, no tensors, no clock, no files.
//!
//! A [`Stopper`] is told the validation error after each validation ([`Stopper::observe`]) and asked after each
//! minibatch whether training is over ([`Stopper::is_over`]). Its whole memory is serialisable, so that a resumed run
//! decides exactly as the undisturbed one.
//!
//! Iterations are counted in minibatches from 0, as in the published rule: after the first minibatch, `iteration` is 0.

use serde::{Deserialize, Serialize};

/// When to stop before the last epoch. In a recipe: `[stopping]`, `kind = "..."`.
///
/// | kind | stops | keys (default) |
/// | --- | --- | --- |
/// | `never` | at the last epoch only | |
/// | `patience` | after the first minibatch with `patience <= iteration`; see [`Stopping::Patience`] | `patience` (5000), `increase` (2), `threshold` (0.995) |
/// | `no-improvement` | when `epochs` epochs in a row brought no new best error | `epochs` (10) |
/// | `halving` | as above, but each time the rate is multiplied by `factor`; stops when it would fall below `floor` times the base rate | `epochs` (10), `factor` (0.5), `floor` (1/1024) |
/// | `plateau` | as `halving`, but only an improvement by more than `threshold` resets the count, and `cooldown` epochs after a smaller rate count neither way | those of `halving`, `threshold` (0.0001), `mode` (`relative`), `cooldown` (0) |
///
/// Rules that count epochs are asked once per epoch. What is watched is a validation error or loss, lower being better; a new
/// best is any value below all before it. NaN is never lower, so it counts as a validation without improvement; a loss that
/// is not finite ends the run before the rule hears of it ([`Diverged`](crate::Diverged)). Whatever ends training, what comes
/// back is the best model; Keras' `EarlyStopping` gives back the last one unless `restore_best_weights = True`, Lightning's
/// leaves it to a `ModelCheckpoint`. `docs/semantics.md` compares the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stopping {
    /// Train for all epochs.
    #[serde(deserialize_with = "values::no_keys")]
    Never,
    /// Geometric patience (the tutorial's rule A). Validates every `min(minibatches per epoch, patience / 2)`
    /// minibatches. A validation error below `threshold * best` at iteration `i` sets
    /// `patience = max(patience, i * increase)`; any error below `best` becomes the best.
    ///
    /// Iterations count from 0, and training ends after the first minibatch with `patience <= iteration`: with a patience
    /// of p that nothing extends, p + 1 minibatches are trained. Keras and Lightning have no such rule: both count
    /// validations, at whatever point of training.
    Patience {
        /// Minibatches to train at least; 1 to 10^15.
        #[serde(default = "defaults::patience")]
        patience: u64,
        /// How far a significant improvement extends the patience; 1 to 1e6.
        #[serde(default = "defaults::increase")]
        increase: f64,
        /// An error below this fraction of the best counts as significant; in (0, 1].
        #[serde(default = "defaults::threshold")]
        threshold: f64,
    },
    /// No improvement in n epochs (rule B): with the best in epoch b, epoch b + n is the last one trained. With the best
    /// in epoch 5 and n = 3, that is epoch 8.
    ///
    /// The same as `patience = n` of Keras' and Lightning's `EarlyStopping` with `min_delta = 0`, n at least 1, and as burn's
    /// `NoImprovementSince { n_epochs: n }`. Keras' `patience = 0` stops as 1 does. Lightning counts validations, which
    /// may be more or fewer than epochs. For a `min_delta`, take `plateau`.
    NoImprovement {
        /// Epochs in a row without a new best; 1 to 10^9.
        #[serde(default = "defaults::epochs")]
        epochs: u64,
    },
    /// No improvement in n epochs, then a smaller learning rate (rule C). With the best in epoch b and none after it, the
    /// rate is multiplied after epochs b + n, b + 2n, ..., each time counting again; a new best starts the count again and
    /// leaves the rate. Training ends where the rate would pass below `floor` times the base rate; a rate at the floor is
    /// still trained with: a factor of 1/2 and a floor of 1/1024 make ten halvings and end training after epoch b + 11n.
    ///
    /// Keras and Lightning have no such rule. Keras' `ReduceLROnPlateau(patience = n, min_delta = 0)` shrinks after the same
    /// epochs, but stays at `min_lr` and never ends training.
    Halving {
        /// Epochs in a row without a new best before the rate shrinks; 1 to 10^9.
        #[serde(default = "defaults::epochs")]
        epochs: u64,
        /// What the rate is multiplied with; in (0, 1).
        #[serde(default = "defaults::factor")]
        factor: f64,
        /// Stop when the rate would fall below this fraction of the base rate; in (0, 1].
        #[serde(default = "defaults::floor")]
        floor: f64,
    },
    /// A smaller learning rate when the watched value has stopped falling by more than a threshold. As `halving`, but what
    /// resets the count is a value below `lowest * (1 - threshold)` or, absolute, below `lowest - threshold`, `lowest` being
    /// the last value that did so. The best model is still that of any new best. In the `cooldown` epochs after a change
    /// of the rate nothing is counted.
    ///
    /// PyTorch's `ReduceLROnPlateau(patience = epochs - 1)`: that one shrinks after *more than* `patience` bad epochs. Lightning
    /// uses PyTorch's. Keras' shrinks at the `patience`-th, as here, knows absolute thresholds only, and counts the last epoch
    /// of its cooldown: `cooldown = c` there is c - 1 here. None of the three ends training; here it ends at the floor.
    Plateau {
        /// Epochs in a row without a significant improvement before the rate shrinks; 1 to 10^9.
        #[serde(default = "defaults::epochs")]
        epochs: u64,
        /// What the rate is multiplied with; in (0, 1).
        #[serde(default = "defaults::factor")]
        factor: f64,
        /// Stop when the rate would fall below this fraction of the base rate; in (0, 1].
        #[serde(default = "defaults::floor")]
        floor: f64,
        /// How much lower a value must be to count; in [0, 1) when relative, 0 to 1e30 when absolute.
        #[serde(default = "defaults::significance")]
        threshold: f64,
        /// Whether that is a fraction of the lowest value or a difference from it.
        #[serde(default)]
        mode: Mode,
        /// Epochs after a change of the rate in which nothing is counted.
        #[serde(default)]
        cooldown: u64,
    },
}

/// What the threshold of [`Stopping::Plateau`] is measured by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Significant is a value below `lowest * (1 - threshold)`.
    #[default]
    Relative,
    /// Significant is a value below `lowest - threshold`.
    Absolute,
}

mod defaults {
    pub(super) fn patience() -> u64 {
        5000
    }
    pub(super) fn increase() -> f64 {
        2.0
    }
    pub(super) fn threshold() -> f64 {
        0.995
    }
    pub(super) fn epochs() -> u64 {
        10
    }
    pub(super) fn factor() -> f64 {
        0.5
    }
    pub(super) fn significance() -> f64 {
        1e-4
    }
    pub(super) fn floor() -> f64 {
        1.0 / 1024.0
    }
}

impl Stopping {
    /// The kind's name as in a recipe and in `summary.json`.
    pub fn name(&self) -> &'static str {
        match self {
            Stopping::Never => "never",
            Stopping::Patience { .. } => "patience",
            Stopping::NoImprovement { .. } => "no-improvement",
            Stopping::Halving { .. } => "halving",
            Stopping::Plateau { .. } => "plateau",
        }
    }

    /// Minibatches between validations: once per epoch, or more often where the patience is shorter than two epochs.
    pub fn validation_frequency(&self, steps_per_epoch: u64) -> u64 {
        match self {
            Stopping::Patience { patience, .. } => steps_per_epoch.min(patience / 2).max(1),
            _ => steps_per_epoch,
        }
    }
}

/// What a [`Stopper`] remembers between validations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopperState {
    /// The lowest value so far of what is watched: validation error or loss.
    pub best: Option<f64>,
    /// `plateau` only: the last value that was significantly lower than those before it.
    pub reference: Option<f64>,
    /// `plateau` only: validations left in which nothing is counted.
    pub cooldown: u64,
    /// `patience` only: train at least to this iteration.
    pub patience: u64,
    /// Validations in a row without a new best; for `plateau`, without a significant one.
    pub stale: u64,
    /// `halving` and `plateau`: what the scheduled rate is multiplied with.
    #[serde(rename = "rate_factor")] // its name in checkpoints
    pub lr_multiplier: f64,
    /// The rule has fired.
    pub over: bool,
}

impl StopperState {
    /// The same memory when something else is watched from now on: `best` is the value of the model that is kept, in the new
    /// measure. What was counted in the old one is forgotten; patience and learning rate stay as they are.
    pub(crate) fn measured_anew(self, best: Option<f64>) -> StopperState {
        StopperState { best, reference: self.reference.and(best), stale: 0, over: false, ..self }
    }

    /// Counts validations in a row without an improvement.
    fn count(&mut self, improved: bool) {
        self.stale = if improved { 0 } else { self.stale.saturating_add(1) };
    }

    /// Multiplies the rate with `factor`, or ends training where that would pass below `floor`.
    fn shrink_rate(&mut self, factor: f64, floor: f64) {
        if self.lr_multiplier * factor < floor {
            self.over = true;
        } else {
            self.lr_multiplier *= factor;
            self.stale = 0;
        }
    }
}

/// A rule together with its memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopper {
    rule: Stopping,
    memory: StopperState,
}

impl Stopper {
    /// A rule that has seen nothing.
    pub fn new(rule: &Stopping) -> Stopper {
        let patience = if let Stopping::Patience { patience, .. } = rule { *patience } else { 0 };
        let memory = StopperState {
            best: None,
            reference: None,
            cooldown: 0,
            patience,
            stale: 0,
            lr_multiplier: 1.0,
            over: false,
        };
        Stopper { rule: rule.clone(), memory }
    }

    /// A rule that continues from what it remembered.
    pub fn resume(rule: &Stopping, memory: StopperState) -> Stopper {
        Stopper { rule: rule.clone(), memory }
    }

    /// What to save.
    pub fn memory(&self) -> &StopperState {
        &self.memory
    }

    /// Takes in what is watched, validation error (a fraction) or loss, as seen after minibatch `iteration`; true when it
    /// is a new best. NaN is never a best.
    pub fn observe(&mut self, iteration: u64, value: f64) -> bool {
        let memory = &mut self.memory;
        let before = memory.best.unwrap_or(f64::INFINITY);
        let improved = value < before;
        if improved {
            memory.best = Some(value);
        }
        match self.rule {
            Stopping::Never => {}
            Stopping::Patience { increase, threshold, .. } => {
                if value < before * threshold {
                    memory.patience = memory.patience.max((iteration as f64 * increase) as u64);
                }
            }
            Stopping::NoImprovement { epochs } => {
                memory.count(improved);
                memory.over |= memory.stale >= epochs;
            }
            Stopping::Halving { epochs, factor, floor } => {
                memory.count(improved);
                if memory.stale >= epochs {
                    memory.shrink_rate(factor, floor);
                }
            }
            Stopping::Plateau { epochs, factor, floor, threshold, mode, cooldown } => {
                let significant = match (mode, memory.reference) {
                    (_, None) => !value.is_nan(),
                    (Mode::Relative, Some(lowest)) => value < lowest * (1.0 - threshold),
                    (Mode::Absolute, Some(lowest)) => value < lowest - threshold,
                };
                if significant {
                    memory.reference = Some(value);
                }
                memory.count(significant);
                if memory.cooldown > 0 {
                    memory.cooldown -= 1;
                    memory.stale = 0;
                }
                if memory.stale >= epochs {
                    memory.shrink_rate(factor, floor);
                    memory.cooldown = cooldown;
                }
            }
        }
        improved
    }

    /// Whether training ends after minibatch `iteration`.
    pub fn is_over(&self, iteration: u64) -> bool {
        match self.rule {
            Stopping::Patience { .. } => self.memory.patience <= iteration,
            _ => self.memory.over,
        }
    }

    /// What the scheduled learning rate is multiplied with, in (0, 1].
    pub fn lr_multiplier(&self) -> f64 {
        self.memory.lr_multiplier
    }
}

#[cfg(test)]
mod tests;

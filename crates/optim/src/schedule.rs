//! Learning-rate schedules as pure functions of the step: nothing to save, nothing to resume wrongly.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{Error, range};

/// How the learning rate changes over a run. `base` is the run's learning rate; `epoch` counts from 0 and is whole.
///
/// | `kind` | parameter | default | range | rate at step t of T |
/// | --- | --- | --- | --- | --- |
/// | `constant` | | | | `base` |
/// | `inverse-time` | `decay` | 0.001 | `[0, 1e9]` | `base / (1 + decay * epoch)` |
/// | `step` | `every` (epochs) | required | 1 to 10^9 | `base * factor^floor(epoch / every)` |
/// | | `factor` | 0.1 | `(0, 1]` | |
/// | `exponential` | `factor` | required | `[1e-30, 1e30]` | `base * factor^t`; above 1 the rate grows |
/// | `cosine` | `warm_up_epochs` | 0 | `[0, 1e9]` | W = round(`warm_up_epochs` * steps per epoch); for t < W: `base * (t + 1) / (W + 1)` |
/// | | `final_fraction` | 0 | `[0, 1]` | then `base * (f + (1 - f) * (1 + cos(pi * (t - W) / (T - W))) / 2)` |
/// | `one-cycle` | `warm_up_fraction` | 0.3 | `[0, 1]` | P = max(`warm_up_fraction` * T - 1, 0); for t < P from `base * start_fraction` to `base` |
/// | | `start_fraction` | 0.04 | `[0, 1]` | |
/// | | `final_fraction` | 0.000004 | `[0, 1]` | then, up to t = T - 1, from `base` to `base * final_fraction` |
/// | | `anneal` | `cosine` | `linear`, `cosine` | both ways along [`Anneal`] |
///
/// `constant`, `inverse-time` and `step` hold their rate for an epoch; the others change it every step. Past
/// the last step, `cosine` and `one-cycle` stay at their final rate.
///
/// # PyTorch's counterparts
/// - `inverse-time`: `LambdaLR(lambda epoch: 1 / (1 + decay * epoch))`, stepped once per epoch.
/// - `step`: `StepLR(step_size = every, gamma = factor)`, stepped once per epoch.
/// - `exponential`: `ExponentialLR(gamma = factor)`, stepped after every minibatch.
/// - `cosine`: `CosineAnnealingLR(T_max = T - W, eta_min = final_fraction * base)` stepped after every minibatch (many
///   programs step it once per epoch), after `LinearLR(start_factor = 1 / (W + 1), total_iters = W)`. As there, the final
///   rate would come at t = T, one step after the last. Source: Loshchilov and Hutter 2017, SGDR, without restarts.
/// - `one-cycle`: `OneCycleLR(max_lr = base, pct_start = warm_up_fraction, cycle_momentum = False)`, stepped after every
///   minibatch, two phases. Both fractions are of the peak here; PyTorch's `div_factor` is `1 / start_fraction` and its
///   `final_div_factor` is `start_fraction / final_fraction`. Momentum stays as it is. Where `warm_up_fraction * T` is at
///   most 1 the cycle starts at its peak; PyTorch starts just below it or divides by zero. Source: Smith 2018, "A
///   disciplined approach to neural network hyper-parameters".
///
/// ```
/// use optim::{Position, Schedule};
/// let halve = Schedule::Step { every: 2, factor: 0.5 };
/// // Ten minibatches per epoch: step 25 lies in epoch 2.
/// let at = Position { step: 25, steps_per_epoch: 10, total_steps: 100 };
/// assert_eq!(halve.rate(0.1, at), 0.05);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The base rate throughout.
    #[default]
    #[serde(deserialize_with = "values::no_keys")]
    Constant,
    /// `base / (1 + decay * epoch)`.
    InverseTime {
        /// Per epoch.
        #[serde(default = "default::decay")]
        decay: f64,
    },
    /// Multiplied by `factor` after every `every` epochs.
    Step {
        /// Epochs between two changes.
        every: u64,
        /// What each change multiplies the rate by.
        #[serde(default = "default::factor")]
        factor: f64,
    },
    /// Multiplied by `factor` after every minibatch.
    Exponential {
        /// What each change multiplies the rate by.
        factor: f64,
    },
    /// A linear warm-up, then half a cosine from the base rate down.
    Cosine {
        /// Final rate as a fraction of the base rate.
        #[serde(default = "default::cosine_final")]
        final_fraction: f64,
        /// Epochs of warm-up, counted into the total; 0 for none.
        #[serde(default = "default::warm_up_epochs")]
        warm_up_epochs: f64,
    },
    /// Up to the base rate, then down to almost nothing.
    OneCycle {
        /// Part of all steps that the way up takes.
        #[serde(default = "default::warm_up_fraction")]
        warm_up_fraction: f64,
        /// First rate as a fraction of the base rate.
        #[serde(default = "default::start_fraction")]
        start_fraction: f64,
        /// Last rate as a fraction of the base rate.
        #[serde(default = "default::one_cycle_final")]
        final_fraction: f64,
        /// The shape of both ways.
        #[serde(default)]
        anneal: Anneal,
    },
}

/// How a rate goes from `a` to `b` while x goes from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anneal {
    /// `a + (b - a) * x`.
    Linear,
    /// `b + (a - b) * (1 + cos(pi * x)) / 2`.
    #[default]
    Cosine,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Steps (minibatches) done before this one: 0 for the first.
    pub step: u64,
    /// Steps in an epoch; 0 is read as 1.
    pub steps_per_epoch: u64,
    /// Steps in the whole run, warm-up included.
    pub total_steps: u64,
}

impl Position {
    /// Epochs completed before this step: 0 during the first.
    pub fn epoch(&self) -> u64 {
        self.step / self.steps_per_epoch.max(1)
    }
}

impl Schedule {
    /// Refuses numbers that are not finite or out of the range in the table above.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Schedule::Constant => {}
            Schedule::InverseTime { decay } => {
                range::DECAY.check(decay)?;
            }
            Schedule::Step { every, factor } => {
                range::EVERY.check(every)?;
                range::FACTOR.check(factor)?;
            }
            Schedule::Exponential { factor } => {
                range::GROWTH.check(factor)?;
            }
            Schedule::Cosine { final_fraction, warm_up_epochs } => {
                range::FINAL_FRACTION.check(final_fraction)?;
                range::WARM_UP_EPOCHS.check(warm_up_epochs)?;
            }
            Schedule::OneCycle { warm_up_fraction, start_fraction, final_fraction, anneal: _ } => {
                range::WARM_UP_FRACTION.check(warm_up_fraction)?;
                range::START_FRACTION.check(start_fraction)?;
                range::FINAL_FRACTION.check(final_fraction)?;
            }
        }
        Ok(())
    }

    /// The learning rate of the step at `at`, by the formula in the table above. For a schedule that passed
    /// [`check`](Schedule::check) and a positive base it lies in `[0, base]`, unless it is an exponential that grows.
    pub fn rate(&self, base: f64, at: Position) -> f64 {
        let epoch = at.epoch() as f64;
        match *self {
            Schedule::Constant => base,
            Schedule::InverseTime { decay } => base / (1.0 + decay * epoch),
            Schedule::Step { every, factor } => base * factor.powf((at.epoch() / every.max(1)) as f64),
            Schedule::Exponential { factor } => base * factor.powf(at.step as f64),
            Schedule::Cosine { final_fraction, warm_up_epochs } => {
                let step = at.step as f64;
                let warm_up = (warm_up_epochs * at.steps_per_epoch.max(1) as f64).round();
                if step < warm_up {
                    return base * (step + 1.0) / (warm_up + 1.0);
                }
                let done = part(step - warm_up, at.total_steps as f64 - warm_up);
                Anneal::Cosine.between(base, base * final_fraction, done)
            }
            Schedule::OneCycle { warm_up_fraction, start_fraction, final_fraction, anneal } => {
                let step = at.step as f64;
                let last = (at.total_steps as f64 - 1.0).max(0.0);
                let peak = (warm_up_fraction * at.total_steps as f64 - 1.0).max(0.0);
                if step < peak {
                    anneal.between(base * start_fraction, base, step / peak)
                } else if step == peak {
                    base
                } else {
                    anneal.between(base, base * final_fraction, part(step - peak, last - peak))
                }
            }
        }
    }
}

impl Anneal {
    fn between(self, from: f64, to: f64, done: f64) -> f64 {
        match self {
            Anneal::Linear => from + (to - from) * done,
            Anneal::Cosine => to + (from - to) * (1.0 + (PI * done).cos()) / 2.0,
        }
    }
}

/// `done / of` in [0, 1]; a phase without length is over.
fn part(done: f64, of: f64) -> f64 {
    if of > 0.0 { (done / of).min(1.0) } else { 1.0 }
}

/// The defaults of the table above, in serde's form.
mod default {
    pub fn decay() -> f64 {
        1e-3
    }
    pub fn factor() -> f64 {
        0.1
    }
    pub fn cosine_final() -> f64 {
        0.0
    }
    pub fn warm_up_epochs() -> f64 {
        0.0
    }
    pub fn warm_up_fraction() -> f64 {
        0.3
    }
    pub fn start_fraction() -> f64 {
        0.04
    }
    pub fn one_cycle_final() -> f64 {
        4e-6
    }
}

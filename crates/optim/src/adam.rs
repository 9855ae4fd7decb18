//! Adam and AdamW: options, and the update of one parameter.

use serde::{Deserialize, Serialize};
#[cfg(feature = "tch")]
use tch::Tensor;

#[cfg(feature = "tch")]
use crate::pass::{add_scaled, square_root};
use crate::{Error, range};

/// Options of Adam, as `torch.optim.Adam` has them (without AMSGrad).
///
/// | parameter | default | range | formula (g gradient, t step from 1, eta learning rate) |
/// | --- | --- | --- | --- |
/// | `beta1` | 0.9 | `[0, 1)` | `m <- beta1 * m + (1 - beta1) * g` |
/// | `beta2` | 0.999 | `[0, 1)` | `v <- beta2 * v + (1 - beta2) * g^2` |
/// | `epsilon` | 1e-8 | `[1e-30, 1e30]` | `w <- w - eta * m' / (sqrt(v') + epsilon)` with `m' = m / (1 - beta1^t)`, `v' = v / (1 - beta2^t)` |
///
/// t counts the steps of each parameter, not of the optimiser, so one that is thawed late is not short-changed.
/// Source: Kingma and Ba 2015. A [`Penalty`](crate::Penalty) enters the gradient and is rescaled with it; for decay
/// that is not, take [`AdamWOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamOptions {
    /// Decay of the first moment, per step.
    pub beta1: f64,
    /// Decay of the second moment, per step.
    pub beta2: f64,
    /// Added to the denominator, after the bias correction.
    pub epsilon: f64,
}

impl Default for AdamOptions {
    fn default() -> Self {
        AdamOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl AdamOptions {
    /// Refuses values out of range.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key.
    pub fn check(&self) -> Result<(), Error> {
        range::BETA1.check(self.beta1)?;
        range::BETA2.check(self.beta2)?;
        range::EPSILON.check(self.epsilon)?;
        Ok(())
    }
}

/// Options of AdamW, as `torch.optim.AdamW` has them (without AMSGrad): Adam with decoupled weight decay.
///
/// | parameter | default | range | formula |
/// | --- | --- | --- | --- |
/// | `beta1`, `beta2`, `epsilon` | 0.9, 0.999, 1e-8 | as [`AdamOptions`] | as [`AdamOptions`] |
/// | `weight_decay` lambda | 0.01 | `[0, 1e8]` | before Adam's step, `w <- w * (1 - eta * lambda)` |
///
/// The decay falls on parameters marked as decaying (weights), never on the others (biases); PyTorch decays all that
/// its parameter groups do not exempt. Source: Loshchilov and Hutter 2019.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWOptions {
    /// Decay of the first moment, per step.
    pub beta1: f64,
    /// Decay of the second moment, per step.
    pub beta2: f64,
    /// Added to the denominator, after the bias correction.
    pub epsilon: f64,
    /// Part of a weight that a step at rate 1 takes away.
    pub weight_decay: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        let AdamOptions { beta1, beta2, epsilon } = AdamOptions::default();
        AdamWOptions { beta1, beta2, epsilon, weight_decay: 0.01 }
    }
}

impl AdamWOptions {
    /// Refuses values out of range.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key.
    pub fn check(&self) -> Result<(), Error> {
        self.moments().check()?;
        range::WEIGHT_DECAY.check(self.weight_decay)?;
        Ok(())
    }

    /// The part that Adam shares.
    pub(crate) fn moments(&self) -> AdamOptions {
        AdamOptions { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon }
    }
}

/// What changes from step to step (`step` counts from 1): epsilon with its bias correction, `-eta` with both, and with
/// decoupled weight decay what it leaves of a weight.
///
/// The order of the end of section 2 of the paper: the bias corrections go into two numbers, not into tensors.
#[cfg(feature = "tch")]
pub(crate) fn step_scalars(options: &AdamOptions, weight_decay: f64, step: u64, rate: f64) -> Vec<f64> {
    let correction1 = 1.0 - options.beta1.powf(step as f64);
    let correction2 = (1.0 - options.beta2.powf(step as f64)).sqrt();
    let mut step_scalars = vec![options.epsilon * correction2, -rate * correction2 / correction1];
    if weight_decay != 0.0 {
        step_scalars.push(1.0 - rate * weight_decay);
    }
    step_scalars
}

/// One step of `w` along `g` with those [`numbers`].
#[cfg(feature = "tch")]
pub(crate) fn update(
    options: &AdamOptions,
    m: &mut Tensor,
    v: &mut Tensor,
    w: &mut Tensor,
    g: &Tensor,
    step_scalars: &[Tensor],
) -> Result<(), Error> {
    if let Some(left_by_decay) = step_scalars.get(2) {
        let _ = w.f_mul_(left_by_decay)?;
    }
    let _ = m.f_lerp_(g, 1.0 - options.beta1)?;
    // The only buffer: g^2, then the denominator, then the direction.
    let mut buffer = g.f_square()?;
    let _ = v.f_lerp_(&buffer, 1.0 - options.beta2)?;
    square_root(v, &mut buffer)?;
    let _ = buffer.f_add_(&step_scalars[0])?;
    let _ = m.f_div_out(&buffer, &buffer)?;
    add_scaled(w, &buffer, &step_scalars[1])
}

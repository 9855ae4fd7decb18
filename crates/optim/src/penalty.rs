//! L1 and L2 penalties, reported apart from the data loss and added to gradients without an autograd graph.

use serde::{Deserialize, Serialize};
#[cfg(feature = "tch")]
use tch::{Device, Kind, Tensor};

#[cfg(feature = "tch")]
use crate::pass::{Scalars, saturated};
use crate::{Error, range};

/// `l1 * sum |w| + l2 * sum w^2`, the sums over all weights, never the biases.
///
/// | parameter | default | range | adds to the gradient |
/// | --- | --- | --- | --- |
/// | `l1` | 0 | `[0, 1e30]` | `l1 * sign(w)`, with sign(0) = 0 |
/// | `l2` | 0 | `[0, 1e30]` | `2 * l2 * w` |
///
/// There is no factor 1/2 and no division by the number of samples or weights: PyTorch's `weight_decay` adds `wd * w` to
/// the gradient, so `l2 = wd / 2`. A penalty of 0 costs nothing. For decay that an adaptive rule does not rescale, see
/// [`AdamWOptions`](crate::AdamWOptions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Penalty {
    /// Factor of the sum of absolute values.
    pub l1: f64,
    /// Factor of the sum of squares.
    pub l2: f64,
}

impl Penalty {
    /// Refuses factors that are negative or not finite.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the factor.
    pub fn check(&self) -> Result<(), Error> {
        range::L1.check(self.l1)?;
        range::L2.check(self.l2)?;
        Ok(())
    }

    /// Whether it is no penalty at all.
    pub fn is_zero(&self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }
}

#[cfg(feature = "tch")]
impl Penalty {
    /// The penalty of `weights` (floats of any shape, on one device) as a 0-dim f32 tensor on their device; nothing waits
    /// for the device. It is differentiable, but [`add_gradient`](Penalty::add_gradient) is the faster way to its gradient:
    /// where only the number is wanted, call this without gradients (`tch::no_grad_guard`).
    ///
    /// # Errors
    ///
    /// [`Error::Libtorch`], as where memory runs out.
    pub fn value(&self, weights: &[Tensor]) -> Result<Tensor, Error> {
        let device = weights.first().map_or(Device::Cpu, Tensor::device);
        let mut total = Tensor::f_zeros([] as [i64; 0], (Kind::Float, device))?;
        if self.is_zero() {
            return Ok(total);
        }
        for weight in weights {
            let flat = weight.f_reshape([-1])?;
            if self.l1 != 0.0 {
                let sum = flat.f_abs()?.f_sum(weight.kind())?;
                total = total.f_add(&sum.f_mul_scalar(saturated(self.l1, weight.kind()))?.f_to_kind(Kind::Float)?)?;
            }
            if self.l2 != 0.0 {
                // The dot product of a weight with itself makes no squared copy.
                let sum = flat.f_dot(&flat)?;
                total = total.f_add(&sum.f_mul_scalar(saturated(self.l2, weight.kind()))?.f_to_kind(Kind::Float)?)?;
            }
        }
        Ok(total)
    }

    /// Adds the penalty's gradient, `l1 * sign(w) + 2 * l2 * w`, to each weight's `.grad`, in place and without an
    /// autograd graph. To be called after `backward`; a weight without `.grad` is skipped, as the optimiser skips it.
    ///
    /// # Errors
    ///
    /// [`Error::Libtorch`], as where memory runs out.
    pub fn add_gradient(&self, weights: &[Tensor]) -> Result<(), Error> {
        let mut scalars = Scalars::default();
        for weight in weights.iter().filter(|_| !self.is_zero()) {
            let mut gradient = weight.grad();
            if gradient.defined() {
                self.add_to(weight, &mut gradient, &mut scalars)?;
            }
        }
        Ok(())
    }

    /// Adds the penalty's gradient at `weight` to `gradient`, in place.
    pub(crate) fn add_to(&self, weight: &Tensor, gradient: &mut Tensor, scalars: &mut Scalars) -> Result<(), Error> {
        let _guard = tch::no_grad_guard();
        if self.l1 != 0.0 {
            scalars.add_scaled(gradient, &weight.f_sign()?, self.l1)?;
        }
        if self.l2 != 0.0 {
            scalars.add_scaled(gradient, weight, 2.0 * self.l2)?;
        }
        Ok(())
    }
}

//! RMSprop: options, and the update of one parameter.

use serde::{Deserialize, Serialize};
#[cfg(feature = "tch")]
use tch::Tensor;

#[cfg(feature = "tch")]
use crate::pass::{Scalars, add_scaled, saturated, square_root};
use crate::{Error, range};

/// Options of RMSprop, as `torch.optim.RMSprop` has them.
///
/// | parameter | default | range | formula (g gradient, eta learning rate) |
/// | --- | --- | --- | --- |
/// | `smoothing` alpha | 0.99 | `[0, 1)` | `s <- alpha * s + (1 - alpha) * g^2` |
/// | `centered` | false | | `a <- alpha * a + (1 - alpha) * g`, and `s - a^2` in the place of `s` below |
/// | `epsilon` | 1e-8 | `[1e-30, 1e30]` | `d = g / (sqrt(s) + epsilon)` |
/// | `momentum` mu | 0 | `[0, 1)` | `v <- mu * v + d`; `w <- w - eta * v` (`w - eta * d` without momentum) |
///
/// `smoothing` is PyTorch's `alpha`. All averages start at zero and are not corrected for it. `s - a^2`, which rounding can
/// make negative, is taken as at least 0; PyTorch's would be NaN there. Source: Tieleman and Hinton 2012, lecture 6.5;
/// centred: Graves 2013.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsPropOptions {
    /// Part of the running averages that survives a step.
    pub smoothing: f64,
    /// Added to the denominator, after the root.
    pub epsilon: f64,
    /// Part of the momentum buffer that survives a step.
    pub momentum: f64,
    /// Whether to divide by the standard deviation in the place of the root mean square.
    pub centered: bool,
}

impl Default for RmsPropOptions {
    fn default() -> Self {
        RmsPropOptions { smoothing: 0.99, epsilon: 1e-8, momentum: 0.0, centered: false }
    }
}

impl RmsPropOptions {
    /// Refuses values out of range.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key.
    pub fn check(&self) -> Result<(), Error> {
        range::SMOOTHING.check(self.smoothing)?;
        range::EPSILON.check(self.epsilon)?;
        range::MOMENTUM.check(self.momentum)?;
        Ok(())
    }
}

/// What RMSprop remembers of one parameter; the optional parts are there exactly when the options ask for them.
#[cfg(feature = "tch")]
#[derive(Debug)]
pub(crate) struct Averages {
    pub square_average: Tensor,
    pub average: Option<Tensor>,
    pub momentum: Option<Tensor>,
}

/// One step of `w` along `g`; of `numbers` there is one, `-eta`.
#[cfg(feature = "tch")]
pub(crate) fn update(
    options: &RmsPropOptions,
    memory: &mut Averages,
    w: &mut Tensor,
    g: &Tensor,
    step_scalars: &[Tensor],
    scalars: &mut Scalars,
) -> Result<(), Error> {
    // The only buffer: g^2, then the denominator, then the direction.
    let mut buffer = g.f_square()?;
    let square = &mut memory.square_average;
    let _ = square.f_lerp_(&buffer, 1.0 - options.smoothing)?;
    if let Some(average) = &mut memory.average {
        let _ = average.f_lerp_(g, 1.0 - options.smoothing)?;
        let _ = average.f_square_out(&buffer)?;
        let _ = square.f_sub_out(&buffer, &buffer)?;
        let _ = buffer.f_clamp_min_(0.0)?;
        square_root(&buffer.shallow_clone(), &mut buffer)?;
    } else {
        square_root(square, &mut buffer)?;
    }
    let _ = buffer.f_add_scalar_(saturated(options.epsilon, w.kind()))?;
    let _ = g.f_div_out(&buffer, &buffer)?;
    if let Some(v) = &mut memory.momentum {
        let mu = scalars.get(options.momentum, v)?;
        let _ = buffer.f_addcmul_out(v, v, &mu)?;
        add_scaled(w, v, &step_scalars[0])
    } else {
        add_scaled(w, &buffer, &step_scalars[0])
    }
}

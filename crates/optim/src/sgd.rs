//! Stochastic gradient descent with momentum: options, and the update of one parameter.

use serde::{Deserialize, Serialize};
#[cfg(feature = "tch")]
use tch::Tensor;

#[cfg(feature = "tch")]
use crate::pass::{Scalars, add_scaled};
use crate::{Error, range};

/// Options of SGD, as `torch.optim.SGD` has them.
///
/// | parameter | default | range | formula (g gradient, v momentum buffer, eta learning rate) |
/// | --- | --- | --- | --- |
/// | `momentum` mu | 0 | `[0, 1)` | `v <- mu * v + (1 - dampening) * g`, but `v <- g` in the first step; `w <- w - eta * v` |
/// | `dampening` | 0 | `[0, 1]` | |
/// | `nesterov` | false | needs mu > 0 and dampening 0 | `w <- w - eta * (g + mu * v)` |
///
/// Without momentum `w <- w - eta * g`, nothing is stored, and dampening has no effect. PyTorch's `weight_decay` is
/// [`Penalty`](crate::Penalty)'s `l2`, times two. Source: Sutskever et al. 2013, in PyTorch's form, where the rate
/// multiplies the buffer and is not gathered in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Part of the buffer that survives a step.
    pub momentum: f64,
    /// Part of the gradient that does not enter the buffer.
    pub dampening: f64,
    /// Whether to look ahead along the buffer.
    pub nesterov: bool,
}

impl SgdOptions {
    /// Refuses values out of range, and Nesterov momentum without momentum or with dampening.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key; [`Error::Nesterov`].
    pub fn check(&self) -> Result<(), Error> {
        let momentum = range::MOMENTUM.check(self.momentum)?;
        let dampening = range::DAMPENING.check(self.dampening)?;
        if self.nesterov && (momentum == 0.0 || dampening != 0.0) {
            return Err(Error::Nesterov { momentum, dampening });
        }
        Ok(())
    }
}

/// What changes from step to step: `-eta`, and with Nesterov's momentum `-eta * mu` behind it.
#[cfg(feature = "tch")]
pub(crate) fn step_scalars(options: &SgdOptions, rate: f64) -> Vec<f64> {
    if options.nesterov { vec![-rate, -rate * options.momentum] } else { vec![-rate] }
}

/// One step of `w` along `g` with those [`numbers`]; `momentum` is there exactly when the options ask for it.
#[cfg(feature = "tch")]
pub(crate) fn update(
    options: &SgdOptions,
    momentum: Option<&mut Tensor>,
    is_first: bool,
    w: &mut Tensor,
    g: &Tensor,
    step_scalars: &[Tensor],
    scalars: &mut Scalars,
) -> Result<(), Error> {
    let Some(v) = momentum else {
        return add_scaled(w, g, &step_scalars[0]);
    };
    let mu = options.momentum;
    if is_first {
        v.f_copy_(g)?;
    } else if options.dampening == 0.0 {
        // v <- g + mu * v in one pass: libtorch may write over an operand that it reads element by element.
        let mu = scalars.get(mu, v)?;
        let _ = g.f_addcmul_out(v, v, &mu)?;
    } else {
        let _ = v.f_mul_scalar_(mu)?;
        scalars.add_scaled(v, g, 1.0 - options.dampening)?;
    }
    if options.nesterov {
        add_scaled(w, g, &step_scalars[0])?;
        add_scaled(w, v, &step_scalars[1])
    } else {
        add_scaled(w, v, &step_scalars[0])
    }
}

//! Gradient clipping by norm and by value, in place, without waiting for the device.

use tch::{Kind, Tensor};

use crate::pass::saturated;
use crate::{Error, range};

/// What PyTorch adds to the norm, so that a norm of zero divides nothing.
const NORM_EPSILON: f64 = 1e-6;

/// Scales all `gradients` by one factor, `min(1, max_norm / (norm + 1e-6))`, where `norm` is the L2 norm of all of them
/// taken as one vector, and returns that norm from before: 0-dim, of the gradients' dtype, on their device.
///
/// The factor is computed on the device and always multiplied in, so nothing waits; read the norm (`double_value`) only
/// where you report it. A norm that is NaN makes the gradients NaN, and an infinite one makes them 0 or NaN; nothing is
/// hidden. Undefined gradients are skipped; of no gradients the norm is 0.
///
/// `max_norm` lies in `[1e-30, 1e30]`. All gradients must lie on one device. Equals `torch.nn.utils.clip_grad_norm_`. Source:
/// Pascanu et al. 2013.
///
/// # Errors
/// `max_norm` out of range; libtorch out of memory.
pub fn clip_norm(gradients: &[Tensor], max_norm: f64) -> Result<Tensor, Error> {
    let max_norm = range::MAX_NORM.check(max_norm)?;
    let _guard = tch::no_grad_guard();
    let defined: Vec<&Tensor> = gradients.iter().filter(|gradient| gradient.defined()).collect();
    let norms = defined.iter().map(|gradient| gradient.f_norm()).collect::<Result<Vec<_>, _>>()?;
    if norms.is_empty() {
        return Ok(Tensor::f_zeros([] as [i64; 0], (Kind::Float, tch::Device::Cpu))?);
    }
    let norm = Tensor::f_stack(&norms, 0)?.f_norm()?;
    let mut factor = norm.f_add_scalar(NORM_EPSILON)?.f_reciprocal()?;
    let _ = factor.f_mul_scalar_(saturated(max_norm, norm.kind()))?.f_clamp_max_(1.0)?;
    for gradient in defined {
        let _ = gradient.shallow_clone().f_mul_(&factor)?;
    }
    Ok(norm)
}

/// Brings each number of `gradients` into `[-max_value, max_value]`, in place. NaN stays NaN; undefined gradients are
/// skipped.
///
/// `max_value` lies in `[1e-30, 1e30]`. Equals `torch.nn.utils.clip_grad_value_`.
///
/// # Errors
/// `max_value` out of range.
pub fn clip_value(gradients: &[Tensor], max_value: f64) -> Result<(), Error> {
    let max_value = range::MAX_VALUE.check(max_value)?;
    let _guard = tch::no_grad_guard();
    for gradient in gradients.iter().filter(|gradient| gradient.defined()) {
        let bound = saturated(max_value, gradient.kind());
        let _ = gradient.shallow_clone().f_clamp_(-bound, bound)?;
    }
    Ok(())
}

//! In which dtype a training step computes: autocast for the forward pass, and the loss scale that f16 needs.

use crate::error::Error;
use crate::recipe::Precision;
use models::{Features, Mode, Model};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};
use torch_ext::Autocast;

/// Sets libtorch's switches for runs on CUDA: TF32 where the recipe asks for it, and convolutions that repeat their bits.
pub(crate) fn prepare(precision: Precision, device: Device) -> Result<(), Error> {
    if device.is_cuda() {
        torch_ext::allow_tf32(precision == Precision::Tf32)?;
        torch_ext::deterministic_convolutions(true)?;
    }
    Ok(())
}

/// The logits of a training minibatch, f32 `[m, classes]`.
pub(crate) fn forward(precision: Precision, model: &Model, images: &Tensor) -> Result<Tensor, Error> {
    let _region = region(precision, model)?;
    Ok(model.forward(images, Mode::Train).to_kind(Kind::Float))
}

/// What the head takes of a training minibatch, f32 `[m, features]`, where the model has a head of its own.
pub(crate) fn features<'m>(
    precision: Precision,
    model: &'m Model,
    images: &Tensor,
) -> Result<Option<Features<'m>>, Error> {
    let _region = region(precision, model)?;
    let features = model.features(images, Mode::Train);
    Ok(features.map(|it| Features { features: it.features.to_kind(Kind::Float), ..it }))
}

/// A region of autocast for one pass forward, so that the next one casts the weights again.
fn region(precision: Precision, model: &Model) -> Result<Option<Autocast>, Error> {
    Ok(match precision {
        Precision::F32 | Precision::Tf32 => None,
        Precision::Bf16 => Some(Autocast::enter(model.device(), Kind::BFloat16)?),
        Precision::F16 => Some(Autocast::enter(model.device(), Kind::Half)?),
    })
}

/// What the loss is multiplied with before backward in f16, so that small gradients do not vanish, as
/// `torch.amp.GradScaler` does: halved where a gradient overflows, and that minibatch left out; doubled after 2000
/// minibatches without. At 1 nothing is left out: what overflows there has diverged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    /// The factor, a power of two from 1 on.
    pub factor: f64,
    /// Minibatches since it changed.
    pub steady: u32,
}

impl Default for LossScale {
    fn default() -> LossScale {
        LossScale { factor: 65_536.0, steady: 0 }
    }
}

impl LossScale {
    const PATIENCE: u32 = 2000;

    /// Takes in whether the gradients of a minibatch overflowed; says whether to leave it out.
    pub fn observe(&mut self, overflowed: bool) -> bool {
        if overflowed && self.factor > 1.0 {
            *self = LossScale { factor: (self.factor / 2.0).max(1.0), steady: 0 };
            return true;
        }
        self.steady += 1;
        if self.steady >= Self::PATIENCE && !overflowed {
            *self = LossScale { factor: self.factor * 2.0, steady: 0 };
        }
        false
    }

    /// Divides the factor out of `gradients`, in place, and says whether all of them were finite. Waits for the device.
    pub(crate) fn unscale(&self, gradients: &[Tensor]) -> Result<bool, Error> {
        let _guard = tch::no_grad_guard();
        let failed = Error::torch("unscale gradients");
        let mut finite = true;
        for gradient in gradients.iter().filter(|gradient| gradient.defined()) {
            let _ = gradient.shallow_clone().f_mul_scalar_(1.0 / self.factor).map_err(failed)?;
            finite &= gradient.isfinite().all().int64_value(&[]) != 0;
        }
        Ok(finite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_halves_at_each_overflow_down_to_one_and_doubles_after_two_thousand_minibatches_without() {
        let mut scale = LossScale { factor: 4.0, steady: 1999 };
        assert!(!scale.observe(false));
        assert_eq!(scale, LossScale { factor: 8.0, steady: 0 });
        for factor in [4.0, 2.0, 1.0] {
            assert!(scale.observe(true));
            assert_eq!(scale, LossScale { factor, steady: 0 });
        }
        assert!(!scale.observe(true), "at 1 nothing is left out");
        assert!((0..1998).all(|_| !scale.observe(false)));
        assert_eq!(scale.factor, 1.0);
        scale.observe(false);
        assert_eq!(scale.factor, 2.0);
    }
}

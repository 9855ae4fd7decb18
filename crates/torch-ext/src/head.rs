//! A classifier's last layer together with its loss, for CPUs and f32.

use tch::Tensor;

use crate::{Error, Isa, shim};

/// [`cross_entropy`](crate::cross_entropy()) of the logits that [`linear`](crate::linear()) makes of features
/// `[n, features]`, weights `[classes, features]` and a bias `[classes]`, with n at least 1 and up to
/// [`FEW_CLASSES`](crate::FEW_CLASSES) classes: the mean loss, a single f32, and the number of errors, a single Int64.
///
/// Where gradients are wanted, they are computed on the way forward, so that the features are read from memory once.
/// Autograd knows the gradient with respect to features, weights and bias; not the gradient of that gradient. Those of
/// weights and bias depend on the number of libtorch's threads in their last bits.
///
/// # Errors
/// A label out of range; shapes that do not fit; another dtype or device; an instruction set that this processor lacks.
pub fn linear_cross_entropy(
    features: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    labels: &Tensor,
    isa: Isa,
) -> Result<(Tensor, Tensor), Error> {
    shim::linear_cross_entropy(features, weight, bias, labels, isa.check()?)
}

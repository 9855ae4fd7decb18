//! The loss of few classes together with the number of errors, for CPUs and f32.

use tch::Tensor;

use crate::{Error, Isa, shim};

/// The most classes that [`cross_entropy()`] takes.
pub const FEW_CLASSES: i64 = 16;

/// Mean negative log-likelihood of `labels` (Int64, `[n]`) under the softmax of `logits` (`[n, classes]`, n at least 1,
/// up to [`FEW_CLASSES`]), a single f32; and how many rows have their greatest logit elsewhere, a single Int64. libtorch
/// walks such short rows value by value, in five operations.
///
/// Autograd knows the gradient of the loss with respect to the logits; not the gradient of that gradient. The number of
/// threads changes nothing.
///
/// # Errors
/// A label out of range; shapes that do not fit; another dtype or device; an instruction set that this processor lacks.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor, isa: Isa) -> Result<(Tensor, Tensor), Error> {
    shim::cross_entropy(logits, labels, isa.check()?)
}

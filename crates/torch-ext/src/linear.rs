//! Fully connected layers with few outputs, for CPUs and f32: a classifier's last layer, or all of softmax regression.

use tch::Tensor;

use crate::{Error, Isa, shim};

/// Up to so many outputs [`linear()`] is the faster way; it takes any number.
pub const FEW_OUTPUTS: i64 = 16;

/// `x` times the transpose of `weight`, plus `bias`: `[n, features]`, `[outputs, features]` and `[outputs]` to
/// `[n, outputs]`, with n at least 1. libtorch's matrix product spends most of its time on copying when one side has ten
/// columns.
///
/// Autograd knows the gradient with respect to all three; not the gradient of that gradient. The gradient of the
/// weights depends on the number of libtorch's threads in its last bits.
///
/// # Errors
/// Shapes that do not fit; another dtype or device; an instruction set that this processor lacks.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, isa: Isa) -> Result<Tensor, Error> {
    shim::linear(x, weight, bias, isa.check()?)
}

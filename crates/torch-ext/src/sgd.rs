//! Stochastic gradient descent with its penalty in one pass over a parameter, for CPUs and f32.

use tch::Tensor;

use crate::{Error, Isa, shim};

/// The numbers of one step; computed with in f32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Learning rate eta.
    pub rate: f64,
    /// Factor of the L1 penalty.
    pub l1: f64,
    /// Factor of the L2 penalty.
    pub l2: f64,
    /// Part mu of the momentum buffer that survives; of no effect without a buffer.
    pub momentum: f64,
    /// Whether to look ahead along the buffer.
    pub nesterov: bool,
    /// Whether the buffer holds nothing yet.
    pub first: bool,
}

/// Moves `parameter` along `gradient`, in place and without an autograd graph, with
/// `d = gradient + l1 * sign(w) + 2 * l2 * w`:
///
/// - without momentum `w <- w - eta * d`;
/// - with it `v <- mu * v + d` (`v <- d` in the first step) and `w <- w - eta * v`, or with Nesterov's
///   `w <- w - eta * (d + mu * v)`.
///
/// Says whether all of d was finite. All tensors are f32, contiguous, on the CPU, and of one shape. The number of threads
/// changes nothing.
///
/// # Errors
/// Tensors that are not so; an instruction set that this processor lacks.
pub fn sgd(
    parameter: &mut Tensor,
    gradient: &Tensor,
    momentum: Option<&mut Tensor>,
    step: &SgdStep,
    isa: Isa,
) -> Result<bool, Error> {
    shim::sgd(parameter, gradient, momentum, step, isa.check()?)
}

//! Switches of libtorch as a whole.

use crate::{Error, shim};

/// Whether CUDA may round the factors of f32 products and convolutions to TF32 (10 bits after the point), several times
/// as fast on Ampere and later. No effect elsewhere. libtorch's defaults differ: off for products, on for convolutions.
///
/// # Errors
///
/// Where libtorch refuses.
pub fn allow_tf32(allow: bool) -> Result<(), Error> {
    shim::allow_tf32(allow)
}

/// Whether cuDNN takes convolutions that give the same bits every time, instead of measuring which is fastest.
///
/// # Errors
///
/// Where libtorch refuses.
pub fn deterministic_convolutions(wanted: bool) -> Result<(), Error> {
    shim::deterministic_convolutions(wanted)
}

/// What `body` gives, and how often it read a value from a tensor, in this whole process: each such read (`double_value`,
/// `int64_value`, `nonzero`, a comparison of whole tensors) makes the host wait for the device. The count is the same on
/// every device, so that a test on a CPU tells how a program would wait on CUDA. Copies of whole tensors to the host,
/// which wait as well, are not counted.
///
/// # Errors
/// libtorch's observers are not to be had.
pub fn count_host_reads<T>(body: impl FnOnce() -> T) -> Result<(T, u64), Error> {
    let handle = shim::count_start()?;
    let result = body();
    Ok((result, shim::count_stop(handle)))
}

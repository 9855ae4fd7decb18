//! The functions of the C++ side made safe: they get tensors that live as long as the call, and turn every exception
//! into a message. All of the package's `unsafe` code is here.
#![allow(unsafe_code, reason = "calling C++ is what this module is for")]

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use tch::Tensor;
use torch_sys::C_tensor;

/// libtorch or the kernels refused; the text says what they were given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

unsafe extern "C" {
    fn minibatch_lanes(isa: c_int) -> i64;
    fn minibatch_pack(result: *mut *mut C_tensor, rows: *const C_tensor, isa: c_int) -> *mut c_char;
    fn minibatch_unpack(result: *mut *mut C_tensor, packed: *const C_tensor, count: i64, isa: c_int) -> *mut c_char;
    fn minibatch_convolve_pool(
        result: *mut *mut C_tensor,
        packed: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        keep_border: bool,
        isa: c_int,
    ) -> *mut c_char;
    fn minibatch_linear(
        result: *mut *mut C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        isa: c_int,
    ) -> *mut c_char;
    fn minibatch_free(message: *mut c_char);
}

/// Pictures in a block of that instruction set.
pub(crate) fn lanes(isa: c_int) -> i64 {
    // SAFETY: reads a constant.
    unsafe { minibatch_lanes(isa) }
}

pub(crate) fn pack(rows: &Tensor, isa: c_int) -> Result<Tensor, Error> {
    // SAFETY: the pointers are those of tensors that outlive the call, which only reads them.
    tensor(|result| unsafe { minibatch_pack(result, rows.as_ptr(), isa) })
}

pub(crate) fn unpack(packed: &Tensor, count: i64, isa: c_int) -> Result<Tensor, Error> {
    // SAFETY: as in `pack`.
    tensor(|result| unsafe { minibatch_unpack(result, packed.as_ptr(), count, isa) })
}

pub(crate) fn convolve_pool(
    packed: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    keep_border: bool,
    isa: c_int,
) -> Result<Tensor, Error> {
    let (packed, weight, bias) = (packed.as_ptr(), weight.as_ptr(), bias.as_ptr());
    // SAFETY: as in `pack`.
    tensor(|result| unsafe { minibatch_convolve_pool(result, packed, weight, bias, keep_border, isa) })
}

pub(crate) fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, isa: c_int) -> Result<Tensor, Error> {
    // SAFETY: as in `pack`.
    tensor(|result| unsafe { minibatch_linear(result, x.as_ptr(), weight.as_ptr(), bias.as_ptr(), isa) })
}

/// Calls a function that gives a tensor.
fn tensor(call: impl FnOnce(*mut *mut C_tensor) -> *mut c_char) -> Result<Tensor, Error> {
    let mut result = ptr::null_mut();
    done(call(&mut result))?;
    // SAFETY: the shim reported success, so it has made a tensor, which is ours alone from here on.
    Ok(unsafe { Tensor::from_ptr(result) })
}

/// What a function answered: null, or a message that must be freed.
fn done(message: *mut c_char) -> Result<(), Error> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the shim's messages are C strings from malloc, given to nobody else.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: as above, and it is not used again.
    unsafe { minibatch_free(message) };
    Err(Error(text))
}

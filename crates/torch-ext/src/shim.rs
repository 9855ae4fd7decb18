//! The functions of the C++ side made safe: they get tensors that live as long as the call, and turn every exception
//! into a message. The package's `unsafe` code is here, in `graph_shim` and in `group_shim`.
#![allow(unsafe_code, reason = "calling C++ is what this module is for")]

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::SgdStep;
use crate::error::Error;

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
    fn minibatch_cross_entropy(
        loss: *mut *mut C_tensor,
        errors: *mut *mut C_tensor,
        logits: *const C_tensor,
        labels: *const C_tensor,
        isa: c_int,
    ) -> *mut c_char;
    fn minibatch_linear_cross_entropy(
        loss: *mut *mut C_tensor,
        errors: *mut *mut C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        labels: *const C_tensor,
        isa: c_int,
    ) -> *mut c_char;
    fn minibatch_sgd(
        finite: *mut bool,
        parameter: *mut C_tensor,
        gradient: *const C_tensor,
        momentum: *mut C_tensor,
        rate: f32,
        l1: f32,
        twice_l2: f32,
        mu: f32,
        rate_ahead: f32,
        nesterov: bool,
        first: bool,
        isa: c_int,
    ) -> *mut c_char;
    fn minibatch_autocast_enter(cuda: bool, half: bool, was_on: *mut bool, was: *mut c_int) -> *mut c_char;
    fn minibatch_autocast_leave(cuda: bool, was_on: bool, was: c_int);
    fn minibatch_allow_tf32(allow: bool) -> *mut c_char;
    fn minibatch_deterministic_convolutions(wanted: bool) -> *mut c_char;
    fn minibatch_count_start(handle: *mut u64) -> *mut c_char;
    fn minibatch_count_stop(handle: u64) -> u64;
    fn minibatch_team_size(computing: i64) -> i64;
    fn minibatch_team_make(size: i64);
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

pub(crate) fn cross_entropy(logits: &Tensor, labels: &Tensor, isa: c_int) -> Result<(Tensor, Tensor), Error> {
    let mut errors = ptr::null_mut();
    // SAFETY: as in `pack`.
    let loss =
        tensor(|loss| unsafe { minibatch_cross_entropy(loss, &mut errors, logits.as_ptr(), labels.as_ptr(), isa) })?;
    // SAFETY: the shim reported success, so it has made both tensors.
    Ok((loss, unsafe { Tensor::from_ptr(errors) }))
}

pub(crate) fn linear_cross_entropy(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    labels: &Tensor,
    isa: c_int,
) -> Result<(Tensor, Tensor), Error> {
    let (x, weight, bias, labels) = (x.as_ptr(), weight.as_ptr(), bias.as_ptr(), labels.as_ptr());
    let mut errors = ptr::null_mut();
    // SAFETY: as in `pack`.
    let loss =
        tensor(|loss| unsafe { minibatch_linear_cross_entropy(loss, &mut errors, x, weight, bias, labels, isa) })?;
    // SAFETY: the shim reported success, so it has made both tensors.
    Ok((loss, unsafe { Tensor::from_ptr(errors) }))
}

pub(crate) fn sgd(
    parameter: &mut Tensor,
    gradient: &Tensor,
    momentum: Option<&mut Tensor>,
    step: &SgdStep,
    isa: c_int,
) -> Result<bool, Error> {
    let &SgdStep { rate, l1, l2, momentum: mu, nesterov, first } = step;
    let velocity = momentum.map_or(ptr::null_mut(), |it| it.as_mut_ptr());
    let rate_ahead = (rate * mu) as f32;
    let (rate, l1, twice_l2, mu) = (rate as f32, l1 as f32, (2.0 * l2) as f32, mu as f32);
    let (w, g, mut finite) = (parameter.as_mut_ptr(), gradient.as_ptr(), false);
    // SAFETY: the pointers are those of tensors that outlive the call, which writes to those that are borrowed so.
    done(unsafe {
        minibatch_sgd(&mut finite, w, g, velocity, rate, l1, twice_l2, mu, rate_ahead, nesterov, first, isa)
    })?;
    Ok(finite)
}

/// Whether autocast was on before, and with which dtype.
pub(crate) fn autocast_enter(cuda: bool, half: bool) -> Result<(bool, c_int), Error> {
    let (mut was_on, mut was) = (false, 0);
    // SAFETY: both places outlive the call.
    done(unsafe { minibatch_autocast_enter(cuda, half, &mut was_on, &mut was) })?;
    Ok((was_on, was))
}

pub(crate) fn autocast_leave(cuda: bool, was_on: bool, was: c_int) {
    // SAFETY: takes plain values, which `autocast_enter` gave.
    unsafe { minibatch_autocast_leave(cuda, was_on, was) }
}

pub(crate) fn allow_tf32(allow: bool) -> Result<(), Error> {
    // SAFETY: takes a plain value.
    done(unsafe { minibatch_allow_tf32(allow) })
}

pub(crate) fn deterministic_convolutions(wanted: bool) -> Result<(), Error> {
    // SAFETY: takes a plain value.
    done(unsafe { minibatch_deterministic_convolutions(wanted) })
}

pub(crate) fn count_start() -> Result<u64, Error> {
    let mut handle = 0;
    // SAFETY: the place outlives the call.
    done(unsafe { minibatch_count_start(&mut handle) })?;
    Ok(handle)
}

pub(crate) fn count_stop(handle: u64) -> u64 {
    // SAFETY: the handle is one that `count_start` gave.
    unsafe { minibatch_count_stop(handle) }
}

/// Threads of a team that makes them more than the processors, beside `computing` others; 0 without OpenMP.
pub(crate) fn team_size(computing: usize) -> usize {
    // SAFETY: takes and gives a number.
    unsafe { minibatch_team_size(computing as i64) }.max(0) as usize
}

/// Makes a team of that size for the calling thread.
pub(crate) fn team_make(size: usize) {
    // SAFETY: takes a number; the team does nothing.
    unsafe { minibatch_team_make(size as i64) }
}

/// Calls a function that gives a tensor.
fn tensor(call: impl FnOnce(*mut *mut C_tensor) -> *mut c_char) -> Result<Tensor, Error> {
    let mut result = ptr::null_mut();
    done(call(&mut result))?;
    // SAFETY: the shim reported success, so it has made a tensor, which is ours alone from here on.
    Ok(unsafe { Tensor::from_ptr(result) })
}

/// What a function answered: null, or a message that must be freed.
pub(crate) fn done(message: *mut c_char) -> Result<(), Error> {
    taken(message).map_or(Ok(()), |text| Err(Error(text)))
}

/// A text that the shim made, which is freed; `None` for null.
pub(crate) fn taken(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the shim's texts are C strings from malloc, given to nobody else.
    let owned = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    // SAFETY: as above, and it is not used again.
    unsafe { minibatch_free(text) };
    Some(owned)
}

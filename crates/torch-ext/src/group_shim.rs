//! The C++ side of [`Group`](crate::Group) made safe: a handle that is let go once, and messages as errors.
#![allow(unsafe_code, reason = "calling C++ is what this module is for")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::Error;
use crate::shim::{done, taken};

unsafe extern "C" {
    fn minibatch_group_open(
        host: *const c_char,
        port: c_int,
        listener: c_int,
        rank: c_int,
        ranks: c_int,
        agent: bool,
        prefix: *const c_char,
        timeout_ms: i64,
        group: *mut *mut c_void,
    ) -> *mut c_char;
    fn minibatch_group_set(group: *mut c_void, key: *const c_char, value: *const c_char) -> *mut c_char;
    fn minibatch_group_look(group: *mut c_void, key: *const c_char, value: *mut *mut c_char) -> *mut c_char;
    fn minibatch_group_connect(group: *mut c_void, timeout_ms: i64) -> *mut c_char;
    fn minibatch_group_sum(group: *mut c_void, tensor: *mut C_tensor) -> *mut c_char;
    fn minibatch_group_broadcast(group: *mut c_void, tensor: *mut C_tensor, root: c_int) -> *mut c_char;
    fn minibatch_group_barrier(group: *mut c_void, timeout_ms: i64) -> *mut c_char;
    fn minibatch_group_batch_norm(
        result: *mut *mut C_tensor,
        group: *mut c_void,
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        running_mean: *mut C_tensor,
        running_variance: *mut C_tensor,
        momentum: f64,
        eps: f64,
    ) -> *mut c_char;
    fn minibatch_group_close(group: *mut c_void);
}

/// A group of the C++ side.
#[derive(Debug)]
pub(crate) struct Handle(NonNull<c_void>);

// SAFETY: the C++ side is a store and a process group, both made for calls from any thread; nothing in it belongs to one.
unsafe impl Send for Handle {}
// SAFETY: as above; c10d locks what its calls share.
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours alone and is not used again; what a graph still needs, it holds itself.
        unsafe { minibatch_group_close(self.0.as_ptr()) }
    }
}

/// Where a group's store is.
pub(crate) struct Place<'a> {
    pub host: &'a str,
    pub port: u16,
    /// A listening socket that becomes the store's.
    pub listener: Option<c_int>,
    pub rank: usize,
    pub ranks: usize,
    pub agent: bool,
    pub prefix: &'a str,
}

impl Handle {
    pub fn open(place: &Place<'_>, timeout: Duration) -> Result<Handle, Error> {
        let (host, prefix) = (text(place.host)?, text(place.prefix)?);
        let (port, listener) = (c_int::from(place.port), place.listener.unwrap_or(-1));
        let (rank, ranks) = (place.rank as c_int, place.ranks as c_int);
        let (timeout, mut group) = (milliseconds(timeout), ptr::null_mut());
        // SAFETY: the strings and the place for the result outlive the call.
        done(unsafe {
            let (host, prefix) = (host.as_ptr(), prefix.as_ptr());
            minibatch_group_open(host, port, listener, rank, ranks, place.agent, prefix, timeout, &mut group)
        })?;
        NonNull::new(group).map(Handle).ok_or_else(|| Error("libtorch gave no group".to_owned()))
    }

    pub fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        let (key, value) = (text(key)?, text(value)?);
        // SAFETY: the strings outlive the call, and the handle is valid while `self` is.
        done(unsafe { minibatch_group_set(self.0.as_ptr(), key.as_ptr(), value.as_ptr()) })
    }

    /// `None` where it is not set yet; does not wait.
    pub fn look(&self, key: &str) -> Result<Option<String>, Error> {
        let (key, mut value) = (text(key)?, ptr::null_mut());
        // SAFETY: as in `set`; the result is null or a string from malloc that is ours.
        done(unsafe { minibatch_group_look(self.0.as_ptr(), key.as_ptr(), &mut value) })?;
        Ok(taken(value))
    }

    pub fn connect(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: the handle is valid while `self` is.
        done(unsafe { minibatch_group_connect(self.0.as_ptr(), milliseconds(timeout)) })
    }

    pub fn sum(&self, tensor: &mut Tensor) -> Result<(), Error> {
        // SAFETY: the handle and the tensor are valid, and the tensor is borrowed to be written to.
        done(unsafe { minibatch_group_sum(self.0.as_ptr(), tensor.as_mut_ptr()) })
    }

    pub fn broadcast(&self, tensor: &mut Tensor, root: usize) -> Result<(), Error> {
        // SAFETY: as in `sum`.
        done(unsafe { minibatch_group_broadcast(self.0.as_ptr(), tensor.as_mut_ptr(), root as c_int) })
    }

    pub fn barrier(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: as in `connect`.
        done(unsafe { minibatch_group_barrier(self.0.as_ptr(), milliseconds(timeout)) })
    }

    pub fn batch_norm(
        &self,
        x: &Tensor,
        [weight, bias]: [&Tensor; 2],
        [mean, variance]: [&Tensor; 2],
        [momentum, eps]: [f64; 2],
    ) -> Result<Tensor, Error> {
        let [x, weight, bias] = [x, weight, bias].map(|it| it.as_ptr());
        // The running statistics are written to through shallow copies, as libtorch's own batch_norm does.
        let [mut mean, mut variance] = [mean, variance].map(Tensor::shallow_clone);
        let mut result = ptr::null_mut();
        // SAFETY: the handle and all tensors are valid throughout the call; the graph takes a share of the group.
        done(unsafe {
            let [mean, variance] = [mean.as_mut_ptr(), variance.as_mut_ptr()];
            minibatch_group_batch_norm(&mut result, self.0.as_ptr(), x, weight, bias, mean, variance, momentum, eps)
        })?;
        // SAFETY: the shim reported success, so it has made a tensor, which is ours alone.
        Ok(unsafe { Tensor::from_ptr(result) })
    }
}

fn text(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error(format!("{text:?} holds a zero byte")))
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

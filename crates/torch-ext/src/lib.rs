//! What tch leaves out of libtorch, through a small C++ shim that is compiled against the same libtorch.
//!
//! - [`convolution`]: convolution and max-pooling in one pass on CPUs, with its gradient.
//!
//! This is the only package here with `unsafe` code: every call hands tensors that live as long as the call to C++,
//! which turns each exception into an [`Error`].

pub mod convolution;
mod shim;

pub use shim::Error;

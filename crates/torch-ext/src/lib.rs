//! What tch leaves out of libtorch, through a small C++ shim that is compiled against the same libtorch.
//!
//! - [`convolution`]: convolution and max-pooling in one pass on CPUs, with its gradient.
//! - [`linear()`]: fully connected layers with few outputs on CPUs, with their gradient.
//!
//! This is the only package here with `unsafe` code: every call hands tensors that live as long as the call to C++,
//! which turns each exception into an [`Error`].

pub mod convolution;
mod isa;
mod linear;
mod shim;

pub use isa::Isa;
pub use linear::{FEW_OUTPUTS, linear};
pub use shim::Error;

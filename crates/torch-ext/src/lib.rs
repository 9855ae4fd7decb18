//! What tch leaves out of libtorch, through a small C++ shim that is compiled against the same libtorch.
//!
//! - [`convolution`]: convolution and max-pooling in one pass on CPUs, with its gradient.
//! - [`linear()`]: fully connected layers with few outputs on CPUs, with their gradient.
//! - [`cross_entropy()`]: the loss of few classes on CPUs, with its gradient and the number of errors.
//! - [`linear_cross_entropy()`]: both together, every gradient in one pass over the features.
//! - [`sgd()`]: an update with penalty and momentum in one pass over a parameter.
//! - [`Autocast`]: bf16 and f16 on CPUs and CUDA; [`allow_tf32`], [`deterministic_convolutions`]: switches for CUDA.
//! - [`Graph`]: work on CUDA captured once and asked for again with one call; [`graph_support`] says where it is not to be had.
//! - [`Group`]: processes that compute together, over TCP: sums, broadcasts, batch normalisation over all of them.
//! - [`count_host_reads`]: how often a program waits for its device.
//! - [`cuda_devices`]: the GPUs that libtorch can use, found when the program runs.
//! - [`AdaptiveWaiting`]: threads that wait for one another give way to other programs.
//! - [`allocator`], [`memory`]: how the allocator keeps large buffers, and what this process holds.
//!
//! This is the only package here with `unsafe` code: every call hands tensors that live as long as the call to C++,
//! which turns each exception into an [`Error`].

pub mod allocator;
mod autocast;
pub mod convolution;
mod cross_entropy;
mod cuda;
mod error;
mod graph;
mod graph_shim;
mod group;
mod group_shim;
mod head;
mod isa;
mod linear;
pub mod memory;
mod modes;
mod sgd;
mod shim;
mod waiting;

pub use autocast::Autocast;
pub use cross_entropy::{FEW_CLASSES, cross_entropy};
pub use cuda::{cuda_devices, cuda_library_loaded};
pub use error::Error;
pub use graph::{Graph, graph_support};
pub use group::{Group, Meeting, Store};
pub use head::linear_cross_entropy;
pub use isa::Isa;
pub use linear::{FEW_OUTPUTS, linear};
pub use modes::{allow_tf32, count_host_reads, deterministic_convolutions};
pub use sgd::{SgdStep, sgd};
pub use waiting::AdaptiveWaiting;

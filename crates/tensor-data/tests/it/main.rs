//! What `tensor-data` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "each of them fails the test"
)]

#[cfg(feature = "tch")]
mod augment;
#[cfg(feature = "tch")]
mod batches;
mod catalog;
#[cfg(feature = "tch")]
mod device_cursor;
mod fetch;
mod idx;
#[cfg(feature = "tch")]
mod normalise;
mod samples;
mod server;

//! What `train` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "each of them fails the test")]

mod captured;
mod common;
mod described;
mod fit;
mod frozen;
mod own;
mod precision;
mod predictions;
mod ranks;
mod recipes;
mod updates;

//! What `torch-ext` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "each of them fails the test")]

mod common;
mod convolution;
mod convolution_f64;
mod cross_entropy;
mod cross_entropy_f64;
mod graph;
mod group;
mod head;
mod linear;
mod linear_f64;
mod modes;
mod sgd;

//! What `export` promises to those who call it.
#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::panic, reason = "each of them fails the test")]

mod onnx;
mod others;
mod support;

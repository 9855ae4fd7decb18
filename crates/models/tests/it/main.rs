//! What `models` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(clippy::panic, clippy::unwrap_used, reason = "each of them fails the test")]

mod arch;
mod attribution;
mod blocks;
mod golden;
mod initial;
mod model;
mod precision;
mod zoo;
mod zoo_golden;

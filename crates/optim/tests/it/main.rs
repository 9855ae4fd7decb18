//! What `optim` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "each of them fails the test")]

#[cfg(feature = "tch")]
mod common;
#[cfg(feature = "tch")]
mod optimizer;
mod options;
#[cfg(feature = "tch")]
mod penalty;
mod schedule;
#[cfg(feature = "tch")]
mod state;
#[cfg(feature = "tch")]
mod step_scalars;
#[cfg(feature = "tch")]
mod update_rules;

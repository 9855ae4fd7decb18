//! What `models` promises to those who call it. One binary for all of it: each links libtorch.
#![allow(clippy::panic, clippy::unwrap_used, reason = "each of them fails the test")]

use std::sync::{Mutex, MutexGuard, PoisonError};

mod arch;
mod attribution;
mod blocks;
mod golden;
mod initial;
mod model;
mod on_cuda;
mod precision;
mod zoo;
mod zoo_golden;

/// For a test that draws from libtorch's generator or limits the instruction sets: both are one for all threads.
fn alone() -> MutexGuard<'static, ()> {
    static SHARED: Mutex<()> = Mutex::new(());
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

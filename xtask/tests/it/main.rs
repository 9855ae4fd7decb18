//! What the program does from outside, in one test binary: `cargo test -p xtask --test it faults::` runs one module.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops where it cannot continue, and says what it skips"
)]

#[cfg(feature = "runner")]
mod augment;
mod cli;
mod fetch;
mod launcher;
mod machine;
mod quoting;

#[cfg(feature = "runner")]
mod clean;
#[cfg(feature = "runner")]
mod collect;
#[cfg(feature = "runner")]
mod data;
#[cfg(feature = "runner")]
mod disks;
#[cfg(feature = "runner")]
mod divergence;
#[cfg(feature = "runner")]
mod explain;
#[cfg(feature = "runner")]
mod export;
#[cfg(feature = "runner")]
mod faults;
#[cfg(feature = "runner")]
mod folds;
#[cfg(feature = "runner")]
mod identity;
#[cfg(feature = "runner")]
mod install;
#[cfg(feature = "runner")]
mod jobs;
#[cfg(feature = "runner")]
mod logs;
mod look;
#[cfg(feature = "runner")]
mod messy;
#[cfg(feature = "runner")]
mod mistakes;
#[cfg(feature = "runner")]
mod modes;
#[cfg(feature = "runner")]
mod optuna;
#[cfg(feature = "runner")]
mod outside;
#[cfg(feature = "runner")]
mod pages;
#[cfg(feature = "runner")]
mod photographed;
#[cfg(feature = "runner")]
mod photos;
mod pictures;
#[cfg(feature = "runner")]
mod predict;
#[cfg(feature = "runner")]
mod ranks;
#[cfg(feature = "runner")]
mod report;
#[cfg(feature = "runner")]
mod resume;
#[cfg(feature = "runner")]
mod runs;
#[cfg(feature = "runner")]
mod shadows;
#[cfg(feature = "runner")]
mod size;
#[cfg(feature = "runner")]
mod strangers;
#[cfg(feature = "runner")]
mod sweep;
#[cfg(feature = "runner")]
mod tfevents;
#[cfg(feature = "runner")]
mod threads;
#[cfg(feature = "runner")]
mod train;
#[cfg(feature = "runner")]
mod vectors;
#[cfg(feature = "runner")]
mod visit;
#[cfg(feature = "runner")]
mod watch;
mod weights;
#[cfg(feature = "runner")]
mod words;

//! Tables, pages and moves of doubtful labels.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it cannot continue")]

mod moves;
mod pages;

//! What `formats` promises to those who call it.
#![allow(clippy::unwrap_used, reason = "each of them fails the test")]

mod files;
mod fuzz;
mod idx;

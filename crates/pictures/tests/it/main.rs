//! What the library makes of real files and folders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod fuzz;
mod hostile;
mod messy;
mod odd;
mod sets;
mod splits;

/// The folder of real data, where there is one; says loudly that a test skips where not.
fn data() -> Option<std::path::PathBuf> {
    let data = std::env::var_os("MINIBATCH_DATA").map(std::path::PathBuf::from).filter(|data| data.is_dir());
    if data.is_none() {
        eprintln!("SKIPPED: there is no folder $MINIBATCH_DATA");
    }
    data
}

//! What the launcher (`xtask`, built without libtorch) and the runner (`minibatch`, which links it) share, and the
//! launcher's own parts. Nothing here may need libtorch: most of it runs before libtorch is there.

pub mod cargo;
pub mod cli;
pub mod data;
pub mod doctor;
pub mod install;
pub mod launch;
pub mod places;
pub mod progress;
pub mod setup;
pub mod start;
pub mod suite;
pub mod words;

pub use values::shown;

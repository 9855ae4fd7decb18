//! libtorch on this machine: which one to use, fetching one into a cache, and checking that it is whole. Nothing here
//! links libtorch, because all of it happens before anything can.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`search`] | which libtorch to use: a pure decision |
//! | [`kind`] | version, and CPU or CUDA |
//! | [`inspect`] | a quick look at a folder: version, kind, anything missing |
//! | [`manifest`] | what a cache entry must hold, with hashes |
//! | [`fetch`] | bringing one into the cache through pip, whole or not at all |
//! | [`wheels`] | what is fetched, pinned |
//! | [`python`] | Pythons, their torch and their pip |
//! | [`shadow`] | files of another libtorch that the environment shows to the dynamic linker |
//! | [`driver`] | whether there is an NVIDIA driver |
//! | [`disk`] | room on disks |
//!
//! The crate reads no environment and prints nothing: paths and programs are given to it, and how far it has come is a
//! [`Progress`].
//!
//! Verified on x86-64 Linux alone, there with the CPU parts and with the complete CUDA package. On other platforms
//! (64-bit Arm Linux, macOS) the complete package for the Python on the PATH is installed into the cache, by the same
//! rules; that way has not been tried.

pub mod disk;
pub mod driver;
mod error;
pub mod fetch;
pub mod inspect;
pub mod kind;
mod link;
pub mod manifest;
mod progress;
pub mod python;
pub mod search;
pub mod shadow;
pub mod wheels;

pub use error::Error;
pub use link::point;
pub use progress::Progress;

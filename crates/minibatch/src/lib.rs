//! Minibatch for programs: one dependency that brings data sets, networks, optimisers, the training loop and pictures.
//!
//! ```toml
//! [dependencies]
//! minibatch = { path = "path/to/minibatch/crates/minibatch" }
//! ```
//!
//! | module | what it is |
//! | --- | --- |
//! | [`tensor_data`] | pictures in memory or from files, split, on a device, as minibatches |
//! | `pictures` (feature `pictures`) | picture files to checked pixels: inventory of a folder, split, size, cache |
//! | `formats` (feature `pictures`) | data sets in the files of others: CIFAR, NumPy, safetensors |
//! | [`models`] | networks: architectures by name, blocks, or one of your own |
//! | [`optim`] | update rules, penalties, schedules |
//! | [`train`] | recipes, the loop, early stopping, checkpoints, a run's folder |
//! | `weights` (feature `pictures`) | tensors of others' files |
//! | [`metrics`] | intervals, areas, calibration |
//! | `inspect` (feature `pictures`) | answers, heat maps, features, filters of a saved model |
//! | `report` (feature `pictures`) | the report, the live page, TensorBoard files |
//! | `export` (feature `export`) | a trained model as ONNX, TorchScript, safetensors |
//! | [`viz`] | filters, feature maps, curves as PNG and SVG |
//! | [`torch_ext`] | what tch leaves out of libtorch |
//! | [`tch`] | libtorch's tensors |
//!
//! `examples/lenet`, `examples/own-net` and `examples/own-data` in the repository are whole programs.
//!
//! **libtorch.** A program is built with `LIBTORCH` naming the folder that `cargo xtask setup --print` prints, in the shell or
//! in the program's own `.cargo/config.toml`. `cargo run` and `cargo test` then find it by themselves. A binary that is
//! started without cargo needs libtorch's folder on its run path, and a library cannot give it one: cargo applies
//! `rustc-link-arg` to the package whose build script prints it, and to no other. Such a program has a build script of its own:
//!
//! ```text
//! // build.rs, with torch-sys = "0.24" among the dependencies
//! fn main() {
//!     if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
//!         println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
//!     }
//! }
//! ```

#[cfg(feature = "export")]
pub use export;
#[cfg(feature = "pictures")]
pub use {formats, inspect, pictures, report, weights};
pub use {metrics, models, optim, tch, tensor_data, torch_ext, train, viz};

pub use models::{Activation, Arch, Mode, Model};
pub use tch::{Device, Kind, Tensor};
pub use tensor_data::{Dataset, Samples, Source};
pub use train::{Learner, Outcome, Plan, Recipe, evaluate, fit};

//! Image classifiers on libtorch: softmax regression, multilayer perceptrons, LeNet, whatever [blocks](block) make, and
//! networks of a program's own.
//!
//! The crate answers four questions and no others: which layers a model has, what its tensors hold before
//! training, what it computes, and why ([`attribution`], [`maximise`]). It knows nothing of data sets, optimisers,
//! recipes or files.
//!
//! An [`Arch`] is what a recipe says; `zoo/` makes a [`block::Classifier`] of it, a value without tensors; [`Model::new`] settles
//! sizes and names (`plan.rs`), makes the tensors, and rewrites the tree for the device (`rewrite.rs`). [`Model::from_blocks`]
//! begins at the second step, [`Model::own`] takes any [`Network`].
//!
//! | [`Arch`] | layers (defaults) | tensors |
//! | --- | --- | --- |
//! | `Softmax` | flatten -> `output` | `output.weight`, `output.bias` |
//! | `Mlp` | flatten -> `hidden1` (500, tanh) -> ... -> `output` | `hidden1.weight`, `hidden1.bias`, ..., `output.*` |
//! | `LeNet` | `conv1` (20 of 5x5) -> `pool1` (2x2, tanh) -> `conv2` (50 of 5x5) -> `pool2` (2x2, tanh) -> flatten -> `hidden1` (500, tanh) -> `output` | `conv1.*`, `conv2.*`, `hidden1.*`, `output.*` |
//!
//! [`zoo::list`] holds them all, VGG to vision transformers; those keep the tensor names of torchvision, timm or the authors' own code.
//!
//! In these, convolutions and hidden layers are numbered from 1, and the last layer is `output`. Weights have the
//! shapes of PyTorch's modules, `[out, in]` for `Linear` and `[out, in, height, width]` for `Conv2d`, so a plain
//! PyTorch module whose attributes bear these names loads them as they are. All values are f32.
//!
//! Initial values: biases and the tutorial's output layer are zero; every other weight is drawn uniformly from
//! `[-bound, bound]`, see [`Initial`] for the bound of each rule. Draws are made on the host by ChaCha8 from the
//! given seed, so they are the same bits on every device.
//!
//! ```no_run
//! use models::{Arch, Mode, Model};
//! use tch::{Device, Kind, Tensor};
//!
//! let model = Model::new(&Arch::lenet(), [1, 28, 28], 10, Device::Cpu, 1)?;
//! println!("{}", model.summary());
//! let images = Tensor::zeros([20, 1, 28, 28], (Kind::Float, Device::Cpu));
//! let logits = model.forward(&images, Mode::Eval); // [20, 10]
//! # Ok::<(), models::Error>(())
//! ```

mod activation;
pub mod arch;
pub mod attribution;
pub mod block;
mod error;
pub mod graph;
mod initial;
pub mod maximise;
mod model;
mod named;
mod network;
mod node;
mod placement;
mod plan;
mod rewrite;
mod role;
mod run;
mod shape;
mod summary;
mod tensors;
pub mod zoo;

pub use activation::Activation;
pub use arch::Arch;
pub use block::Block;
pub use error::Error;
pub use initial::Initial;
pub use model::{Features, Model};
pub use network::{Mode, Network};
pub use placement::Placement;
pub use role::Role;
pub use shape::MAX_PARAMETERS;
pub use summary::{Row, Summary};
pub use tensors::{Buffer, Parameter, Tensors};

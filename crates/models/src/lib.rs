//! Image classifiers on libtorch: softmax regression, multilayer perceptrons and LeNet.
//!
//! The crate answers four questions and no others: which layers a model has, what its variables hold before
//! training, what it computes, and why ([`attribution`], [`maximise`]). It knows nothing of data sets, optimisers,
//! recipes or files.
//!
//! | [`Arch`] | layers (defaults) | variables |
//! | --- | --- | --- |
//! | `Softmax` | flatten -> `output` | `output.weight`, `output.bias` |
//! | `Mlp` | flatten -> `hidden1` (500, tanh) -> ... -> `output` | `hidden1.weight`, `hidden1.bias`, ..., `output.*` |
//! | `LeNet` | `conv1` (20 of 5x5) -> `pool1` (2x2, tanh) -> `conv2` (50 of 5x5) -> `pool2` (2x2, tanh) -> flatten -> `hidden1` (500, tanh) -> `output` | `conv1.*`, `conv2.*`, `hidden1.*`, `output.*` |
//!
//! Convolutions and hidden layers are numbered from 1, and the last layer is always `output`. Weights have the
//! shapes of PyTorch's modules, `[out, in]` for `Linear` and `[out, in, height, width]` for `Conv2d`, so a plain
//! PyTorch module whose attributes bear these names loads them as they are. All values are f32.
//!
//! Initial values: biases and the output layer are zero; every other weight is drawn uniformly from
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

mod arch;
pub mod attribution;
mod error;
mod fused;
mod initial;
mod layer;
pub mod maximise;
mod model;
mod parameter;
mod summary;

pub use arch::{Activation, Arch};
pub use error::Error;
pub use initial::Initial;
pub use layer::MAX_PARAMETERS;
pub use model::{Mode, Model};
pub use parameter::{Parameter, Role};
pub use summary::{Row, Summary};

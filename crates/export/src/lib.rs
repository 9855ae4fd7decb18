//! A trained model in the forms that other programs run: [`onnx()`], TorchScript, safetensors. What is done to pixels before the network and
//! to logits after it lies inside, so that a program hands over the pixels of a picture of the right size and reads probabilities.
//!
//! The crate knows no command line, prints nothing and finds nothing by itself: ONNX Runtime's library is named to it.

mod check;
mod description;
mod error;
mod form;
mod onnx;
mod program;
mod runtime;
mod safetensors;
mod torchscript;

pub use check::{Answering, Answers, Check, Original, TOLERANCE};
pub use description::{Description, Pixels};
pub use error::Error;
pub use form::Form;
pub use onnx::onnx;
pub use runtime::{OnnxSession, Runtime, TESTED};
pub use safetensors::{reread, safetensors};
pub use torchscript::{TorchScriptModule, torchscript};

/// What a model takes: pixels, 0 to 255, `[batch, channels, height, width]`.
pub const INPUT: &str = "pixels";
/// What a model gives: f32 `[batch, classes]`.
pub const LOGITS: &str = "logits";
/// What a model gives: the softmax of the logits over the temperature, f32 `[batch, classes]`.
pub const PROBABILITIES: &str = "probabilities";

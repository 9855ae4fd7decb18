//! From a model to the bytes of a file that was checked against it.

use models::Model;

use crate::check::{Answering, Check, Original};
use crate::{Description, Error, OnnxSession, Runtime, TorchScriptModule, onnx, safetensors, torchscript};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A graph that ONNX Runtime and many others run.
    Onnx,
    /// An archive that libtorch runs.
    TorchScript,
    /// Tensors alone.
    Safetensors,
}

impl Form {
    /// What a file of it is called, after the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Form::Onnx => "onnx",
            Form::TorchScript => "pt",
            Form::Safetensors => "safetensors",
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Those of [`onnx()`](crate::onnx()), [`torchscript`](crate::torchscript()) and [`safetensors`](crate::safetensors()).
    pub fn bytes(self, model: &Model, description: &Description) -> Result<Vec<u8>, Error> {
        match self {
            Form::Onnx => onnx(model, description),
            Form::TorchScript => torchscript(model, description),
            Form::Safetensors => safetensors(model, description),
        }
    }

    /// Reads the bytes of a file as another program does, and answers `pixels` (bytes in the order picture, channel, row, column) with
    /// it and with the model. ONNX needs `runtime`, and runs on `threads` threads.
    ///
    /// # Errors
    /// Where the file cannot be read or run; [`Error::Runtime`] for ONNX without a runtime.
    pub fn check(
        self,
        bytes: &[u8],
        (model, description): (&Model, &Description),
        pixels: &[u8],
        runtime: Option<Runtime>,
        threads: usize,
    ) -> Result<Check, Error> {
        let mut original = Original { model, description };
        let mut compare = |exported: &mut dyn Answering| Check::of(&mut original, exported, pixels, description);
        match self {
            Form::Onnx => {
                let runtime = runtime.ok_or_else(|| Error::runtime("check the file")("it was not loaded"))?;
                compare(&mut OnnxSession::new(runtime, bytes, threads)?)
            }
            Form::TorchScript => compare(&mut TorchScriptModule::from_bytes(bytes, description.pixels)?),
            Form::Safetensors => {
                let again = crate::reread(model, bytes)?;
                compare(&mut Original { model: &again, description })
            }
        }
    }
}

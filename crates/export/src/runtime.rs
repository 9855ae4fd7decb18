//! ONNX Runtime: the library is loaded while the program runs, so that nothing needs it to be built.

use std::path::Path;

use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{TensorRef, ValueType};

use crate::check::{Answering, Answers};
use crate::{Error, INPUT, LOGITS, PROBABILITIES, Pixels};

/// The version of ONNX Runtime that this was tested with; its C interface stays as it is from version to version.
pub const TESTED: &str = "1.32.0";

/// ONNX Runtime, loaded into the process.
#[derive(Clone, Copy, Debug)]
pub struct Runtime(());

impl Runtime {
    /// Loads `libonnxruntime`, 1.17 or later. A process loads one; later calls take that one.
    ///
    /// # Errors
    /// [`Error::Runtime`] where the file is no such library.
    pub fn load(library: &Path) -> Result<Runtime, Error> {
        let failed = || Error::runtime(format!("be loaded from {}", library.display()));
        let _ = ort::init_from(library).map_err(failed())?.with_name("minibatch").with_telemetry(false).commit();
        Ok(Runtime(()))
    }
}

/// An ONNX file that is ready to answer.
#[derive(Debug)]
pub struct OnnxSession {
    session: Session,
    pixels: Pixels,
}

impl OnnxSession {
    /// Prepares the bytes of a file for `threads` threads, at least 1.
    ///
    /// # Errors
    /// [`Error::Runtime`] where ONNX Runtime refuses the file.
    pub fn new(_: Runtime, onnx: &[u8], threads: usize) -> Result<OnnxSession, Error> {
        let builder = Session::builder().map_err(Error::runtime("begin"))?;
        let session = builder
            .with_intra_threads(threads)
            .map_err(|error| error.to_string())
            .and_then(|mut builder: SessionBuilder| builder.commit_from_memory(onnx).map_err(|error| error.to_string()))
            .map_err(Error::runtime("take the file"))?;
        let is_u8 = session
            .inputs()
            .iter()
            .any(|input| matches!(input.dtype(), ValueType::Tensor { ty: ort::value::TensorElementType::Uint8, .. }));
        Ok(OnnxSession { session, pixels: if is_u8 { Pixels::U8 } else { Pixels::F32 } })
    }

    /// The value of each key that the file's description has.
    ///
    /// # Errors
    /// [`Error::Runtime`] where the file has no metadata.
    pub fn metadata(&self, key: &str) -> Result<Option<String>, Error> {
        let metadata = self.session.metadata().map_err(Error::runtime("read the metadata"))?;
        Ok(metadata.custom(key))
    }
}

impl Answering for OnnxSession {
    fn answer(&mut self, pixels: &[u8], [channels, height, width]: [i64; 3]) -> Result<Answers, Error> {
        let count = pixels.len() as i64 / (channels * height * width);
        let shape = [count, channels, height, width];
        let failed = || Error::runtime("answer");
        let floats: Vec<f32>;
        let outputs = match self.pixels {
            Pixels::U8 => {
                let x = TensorRef::from_array_view((shape, pixels)).map_err(failed())?;
                self.session.run(ort::inputs![INPUT => x]).map_err(failed())?
            }
            Pixels::F32 => {
                floats = pixels.iter().map(|&pixel| f32::from(pixel)).collect();
                let x = TensorRef::from_array_view((shape, floats.as_slice())).map_err(failed())?;
                self.session.run(ort::inputs![INPUT => x]).map_err(failed())?
            }
        };
        let take = |name: &str| -> Result<Vec<f32>, Error> {
            let (_, values) = outputs[name].try_extract_tensor::<f32>().map_err(failed())?;
            Ok(values.to_vec())
        };
        Ok(Answers { logits: take(LOGITS)?, probabilities: take(PROBABILITIES)? })
    }
}

//! TorchScript files: libtorch traces one pass, pixels to probabilities, and the description is added to the archive.

use std::io::{Cursor, Read, Write};

use models::Model;
use tch::{CModule, Device, IValue, Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::check::{self, Answering, Answers};
use crate::{Description, Error, INPUT, Pixels};

/// The folder of an archive's extra files.
const EXTRA: &str = "extra";
/// The name of the traced class.
const NAME: &str = "Minibatch";
/// What the tracer calls the first argument.
const ARGUMENT: &str = "argument_1";

/// A TorchScript archive of a model: `forward(pixels)` takes u8 or f32 `[batch, channels, height, width]`, 0 to 255, and gives
/// `(logits, probabilities)`, f32 `[batch, classes]`. `torch.jit.load(file, _extra_files={"classes": ""})` reads a part of the
/// description. Computed on the CPU.
///
/// # Errors
/// [`Error::Libtorch`] where libtorch cannot trace or save it; [`Error::Io`] where there is no place for a temporary file.
pub fn torchscript(model: &Model, description: &Description) -> Result<Vec<u8>, Error> {
    let module = traced(model, description)?;
    let scratch = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    let path = scratch.path().join("model.pt");
    module.save(&path).map_err(Error::libtorch("save the traced network"))?;
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    finished(&bytes, description).map_err(Error::libtorch("complete the archive"))
}

fn traced(model: &Model, description: &Description) -> Result<CModule, Error> {
    let _guard = tch::no_grad_guard();
    // The tracer takes no constants that need a gradient.
    let own = model.twin().map_err(Error::libtorch("copy the network"))?;
    for parameter in own.parameters() {
        let _ = parameter.tensor.shallow_clone().set_requires_grad(false);
    }
    let [channels, height, width] = description.input;
    let kind = if description.pixels == Pixels::U8 { Kind::Uint8 } else { Kind::Float };
    // Two pictures: of one, a batch could be taken for a constant of 1.
    let example = Tensor::zeros([2, channels, height, width], (kind, Device::Cpu));
    let preparation = description.preparation(Device::Cpu);
    CModule::create_by_tracing(NAME, "forward", &[example], &mut |inputs| {
        let logits = own.forward_portable(&preparation.apply(&inputs[0])); // [n, classes]
        let probabilities = description.probabilities(&logits); // [n, classes]
        vec![Tensor::stack(&[logits, probabilities], 0)] // [2, n, classes]
    })
    .map_err(Error::libtorch("trace the network"))
}

/// The archive whose function gives a pair, with the description as extra files. A traced function of several results cannot be
/// saved, so the last line of its code, which gives them stacked, is rewritten.
fn finished(archive: &[u8], description: &Description) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut traced = ZipArchive::new(Cursor::new(archive))?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // libtorch reads what is stored as it is, at the alignment that it writes itself.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).with_alignment(64);
    let mut root = String::new();
    for place in 0..traced.len() {
        let mut entry = traced.by_index(place)?;
        let name = entry.name()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        // Places in the code, for messages: they would no longer fit.
        if name.ends_with(".debug_pkl") {
            continue;
        }
        if name.ends_with("code/__torch__.py") {
            bytes = returning_a_pair(&String::from_utf8(bytes)?)?.into_bytes();
        }
        name.split('/').next().unwrap_or_default().clone_into(&mut root);
        writer.start_file(name, stored)?;
        writer.write_all(&bytes)?;
    }
    for (key, value) in description.metadata() {
        writer.start_file(format!("{root}/{EXTRA}/{key}"), stored)?;
        writer.write_all(value.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}

fn returning_a_pair(code: &str) -> Result<String, &'static str> {
    let unknown = "the code that libtorch wrote has another form than that of libtorch 2.11";
    let (body, stacked) = code.trim_end().rsplit_once("\n    return ").ok_or(unknown)?;
    if !body.contains(ARGUMENT) || body.matches(") -> Tensor:").count() != 1 || stacked.contains('\n') {
        return Err(unknown);
    }
    let body = body.replace(") -> Tensor:", ") -> Tuple[Tensor, Tensor]:").replace(ARGUMENT, INPUT);
    let parts = "torch.select(answers, 0, 0), torch.select(answers, 0, 1)";
    Ok(format!("{body}\n    answers = {stacked}\n    return ({parts})\n"))
}

/// A TorchScript file that is ready to answer.
#[derive(Debug)]
pub struct TorchScriptModule {
    module: CModule,
    pixels: Pixels,
}

impl TorchScriptModule {
    /// Takes the bytes of a file for these pixels.
    ///
    /// # Errors
    /// [`Error::Libtorch`] where libtorch refuses them.
    pub fn from_bytes(bytes: &[u8], pixels: Pixels) -> Result<TorchScriptModule, Error> {
        let module = CModule::load_data(&mut Cursor::new(bytes)).map_err(Error::libtorch("load the traced network"))?;
        Ok(TorchScriptModule { module, pixels })
    }
}

impl Answering for TorchScriptModule {
    fn answer(&mut self, pixels: &[u8], [channels, height, width]: [i64; 3]) -> Result<Answers, Error> {
        let _guard = tch::no_grad_guard();
        let mut images = Tensor::from_slice(pixels).view([-1, channels, height, width]);
        if self.pixels == Pixels::F32 {
            images = images.to_kind(Kind::Float);
        }
        let output =
            self.module.forward_is(&[IValue::Tensor(images)]).map_err(Error::libtorch("run the traced network"))?;
        match output {
            IValue::Tuple(values) => match &values[..] {
                [IValue::Tensor(logits), IValue::Tensor(probabilities)] => check::answers(logits, probabilities),
                other => Err(Error::libtorch("run the traced network")(format!("it gives {} values", other.len()))),
            },
            _ => Err(Error::libtorch("run the traced network")("it gives no pair of tensors")),
        }
    }
}

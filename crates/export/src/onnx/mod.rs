//! ONNX files: the graph of a network with what is done to its pixels and its logits, and the description as metadata.
//!
//! Operators of version 17 of the standard set; activations that a version of it lacks are written with those that it has. Batch
//! normalisation is folded into the convolutions. Every value has the network's own name for the layer in its name.

mod operations;
pub(crate) mod proto;
mod writer;

use models::Model;
use prost::Message;

use crate::description::{Description, Pixels};
use crate::program::Program;
use crate::{Error, INPUT, LOGITS, PROBABILITIES};

use proto::{Attribute, Entry, Value};
use writer::Writer;

pub(crate) const FORM: &str = "ONNX";
/// Version of the operators.
const OPERATORS: i64 = 17;
/// Version of the file's own layout that goes with them.
const IR: i64 = 8;
/// What a message of protocol buffers may hold, bytes.
const MOST_BYTES: usize = i32::MAX as usize;

/// An ONNX file of a model: `pixels`, u8 or f32 0 to 255 `[batch, channels, height, width]`, to `logits` and `probabilities`, f32
/// `[batch, classes]`.
///
/// # Errors
/// [`Error::Form`] for a network of a program's own, for a pooling that ONNX lacks, and for more than 2 GB.
pub fn onnx(model: &Model, description: &Description) -> Result<Vec<u8>, Error> {
    let program = Program::folded(model, FORM)?;
    let mut writer = Writer::new(&program);
    let pixels = prepared(&mut writer, description);
    let is_mirrored = model.answers_mirrored();
    let pixels = if is_mirrored { both_sides(&mut writer, &pixels) } else { pixels };
    let logits = operations::write(&mut writer, pixels)?;
    let classes = description.classes.len() as i64;
    let logits = if is_mirrored { mean_of_both(&mut writer, &logits, classes) } else { logits };
    finish(writer, &logits, description)
}

/// Pixels as the network takes them, with the arithmetic of training.
fn prepared(writer: &mut Writer<'_>, description: &Description) -> String {
    writer.begin("preprocessing");
    let mut x = INPUT.to_owned();
    if description.pixels == Pixels::U8 {
        x = writer.node("Cast", &[&x], vec![Attribute::int("to", proto::FLOAT.into())]);
    }
    let scale = writer.numbers("scale", &[(1.0 / description.divisor) as f32], &[]);
    x = writer.node("Mul", &[&x, &scale], vec![]);
    if let Some(normalise) = &description.normalise {
        let shape = [normalise.mean.len() as i64, 1, 1];
        let row = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let mean = writer.numbers("mean", &row(&normalise.mean), &shape);
        let std = writer.numbers("std", &row(&normalise.std), &shape);
        x = writer.node("Sub", &[&x, &mean], vec![]);
        x = writer.node("Div", &[&x, &std], vec![]);
    }
    x
}

/// The pictures, and behind them their mirror images: `[2 * batch, channels, height, width]`.
fn both_sides(writer: &mut Writer<'_>, pixels: &str) -> String {
    writer.begin("mirror");
    let [start, end, axis, step] = [("start", -1), ("end", i64::MIN), ("axis", 3), ("step", -1)]
        .map(|(name, value)| writer.integers(name, &[value]));
    let mirrored = writer.node("Slice", &[pixels, &start, &end, &axis, &step], vec![]);
    writer.node("Concat", &[pixels, &mirrored], vec![Attribute::int("axis", 0)])
}

/// The mean of both answers to each picture, `[2 * batch, classes]` to `[batch, classes]`.
fn mean_of_both(writer: &mut Writer<'_>, logits: &str, classes: i64) -> String {
    writer.begin("both");
    let shape = writer.integers("shape", &[2, -1, classes]);
    let apart = writer.node("Reshape", &[logits, &shape], vec![]);
    writer.node("ReduceMean", &[&apart], vec![Attribute::ints("axes", [0]), Attribute::int("keepdims", 0)])
}

fn finish(mut writer: Writer<'_>, logits: &str, description: &Description) -> Result<Vec<u8>, Error> {
    writer.begin("answer");
    writer.output("Identity", &[logits], vec![], LOGITS);
    let temperature = writer.numbers("temperature", &[description.temperature as f32], &[]);
    let divided = writer.node("Div", &[logits, &temperature], vec![]);
    writer.output("Softmax", &[&divided], vec![Attribute::int("axis", -1)], PROBABILITIES);
    let element = if description.pixels == Pixels::U8 { proto::UINT8 } else { proto::FLOAT };
    let classes = [description.classes.len() as i64];
    let mut graph = writer.into_graph();
    graph.name = Some(description.network.clone());
    graph.input = vec![Value::batch(INPUT, element, &description.input)];
    graph.output = [LOGITS, PROBABILITIES].map(|name| Value::batch(name, proto::FLOAT, &classes)).to_vec();
    let entry = |(key, value): (&str, String)| Entry { key: Some(key.to_owned()), value: Some(value) };
    let model = proto::Model {
        ir_version: Some(IR),
        producer_name: Some("minibatch".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph),
        opset_import: vec![proto::OperatorSet { domain: Some(String::new()), version: Some(OPERATORS) }],
        metadata: description.metadata().into_iter().map(entry).collect(),
    };
    if model.encoded_len() > MOST_BYTES {
        let problem = format!("{} bytes are more than one file may hold, 2 GB", model.encoded_len());
        return Err(Error::Form { form: FORM, problem });
    }
    Ok(model.encode_to_vec())
}

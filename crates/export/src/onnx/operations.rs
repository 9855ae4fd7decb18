//! Each operation of a network in ONNX's operators.

use models::Activation;
use models::block::{Pool, Subsample};
use models::graph::Operation;

use super::FORM;
use super::proto::Attribute;
use super::writer::Writer;
use crate::Error;

/// Writes all steps; `pixels` is what the network takes. Gives the name of the logits.
pub(super) fn write(writer: &mut Writer<'_>, pixels: String) -> Result<String, Error> {
    let program = writer.program;
    let mut values = vec![pixels];
    for step in &program.graph.steps {
        writer.begin(&step.name);
        let inputs: Vec<&str> = step.inputs.iter().map(|&value| values[value].as_str()).collect();
        let from = program.shape(step.inputs[0]);
        let output = operation(writer, &step.operation, &inputs, from, &step.shape)?;
        values.push(output);
    }
    Ok(values.pop().unwrap_or_default())
}

/// `from` and `to` are the shapes of the first input and of the output for one picture.
fn operation(
    w: &mut Writer<'_>,
    operation: &Operation,
    inputs: &[&str],
    from: &[i64],
    to: &[i64],
) -> Result<String, Error> {
    let x = inputs[0];
    Ok(match operation {
        Operation::Conv { weight, bias, kernel, stride, padding, groups } => {
            let mut taken = vec![x.to_owned(), w.tensor(weight)?];
            taken.extend(bias.as_ref().map(|bias| w.tensor(bias)).transpose()?);
            let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
            let attributes = vec![
                Attribute::ints("kernel_shape", [*kernel; 2]),
                Attribute::ints("strides", [*stride; 2]),
                Attribute::ints("pads", *padding),
                Attribute::int("group", *groups),
            ];
            w.node("Conv", &taken, attributes)
        }
        Operation::BatchNorm { weight, bias, mean, variance, eps } => {
            let own = [weight, bias, mean, variance].map(|name| w.tensor(name));
            let [weight, bias, mean, variance] = own;
            let (weight, bias, mean, variance) = (weight?, bias?, mean?, variance?);
            let epsilon = vec![Attribute::float("epsilon", *eps as f32)];
            w.node("BatchNormalization", &[x, &weight, &bias, &mean, &variance], epsilon)
        }
        Operation::LayerNorm { weight, bias, eps } => {
            let (weight, bias) = (w.tensor(weight)?, w.tensor(bias)?);
            let is_picture = from.len() == 3;
            let x = if is_picture { transposed(w, x, [0, 2, 3, 1]) } else { x.to_owned() };
            let attributes = vec![Attribute::int("axis", -1), Attribute::float("epsilon", *eps as f32)];
            let y = w.node("LayerNormalization", &[&x, &weight, &bias], attributes);
            if is_picture { transposed(w, &y, [0, 3, 1, 2]) } else { y }
        }
        Operation::Activation(function) => activation(w, *function, x),
        Operation::MaxPool(pool) => {
            let attributes = windows(pool, from, to);
            w.node("MaxPool", &[x], attributes)
        }
        Operation::AvgPool(pool) => {
            if pool.keep_border && pool.padding > 0 {
                let problem =
                    "a mean pooling that keeps the border of a padded picture counts its pixels as no operator of \
                               ONNX does; leave out the padding or the border"
                        .to_owned();
                return Err(Error::Form { form: FORM, problem });
            }
            let mut attributes = windows(pool, from, to);
            // Pixels that padding adds are counted, those beyond a border that is kept are not.
            attributes.push(Attribute::int("count_include_pad", (!pool.keep_border).into()));
            w.node("AveragePool", &[x], attributes)
        }
        Operation::GlobalAvgPool => w.node("GlobalAveragePool", &[x], vec![]),
        Operation::Flatten => w.node("Flatten", &[x], vec![Attribute::int("axis", 1)]),
        Operation::Linear { weight, bias } => linear(w, x, weight, bias.as_deref(), from.len() == 1)?,
        Operation::Add => w.node("Add", inputs, vec![]),
        Operation::Multiply => w.node("Mul", inputs, vec![]),
        Operation::Subsample(Subsample { stride, maps }) => {
            let [starts, ends] = [[0; 2], [i64::MAX; 2]];
            let starts = w.integers("starts", &starts);
            let ends = w.integers("ends", &ends);
            let axes = w.integers("axes", &[2, 3]);
            let steps = w.integers("steps", &[*stride; 2]);
            let kept = w.node("Slice", &[x, &starts, &ends, &axes, &steps], vec![]);
            let zeros = maps - from[0];
            let pads = w.integers("pads", &[0, zeros / 2, 0, 0, 0, zeros - zeros / 2, 0, 0]);
            w.node("Pad", &[&kept, &pads], vec![])
        }
        Operation::Scale(factor) => {
            let factor = w.numbers("factor", &[*factor as f32], &[]);
            w.node("Mul", &[x, &factor], vec![])
        }
        Operation::LayerScale { gamma } => {
            let values = w.program.tensors[gamma].shallow_clone();
            let gamma = match from.len() {
                3 => w.made(gamma, &values.view([-1, 1, 1]))?,
                _ => w.made(gamma, &values)?,
            };
            w.node("Mul", &[x, &gamma], vec![])
        }
        Operation::Tokens => {
            let shape = w.integers("shape", &[0, from[0], from[1] * from[2]]);
            let rows = w.node("Reshape", &[x, &shape], vec![]);
            transposed(w, &rows, [0, 2, 1])
        }
        Operation::Embedding { class, position } => {
            // A token of zeros comes first; the class token is added to it with its position.
            let pads = w.integers("pads", &[0, 1, 0, 0, 0, 0]);
            let tokens = w.node("Pad", &[x, &pads], vec![]);
            let added = w.program.tensors[position].copy();
            let mut first = added.narrow(1, 0, 1);
            let _ = first.g_add_(&w.program.tensors[class]);
            let added = w.made(position, &added)?;
            w.node("Add", &[&tokens, &added], vec![])
        }
        Operation::Attention { heads, tensors } => attention(w, x, *heads, tensors, from)?,
        Operation::FirstToken => {
            let first = w.constant("first", super::proto::INT64, &[], 0i64.to_le_bytes().to_vec());
            w.node("Gather", &[x, &first], vec![Attribute::int("axis", 1)])
        }
    })
}

/// Windows of a pooling. A border that is kept is padding at the end, exactly as much as its windows need: what versions of ONNX
/// make of `ceil_mode` differs.
fn windows(pool: &Pool, from: &[i64], to: &[i64]) -> Vec<Attribute> {
    let end = |size: i64, positions: i64| match pool.keep_border {
        true => ((positions - 1) * pool.stride + pool.kernel - size - pool.padding).max(0),
        false => pool.padding,
    };
    let (bottom, right) = (end(from[1], to[1]), end(from[2], to[2]));
    vec![
        Attribute::ints("kernel_shape", [pool.kernel; 2]),
        Attribute::ints("strides", [pool.stride; 2]),
        Attribute::ints("pads", [pool.padding, pool.padding, bottom, right]),
    ]
}

fn activation(w: &mut Writer<'_>, function: Activation, x: &str) -> String {
    match function {
        Activation::Tanh => w.node("Tanh", &[x], vec![]),
        Activation::Sigmoid => w.node("Sigmoid", &[x], vec![]),
        Activation::Relu => w.node("Relu", &[x], vec![]),
        Activation::Relu6 => {
            let (least, most) = (w.numbers("least", &[0.0], &[]), w.numbers("most", &[6.0], &[]));
            w.node("Clip", &[x, &least, &most], vec![])
        }
        Activation::Gelu => {
            let root = w.numbers("root", &[std::f32::consts::SQRT_2], &[]);
            let (one, half) = (w.numbers("one", &[1.0], &[]), w.numbers("half", &[0.5], &[]));
            let divided = w.node("Div", &[x, &root], vec![]);
            let erf = w.node("Erf", &[&divided], vec![]);
            let sum = w.node("Add", &[&erf, &one], vec![]);
            let product = w.node("Mul", &[x, &sum], vec![]);
            w.node("Mul", &[&product, &half], vec![])
        }
        Activation::Silu => {
            let gate = w.node("Sigmoid", &[x], vec![]);
            w.node("Mul", &[x, &gate], vec![])
        }
        Activation::HardSwish => {
            let gate = hard_sigmoid(w, x);
            w.node("Mul", &[x, &gate], vec![])
        }
        Activation::HardSigmoid => hard_sigmoid(w, x),
    }
}

fn hard_sigmoid(w: &mut Writer<'_>, x: &str) -> String {
    w.node("HardSigmoid", &[x], vec![Attribute::float("alpha", 1.0 / 6.0), Attribute::float("beta", 0.5)])
}

/// Of rows, or of tokens.
fn linear(w: &mut Writer<'_>, x: &str, weight: &str, bias: Option<&str>, is_row: bool) -> Result<String, Error> {
    if is_row {
        let mut taken = vec![x.to_owned(), w.tensor(weight)?];
        taken.extend(bias.map(|bias| w.tensor(bias)).transpose()?);
        let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
        return Ok(w.node("Gemm", &taken, vec![Attribute::int("transB", 1)]));
    }
    let columns = w.program.tensors[weight].tr(); // [features, units]
    let columns = w.made(weight, &columns)?;
    let product = w.node("MatMul", &[x, &columns], vec![]);
    match bias {
        Some(bias) => {
            let bias = w.tensor(bias)?;
            Ok(w.node("Add", &[&product, &bias], vec![]))
        }
        None => Ok(product),
    }
}

fn attention(w: &mut Writer<'_>, x: &str, heads: i64, own: &[String; 4], shape: &[i64]) -> Result<String, Error> {
    let (tokens, d) = (shape[0], shape[1]);
    let [qkv, qkv_bias, proj, proj_bias] = own;
    let all = linear(w, x, qkv, Some(qkv_bias), false)?; // [n, tokens, 3d]
    let apart = w.integers("apart", &[0, tokens, 3, heads, d / heads]);
    let all = w.node("Reshape", &[&all, &apart], vec![]);
    let all = transposed(w, &all, [2, 0, 3, 1, 4]); // [3, n, heads, tokens, d / heads]
    let part = |w: &mut Writer<'_>, place: i64| {
        let place = w.constant("part", super::proto::INT64, &[], place.to_le_bytes().to_vec());
        w.node("Gather", &[&all, &place], vec![Attribute::int("axis", 0)])
    };
    let (query, key, value) = (part(w, 0), part(w, 1), part(w, 2)); // [n, heads, tokens, d / heads] each
    let scale = w.numbers("scale", &[((d / heads) as f64).powf(-0.5) as f32], &[]);
    let query = w.node("Mul", &[&query, &scale], vec![]);
    let key = transposed(w, &key, [0, 1, 3, 2]);
    let products = w.node("MatMul", &[&query, &key], vec![]); // [n, heads, tokens, tokens]
    let weights = w.node("Softmax", &[&products], vec![Attribute::int("axis", -1)]);
    let seen = w.node("MatMul", &[&weights, &value], vec![]); // [n, heads, tokens, d / heads]
    let seen = transposed(w, &seen, [0, 2, 1, 3]);
    let together = w.integers("together", &[0, tokens, d]);
    let seen = w.node("Reshape", &[&seen, &together], vec![]); // [n, tokens, d]
    linear(w, &seen, proj, Some(proj_bias), false)
}

fn transposed<const N: usize>(w: &mut Writer<'_>, x: &str, order: [i64; N]) -> String {
    w.node("Transpose", &[x], vec![Attribute::ints("perm", order)])
}

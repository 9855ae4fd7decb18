//! A network as a list of operations in the order in which they are computed, for programs that write it in another form.

use crate::block::{Pool, Subsample};
use crate::node::{Node, Op};
use crate::tensors::Tensors;
use crate::{Activation, Error, Model};

/// What a network computes in [`Mode::Eval`](crate::Mode::Eval). Values are numbered: 0 is the picture, and step `i` gives value
/// `i + 1`; the last one is the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Shape of the picture, `[channels, height, width]`.
    pub input: [i64; 3],
    /// First to last; at least one.
    pub steps: Vec<Step>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The part of the network that it belongs to, such as `layer1.0.conv1`; several steps may share a name, and it may be empty.
    pub name: String,
    /// What is computed.
    pub operation: Operation,
    /// Numbers of the values that it takes.
    pub inputs: Vec<usize>,
    /// Shape of what comes out for one picture, without the batch dimension.
    pub shape: Vec<i64>,
}

/// What a step computes. Tensors of the network are named as in [`Model::named_tensors`]. Each takes one value unless said.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Convolution, as `torch.nn.Conv2d`.
    Conv {
        /// Filters, `[maps, channels / groups, kernel, kernel]`.
        weight: String,
        /// `[maps]`.
        bias: Option<String>,
        /// Height and width of the filters.
        kernel: i64,
        /// Pixels from one position to the next.
        stride: i64,
        /// Zeros at the top, the left, the bottom and the right.
        padding: [i64; 4],
        /// Groups of channels that do not see one another.
        groups: i64,
    },
    /// `(x - mean) / sqrt(variance + eps) * weight + bias` for each channel.
    BatchNorm {
        /// `[c]`.
        weight: String,
        /// `[c]`.
        bias: String,
        /// `[c]`.
        mean: String,
        /// `[c]`.
        variance: String,
        /// Added to the variance.
        eps: f64,
    },
    /// The same with the statistics of each position: over the channels of `[c, h, w]`, else over the last dimension.
    LayerNorm {
        /// `[c]`.
        weight: String,
        /// `[c]`.
        bias: String,
        /// Added to the variance.
        eps: f64,
    },
    /// Value by value.
    Activation(Activation),
    /// The largest value of each window.
    MaxPool(Pool),
    /// The mean of each window; padding counts as zeros.
    AvgPool(Pool),
    /// The mean over all positions, `[c, h, w]` to `[c, 1, 1]`.
    GlobalAvgPool,
    /// Any shape to `[product]`.
    Flatten,
    /// `x * weight^T + bias` of the last dimension.
    Linear {
        /// `[units, features]`.
        weight: String,
        /// `[units]`.
        bias: Option<String>,
    },
    /// Sum of two values.
    Add,
    /// Product of two values; the second may have one number for each channel, `[c, 1, 1]`.
    Multiply,
    /// Every `stride`th pixel, with channels of zeros before and after.
    Subsample(Subsample),
    /// Times a constant.
    Scale(f64),
    /// Each channel (of `[c, h, w]`), else each place of the last dimension, times `gamma`, `[c]`.
    LayerScale {
        /// `[c]`.
        gamma: String,
    },
    /// `[d, h, w]` to `[h * w, d]`.
    Tokens,
    /// A class token comes first, and positions are added.
    Embedding {
        /// `[1, 1, d]`.
        class: String,
        /// `[1, tokens + 1, d]`.
        position: String,
    },
    /// Self-attention, see [`Attention`](crate::block::Attention).
    Attention {
        /// Heads, which divide `d`.
        heads: i64,
        /// `qkv.weight`, `qkv.bias`, `proj.weight`, `proj.bias`.
        tensors: [String; 4],
    },
    /// `[tokens, d]` to `[d]`.
    FirstToken,
}

impl Model {
    /// What the network computes in evaluation, operation by operation. Dropout, which does nothing there, is left out.
    ///
    /// # Errors
    /// [`Error::NoGraph`] for a network of a program's own.
    pub fn graph(&self) -> Result<Graph, Error> {
        let nodes = self.nodes().ok_or_else(|| Error::NoGraph { name: self.arch().name().to_owned() })?;
        let input = self.input();
        let mut writer = Writer { tensors: self.tensors(), steps: Vec::new(), input };
        let end = nodes.into_iter().fold(0, |value, node| writer.write(node, value));
        debug_assert_eq!(end, writer.steps.len());
        Ok(Graph { input, steps: writer.steps })
    }
}

struct Writer<'a> {
    tensors: &'a Tensors,
    steps: Vec<Step>,
    input: [i64; 3],
}

impl Writer<'_> {
    /// Adds what a part computes of the value `from`, and gives the number of its result.
    fn write(&mut self, node: &Node, from: usize) -> usize {
        let operation = match &node.op {
            Op::Conv { weight, bias, conv } => {
                let size = self.shape(from).to_vec(); // c, h, w
                let around = |side: i64| conv.padding.around(side, conv.kernel, conv.stride);
                let ([top, bottom], [left, right]) = (around(size[1]), around(size[2]));
                Operation::Conv {
                    weight: self.parameter(*weight),
                    bias: bias.map(|bias| self.parameter(bias)),
                    kernel: conv.kernel,
                    stride: conv.stride,
                    padding: [top, left, bottom, right],
                    groups: conv.groups,
                }
            }
            Op::BatchNorm { norm, weight, bias, mean, variance } => Operation::BatchNorm {
                weight: self.parameter(*weight),
                bias: self.parameter(*bias),
                mean: self.buffer(*mean),
                variance: self.buffer(*variance),
                eps: norm.eps,
            },
            Op::LayerNorm { norm, weight, bias } => {
                Operation::LayerNorm { weight: self.parameter(*weight), bias: self.parameter(*bias), eps: norm.eps }
            }
            Op::Activation(activation) => Operation::Activation(*activation),
            Op::MaxPool(pool) => Operation::MaxPool(*pool),
            Op::AvgPool(pool) => Operation::AvgPool(*pool),
            Op::GlobalAvgPool => Operation::GlobalAvgPool,
            Op::Flatten => Operation::Flatten,
            Op::Linear { weight, bias } => {
                Operation::Linear { weight: self.parameter(*weight), bias: bias.map(|bias| self.parameter(bias)) }
            }
            Op::Dropout(_) | Op::ChannelsLast => return from,
            Op::Sequential(parts) => return parts.iter().fold(from, |value, part| self.write(part, value)),
            Op::Residual { body, shortcut } => {
                let sum = self.write(body, from);
                let added = shortcut.as_ref().map_or(from, |shortcut| self.write(shortcut, from));
                return self.push(node, Operation::Add, vec![sum, added]);
            }
            Op::Gated(body) => {
                let gate = self.write(body, from);
                return self.push(node, Operation::Multiply, vec![from, gate]);
            }
            Op::Subsample(subsample) => Operation::Subsample(*subsample),
            Op::Scale(factor) => Operation::Scale(*factor),
            Op::LayerScale(gamma) => Operation::LayerScale { gamma: self.parameter(*gamma) },
            Op::Tokens => Operation::Tokens,
            Op::Embedding { class, position } => {
                Operation::Embedding { class: self.parameter(*class), position: self.parameter(*position) }
            }
            Op::Attention { heads, own } => {
                Operation::Attention { heads: *heads, tensors: own.map(|place| self.parameter(place)) }
            }
            Op::FirstToken => Operation::FirstToken,
            Op::Packed(_) => unreachable!("only a rewritten tree has packed stages, and this is the one as described"),
        };
        self.push(node, operation, vec![from])
    }

    fn push(&mut self, node: &Node, operation: Operation, inputs: Vec<usize>) -> usize {
        self.steps.push(Step { name: node.name.clone(), operation, inputs, shape: node.output.clone() });
        self.steps.len()
    }

    fn shape(&self, value: usize) -> &[i64] {
        value.checked_sub(1).map_or(&self.input, |step| &self.steps[step].shape)
    }

    fn parameter(&self, place: usize) -> String {
        self.tensors.parameters[place].name.clone()
    }

    fn buffer(&self, place: usize) -> String {
        self.tensors.buffers[place].name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo;
    use tch::Device;

    /// Every network of the zoo: values are computed before they are taken, and every tensor is named once.
    #[test]
    fn all_of_the_zoo_has_a_graph() {
        for entry in zoo::list().into_iter().filter(|entry| !entry.name.starts_with("wrn-28")) {
            let side = entry.input[1].min(64);
            let model = Model::new(&entry.arch, [entry.input[0], side, side], 10, Device::Cpu, 1).unwrap();
            let graph = model.graph().unwrap();
            for (number, step) in graph.steps.iter().enumerate() {
                assert!(step.inputs.iter().all(|&value| value <= number), "{}: {step:?}", entry.name);
            }
            assert_eq!(graph.steps.last().unwrap().shape, [10], "{}", entry.name);
            let told = format!("{:?}", graph.steps.iter().map(|step| &step.operation).collect::<Vec<_>>());
            for (name, _) in model.named_tensors() {
                assert_eq!(told.matches(&format!("\"{name}\"")).count(), 1, "{}: {name}", entry.name);
            }
        }
    }
}

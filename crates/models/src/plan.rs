//! From a description and a picture's shape to a checked tree and a list of its tensors. All sizes and names are settled
//! here, once; nothing is allocated yet.

mod leaves;

use std::collections::HashSet;
use std::ops::Bound::Included;

use values::{Range, Whole};

use crate::arch::DROPOUT;
use crate::block::{Block, Classifier, Part};
use crate::node::{Node, Op};
use crate::role::Role;
use crate::shape::{MAX_PARAMETERS, shape_text};
use crate::{Error, shape};

/// A classifier tells at least two classes apart.
pub(crate) const CLASSES: Whole = Whole::new("number of classes", 2, i64::MAX);
/// What a batch norm adds to a variance: no less than f32 tells from 0.
const EPS: Range = Range::new("eps", Included(1e-30), Included(1e30));
/// The part of a running mean that a minibatch replaces.
const MOMENTUM: Range = Range::new("momentum", Included(0.0), Included(1.0));

/// A parameter that is to be made.
#[derive(Debug)]
pub(crate) struct ParameterPlan {
    pub name: String,
    pub shape: Vec<i64>,
    pub role: Role,
    pub start: Start,
}

/// Values that a tensor begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    Constant(f32),
    /// Uniform in `[-bound, bound]`, from the stream of this layer with weights, counted from 0.
    Uniform {
        bound: f64,
        layer: usize,
    },
    /// Normal around 0, from the stream of this layer.
    Normal {
        deviation: f64,
        layer: usize,
    },
    /// Uniform, but the first filters hand on their channel.
    Dirac {
        bound: f64,
        layer: usize,
    },
}

/// A buffer that is to be made: its name, its length and what it is filled with.
#[derive(Debug)]
pub(crate) struct BufferPlan {
    pub name: String,
    pub length: i64,
    pub value: f32,
}

/// A classifier with all sizes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub trunk: Node,
    pub head: Node,
    pub parameters: Vec<ParameterPlan>,
    pub buffers: Vec<BufferPlan>,
}

/// Settles the sizes of `network` for pictures of `input`, `[channels, height, width]`.
pub(crate) fn plan(network: &Classifier, input: [i64; 3]) -> Result<Plan, Error> {
    for (key, size) in ["picture channels", "picture height", "picture width"].into_iter().zip(input) {
        Whole::new(key, 1, i64::MAX).check(size)?;
    }
    CLASSES.check(network.head.units)?;
    settle(network, input).map_err(|problem| match problem {
        Problem::Refused(error) => error,
        Problem::NothingLeft { layer, sizes } => {
            let sizes = sizes.iter().map(|(name, size)| format!("{name} {}", shape_text(size)));
            let sizes = std::iter::once(format!("picture {}", shape_text(&input))).chain(sizes).collect::<Vec<_>>();
            Error::PictureTooSmall { input, sizes: sizes.join(", "), layer, needed: smallest(network, input[0]) }
        }
    })
}

/// Height and width of the smallest square picture of which something is left at the end.
fn smallest(network: &Classifier, channels: i64) -> i64 {
    let is_too_small = |side: i64| matches!(settle(network, [channels, side, side]), Err(Problem::NothingLeft { .. }));
    let (mut too_small, mut enough) = (0, 1);
    while enough < i64::MAX && is_too_small(enough) {
        (too_small, enough) = (enough, enough.saturating_mul(2));
    }
    while enough - too_small > 1 {
        let middle = too_small + (enough - too_small) / 2;
        *if is_too_small(middle) { &mut too_small } else { &mut enough } = middle;
    }
    enough
}

fn settle(network: &Classifier, input: [i64; 3]) -> Result<Plan, Problem> {
    let mut planner = Planner::default();
    let trunk = Block::Sequential(network.trunk.clone());
    let trunk = planner.block(&trunk, "", true, &input)?;
    if trunk.output.len() != 1 {
        let found = shape_text(&trunk.output);
        let problem = format!("a linear layer takes a row of features, not {found}: flatten them first");
        return Err(Error::Block { part: network.head_name.clone(), problem }.into());
    }
    let head = planner.block(&Block::Linear(network.head), &network.head_name, false, &trunk.output)?;
    planner.check_names()?;
    let Planner { parameters, buffers, .. } = planner;
    Ok(Plan { trunk, head, parameters, buffers })
}

enum Problem {
    Refused(Error),
    /// The output of `layer` would be empty; the layers before it, and what came out of them.
    NothingLeft {
        layer: String,
        sizes: Vec<(String, Vec<i64>)>,
    },
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::Refused(error)
    }
}

/// What was settled so far.
#[derive(Default)]
struct Planner {
    parameters: Vec<ParameterPlan>,
    buffers: Vec<BufferPlan>,
    /// Convolutions and linear layers.
    weighted: usize,
    /// Layers whose output is known, for messages.
    sizes: Vec<(String, Vec<i64>)>,
}

impl Planner {
    /// A part that takes `input`; `inside` says that it lies inside a layer or names none.
    fn block(&mut self, block: &Block, name: &str, unnamed: bool, input: &[i64]) -> Result<Node, Problem> {
        let is_layer = !unnamed && !holds_names(block);
        let refuse = |problem: String| Problem::Refused(Error::Block { part: name.to_owned(), problem });
        let (op, output) = match block {
            Block::Conv(conv) => self.conv(conv, name, input)?,
            Block::Linear(linear) => self.linear(linear, name, input)?,
            Block::BatchNorm(norm) => (self.batch_norm(norm, name, input)?, input.to_vec()),
            Block::LayerNorm(norm) => (self.layer_norm(norm, name, input)?, input.to_vec()),
            Block::Activation(activation) => (Op::Activation(*activation), input.to_vec()),
            Block::MaxPool(pool) => (Op::MaxPool(*pool), leaves::pooled(pool, input).map_err(refuse)?),
            Block::AvgPool(pool) => (Op::AvgPool(*pool), leaves::pooled(pool, input).map_err(refuse)?),
            Block::GlobalAvgPool => {
                let [channels, ..] = shape::picture(input).map_err(refuse)?;
                (Op::GlobalAvgPool, vec![channels, 1, 1])
            }
            Block::Flatten => (Op::Flatten, vec![shape::product(input)]),
            Block::Dropout(chance) => {
                let chance = DROPOUT.check(*chance).map_err(|problem| refuse(problem.to_string()))?;
                (Op::Dropout(chance), input.to_vec())
            }
            Block::Sequential(sequential) => {
                let mut nodes: Vec<Node> = Vec::with_capacity(sequential.parts.len());
                for part in &sequential.parts {
                    let input = nodes.last().map_or(input, |node| &node.output).to_vec();
                    nodes.push(self.part(part, name, &input)?);
                }
                let output = nodes.last().map_or(input, |node| &node.output).to_vec();
                (Op::Sequential(nodes), output)
            }
            Block::Residual(residual) => {
                let body = self.block(&residual.body, name, true, input)?;
                let shortcut = residual.shortcut.as_ref().map(|part| self.part(part, name, input)).transpose()?;
                let (sum, added) = (&body.output, shortcut.as_ref().map_or(input, |node| &node.output));
                if sum != added {
                    let (sum, added) = (shape_text(sum), shape_text(added));
                    return Err(refuse(format!("the body gives {sum} and the shortcut {added}: they cannot be added")));
                }
                let output = body.output.clone();
                (Op::Residual { body: Box::new(body), shortcut: shortcut.map(Box::new) }, output)
            }
            Block::Gated(gated) => {
                let body = self.block(&gated.body, name, true, input)?;
                let is_gate = body.output == input
                    || input.split_first().is_some_and(|(channels, rest)| {
                        body.output.first() == Some(channels)
                            && body.output.len() == input.len()
                            && !rest.is_empty()
                            && body.output[1..].iter().all(|&size| size == 1)
                    });
                if !is_gate {
                    let (gate, input) = (shape_text(&body.output), shape_text(input));
                    return Err(refuse(format!("the gate gives {gate} for {input}: they cannot be multiplied")));
                }
                (Op::Gated(Box::new(body)), input.to_vec())
            }
            Block::Subsample(subsample) => {
                (Op::Subsample(*subsample), leaves::subsampled(subsample, input).map_err(refuse)?)
            }
            Block::Scale(factor) if factor.is_finite() => (Op::Scale(*factor), input.to_vec()),
            Block::Scale(factor) => return Err(refuse(format!("a scale of {factor} is no finite number"))),
            Block::LayerScale(start) => (self.layer_scale(*start, name, input)?, input.to_vec()),
            Block::Tokens => {
                let [channels, height, width] = shape::picture(input).map_err(refuse)?;
                (Op::Tokens, vec![height.saturating_mul(width), channels])
            }
            Block::Embedding => self.embedding(name, input)?,
            Block::Attention(attention) => (self.attention(attention, name, input)?, input.to_vec()),
            Block::FirstToken => {
                let [_, d] = shape::tokens(input).map_err(refuse)?;
                (Op::FirstToken, vec![d])
            }
        };
        if output.contains(&0) {
            return Err(Problem::NothingLeft { layer: name.to_owned(), sizes: std::mem::take(&mut self.sizes) });
        }
        if is_layer {
            self.sizes.push((name.to_owned(), output.clone()));
        }
        // Their tensors carry the name of what they lie in, and no other layer counts them.
        let (name, is_layer) = match op {
            Op::LayerScale(_) => (dotted(name, "gamma"), true),
            Op::Embedding { .. } => (dotted(name, "embedding"), true),
            _ => (name.to_owned(), is_layer),
        };
        Ok(Node { name, is_layer, output, op })
    }

    fn part(&mut self, part: &Part, outside: &str, input: &[i64]) -> Result<Node, Problem> {
        match &part.name {
            None => self.block(&part.block, outside, true, input),
            Some(name) if outside.is_empty() => self.block(&part.block, name, false, input),
            Some(name) => self.block(&part.block, &format!("{outside}.{name}"), false, input),
        }
    }

    fn parameter(&mut self, layer: &str, own: &str, shape: Vec<i64>, role: Role, start: Start) -> Result<(), Error> {
        self.parameters.push(ParameterPlan { name: dotted(layer, own), shape, role, start });
        let total = self.parameters.iter().map(|it| shape::product(&it.shape)).fold(0, i64::saturating_add);
        if total > MAX_PARAMETERS { Err(Error::TooLarge { layer: layer.to_owned() }) } else { Ok(()) }
    }

    fn check_names(&self) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let names = self.parameters.iter().map(|it| &it.name).chain(self.buffers.iter().map(|it| &it.name));
        match names.into_iter().find(|name| !seen.insert(*name)) {
            None => Ok(()),
            Some(name) => {
                let problem = "two tensors bear this name: give the parts that hold them names of their own".to_owned();
                Err(Error::Block { part: name.clone(), problem })
            }
        }
    }
}

fn holds_names(block: &Block) -> bool {
    let holds = |part: &Part| part.name.is_some() || holds_names(&part.block);
    match block {
        Block::Sequential(sequential) => sequential.parts.iter().any(holds),
        Block::Residual(residual) => holds_names(&residual.body) || residual.shortcut.as_deref().is_some_and(holds),
        Block::Gated(gated) => holds_names(&gated.body),
        // They are layers under names of their own.
        Block::LayerScale(_) | Block::Embedding => true,
        _ => false,
    }
}

fn dotted(layer: &str, own: &str) -> String {
    if layer.is_empty() { own.to_owned() } else { format!("{layer}.{own}") }
}

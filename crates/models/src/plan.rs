//! From a description and a picture's shape to a checked tree and a list of its tensors. All sizes and names are settled
//! here, once; nothing is allocated yet.

use std::collections::HashSet;
use std::ops::Bound::Included;

use values::{Range, Whole};

use crate::arch::{DROPOUT, SIZE};
use crate::block::{BatchNorm, Block, Classifier, Conv, Init, Linear, Part, Pool};
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
            Block::Activation(activation) => (Op::Activation(*activation), input.to_vec()),
            Block::MaxPool(pool) => (Op::MaxPool(*pool), pooled(pool, input).map_err(refuse)?),
            Block::AvgPool(pool) => (Op::AvgPool(*pool), pooled(pool, input).map_err(refuse)?),
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
        };
        if output.contains(&0) {
            return Err(Problem::NothingLeft { layer: name.to_owned(), sizes: std::mem::take(&mut self.sizes) });
        }
        if is_layer {
            self.sizes.push((name.to_owned(), output.clone()));
        }
        Ok(Node { name: name.to_owned(), is_layer, output, op })
    }

    fn part(&mut self, part: &Part, outside: &str, input: &[i64]) -> Result<Node, Problem> {
        match &part.name {
            None => self.block(&part.block, outside, true, input),
            Some(name) if outside.is_empty() => self.block(&part.block, name, false, input),
            Some(name) => self.block(&part.block, &format!("{outside}.{name}"), false, input),
        }
    }

    fn conv(&mut self, conv: &Conv, name: &str, input: &[i64]) -> Result<(Op, Vec<i64>), Problem> {
        let refuse = |problem: String| Problem::Refused(Error::Block { part: name.to_owned(), problem });
        let [channels, height, width] = shape::picture(input).map_err(refuse)?;
        for (key, size) in
            [("maps", conv.maps), ("kernel", conv.kernel), ("stride", conv.stride), ("groups", conv.groups)]
        {
            SIZE.check_at(&format!("{key} of {name}"), size).map_err(Error::from)?;
        }
        if conv.padding < 0 || channels % conv.groups != 0 || conv.maps % conv.groups != 0 {
            let Conv { padding, groups, maps, .. } = conv;
            return Err(refuse(format!(
                "padding {padding} and {groups} groups do not fit {channels} channels and {maps} maps"
            )));
        }
        let weight = vec![conv.maps, channels / conv.groups, conv.kernel, conv.kernel];
        let (weight, bias) = self.weight(name, weight, conv.init, conv.bias)?;
        let side = |size| shape::windows(size, conv.kernel, conv.stride, conv.padding);
        Ok((Op::Conv { weight, bias, conv: *conv }, vec![conv.maps, side(height), side(width)]))
    }

    fn linear(&mut self, linear: &Linear, name: &str, input: &[i64]) -> Result<(Op, Vec<i64>), Problem> {
        let [features] = *input else {
            let problem =
                format!("a linear layer takes a row of features, not {}: flatten them first", shape_text(input));
            return Err(Error::Block { part: name.to_owned(), problem }.into());
        };
        SIZE.check_at(&format!("units of {name}"), linear.units).map_err(Error::from)?;
        let (weight, bias) = self.weight(name, vec![linear.units, features], linear.init, linear.bias)?;
        Ok((Op::Linear { weight, bias }, vec![linear.units]))
    }

    fn batch_norm(&mut self, norm: &BatchNorm, name: &str, input: &[i64]) -> Result<Op, Problem> {
        for checked in [EPS.check(norm.eps), MOMENTUM.check(norm.momentum)] {
            checked.map_err(|problem| Error::Block { part: name.to_owned(), problem: problem.to_string() })?;
        }
        let channels = input[0];
        let (weight, bias) = (self.parameters.len(), self.parameters.len() + 1);
        self.parameter(name, "weight", vec![channels], Role::Scale, Start::Constant(1.0))?;
        self.parameter(name, "bias", vec![channels], Role::Bias, Start::Constant(0.0))?;
        let (mean, variance) = (self.buffers.len(), self.buffers.len() + 1);
        for (own, value) in [("running_mean", 0.0), ("running_var", 1.0)] {
            self.buffers.push(BufferPlan { name: dotted(name, own), length: channels, value });
        }
        Ok(Op::BatchNorm { norm: *norm, weight, bias, mean, variance })
    }

    /// A weight and its bias, if it has one.
    fn weight(
        &mut self,
        layer: &str,
        shape: Vec<i64>,
        init: Init,
        bias: bool,
    ) -> Result<(usize, Option<usize>), Error> {
        let units = shape[0];
        let start = match init {
            Init::Zero => Start::Constant(0.0),
            Init::Uniform { rule, activation, pool_area } => {
                let fan_in = shape::product(&shape[1..]) as f64;
                let fan_out = units as f64 * shape::product(&shape[2..]) as f64 / pool_area as f64;
                Start::Uniform { bound: rule.bound(activation, fan_in, fan_out), layer: self.weighted }
            }
        };
        self.weighted += 1;
        let weight = self.parameters.len();
        self.parameter(layer, "weight", shape, Role::Weight, start)?;
        if bias {
            self.parameter(layer, "bias", vec![units], Role::Bias, Start::Constant(0.0))?;
        }
        Ok((weight, bias.then_some(weight + 1)))
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

fn pooled(pool: &Pool, input: &[i64]) -> Result<Vec<i64>, String> {
    let [channels, height, width] = shape::picture(input)?;
    if pool.kernel < 1 || pool.stride < 1 || pool.padding < 0 || pool.padding > pool.kernel / 2 {
        let Pool { kernel, stride, padding, .. } = pool;
        return Err(format!(
            "windows of {kernel} every {stride} with padding {padding}: window and stride must be at least 1, and padding at most \
             half the window"
        ));
    }
    let side = |size| match pool.keep_border {
        false => shape::windows(size, pool.kernel, pool.stride, pool.padding),
        true => shape::windows_with_border(size, pool.kernel, pool.stride, pool.padding),
    };
    Ok(vec![channels, side(height), side(width)])
}

fn holds_names(block: &Block) -> bool {
    let holds = |part: &Part| part.name.is_some() || holds_names(&part.block);
    match block {
        Block::Sequential(sequential) => sequential.parts.iter().any(holds),
        Block::Residual(residual) => holds_names(&residual.body) || residual.shortcut.as_deref().is_some_and(holds),
        _ => false,
    }
}

fn dotted(layer: &str, own: &str) -> String {
    if layer.is_empty() { own.to_owned() } else { format!("{layer}.{own}") }
}

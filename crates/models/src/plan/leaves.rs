//! Sizes and tensors of the parts that are not made of parts.

use super::{EPS, MOMENTUM, Planner, Problem, Start, dotted};
use crate::Error;
use crate::arch::SIZE;
use crate::block::{Attention, BatchNorm, Conv, Init, LayerNorm, Linear, Padding, Pool, Subsample};
use crate::node::Op;
use crate::plan::BufferPlan;
use crate::role::Role;
use crate::shape::{self, shape_text};

/// How tokens and positions begin.
const EMBEDDING: f64 = 0.02;

impl Planner {
    pub(super) fn conv(&mut self, conv: &Conv, name: &str, input: &[i64]) -> Result<(Op, Vec<i64>), Problem> {
        let refuse = |problem: String| Problem::Refused(Error::Block { part: name.to_owned(), problem });
        let [channels, height, width] = shape::picture(input).map_err(refuse)?;
        for (key, size) in
            [("maps", conv.maps), ("kernel", conv.kernel), ("stride", conv.stride), ("groups", conv.groups)]
        {
            SIZE.check_at(&format!("{key} of {name}"), size).map_err(Error::from)?;
        }
        if matches!(conv.padding, Padding::Each(..0)) || channels % conv.groups != 0 || conv.maps % conv.groups != 0 {
            let Conv { padding, groups, maps, .. } = conv;
            return Err(refuse(format!(
                "padding {padding:?} and {groups} groups do not fit {channels} channels and {maps} maps"
            )));
        }
        let weight = vec![conv.maps, channels / conv.groups, conv.kernel, conv.kernel];
        let (weight, bias) = self.weight(name, weight, conv.init, conv.bias)?;
        let side = |size| match conv.padding {
            Padding::Each(zeros) => shape::windows(size, conv.kernel, conv.stride, zeros),
            Padding::Same => (size - 1).div_euclid(conv.stride) + 1,
        };
        Ok((Op::Conv { weight, bias, conv: *conv }, vec![conv.maps, side(height), side(width)]))
    }

    pub(super) fn linear(&mut self, linear: &Linear, name: &str, input: &[i64]) -> Result<(Op, Vec<i64>), Problem> {
        let ([features] | [_, features]) = *input else {
            let problem =
                format!("a linear layer takes a row of features, not {}: flatten them first", shape_text(input));
            return Err(Error::Block { part: name.to_owned(), problem }.into());
        };
        SIZE.check_at(&format!("units of {name}"), linear.units).map_err(Error::from)?;
        let (weight, bias) = self.weight(name, vec![linear.units, features], linear.init, linear.bias)?;
        let positions = &input[..input.len() - 1];
        Ok((Op::Linear { weight, bias }, [positions, &[linear.units]].concat()))
    }

    pub(super) fn batch_norm(&mut self, norm: &BatchNorm, name: &str, input: &[i64]) -> Result<Op, Problem> {
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
    pub(super) fn weight(
        &mut self,
        layer: &str,
        shape: Vec<i64>,
        init: Init,
        bias: bool,
    ) -> Result<(usize, Option<usize>), Error> {
        let units = shape[0];
        let fan_in = shape::product(&shape[1..]) as f64;
        let normal = |deviation| Start::Normal { deviation, layer: self.weighted };
        let start = match init {
            Init::Zero => Start::Constant(0.0),
            Init::Normal(deviation) => normal(deviation),
            Init::HeFanOut => normal((2.0 / (units as f64 * shape::product(&shape[2..]) as f64)).sqrt()),
            Init::Dirac => Start::Dirac { bound: 1.0 / fan_in.sqrt(), layer: self.weighted },
            Init::Uniform { rule, activation, pool_area } => {
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

    pub(super) fn layer_norm(&mut self, norm: &LayerNorm, name: &str, input: &[i64]) -> Result<Op, Problem> {
        EPS.check(norm.eps).map_err(|problem| refused(name, problem.to_string()))?;
        let channels = channels(input);
        let (weight, bias) = (self.parameters.len(), self.parameters.len() + 1);
        self.parameter(name, "weight", vec![channels], Role::Scale, Start::Constant(1.0))?;
        self.parameter(name, "bias", vec![channels], Role::Bias, Start::Constant(0.0))?;
        Ok(Op::LayerNorm { norm: *norm, weight, bias })
    }

    pub(super) fn layer_scale(&mut self, start: f64, name: &str, input: &[i64]) -> Result<Op, Problem> {
        let place = self.parameters.len();
        self.parameter(name, "gamma", vec![channels(input)], Role::Scale, Start::Constant(start as f32))?;
        Ok(Op::LayerScale(place))
    }

    pub(super) fn embedding(&mut self, name: &str, input: &[i64]) -> Result<(Op, Vec<i64>), Problem> {
        let [tokens, d] = shape::tokens(input).map_err(|problem| refused(name, problem))?;
        let tokens = tokens.saturating_add(1);
        let class = self.parameters.len();
        for (own, length) in [("cls_token", 1), ("pos_embed", tokens)] {
            let start = Start::Normal { deviation: EMBEDDING, layer: self.weighted };
            self.weighted += 1;
            self.parameter(name, own, vec![1, length, d], Role::Bias, start)?;
        }
        Ok((Op::Embedding { class, position: class + 1 }, vec![tokens, d]))
    }

    pub(super) fn attention(&mut self, attention: &Attention, name: &str, input: &[i64]) -> Result<Op, Problem> {
        let [_, d] = shape::tokens(input).map_err(|problem| refused(name, problem))?;
        let heads = attention.heads;
        if heads < 1 || d % heads != 0 {
            return Err(refused(name, format!("{heads} heads do not divide tokens of {d} values")));
        }
        let qkv = self.parameters.len();
        for (own, units) in [("qkv", d.saturating_mul(3)), ("proj", d)] {
            self.weight(&dotted(name, own), vec![units, d], attention.init, true)?;
        }
        Ok(Op::Attention { heads, own: [qkv, qkv + 1, qkv + 2, qkv + 3] })
    }
}

pub(super) fn pooled(pool: &Pool, input: &[i64]) -> Result<Vec<i64>, String> {
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

pub(super) fn subsampled(subsample: &Subsample, input: &[i64]) -> Result<Vec<i64>, String> {
    let [channels, height, width] = shape::picture(input)?;
    let Subsample { stride, maps } = *subsample;
    if stride < 1 || maps < channels {
        return Err(format!(
            "a stride of {stride} to {maps} maps: the stride must be at least 1, and maps at least {channels}"
        ));
    }
    let side = |size| shape::windows(size, 1, stride, 0);
    Ok(vec![maps, side(height), side(width)])
}

/// Channels of `[c, h, w]`, the last dimension of other shapes.
fn channels(input: &[i64]) -> i64 {
    let place = if input.len() == 3 { 0 } else { input.len() - 1 };
    input[place]
}

fn refused(part: &str, problem: String) -> Problem {
    Problem::Refused(Error::Block { part: part.to_owned(), problem })
}

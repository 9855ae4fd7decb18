//! What each part of a network computes.

use tch::{Device, Kind, Tensor};
use torch_ext::{Group, Isa};

use crate::block::{BatchNorm, Conv, LayerNorm, Padding, Pool, Subsample};
use crate::network::Mode;
use crate::node::{Node, Op};
use crate::rewrite;
use crate::tensors::Tensors;

/// A pass forward through the tree.
pub(crate) struct Pass<'a> {
    pub tensors: &'a Tensors,
    pub mode: Mode,
    /// Batch normalisation takes and keeps the running statistics in training, too.
    pub keep_statistics: bool,
    /// Processes whose pictures batch normalisation takes together with this one's.
    pub group: Option<&'a Group>,
    /// With nothing but libtorch's own operations.
    pub portable: bool,
    /// Sees the name and the output of every layer on the way, as part of autograd's graph.
    pub visit: &'a mut dyn FnMut(&str, &Tensor),
}

impl Pass<'_> {
    /// The output of a part for `x`, `[n, ...]` to `[n, ...]`.
    ///
    /// # Errors
    /// Where the kernels of packed pictures refuse the images; everything else panics, as libtorch's plain operations do.
    pub fn run(&mut self, node: &Node, x: &Tensor) -> Result<Tensor, torch_ext::Error> {
        let output = match &node.op {
            Op::Conv { weight, bias, conv } => self.convolve(x, *weight, *bias, conv), // [n, maps, h', w']
            Op::BatchNorm { norm, weight, bias, mean, variance } => {
                self.normalise(x, norm, [*weight, *bias], [*mean, *variance]) // as x
            }
            Op::LayerNorm { norm, weight, bias } => self.normalise_positions(x, norm, *weight, *bias), // as x
            Op::Activation(activation) => activation.apply(x),                                         // as x
            Op::MaxPool(Pool { kernel: k, stride: s, padding: p, keep_border }) => {
                x.max_pool2d([*k, *k], [*s, *s], [*p, *p], [1, 1], *keep_border) // [n, c, h', w']
            }
            Op::AvgPool(Pool { kernel: k, stride: s, padding: p, keep_border }) => {
                x.avg_pool2d([*k, *k], [*s, *s], [*p, *p], *keep_border, true, None) // [n, c, h', w']
            }
            Op::GlobalAvgPool => x.mean_dim([2i64, 3].as_slice(), true, None::<Kind>), // [n, c, 1, 1]
            Op::Flatten => x.flatten(1, -1),                                           // [n, features]
            Op::Linear { weight, bias } => self.connect(x, *weight, *bias),            // [n, units]
            Op::Dropout(chance) if self.mode == Mode::Train && *chance > 0.0 => x.dropout(*chance, true), // as x
            Op::Dropout(_) => x.shallow_clone(),                                       // as x
            Op::Sequential(parts) => {
                let mut x = x.shallow_clone();
                for part in parts {
                    x = self.run(part, &x)?;
                }
                x
            }
            Op::Residual { body, shortcut } => {
                let sum = self.run(body, x)?;
                match shortcut {
                    Some(shortcut) => sum + self.run(shortcut, x)?,
                    None => sum + x,
                }
            }
            Op::Gated(body) => x * self.run(body, x)?,            // as x
            Op::Subsample(subsample) => subsampled(x, subsample), // [n, maps, h', w']
            Op::Scale(factor) => x * *factor,                     // as x
            Op::LayerScale(gamma) => x * by_channel(self.parameter(*gamma), x), // as x
            Op::Tokens => x.flatten(2, 3).transpose(1, 2),        // [n, h * w, d]
            Op::Embedding { class, position } => {
                let class = self.parameter(*class).expand_as(&x.narrow(1, 0, 1)); // [n, 1, d]
                let class = class.to_kind(x.kind());
                Tensor::cat(&[&class, x], 1) + self.parameter(*position) // [n, tokens + 1, d]
            }
            Op::Attention { heads, own } => self.attend(x, *heads, *own), // [n, tokens, d]
            Op::FirstToken => x.select(1, 0),                             // [n, d]
            Op::ChannelsLast => channels_last(x),                         // as x
            Op::Packed(stages) => rewrite::packed(self.tensors, stages, x)?, // [n, maps, h', w']
        };
        if node.is_layer {
            (self.visit)(&node.name, &output);
        }
        Ok(output)
    }

    fn parameter(&self, place: usize) -> &Tensor {
        &self.tensors.parameters[place].tensor
    }

    fn convolve(&self, x: &Tensor, weight: usize, bias: Option<usize>, conv: &Conv) -> Tensor {
        let (w, b) = (self.parameter(weight), bias.map(|bias| self.parameter(bias))); // [maps, c / groups, k, k], [maps]
        let [top, bottom, left, right] = match conv.padding {
            Padding::Each(zeros) => [zeros; 4],
            Padding::Same => {
                let size = x.size(); // n, c, h, w
                let around = |size| conv.padding.around(size, conv.kernel, conv.stride);
                let ([top, bottom], [left, right]) = (around(size[2]), around(size[3]));
                [top, bottom, left, right]
            }
        };
        if (top, left) == (bottom, right) {
            return x.conv2d(w, b, [conv.stride; 2], [top, left], [1, 1], conv.groups);
        }
        let padded = x.constant_pad_nd([left, right, top, bottom]); // [n, c, h + top + bottom, w + left + right]
        padded.conv2d(w, b, [conv.stride; 2], [0, 0], [1, 1], conv.groups)
    }

    fn normalise(&self, x: &Tensor, norm: &BatchNorm, own: [usize; 2], buffers: [usize; 2]) -> Tensor {
        let own = own.map(|place| self.parameter(place)); // [c] each
        let running = buffers.map(|place| &self.tensors.buffers[place].tensor); // [c] each
        let train = self.mode == Mode::Train && !self.keep_statistics;
        // A failure spoils the group, which the sum of the gradients then tells; what is computed until then goes nowhere.
        if let (true, Some(group)) = (train, self.group)
            && let Ok(normalised) = group.batch_norm(x, own, running, norm.momentum, norm.eps)
        {
            return normalised;
        }
        let ([weight, bias], [mean, variance]) = (own.map(Some), running.map(Some));
        x.batch_norm(weight, bias, mean, variance, train, norm.momentum, norm.eps, x.device().is_cuda())
    }

    /// Over the channels of `[n, c, h, w]`, else over the last dimension.
    fn normalise_positions(&self, x: &Tensor, norm: &LayerNorm, weight: usize, bias: usize) -> Tensor {
        let (w, b) = (Some(self.parameter(weight)), Some(self.parameter(bias))); // [c] each
        let over_last = |x: &Tensor, channels: i64| x.layer_norm([channels], w, b, norm.eps, true);
        match x.size()[..] {
            // The values of a pixel's channels lie side by side, so that permuting moves nothing.
            [_, channels, _, _] => over_last(&x.permute([0, 2, 3, 1]), channels).permute([0, 3, 1, 2]),
            [.., channels] => over_last(x, channels),
            [] => x.shallow_clone(),
        }
    }

    fn attend(&self, x: &Tensor, heads: i64, own: [usize; 4]) -> Tensor {
        let [qkv, qkv_bias, proj, proj_bias] = own.map(|place| self.parameter(place)); // [3d, d], [3d], [d, d], [d]
        let size = x.size();
        let (tokens, d) = (size[1], size[2]);
        let apart = x.linear(qkv, Some(qkv_bias)).view([-1, tokens, 3, heads, d / heads]);
        let apart = apart.permute([2, 0, 3, 1, 4]).unbind(0); // query, key, value: [n, heads, tokens, d / heads] each
        let scale = ((d / heads) as f64).powf(-0.5);
        let weights = (&apart[0] * scale).matmul(&apart[1].transpose(2, 3)).softmax(-1, None::<Kind>); // [n, heads, tokens, tokens]
        let seen = weights.to_kind(apart[2].kind()).matmul(&apart[2]); // [n, heads, tokens, d / heads]
        seen.transpose(1, 2).reshape([-1, tokens, d]).linear(proj, Some(proj_bias)) // [n, tokens, d]
    }

    fn connect(&self, x: &Tensor, weight: usize, bias: Option<usize>) -> Tensor {
        let (w, b) = (self.parameter(weight), bias.map(|bias| self.parameter(bias))); // [units, features], [units]
        if !self.portable
            && x.dim() == 2
            && let Some(b) = b
            && w.device() == Device::Cpu
            && b.size()[0] <= torch_ext::FEW_OUTPUTS
            && let Ok(sums) = torch_ext::linear(x, w, b, Isa::best())
        {
            return sums; // [n, units]
        }
        x.linear(w, b) // [n, units]
    }
}

/// `[c]` so that it meets the channels of `[n, c, h, w]`, or the last dimension of other shapes.
fn by_channel(gamma: &Tensor, x: &Tensor) -> Tensor {
    if x.dim() == 4 { gamma.view([1, -1, 1, 1]) } else { gamma.shallow_clone() }
}

fn subsampled(x: &Tensor, Subsample { stride, maps }: &Subsample) -> Tensor {
    let zeros = maps - x.size()[1];
    let kept = x.slice(2, None, None, *stride).slice(3, None, None, *stride); // [n, c, h', w']
    kept.constant_pad_nd([0, 0, 0, 0, zeros / 2, zeros - zeros / 2]) // [n, maps, h', w']
}

/// The same images with the values of all channels of a pixel side by side in memory. The feature maps take over that
/// layout, in which libtorch's convolution and above all its pooling are faster on CPUs. With one channel nothing is
/// moved, but the strides must say so, since libtorch judges the layout by them.
fn channels_last(images: &Tensor) -> Tensor {
    let shape = images.size(); // n, c, h, w
    let pixels = images.permute([0, 2, 3, 1]).contiguous(); // [n, h, w, c]
    let strides: [i64; 4] = [shape[1..].iter().product(), 1, shape[3] * shape[1], shape[1]];
    pixels.as_strided(&shape, strides, None) // [n, c, h, w]
}

//! What each part of a network computes.

use tch::{Device, Kind, Tensor};
use torch_ext::Isa;

use crate::block::{BatchNorm, Conv, Pool};
use crate::network::Mode;
use crate::node::{Node, Op};
use crate::rewrite;
use crate::tensors::Tensors;

/// A pass forward through the tree.
pub(crate) struct Pass<'a> {
    pub tensors: &'a Tensors,
    pub mode: Mode,
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
            Op::Activation(activation) => activation.apply(x), // as x
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
            Op::ChannelsLast => channels_last(x),                            // as x
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
        x.conv2d(w, b, [conv.stride; 2], [conv.padding; 2], [1, 1], conv.groups)
    }

    fn normalise(&self, x: &Tensor, norm: &BatchNorm, own: [usize; 2], buffers: [usize; 2]) -> Tensor {
        let [weight, bias] = own.map(|place| Some(self.parameter(place))); // [c] each
        let [mean, variance] = buffers.map(|place| Some(&self.tensors.buffers[place].tensor)); // [c] each
        let train = self.mode == Mode::Train;
        x.batch_norm(weight, bias, mean, variance, train, norm.momentum, norm.eps, x.device().is_cuda())
    }

    fn connect(&self, x: &Tensor, weight: usize, bias: Option<usize>) -> Tensor {
        let (w, b) = (self.parameter(weight), bias.map(|bias| self.parameter(bias))); // [units, features], [units]
        if let Some(b) = b
            && w.device() == Device::Cpu
            && b.size()[0] <= torch_ext::FEW_OUTPUTS
            && let Ok(sums) = torch_ext::linear(x, w, b, Isa::best())
        {
            return sums; // [n, units]
        }
        x.linear(w, b) // [n, units]
    }
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

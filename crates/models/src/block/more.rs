//! Blocks of networks since 2016: gates, norms over channels, attention.

use super::{Block, Init};

/// Zeros around a picture before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As many on each of the four sides, at least 0.
    Each(i64),
    /// TensorFlow's "SAME": `h' = ceil(h / stride)`, with the odd zero at the lower and the right side.
    Same,
}

impl Padding {
    /// Zeros before and after a side of `size` values.
    pub(crate) fn around(self, size: i64, kernel: i64, stride: i64) -> [i64; 2] {
        match self {
            Padding::Each(zeros) => [zeros; 2],
            Padding::Same => {
                let positions = (size - 1).div_euclid(stride);
                let zeros = positions.saturating_mul(stride).saturating_add(kernel).saturating_sub(size).max(0);
                [zeros / 2, zeros - zeros / 2]
            }
        }
    }
}

/// Layer normalisation (Ba et al. 2016): `y = (x - mean) / sqrt(variance + eps) * weight + bias` with the statistics of each
/// position: over the channels of `[c, h, w]` (timm's `LayerNorm2d`), over the last dimension of `[tokens, d]` and `[d]`
/// (`torch.nn.LayerNorm`). `weight` begins at 1, `bias` at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Added to the variance, above 0.
    pub eps: f64,
}

impl Default for LayerNorm {
    /// timm's for ViT and ConvNeXt: 1e-6.
    fn default() -> LayerNorm {
        LayerNorm { eps: 1e-6 }
    }
}

/// `x * body(x)`, where the body gives the same shape or one value for each channel, `[c, 1, 1]`: squeeze-and-excitation
/// (Hu et al. 2018) with a pooling, two 1x1 convolutions and their activations as body.
#[derive(Clone, Debug, PartialEq)]
pub struct Gated {
    pub(crate) body: Box<Block>,
}

impl Gated {
    /// `x * body(x)`.
    pub fn new(body: impl Into<Block>) -> Gated {
        Gated { body: Box::new(body.into()) }
    }
}

/// The shortcut without parameters of He et al. 2015 (option A): `[c, h, w]` to `[maps, ceil(h / stride), ceil(w / stride)]`,
/// every `stride`th pixel, with channels of zeros before and after; of an odd number the last one is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subsample {
    /// Pixels from one that is kept to the next, at least 1.
    pub stride: i64,
    /// Channels that come out, at least as many as go in.
    pub maps: i64,
}

/// Self-attention of several heads (Vaswani et al. 2017; timm's `Attention`): `[tokens, d]` to the same, with the tensors
/// `qkv.weight` `[3d, d]`, `qkv.bias` `[3d]`, `proj.weight` `[d, d]` and `proj.bias` `[d]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Heads, which divide `d`.
    pub heads: i64,
    /// How both weights begin.
    pub init: Init,
}

impl From<LayerNorm> for Block {
    fn from(norm: LayerNorm) -> Block {
        Block::LayerNorm(norm)
    }
}

impl From<Gated> for Block {
    fn from(gated: Gated) -> Block {
        Block::Gated(gated)
    }
}

impl From<Subsample> for Block {
    fn from(subsample: Subsample) -> Block {
        Block::Subsample(subsample)
    }
}

impl From<Attention> for Block {
    fn from(attention: Attention) -> Block {
        Block::Attention(attention)
    }
}

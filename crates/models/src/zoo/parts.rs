//! What several networks share.

use crate::Activation;
use crate::block::{BatchNorm, Block, Conv, Gated, Init, Residual, Sequential};

/// A convolution without bias, padded so that it keeps the size at stride 1 where its filters are odd.
pub(super) fn conv(maps: i64, kernel: i64, stride: i64) -> Conv {
    Conv::new(maps, kernel).stride(stride).padding(kernel / 2).without_bias().init(Init::HeFanOut)
}

/// The mean of each map as features.
pub(super) fn pooled(trunk: Sequential) -> Sequential {
    trunk.then(Block::GlobalAvgPool).then(Block::Flatten)
}

/// Convolution, batch norm and activation, named `0` and `1` as in torchvision's `Conv2dNormActivation`.
pub(super) fn conv_norm(conv: Conv, norm: BatchNorm, activation: Option<Activation>) -> Sequential {
    let parts = Sequential::new().named("0", conv).named("1", norm);
    match activation {
        Some(activation) => parts.then(activation),
        None => parts,
    }
}

/// Squeeze-and-excitation with torchvision's names; `squeezed` channels inside, `channels` outside.
pub(super) fn squeeze_excite(channels: i64, squeezed: i64, inner: Activation, gate: Activation) -> Gated {
    let fully = |maps| Conv::new(maps, 1).init(Init::HeFanOut);
    let body = Sequential::new().then(Block::GlobalAvgPool).named("fc1", fully(squeezed)).then(inner);
    Gated::new(body.named("fc2", fully(channels)).then(gate))
}

/// With a shortcut where input and output have one shape.
pub(super) fn skipping(body: Sequential, same_shape: bool) -> Sequential {
    if same_shape { Sequential::new().then(Residual::new(body)) } else { body }
}

/// The multiple of 8 that is nearest to `channels`, upwards if the nearest is below nine tenths of it (torchvision's `_make_divisible`).
pub(super) fn divisible(channels: f64) -> i64 {
    let rounded = ((channels + 4.0) as i64 / 8 * 8).max(8);
    if (rounded as f64) < 0.9 * channels { rounded + 8 } else { rounded }
}

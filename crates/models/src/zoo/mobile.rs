//! Networks of inverted bottlenecks: MobileNetV2 (Sandler et al. 2018) and V3-small (Howard et al. 2019), EfficientNet-B0 (Tan and Le
//! 2019) with torchvision's names, and EfficientNet-lite0 with those of lukemelas/EfficientNet-PyTorch. Stochastic depth is left out.

use super::parts::{conv, conv_norm, divisible, pooled, skipping, squeeze_excite};
use crate::Activation;
use crate::Activation::{HardSigmoid, HardSwish, Relu, Relu6, Sigmoid, Silu};
use crate::block::{BatchNorm, Block, Classifier, Conv, Init, Linear, Sequential};

/// EfficientNet's stages: blocks, kernel, stride, factor of expansion, maps.
const STAGES: [(i64, i64, i64, i64, i64); 7] = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
];

fn depthwise(channels: i64, kernel: i64, stride: i64) -> Conv {
    conv(channels, kernel, stride).groups(channels)
}

pub(super) fn v2(classes: i64) -> Classifier {
    let norm = BatchNorm::default();
    let mut features = Sequential::new().named("0", conv_norm(conv(32, 3, 2), norm, Some(Relu6)));
    let (mut channels, mut number) = (32, 1);
    for (expansion, maps, count, stride) in
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    {
        for place in 0..count {
            let (stride, inner) = (if place == 0 { stride } else { 1 }, channels * expansion);
            let (mut body, mut part) = (Sequential::new(), 0);
            if expansion != 1 {
                body = body.named("0", conv_norm(conv(inner, 1, 1), norm, Some(Relu6)));
                part = 1;
            }
            body = body.named(part.to_string(), conv_norm(depthwise(inner, 3, stride), norm, Some(Relu6)));
            body = body.named((part + 1).to_string(), conv(maps, 1, 1)).named((part + 2).to_string(), norm);
            let block = skipping(Sequential::new().named("conv", body), stride == 1 && maps == channels);
            features = features.named(number.to_string(), block);
            (channels, number) = (maps, number + 1);
        }
    }
    features = features.named(number.to_string(), conv_norm(conv(1280, 1, 1), norm, Some(Relu6)));
    let trunk = pooled(Sequential::new().named("features", features)).then(Block::Dropout(0.2));
    Classifier::new(trunk, "classifier.1", Linear::new(classes).init(Init::Normal(0.01)))
}

pub(super) fn v3_small(classes: i64) -> Classifier {
    let norm = BatchNorm { eps: 1e-3, momentum: 0.01 };
    let mut features = Sequential::new().named("0", conv_norm(conv(16, 3, 2), norm, Some(HardSwish)));
    let mut channels = 16;
    // kernel, maps inside, maps, gated, activation, stride
    for (number, (kernel, inner, maps, gated, f, stride)) in (1..).zip([
        (3, 16, 16, true, Relu, 2),
        (3, 72, 24, false, Relu, 2),
        (3, 88, 24, false, Relu, 1),
        (5, 96, 40, true, HardSwish, 2),
        (5, 240, 40, true, HardSwish, 1),
        (5, 240, 40, true, HardSwish, 1),
        (5, 120, 48, true, HardSwish, 1),
        (5, 144, 48, true, HardSwish, 1),
        (5, 288, 96, true, HardSwish, 2),
        (5, 576, 96, true, HardSwish, 1),
        (5, 576, 96, true, HardSwish, 1),
    ]) {
        let gate = gated.then(|| (divisible(inner as f64 / 4.0), Relu, HardSigmoid));
        let body = inverted(channels, inner, maps, kernel, stride, norm, f, gate);
        let block = Sequential::new().named("block", body);
        features = features.named(number.to_string(), skipping(block, stride == 1 && maps == channels));
        channels = maps;
    }
    features = features.named("12", conv_norm(conv(576, 1, 1), norm, Some(HardSwish)));
    let linear = |units| Linear::new(units).init(Init::Normal(0.01));
    let trunk = pooled(Sequential::new().named("features", features))
        .named("classifier.0", linear(1024))
        .then(HardSwish)
        .then(Block::Dropout(0.2));
    Classifier::new(trunk, "classifier.3", linear(classes))
}

pub(super) fn efficientnet_b0(classes: i64) -> Classifier {
    let norm = BatchNorm::default();
    let mut features = Sequential::new().named("0", conv_norm(conv(32, 3, 2), norm, Some(Silu)));
    let mut channels = 32;
    for (stage, (count, kernel, stride, expansion, maps)) in (1..).zip(STAGES) {
        let mut blocks = Sequential::new();
        for place in 0..count {
            let stride = if place == 0 { stride } else { 1 };
            let gate = Some((channels / 4, Silu, Sigmoid));
            let body = inverted(channels, channels * expansion, maps, kernel, stride, norm, Silu, gate);
            let block = Sequential::new().named("block", body);
            blocks = blocks.named(place.to_string(), skipping(block, stride == 1 && maps == channels));
            channels = maps;
        }
        features = features.named(stage.to_string(), blocks);
    }
    features = features.named("8", conv_norm(conv(1280, 1, 1), norm, Some(Silu)));
    let trunk = pooled(Sequential::new().named("features", features)).then(Block::Dropout(0.2));
    let bound = Init::Uniform { rule: crate::Initial::FanIn, activation: Relu, pool_area: 1 };
    Classifier::new(trunk, "classifier.1", Linear::new(classes).init(bound))
}

/// Expansion, depthwise convolution, gate and projection, numbered as torchvision numbers those that are there.
#[allow(clippy::too_many_arguments, reason = "a row of the papers' tables")]
fn inverted(
    channels: i64,
    inner: i64,
    maps: i64,
    kernel: i64,
    stride: i64,
    norm: BatchNorm,
    f: Activation,
    gate: Option<(i64, Activation, Activation)>,
) -> Sequential {
    let mut parts: Vec<Block> = Vec::new();
    if inner != channels {
        parts.push(conv_norm(conv(inner, 1, 1), norm, Some(f)).into());
    }
    parts.push(conv_norm(depthwise(inner, kernel, stride), norm, Some(f)).into());
    if let Some((squeezed, inside, gate)) = gate {
        parts.push(squeeze_excite(inner, squeezed, inside, gate).into());
    }
    parts.push(conv_norm(conv(maps, 1, 1), norm, None).into());
    let number = |parts: Sequential, (number, part): (usize, Block)| parts.named(number.to_string(), part);
    parts.into_iter().enumerate().fold(Sequential::new(), number)
}

pub(super) fn efficientnet_lite0(classes: i64) -> Classifier {
    let norm = BatchNorm { eps: 1e-3, momentum: 0.01 };
    let mut trunk = Sequential::new().named("_conv_stem", conv(32, 3, 2).same()).named("_bn0", norm).then(Relu6);
    let (mut channels, mut number, mut blocks) = (32, 0, Sequential::new());
    for (count, kernel, stride, expansion, maps) in STAGES {
        for place in 0..count {
            let (stride, inner) = (if place == 0 { stride } else { 1 }, channels * expansion);
            let mut body = Sequential::new();
            if expansion != 1 {
                body = body.named("_expand_conv", conv(inner, 1, 1)).named("_bn0", norm).then(Relu6);
            }
            body =
                body.named("_depthwise_conv", depthwise(inner, kernel, stride).same()).named("_bn1", norm).then(Relu6);
            body = body.named("_project_conv", conv(maps, 1, 1)).named("_bn2", norm);
            blocks = blocks.named(number.to_string(), skipping(body, stride == 1 && maps == channels));
            (channels, number) = (maps, number + 1);
        }
    }
    trunk = trunk.named("_blocks", blocks).named("_conv_head", conv(1280, 1, 1)).named("_bn1", norm).then(Relu6);
    Classifier::new(pooled(trunk).then(Block::Dropout(0.2)), "_fc", Linear::new(classes))
}

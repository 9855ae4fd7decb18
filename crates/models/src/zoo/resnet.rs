//! Residual networks: those of He et al. 2015 for CIFAR and for ImageNet, the wide ones of Zagoruyko and Komodakis 2016, and
//! ResNet-9 of DAWNBench.

use super::parts::{conv, pooled};
use crate::Activation::Relu;
use crate::arch::{ResNetDepth, Stem};
use crate::block::{BatchNorm, Block, Classifier, Init, Linear, Pool, Residual, Sequential, Subsample};

/// CIFAR's, `6n + 2` layers, option-A shortcuts; names of akamaster/pytorch_resnet_cifar10.
pub(super) fn cifar(depth: i64, classes: i64) -> Classifier {
    let mut trunk = Sequential::new().named("conv1", conv(16, 3, 1)).named("bn1", BatchNorm::default()).then(Relu);
    let mut channels = 16;
    for (stage, maps) in (1..).zip([16, 32, 64]) {
        let mut blocks = Sequential::new();
        for number in 0..(depth - 2) / 6 {
            let stride = if number == 0 && stage > 1 { 2 } else { 1 };
            let mut residual = Residual::new(basic(maps, stride));
            if maps != channels {
                residual = residual.shortcut("shortcut", Subsample { stride, maps });
            }
            blocks = blocks.named(number.to_string(), Sequential::new().then(residual).then(Relu));
            channels = maps;
        }
        trunk = trunk.named(format!("layer{stage}"), blocks);
    }
    Classifier::new(pooled(trunk), "linear", Linear::new(classes))
}

/// ResNet-18, 34 and 50; torchvision's names.
pub(super) fn imagenet(depth: ResNetDepth, stem: Stem, classes: i64) -> Classifier {
    let (counts, widening) = match depth {
        ResNetDepth::D18 => ([2, 2, 2, 2], 1),
        ResNetDepth::D34 => ([3, 4, 6, 3], 1),
        ResNetDepth::D50 => ([3, 4, 6, 3], 4),
    };
    let first = match stem {
        Stem::Imagenet => conv(64, 7, 2),
        Stem::Cifar => conv(64, 3, 1),
    };
    let mut trunk = Sequential::new().named("conv1", first).named("bn1", BatchNorm::default()).then(Relu);
    if stem == Stem::Imagenet {
        trunk = trunk.then(Block::MaxPool(Pool { stride: 2, padding: 1, ..Pool::new(3) }));
    }
    let mut channels = 64;
    for (stage, (width, count)) in (1..).zip([64, 128, 256, 512].into_iter().zip(counts)) {
        let (mut blocks, maps) = (Sequential::new(), width * widening);
        for number in 0..count {
            let stride = if number == 0 && stage > 1 { 2 } else { 1 };
            let body = if widening == 1 { basic(width, stride) } else { bottleneck(width, stride, maps) };
            let mut residual = Residual::new(body);
            if stride != 1 || maps != channels {
                let projection = Sequential::new().named("0", conv(maps, 1, stride)).named("1", BatchNorm::default());
                residual = residual.shortcut("downsample", projection);
            }
            blocks = blocks.named(number.to_string(), Sequential::new().then(residual).then(Relu));
            channels = maps;
        }
        trunk = trunk.named(format!("layer{stage}"), blocks);
    }
    Classifier::new(pooled(trunk), "fc", Linear::new(classes))
}

fn basic(maps: i64, stride: i64) -> Sequential {
    let first = Sequential::new().named("conv1", conv(maps, 3, stride)).named("bn1", BatchNorm::default()).then(Relu);
    first.named("conv2", conv(maps, 3, 1)).named("bn2", BatchNorm::default())
}

fn bottleneck(width: i64, stride: i64, maps: i64) -> Sequential {
    let first = Sequential::new().named("conv1", conv(width, 1, 1)).named("bn1", BatchNorm::default()).then(Relu);
    let second = first.named("conv2", conv(width, 3, stride)).named("bn2", BatchNorm::default()).then(Relu);
    second.named("conv3", conv(maps, 1, 1)).named("bn3", BatchNorm::default())
}

/// WRN-depth-width, `6n + 4` layers, norm and activation before each convolution; names of xternalz/WideResNet-pytorch.
pub(super) fn wide(depth: i64, width: i64, classes: i64) -> Classifier {
    let mut trunk = Sequential::new().named("conv1", conv(16, 3, 1));
    let mut channels = 16;
    for (stage, maps) in (1..).zip([16 * width, 32 * width, 64 * width]) {
        let mut blocks = Sequential::new();
        for number in 0..(depth - 4) / 6 {
            let stride = if number == 0 && stage > 1 { 2 } else { 1 };
            let before = Sequential::new().named("bn1", BatchNorm::default()).then(Relu);
            let rest = |parts: Sequential| {
                let parts = parts.named("conv1", conv(maps, 3, stride)).named("bn2", BatchNorm::default()).then(Relu);
                parts.named("conv2", conv(maps, 3, 1))
            };
            let block = if maps == channels {
                Sequential::new().then(Residual::new(rest(before)))
            } else {
                let projection = conv(maps, 1, stride).padding(0);
                before.then(Residual::new(rest(Sequential::new())).shortcut("convShortcut", projection))
            };
            blocks = blocks.named(number.to_string(), block);
            channels = maps;
        }
        trunk = trunk.named(format!("block{stage}"), Sequential::new().named("layer", blocks));
    }
    let trunk = trunk.named("bn1", BatchNorm::default()).then(Relu);
    Classifier::new(pooled(trunk), "fc", Linear::new(classes))
}

/// DAWNBench's ResNet-9 (davidcpage/cifar10-fast); its logits are an eighth of the head's output.
pub(super) fn nine(classes: i64) -> Classifier {
    let step = |maps: i64| {
        let conv = conv(maps, 3, 1).init(Init::default());
        Sequential::new().named("conv", conv).named("bn", BatchNorm::default()).then(Relu)
    };
    let residual = |maps: i64| Residual::new(Sequential::new().named("res1", step(maps)).named("res2", step(maps)));
    let pool = |kernel| Block::MaxPool(Pool::new(kernel));
    let trunk = Sequential::new()
        .named("prep", step(64))
        .named("layer1", step(128).then(pool(2)).named("residual", Sequential::new().then(residual(128))))
        .named("layer2", step(256).then(pool(2)))
        .named("layer3", step(512).then(pool(2)).named("residual", Sequential::new().then(residual(512))))
        .then(pool(4))
        .then(Block::Flatten)
        // An eighth of the features gives an eighth of the logits: the head has no bias.
        .then(Block::Scale(0.125));
    Classifier::new(trunk, "linear", Linear::new(classes).without_bias())
}

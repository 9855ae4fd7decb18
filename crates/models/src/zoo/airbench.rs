//! The networks of cifar10-airbench (Jordan 2024); names of its `nn.Sequential`. The whitening filters of the first convolution begin
//! as PyTorch's default: they are set from the pictures and frozen by the recipe, and so are the scales of the batch norms.

use crate::Activation::Gelu;
use crate::arch::Airbench;
use crate::block::{BatchNorm, Block, Classifier, Conv, Init, Linear, Pool, Residual, Sequential};

/// The mean of the minibatch weighs 0.4 in the running one.
const NORM: BatchNorm = BatchNorm { eps: 1e-12, momentum: 0.4 };
/// What the logits are multiplied with.
const SCALE: f64 = 1.0 / 9.0;

pub(super) fn network(target: Airbench, classes: i64) -> Classifier {
    let (widths, depth) = match target {
        Airbench::A93 => ([64, 128, 128], 2),
        Airbench::A94 => ([64, 256, 256], 2),
        Airbench::A95 => ([128, 384, 384], 2),
        Airbench::A96 => ([128, 384, 512], 3),
    };
    let mut trunk = Sequential::new().named("0", Conv::new(24, 2)).then(Gelu);
    for (number, maps) in (2..).zip(widths) {
        trunk = trunk.named(number.to_string(), group(maps, depth));
    }
    // A ninth of the features gives a ninth of the logits: the head has no bias.
    let trunk = trunk.then(Block::MaxPool(Pool::new(3))).then(Block::Flatten).then(Block::Scale(SCALE));
    Classifier::new(trunk, "7", Linear::new(classes).without_bias())
}

fn group(maps: i64, depth: i64) -> Sequential {
    let conv = Conv::new(maps, 3).padding(1).without_bias().init(Init::Dirac);
    let first =
        Sequential::new().named("conv1", conv).then(Block::MaxPool(Pool::new(2))).named("norm1", NORM).then(Gelu);
    if depth == 2 {
        return first.named("conv2", conv).named("norm2", NORM).then(Gelu);
    }
    let body = Sequential::new().named("conv2", conv).named("norm2", NORM).then(Gelu);
    first.then(Residual::new(body.named("conv3", conv).named("norm3", NORM))).then(Gelu)
}

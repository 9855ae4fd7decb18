//! VGG (Simonyan and Zisserman 2015) for small pictures, as they are used on CIFAR: 3x3 convolutions without bias, batch norm, the
//! mean of each map, one linear layer. Names as in torchvision's `vgg11_bn` (`features.0.weight`).

use super::parts::{conv, pooled};
use crate::Activation;
use crate::arch::VggSize;
use crate::block::{BatchNorm, Block, Classifier, Linear, Pool, Sequential};

/// A pooling among the maps.
const M: i64 = 0;

pub(super) fn network(size: VggSize, classes: i64) -> Classifier {
    let layers: &[i64] = match size {
        VggSize::Small => &[64, M, 128, M, 256, 256, M],
        VggSize::Eleven => &[64, M, 128, M, 256, 256, M, 512, 512, M, 512, 512, M],
        VggSize::Sixteen => &[64, 64, M, 128, 128, M, 256, 256, 256, M, 512, 512, 512, M, 512, 512, 512, M],
    };
    let (mut features, mut number) = (Sequential::new(), 0);
    for &maps in layers {
        if maps == M {
            features = features.then(Block::MaxPool(Pool::new(2)));
            number += 1;
        } else {
            features = features.named(number.to_string(), conv(maps, 3, 1));
            features = features.named((number + 1).to_string(), BatchNorm::default()).then(Activation::Relu);
            number += 3;
        }
    }
    Classifier::new(pooled(Sequential::new().named("features", features)), "classifier", Linear::new(classes))
}

//! ConvMixer (Trockman and Kolter 2022) with the names of locuslab/convmixer-cifar10.

use crate::Activation::Gelu;
use crate::block::{BatchNorm, Classifier, Conv, Linear, Residual, Sequential};

use super::parts::pooled;

pub(super) fn network(width: i64, depth: i64, kernel: i64, patch: i64, classes: i64) -> Classifier {
    let norm = BatchNorm::default();
    let mut trunk = Sequential::new().named("0", Conv::new(width, patch).stride(patch)).then(Gelu).named("2", norm);
    for number in 3..depth + 3 {
        let spatial = Conv::new(width, kernel).groups(width).same();
        let body = Sequential::new().named("0", spatial).then(Gelu).named("2", norm);
        let mixer = Sequential::new()
            .named("0", Residual::new(Sequential::new().named("fn", body)))
            .named("1", Conv::new(width, 1))
            .then(Gelu)
            .named("3", norm);
        trunk = trunk.named(number.to_string(), mixer);
    }
    Classifier::new(pooled(trunk), (depth + 5).to_string(), Linear::new(classes))
}

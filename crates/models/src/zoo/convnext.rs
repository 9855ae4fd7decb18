//! ConvNeXt (Liu et al. 2022) with timm's names. Layers over channels are 1x1 convolutions; a file that holds them as linear layers
//! holds the same values. Stochastic depth is left out.

use crate::Activation::Gelu;
use crate::arch::ConvNextSize;
use crate::block::{Block, Classifier, Conv, Init, LayerNorm, Linear, Residual, Sequential};

/// What a block's output is multiplied with at the beginning.
const LAYER_SCALE: f64 = 1e-6;

pub(super) fn network(size: ConvNextSize, classes: i64) -> Classifier {
    let (depths, widths) = match size {
        ConvNextSize::Atto => ([2, 2, 6, 2], [40, 80, 160, 320]),
        ConvNextSize::Tiny => ([3, 3, 9, 3], [96, 192, 384, 768]),
    };
    let norm = LayerNorm::default;
    let conv = |maps, kernel| Conv::new(maps, kernel).init(Init::Normal(0.02));
    let stem = Sequential::new().named("0", conv(widths[0], 4).stride(4)).named("1", norm());
    let mut stages = Sequential::new();
    for (number, (width, depth)) in widths.into_iter().zip(depths).enumerate() {
        let mut stage = Sequential::new();
        if number > 0 {
            let down = Sequential::new().named("0", norm()).named("1", conv(width, 2).stride(2));
            stage = stage.named("downsample", down);
        }
        let mut blocks = Sequential::new();
        for place in 0..depth {
            let mlp = Sequential::new().named("fc1", conv(4 * width, 1)).then(Gelu).named("fc2", conv(width, 1));
            let body = Sequential::new()
                .named("conv_dw", conv(width, 7).padding(3).groups(width))
                .named("norm", norm())
                .named("mlp", mlp)
                .then(Block::LayerScale(LAYER_SCALE));
            blocks = blocks.named(place.to_string(), Residual::new(body));
        }
        stages = stages.named(number.to_string(), stage.named("blocks", blocks));
    }
    let trunk = Sequential::new().named("stem", stem).named("stages", stages).then(Block::GlobalAvgPool);
    let trunk = trunk.named("head.norm", norm()).then(Block::Flatten);
    Classifier::new(trunk, "head.fc", Linear::new(classes).init(Init::Normal(0.02)))
}

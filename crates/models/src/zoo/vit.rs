//! The vision transformer (Dosovitskiy et al. 2021; widths of Touvron et al. 2021) with timm's names.

use crate::Activation::Gelu;
use crate::arch::VitSize;
use crate::block::{Attention, Block, Classifier, Conv, Init, LayerNorm, Linear, Residual, Sequential};

const LAYERS: i64 = 12;
const INIT: Init = Init::Normal(0.02);

pub(super) fn network(size: VitSize, patch: i64, classes: i64) -> Classifier {
    let (d, heads) = match size {
        VitSize::Tiny => (192, 3),
        VitSize::Small => (384, 6),
    };
    let mut layers = Sequential::new();
    for number in 0..LAYERS {
        let attention =
            Sequential::new().named("norm1", LayerNorm::default()).named("attn", Attention { heads, init: INIT });
        let mlp = Sequential::new()
            .named("fc1", Linear::new(4 * d).init(INIT))
            .then(Gelu)
            .named("fc2", Linear::new(d).init(INIT));
        let mlp = Sequential::new().named("norm2", LayerNorm::default()).named("mlp", mlp);
        layers =
            layers.named(number.to_string(), Sequential::new().then(Residual::new(attention)).then(Residual::new(mlp)));
    }
    let trunk = Sequential::new()
        .named("patch_embed", Sequential::new().named("proj", Conv::new(d, patch).stride(patch)))
        .then(Block::Tokens)
        .then(Block::Embedding)
        .named("blocks", layers)
        .named("norm", LayerNorm::default())
        .then(Block::FirstToken);
    Classifier::new(trunk, "head", Linear::new(classes).init(Init::Zero))
}

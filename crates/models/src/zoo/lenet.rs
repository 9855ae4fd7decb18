//! LeNet as the classic deep-learning tutorials simplify it (after LeCun et al. 1998).

use super::{mlp, output, tutorial};
use crate::block::{Block, Classifier, Conv, Pool, Sequential};
use crate::{Activation, Initial};

/// Height, width and stride of the pooling windows.
const POOL: i64 = 2;

/// The two convolutions and the pooling behind each.
pub(super) struct Convolutions {
    pub filters: [i64; 2],
    pub kernel: i64,
    pub ignore_border: bool,
}

pub(super) fn network(
    convolutions: Convolutions,
    hidden: i64,
    f: Activation,
    initial: Initial,
    dropout: f64,
    classes: i64,
) -> Classifier {
    let Convolutions { filters, kernel, ignore_border } = convolutions;
    let pool = Block::MaxPool(Pool { keep_border: !ignore_border, ..Pool::new(POOL) });
    let mut trunk = Sequential::new();
    for (number, maps) in (1..).zip(filters) {
        // The published model adds the bias after pooling. Before it is the same, since a constant does not move a
        // maximum: max(x + b) = max(x) + b.
        let conv = Conv::new(maps, kernel).init(tutorial(initial, f, POOL * POOL));
        trunk = trunk
            .named(format!("conv{number}"), conv)
            .named(format!("pool{number}"), Sequential::new().then(pool.clone()).then(f));
    }
    let trunk = trunk.then(Block::Flatten).named("hidden1", mlp::hidden_layer(hidden, f, initial, dropout));
    Classifier::new(trunk, "output", output(classes))
}

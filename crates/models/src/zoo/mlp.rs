//! The multilayer perceptron: hidden layers of any number and width, then a linear output layer.

use super::{output, tutorial};
use crate::block::{Block, Classifier, Linear, Sequential};
use crate::{Activation, Initial};

pub(super) fn network(hidden: &[i64], f: Activation, initial: Initial, dropout: f64, classes: i64) -> Classifier {
    let mut trunk = Sequential::new().then(Block::Flatten);
    for (number, &units) in (1..).zip(hidden) {
        trunk = trunk.named(format!("hidden{number}"), hidden_layer(units, f, initial, dropout));
    }
    Classifier::new(trunk, "output", output(classes))
}

/// A linear layer, its activation and its dropout.
pub(super) fn hidden_layer(units: i64, f: Activation, initial: Initial, dropout: f64) -> Sequential {
    let linear = Linear::new(units).init(tutorial(initial, f, 1));
    Sequential::new().then(linear).then(f).then(Block::Dropout(dropout))
}

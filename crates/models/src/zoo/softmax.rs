//! Softmax regression: one linear layer from the pixels to the classes.

use super::output;
use crate::block::{Block, Classifier, Sequential};

pub(super) fn network(classes: i64) -> Classifier {
    Classifier::new(Sequential::new().then(Block::Flatten), "output", output(classes))
}

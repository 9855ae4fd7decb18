//! LeNet-5 (LeCun et al. 1998) with its layers' names of the paper, full connections from S2 to C3 (61,706 parameters with ten
//! classes), mean pooling without parameters and a linear output layer in place of radial basis functions.

use crate::Activation;
use crate::block::{Block, Classifier, Conv, Linear, Pool, Sequential};

pub(super) fn network(classes: i64) -> Classifier {
    // The paper centres pictures of 28 pixels in 32; two zeros on each side are the same.
    let trunk = Sequential::new()
        .named("c1", Conv::new(6, 5).padding(2))
        .then(Activation::Tanh)
        .then(Block::AvgPool(Pool::new(2)))
        .named("c3", Conv::new(16, 5))
        .then(Activation::Tanh)
        .then(Block::AvgPool(Pool::new(2)))
        .then(Block::Flatten)
        .named("c5", Linear::new(120))
        .then(Activation::Tanh)
        .named("f6", Linear::new(84))
        .then(Activation::Tanh);
    Classifier::new(trunk, "output", Linear::new(classes))
}

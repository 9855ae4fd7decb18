//! Loss and error of a model on a split, with one device wait in all.

use crate::{Error, Sums, tally::Tally};
use models::{Mode, Model};
use tensor_data::{Order, Split, Tail};

/// How a model does on a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean negative log-likelihood per sample, in nats.
    pub loss: f64,
    /// Zero-one loss: the fraction misclassified, 0 to 1.
    pub error: f64,
    /// Samples looked at; fewer than the split holds when an incomplete last minibatch was dropped.
    pub samples: i64,
}

/// Evaluates `model` on `split` in stored order, in minibatches of `size`.
///
/// Every sample weighs the same, also those of a shorter last minibatch kept by [`Tail::Keep`]. With [`Tail::Drop`]
/// the incomplete last minibatch is left out, as the published runs do.
pub fn evaluate(model: &Model, split: &Split, size: usize, tail: Tail) -> Result<Score, Error> {
    let _guard = tch::no_grad_guard();
    let mut tally = Tally::start(Sums::default(), split.device());
    for batch in split.batches(size, Order::Stored, tail)? {
        let logits = model.forward(&batch.images, Mode::Eval); // [m, classes]
        tally.add(&logits.cross_entropy_for_logits(&batch.labels), &logits, &batch.labels);
    }
    let sums = tally.read();
    Ok(Score { loss: sums.mean_loss(), error: sums.error(), samples: sums.samples })
}

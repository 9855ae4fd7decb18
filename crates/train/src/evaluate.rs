//! Loss and error of a model on a split, read from the device once, after the last minibatch.

use crate::criterion::Criterion;
use crate::error::Error;
use crate::recipe::Evaluation;
use crate::running_metrics::{RunningMetrics, Sums};
use models::{Mode, Model};
use tch::{Kind, Tensor};
use tensor_data::{Order, Split};

/// How a model does on a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean negative log-likelihood per sample, in nats.
    pub loss: f64,
    /// Zero-one loss: the fraction misclassified, 0 to 1.
    pub error: f64,
    /// The fraction whose own class is not among the `top_k` most probable, 0 to 1; with `top_k` 1 the same as `error`.
    pub top_k_error: f64,
    /// Samples looked at; fewer than the split holds when an incomplete last minibatch was dropped.
    pub samples: i64,
}

/// Evaluates `model` on `split` in stored order, in minibatches of `how.size`.
///
/// Every sample weighs the same, also those of a shorter last minibatch kept by [`Tail::Keep`](tensor_data::Tail).
/// With `Tail::Drop` the incomplete last minibatch is left out, as the published runs do.
///
/// # Errors
///
/// [`Error::Data`] for a minibatch larger than the split with `Tail::Drop`; [`Error::Model`] for images that the model does not take;
/// [`Error::Libtorch`].
pub fn evaluate(model: &Model, split: &Split, how: &Evaluation) -> Result<Score, Error> {
    let _guard = tch::no_grad_guard();
    let criterion = Criterion::plain(split.device());
    let mut running = RunningMetrics::start(Sums::default(), split.device());
    let mut missed = Tensor::zeros([], (Kind::Int64, split.device()));
    for batch in split.batches(how.size, Order::Stored, how.tail)? {
        let logits = model.forward(&batch.images, Mode::Eval); // [m, classes]
        running.add(&criterion.measure(&logits, &batch.targets), batch.labels().numel())?;
        missed += classes_before(&logits, batch.labels()).ge(how.top_k as i64).sum(Kind::Int64);
    }
    let sums = running.read();
    let top_k_error = missed.int64_value(&[]) as f64 / sums.samples as f64;
    Ok(Score { loss: sums.mean_loss(), error: sums.error(), top_k_error, samples: sums.samples })
}

/// How many classes each sample's own class comes after: `i64 [m]`, 0 where the answer is right. Of equal logits the
/// lower class comes first, as it does for `argmax`; what is not a number comes before everything.
fn classes_before(logits: &Tensor, labels: &Tensor) -> Tensor {
    let own_class = labels.unsqueeze(1); // [m, 1]
    let own = logits.gather(1, &own_class, false); // [m, 1]
    let classes = Tensor::arange(logits.size()[1], (Kind::Int64, logits.device())); // [classes]
    let not_after = own_class.le_tensor(&classes).logical_and(&own.eq_tensor(logits));
    own.gt_tensor(logits).logical_or(&not_after).logical_not().sum_dim_intlist([1i64].as_slice(), false, Kind::Int64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn ranks(logits: &[&[f64]], labels: &[i64]) -> Vec<i64> {
        let logits = Tensor::from_slice2(logits).to_kind(Kind::Float);
        Vec::try_from(classes_before(&logits, &Tensor::from_slice(labels))).unwrap()
    }

    #[test]
    fn a_class_comes_after_those_of_higher_logit_and_after_lower_ones_of_the_same() {
        let row: &[f64] = &[0.5, 2.0, 0.5, -1.0];
        assert_eq!(ranks(&[row; 4], &[0, 1, 2, 3]), [1, 0, 2, 3]);
        let equal: &[f64] = &[0.0; 3];
        assert_eq!(ranks(&[equal; 3], &[0, 1, 2]), [0, 1, 2]);
    }

    #[test]
    fn what_is_not_a_number_is_never_a_right_answer() {
        assert_eq!(ranks(&[&[1.0, f64::NAN], &[f64::NAN, 1.0], &[f64::NAN; 2]], &[0, 0, 1]), [1, 2, 2]);
    }

    /// `tests/golden/top_k.py` asks PyTorch's `topk`.
    #[test]
    fn top_k_errors_are_those_of_pytorch() {
        let golden: Value = serde_json::from_str(include_str!("../tests/golden/top_k.json")).unwrap();
        let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
        let logits: Vec<Vec<f64>> = golden["logits"].as_array().unwrap().iter().map(numbers).collect();
        let labels: Vec<i64> = serde_json::from_value(golden["labels"].clone()).unwrap();
        let rows: Vec<&[f64]> = logits.iter().map(Vec::as_slice).collect();
        let ranks = ranks(&rows, &labels);
        for (k, expected) in golden["wrong"].as_array().unwrap().iter().enumerate() {
            let wrong = ranks.iter().filter(|&&rank| rank > k as i64).count();
            assert_eq!(Value::from(wrong), *expected, "top {}", k + 1);
        }
    }
}

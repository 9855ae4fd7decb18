//! Loss and error of a model on a split, read from the device once, after the last minibatch.

use crate::criterion::Criterion;
use crate::error::Error;
use crate::ranks::Ranks;
use crate::recipe::Evaluation;
use crate::running_metrics::{RunningMetrics, Sums};
use models::{Mode, Model};
use std::mem;
use tch::{Device, Kind, Tensor};
use tensor_data::{Order, Split, Tail, Targets};

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
    Ok(measure(model, split, how, how.tail)?.read())
}

/// The same by several ranks, each of which looks at its share of the samples; all get the figures of the whole.
pub(crate) fn evaluate_across(ranks: &Ranks, model: &Model, split: &Split, how: &Evaluation) -> Result<Score, Error> {
    if ranks.is_alone() {
        return evaluate(model, split, how);
    }
    let counted = match how.tail {
        Tail::Keep => split.len(),
        Tail::Drop => split.len() - split.len() % how.size,
    };
    let share = ranks.shard().range(counted);
    let own = if share.is_empty() { None } else { Some(measure(model, &split.part(share)?, how, Tail::Keep)?) };
    let (sums, missed) = own.map_or_else(Default::default, |it| (it.running.read(), it.missed()));
    let missed = Sums { errors: missed, ..Sums::default() };
    let [sums, missed] = ranks.join(&[sums, missed])?[..] else { return evaluate(model, split, how) };
    Ok(score(&sums, missed.errors))
}

fn measure(model: &Model, split: &Split, how: &Evaluation, tail: Tail) -> Result<Figures, Error> {
    let _guard = tch::no_grad_guard();
    let mut figures = Figures::new(split.device(), how.top_k);
    let mut answers = Answers::default();
    for batch in split.batches(how.size, Order::Stored, tail)? {
        answers.push(model.forward(&batch.images, Mode::Eval), batch.labels()); // [m, classes], [m]
        if answers.numbers() >= MEASURED_TOGETHER || split.device() == Device::Cpu {
            figures.add(&mem::take(&mut answers))?;
        }
    }
    figures.add(&answers)?;
    Ok(figures)
}

fn score(sums: &Sums, missed: i64) -> Score {
    let top_k_error = missed as f64 / sums.samples as f64;
    Score { loss: sums.mean_loss(), error: sums.error(), top_k_error, samples: sums.samples }
}

/// Logits that are measured at once where the device is told what to do and works later: each operation costs the host the same
/// few microseconds for one minibatch and for many. 16 MB of f32.
const MEASURED_TOGETHER: usize = 1 << 22;

/// Answers of some minibatches, not yet measured.
#[derive(Default)]
struct Answers {
    /// f32 `[m, classes]` of each.
    logits: Vec<Tensor>,
    /// Int64 `[m]` of each.
    labels: Vec<Tensor>,
}

impl Answers {
    fn push(&mut self, logits: Tensor, labels: &Tensor) {
        self.logits.push(logits);
        self.labels.push(labels.shallow_clone());
    }

    fn numbers(&self) -> usize {
        self.logits.iter().map(Tensor::numel).sum()
    }
}

/// Sums over what was measured, on the device.
struct Figures {
    criterion: Criterion,
    running: RunningMetrics,
    /// Samples whose own class comes after `top_k` others, 0-dim Int64.
    missed: Tensor,
    top_k: u64,
}

impl Figures {
    fn new(device: Device, top_k: u64) -> Figures {
        Figures {
            criterion: Criterion::plain(device),
            running: RunningMetrics::start(Sums::default(), device),
            missed: Tensor::zeros([], (Kind::Int64, device)),
            top_k,
        }
    }

    /// No device wait, except on the CPU.
    fn add(&mut self, answers: &Answers) -> Result<(), Error> {
        if answers.logits.is_empty() {
            return Ok(());
        }
        let (logits, labels) = (whole(&answers.logits), whole(&answers.labels)); // [m, classes], [m]
        self.missed += classes_before(&logits, &labels).ge(self.top_k as i64).sum(Kind::Int64);
        let count = labels.numel();
        self.running.add(&self.criterion.measure(&logits, &Targets::Classes(labels)), count)
    }

    /// Waits for the device.
    fn read(&self) -> Score {
        score(&self.running.read(), self.missed())
    }

    /// Waits for the device.
    fn missed(&self) -> i64 {
        self.missed.int64_value(&[])
    }
}

/// The pieces as one tensor; one piece is itself and not copied.
fn whole(pieces: &[Tensor]) -> Tensor {
    if let [one] = pieces { one.shallow_clone() } else { Tensor::cat(pieces, 0) }
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

    #[test]
    fn answers_measured_together_give_what_they_give_one_by_one() {
        let logits = Tensor::rand([25, 4], (Kind::Float, Device::Cpu));
        let labels = Tensor::arange(25, (Kind::Int64, Device::Cpu)).remainder(4);
        let score = |sizes: &[i64], at_once: bool| {
            let (mut figures, mut answers) = (Figures::new(Device::Cpu, 2), Answers::default());
            for (rows, labels) in logits.split_with_sizes(sizes, 0).into_iter().zip(labels.split_with_sizes(sizes, 0)) {
                answers.push(rows, &labels);
                if !at_once {
                    figures.add(&mem::take(&mut answers)).unwrap();
                }
            }
            figures.add(&answers).unwrap();
            figures.read()
        };
        let (one_by_one, together) = (score(&[10, 10, 5], false), score(&[10, 10, 5], true));
        assert!((one_by_one.loss - together.loss).abs() < 1e-6);
        assert_eq!(Score { loss: 0.0, ..one_by_one }, Score { loss: 0.0, ..together });
        assert_eq!(together, score(&[25], false));
    }

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

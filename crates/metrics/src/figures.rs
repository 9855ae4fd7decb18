//! All figures of one set of answers, each with what it takes to believe it.

use crate::answers::argmax;
use crate::{Answers, Calibration, Interval, Temperature, average_precision, bootstrap, roc_auc, wilson};
use serde::{Deserialize, Serialize};

/// What a model's answers on a test set come to. Shares are 0 to 1, intervals hold at 95 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Pictures looked at.
    pub pictures: usize,
    /// How many were right.
    pub right: usize,
    /// Where the accuracy lies ([`wilson`]).
    pub accuracy_interval: Interval,
    /// Mean recall of the classes that have pictures; `None` where none has.
    pub balanced_accuracy: Option<f64>,
    /// Where it lies ([`bootstrap`]).
    pub balanced_accuracy_interval: Option<Interval>,
    /// Mean over the classes of the area under the receiver operating characteristic, one against the rest.
    pub roc_auc: Option<f64>,
    /// Mean over the classes of the area under precision against recall, one against the rest.
    pub average_precision: Option<f64>,
    /// The probabilities as they come out of the network.
    pub before: Calibration,
    /// The probabilities at the temperature that was fitted on other pictures.
    pub after: Calibration,
}

impl Figures {
    /// All figures; `seed` draws the sets of the bootstrap. Classes without pictures take no part in means.
    pub fn of(answers: &Answers, temperature: Temperature, seed: u64) -> Figures {
        let (labels, predicted) = (answers.labels(), answers.rows().map(argmax).collect::<Vec<_>>());
        let right = predicted.iter().zip(labels).filter(|(predicted, label)| predicted == label).count();
        let balanced = |places: &[usize]| {
            let mut counts = vec![(0_u32, 0_u32); answers.classes()];
            for &place in places {
                let (right, all) = &mut counts[labels[place]];
                *all += 1;
                *right += u32::from(predicted[place] == labels[place]);
            }
            mean(counts.into_iter().filter(|it| it.1 > 0).map(|(right, all)| f64::from(right) / f64::from(all)))
        };
        let all: Vec<usize> = (0..labels.len()).collect();
        let probabilities = answers.probabilities(1.0);
        let one_against_rest = |area: fn(&[f64], &[bool]) -> Option<f64>| {
            mean((0..answers.classes()).filter_map(|class| {
                let scores: Vec<f64> = probabilities.iter().map(|row| row[class]).collect();
                let is_class: Vec<bool> = labels.iter().map(|&label| label == class).collect();
                area(&scores, &is_class)
            }))
        };
        Figures {
            pictures: labels.len(),
            right,
            accuracy_interval: wilson(right, labels.len()),
            balanced_accuracy: balanced(&all),
            balanced_accuracy_interval: bootstrap(labels.len(), seed, balanced),
            roc_auc: one_against_rest(roc_auc),
            average_precision: one_against_rest(average_precision),
            before: Calibration::measure(answers, Temperature::ONE),
            after: Calibration::measure(answers, temperature),
        }
    }

    /// The share of right answers.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.pictures as f64
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

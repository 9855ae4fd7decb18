//! Whether probabilities come true as often as they say, and the one number that mends most of what is wrong with them.

use crate::Answers;
use crate::answers::{argmax, softmax};
use serde::{Deserialize, Serialize};

/// What logits are divided by before the softmax (Guo et al. 2017): above 1 for a network that is too sure. It changes no answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Temperature(f64);

/// Between these: beyond them probabilities are all alike or all 0 and 1.
const BOUNDS: [f64; 2] = [0.05, 20.0];
/// Halvings of the interval of log temperature, 6 wide: to 1e-12 of it.
const STEPS: usize = 50;

impl Temperature {
    /// Logits as they are.
    pub const ONE: Temperature = Temperature(1.0);

    /// The temperature at which the mean negative log-likelihood of the answers is lowest, between 0.05 and 20. The likelihood
    /// has one minimum, found by bisection of its slope in log temperature. Fit it on pictures that neither trained the model
    /// nor test it.
    pub fn fit(answers: &Answers) -> Temperature {
        let [mut low, mut high] = BOUNDS.map(f64::ln);
        for _ in 0..STEPS {
            let middle = (low + high) / 2.0;
            // With rising temperature the likelihood falls while the answers are too unsure.
            if slope(answers, middle.exp()) > 0.0 { high = middle } else { low = middle }
        }
        Temperature(((low + high) / 2.0).exp())
    }

    /// A temperature that was fitted before; `None` unless it lies between 0.05 and 20.
    pub fn new(value: f64) -> Option<Temperature> {
        (BOUNDS[0] * 0.999..=BOUNDS[1] * 1.001).contains(&value).then_some(Temperature(value))
    }

    /// Its value.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Derivative of the summed negative log-likelihood by the temperature, times the square of it:
/// `sum over pictures of z_label - sum over classes of p z`.
fn slope(answers: &Answers, temperature: f64) -> f64 {
    let of_picture = |(row, &label): (&[f64], &usize)| {
        let expected: f64 = softmax(row, temperature).iter().zip(row).map(|(p, z)| p * z).sum();
        row[label] - expected
    };
    answers.rows().zip(answers.labels()).map(of_picture).sum()
}

/// Answers of similar probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Pictures in it.
    pub pictures: usize,
    /// Mean probability of the answers, 0 where there are none.
    pub confidence: f64,
    /// Share of right answers, 0 where there are none.
    pub accuracy: f64,
}

/// How probabilities compare with what came true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The temperature that the probabilities were computed with.
    pub temperature: Temperature,
    /// Equal widths from 0 to 1; a probability on an edge falls into the bin below it.
    pub bins: Vec<Bin>,
    /// Expected calibration error: mean over the pictures of |accuracy - confidence| of their bin, 0 to 1.
    pub error: f64,
    /// Mean negative log-likelihood, in nats.
    pub loss: f64,
}

impl Calibration {
    /// Bins of a reliability diagram, as in Guo et al. 2017.
    pub const BINS: usize = 15;

    /// Measures answers at a temperature.
    pub fn measure(answers: &Answers, temperature: Temperature) -> Calibration {
        let mut sums = vec![(0_usize, 0.0, 0_usize); Self::BINS];
        let mut loss = 0.0;
        for (row, &label) in answers.rows().zip(answers.labels()) {
            let probabilities = softmax(row, temperature.0);
            let answer = argmax(row);
            let confidence = probabilities[answer];
            let place = ((confidence * Self::BINS as f64).ceil() as usize).clamp(1, Self::BINS) - 1;
            let (pictures, sum, right) = &mut sums[place];
            *pictures += 1;
            *sum += confidence;
            *right += usize::from(answer == label);
            loss -= probabilities[label].max(f64::MIN_POSITIVE).ln();
        }
        let bin = |&(pictures, sum, right): &(usize, f64, usize)| {
            let of = |value: f64| if pictures == 0 { 0.0 } else { value / pictures as f64 };
            Bin { pictures, confidence: of(sum), accuracy: of(right as f64) }
        };
        let bins: Vec<Bin> = sums.iter().map(bin).collect();
        let all = answers.labels().len() as f64;
        let error = bins.iter().map(|it| it.pictures as f64 / all * (it.accuracy - it.confidence).abs()).sum();
        Calibration { temperature, bins, error, loss: loss / all }
    }
}

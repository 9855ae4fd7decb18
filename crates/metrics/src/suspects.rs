//! Which labels are probably wrong, from answers of models that have not seen the pictures.
//!
//! Confident learning (Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of Artificial
//! Intelligence Research 70): a class is confidently recognised in a picture where its probability reaches the mean probability
//! that pictures labelled so have for it. A picture in which another class than its label is confidently recognised is a suspect: it
//! stands off the diagonal of the paper's confident joint.

use crate::answers::argmax;
use serde::{Deserialize, Serialize};

/// A picture whose label is probably wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Which picture, from 0.
    pub picture: usize,
    /// Its label.
    pub given: usize,
    /// The most probable of the classes that are confidently recognised in it.
    pub suggested: usize,
    /// Probability of the suggested class.
    pub confidence: f64,
    /// Probability of the given class.
    pub self_confidence: f64,
}

impl Suspect {
    /// By how much the suggested class is more probable than the given one, -1 to 1: the order of suspicion.
    pub fn margin(&self) -> f64 {
        self.confidence - self.self_confidence
    }
}

/// The pictures whose labels are probably wrong, the most suspicious first: those with the largest margin between suggested and given class,
/// of equal ones the earlier.
///
/// `probabilities` are those of every class for each picture, by models that were not trained on it; `labels` are below their number.
/// The threshold of a class is the mean of its probability over the pictures labelled so; a class without pictures is never suggested.
///
/// # Panics
/// Where lengths differ or a label is no class, as slices do.
///
/// ```
/// let sure = |class: usize| [[0.9, 0.1], [0.1, 0.9]][class].to_vec();
/// let suspects = metrics::suspects(&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 1, 1].map(sure));
/// assert_eq!((suspects.len(), suspects[0].picture, suspects[0].suggested), (1, 2, 1));
/// ```
pub fn suspects(labels: &[usize], probabilities: &[Vec<f64>]) -> Vec<Suspect> {
    assert_eq!(labels.len(), probabilities.len(), "one row of probabilities for each label");
    let classes = probabilities.first().map_or(0, Vec::len);
    let thresholds: Vec<Option<f64>> = (0..classes).map(|class| threshold(class, labels, probabilities)).collect();
    let mut found = Vec::new();
    for (picture, (&given, row)) in labels.iter().zip(probabilities).enumerate() {
        // Classes that are not confidently recognised come last.
        let confident: Vec<f64> =
            row.iter().zip(&thresholds).map(|(p, least)| if is_confident(*p, *least) { *p } else { -1.0 }).collect();
        let suggested = argmax(&confident);
        if confident[suggested] >= 0.0 && suggested != given {
            found.push(Suspect { picture, given, suggested, confidence: row[suggested], self_confidence: row[given] });
        }
    }
    found.sort_by(|a, b| b.margin().total_cmp(&a.margin()));
    found
}

/// Mean probability of a class over the pictures labelled so.
fn threshold(class: usize, labels: &[usize], probabilities: &[Vec<f64>]) -> Option<f64> {
    let of_class = labels.iter().zip(probabilities).filter(|(label, _)| **label == class);
    let (sum, count) = of_class.fold((0.0, 0_u32), |(sum, count), (_, row)| (sum + row[class], count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn is_confident(probability: f64, threshold: Option<f64>) -> bool {
    // As cleanlab does, so that a class whose pictures all have one probability recognises them in spite of rounding.
    threshold.is_some_and(|least| probability >= least - 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels, probabilities and what cleanlab makes of them; `tests/golden/suspects.py` made the file.
    #[derive(Deserialize)]
    struct Golden {
        labels: Vec<usize>,
        probabilities: Vec<Vec<f64>>,
        issues: Vec<usize>,
        suggested: Vec<usize>,
        thresholds: Vec<f64>,
    }

    #[test]
    fn suspects_are_those_of_cleanlab() {
        let golden: Golden = serde_json::from_str(include_str!("../tests/golden/suspects.json")).unwrap();
        for (class, expected) in golden.thresholds.iter().enumerate() {
            let found = threshold(class, &golden.labels, &golden.probabilities).unwrap();
            assert!((found - expected).abs() < 1e-12, "{class}: {found} {expected}");
        }
        let found = suspects(&golden.labels, &golden.probabilities);
        assert!(found.windows(2).all(|pair| pair[0].margin() >= pair[1].margin()));
        let mut pairs: Vec<_> = found.iter().map(|it| (it.picture, it.suggested)).collect();
        pairs.sort_unstable();
        let expected: Vec<_> = golden.issues.iter().copied().zip(golden.suggested.iter().copied()).collect();
        assert!(expected.len() > 10, "{}", expected.len());
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_class_without_pictures_is_never_suggested() {
        assert!(suspects(&[0, 0], &[vec![0.1, 0.9], vec![0.2, 0.8]]).is_empty());
        assert!(suspects(&[], &[]).is_empty());
    }
}

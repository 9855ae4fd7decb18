//! What a classifier's answers come to: counts by true and predicted class, and the rates of each class. Pure
//! arithmetic on the host.

use crate::Error;
use serde::{Deserialize, Serialize};

/// Counts of samples by true and predicted class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

/// How a classifier does on one class, in the terms of information retrieval: precision = TP / (TP + FP),
/// recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), with TP the samples of the class that were recognised, FP
/// those of other classes taken for it, FN those of the class taken for another. A rate whose denominator is 0 is
/// `None`. The same as `sklearn.metrics.precision_recall_fscore_support`, which gives 0 and a warning there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Of the samples that were given this class, the fraction that belong to it; `None` when no sample was.
    pub precision: Option<f64>,
    /// Of the samples of this class, the fraction that were given it; `None` when there are no samples of it.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall; `None` when the class neither occurs nor was given.
    pub f1: Option<f64>,
    /// Samples of this class.
    pub support: u64,
}

/// Means over the classes, each class weighing the same. Classes that neither occur nor were given are left out; a rate of
/// the others that has no denominator counts as 0, as `sklearn.metrics.precision_recall_fscore_support(average="macro")`
/// counts it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MacroAverage {
    /// Mean precision, 0 to 1.
    pub precision: f64,
    /// Mean recall, 0 to 1.
    pub recall: f64,
    /// Mean F1, 0 to 1.
    pub f1: f64,
}

impl Confusion {
    /// Counts pairs of (true class, predicted class).
    ///
    /// # Errors
    /// [`Error::Class`] for a pair with a class that is not below `classes`.
    pub fn count_pairs(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Result<Confusion, Error> {
        let mut counts = vec![0; classes * classes];
        for (sample, (truth, predicted)) in pairs.into_iter().enumerate() {
            let class = truth.max(predicted);
            if class >= classes {
                return Err(Error::Class { sample, class, classes });
            }
            counts[truth * classes + predicted] += 1;
        }
        Ok(Confusion { classes, counts })
    }

    /// The matrix with these rows, one for each true class; `None` unless there is a row for each column, one at least,
    /// and the counts have a sum.
    pub fn from_rows(rows: &[Vec<u64>]) -> Option<Confusion> {
        let is_square = !rows.is_empty() && rows.iter().all(|row| row.len() == rows.len());
        rows.iter().flatten().try_fold(0u64, |sum, &count| sum.checked_add(count))?;
        is_square.then(|| Confusion { classes: rows.len(), counts: rows.concat() })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All counts, row by row: the true class is the row, the predicted class the column.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The counts, a list for each true class.
    pub fn rows(&self) -> Vec<Vec<u64>> {
        self.counts.chunks(self.classes.max(1)).map(<[u64]>::to_vec).collect()
    }

    /// Samples of class `truth` that were given class `predicted`; 0 for classes that do not exist.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let inside = truth < self.classes && predicted < self.classes;
        if inside { self.counts[truth * self.classes + predicted] } else { 0 }
    }

    /// The fraction of all samples that were given another class than their own; `None` without samples.
    pub fn error(&self) -> Option<f64> {
        let total = self.counts.iter().sum();
        let right: u64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        ratio(total - right, total)
    }

    /// The rates of every class, in the order of the classes.
    pub fn per_class(&self) -> Vec<ClassScore> {
        let score = |class: usize| {
            let right = self.count(class, class);
            let support = (0..self.classes).map(|predicted| self.count(class, predicted)).sum();
            let given: u64 = (0..self.classes).map(|truth| self.count(truth, class)).sum();
            ClassScore {
                precision: ratio(right, given),
                recall: ratio(right, support),
                f1: ratio(2 * right, given + support),
                support,
            }
        };
        (0..self.classes).map(score).collect()
    }

    /// The mean recall of the classes that have samples, each class weighing the same: what the accuracy would be with as many
    /// samples of each (`sklearn.metrics.balanced_accuracy_score`). `None` without samples.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = self.per_class().iter().filter_map(|score| score.recall).collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    /// Means over the classes; `None` without samples.
    pub fn macro_average(&self) -> Option<MacroAverage> {
        let scores: Vec<ClassScore> = self.per_class().into_iter().filter(|score| score.f1.is_some()).collect();
        let mean =
            |rate: fn(&ClassScore) -> Option<f64>| scores.iter().filter_map(rate).sum::<f64>() / scores.len() as f64;
        let average =
            || MacroAverage { precision: mean(|s| s.precision), recall: mean(|s| s.recall), f1: mean(|s| s.f1) };
        (!scores.is_empty()).then(average)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are true classes. Class 3 neither occurs nor is given; class 2 occurs and is never given; class 4 is given
    /// and never occurs.
    fn confusion() -> Confusion {
        let rows = [[8, 2, 0, 0, 0], [1, 9, 0, 0, 2], [0, 4, 0, 0, 0], [0; 5], [0; 5]];
        let pairs = (0..25).flat_map(|i| std::iter::repeat_n((i / 5, i % 5), rows[i / 5][i % 5]));
        Confusion::count_pairs(5, pairs).unwrap()
    }

    #[test]
    fn pairs_are_counted_by_row_and_column() {
        let confusion = confusion();
        assert_eq!((confusion.count(0, 1), confusion.count(1, 0)), (2, 1));
        assert_eq!((confusion.count(5, 0), confusion.count(0, 5)), (0, 0));
        assert_eq!(confusion.counts().iter().sum::<u64>(), 26);
        assert_eq!(confusion.error(), Some(9.0 / 26.0));
    }

    #[test]
    fn rows_make_a_matrix_where_they_are_a_square() {
        assert_eq!(Confusion::from_rows(&confusion().rows()), Some(confusion()));
        for rows in [vec![], vec![vec![1, 2]], vec![vec![1, 2], vec![3]], vec![vec![u64::MAX, 1], vec![0, 0]]] {
            assert_eq!(Confusion::from_rows(&rows), None, "{rows:?}");
        }
    }

    #[test]
    fn rates_of_classes_are_those_of_their_definition() {
        let check = |class: usize, precision, recall, f1, support| {
            let expected = ClassScore { precision, recall, f1, support };
            assert_eq!(confusion().per_class()[class], expected, "class {class}");
        };
        check(0, Some(8.0 / 9.0), Some(0.8), Some(16.0 / 19.0), 10);
        check(1, Some(0.6), Some(0.75), Some(18.0 / 27.0), 12);
        check(2, None, Some(0.0), Some(0.0), 4);
        check(3, None, None, None, 0);
        check(4, Some(0.0), None, Some(0.0), 0);
    }

    /// Four classes take part; class 2 has no precision and class 4 no recall, which count as 0.
    #[test]
    fn macro_averages_weigh_every_class_that_takes_part_the_same() {
        let MacroAverage { precision, recall, f1 } = confusion().macro_average().unwrap();
        let check = |got: f64, sum: f64| assert!((got - sum / 4.0).abs() < 1e-15, "{got} {}", sum / 4.0);
        check(precision, 8.0 / 9.0 + 0.6);
        check(recall, 0.8 + 0.75);
        check(f1, 16.0 / 19.0 + 18.0 / 27.0);
        assert_eq!(confusion().rows()[1], [1, 9, 0, 0, 2]);
    }

    #[test]
    fn without_samples_there_are_no_rates() {
        let none = Confusion::count_pairs(2, []).unwrap();
        assert_eq!((none.error(), none.macro_average()), (None, None));
        assert!(none.per_class().iter().all(|score| score.f1.is_none() && score.support == 0));
    }

    #[test]
    fn a_class_beyond_the_last_is_refused_with_its_place() {
        let error = Confusion::count_pairs(3, [(0, 0), (2, 3)]).unwrap_err().to_string();
        assert!(error.contains("sample 1") && error.contains("class 3"), "{error}");
    }
}

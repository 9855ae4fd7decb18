//! What the folds of a set come to: a row for each, their mean and spread, and all answers pooled.

use metrics::{Interval, wilson};
use serde::{Deserialize, Serialize};

/// With fewer pictures of a class than this a figure of it tells little: one more mistake is 10 % or more.
const FEW: u64 = 10;

/// What the model of one fold made of its test part.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Pictures by true class (which list) and predicted class (which number of it).
    pub confusion: Vec<Vec<u64>>,
    /// The lowest validation error, a fraction.
    pub validation_error: Option<f64>,
    /// Mean recall of the classes that have pictures.
    pub balanced_accuracy: Option<f64>,
    /// Epochs begun.
    pub epochs: u64,
    /// Seconds in the training loop.
    pub train_seconds: f64,
}

/// One fold. Shares are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which one, from 1.
    pub fold: u32,
    /// Pictures tested.
    pub pictures: u64,
    /// How many were right.
    pub right: u64,
    /// The share of right ones.
    pub accuracy: f64,
    /// Where it lies at 95 % confidence, the lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Mean recall of the classes that have pictures.
    pub balanced_accuracy: Option<f64>,
    /// The lowest validation error.
    pub validation_error: Option<f64>,
    /// Epochs begun.
    pub epochs: u64,
    /// Seconds in the training loop.
    pub train_seconds: f64,
}

/// All answers of all folds as those of one test set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pooled {
    /// Pictures tested, each once.
    pub pictures: u64,
    /// How many were right.
    pub right: u64,
    /// The share of right ones.
    pub accuracy: f64,
    /// Where it lies ([`wilson`]).
    pub interval: Interval,
}

/// One class over all folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// The class's name.
    pub class: String,
    /// Its pictures.
    pub pictures: u64,
    /// How many of them were recognised.
    pub right: u64,
    /// Where that share lies ([`wilson`]).
    pub interval: Interval,
}

impl ClassRow {
    /// Whether there are too few pictures for the class's figure to tell much: fewer than 10.
    pub fn is_small(&self) -> bool {
        self.pictures < FEW
    }
}

/// What the folds of a set come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// A row for each fold.
    pub folds: Vec<Row>,
    /// Mean of the folds' accuracies, 0 to 1; each fold counts the same.
    pub mean: f64,
    /// Their standard deviation (n - 1 in the denominator). It is the spread of a single split's figure, no error of the mean: the
    /// folds share most of their training pictures.
    pub spread: f64,
    /// All answers together.
    pub pooled: Pooled,
    /// Every class over all folds.
    pub classes: Vec<ClassRow>,
}

impl Table {
    /// The table of folds 1, 2, ...; `classes` are the names of the classes, in the order of the confusions. `None` for fewer than two
    /// folds and for folds without pictures.
    pub fn of(folds: &[Measured], classes: &[String]) -> Option<Table> {
        let rows: Vec<Row> = (1..).zip(folds).map(|(fold, measured)| row(fold, measured)).collect();
        if rows.len() < 2 || rows.iter().any(|row| row.pictures == 0) {
            return None;
        }
        let n = rows.len() as f64;
        let mean = rows.iter().map(|row| row.accuracy).sum::<f64>() / n;
        let squares: f64 = rows.iter().map(|row| (row.accuracy - mean).powi(2)).sum();
        let (pictures, right) = (rows.iter().map(|row| row.pictures).sum(), rows.iter().map(|row| row.right).sum());
        let of_class = |(class, name): (usize, &String)| {
            let line = |measured: &Measured| measured.confusion.get(class).cloned().unwrap_or_default();
            let (mut pictures, mut right) = (0, 0);
            for line in folds.iter().map(line) {
                pictures += line.iter().sum::<u64>();
                right += line.get(class).copied().unwrap_or(0);
            }
            ClassRow { class: name.clone(), pictures, right, interval: interval(right, pictures) }
        };
        Some(Table {
            mean,
            spread: (squares / (n - 1.0)).sqrt(),
            pooled: Pooled { pictures, right, accuracy: share(right, pictures), interval: interval(right, pictures) },
            classes: classes.iter().enumerate().map(of_class).collect(),
            folds: rows,
        })
    }

    /// The rows of the folds as CSV with a header.
    ///
    /// # Errors
    /// None that memory has room for; what the writer says otherwise.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        self.folds.iter().try_for_each(|row| writer.serialize(row))?;
        writer.into_inner().map_err(|failed| failed.into_error().into())
    }

    /// The lowest and the highest accuracy of a fold.
    pub fn extremes(&self) -> (f64, f64) {
        let all = || self.folds.iter().map(|row| row.accuracy);
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
    }
}

fn row(fold: u32, measured: &Measured) -> Row {
    let lines = || measured.confusion.iter().enumerate();
    let pictures = lines().flat_map(|(_, line)| line).sum();
    let right = lines().filter_map(|(class, line)| line.get(class)).sum();
    let Interval { low, high } = interval(right, pictures);
    Row {
        fold,
        pictures,
        right,
        accuracy: share(right, pictures),
        low,
        high,
        balanced_accuracy: measured.balanced_accuracy,
        validation_error: measured.validation_error,
        epochs: measured.epochs,
        train_seconds: measured.train_seconds,
    }
}

fn share(right: u64, pictures: u64) -> f64 {
    right as f64 / pictures as f64
}

fn interval(right: u64, pictures: u64) -> Interval {
    wilson(right as usize, pictures as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(confusion: [[u64; 2]; 2]) -> Measured {
        Measured {
            confusion: confusion.map(Vec::from).into(),
            validation_error: Some(0.1),
            balanced_accuracy: None,
            epochs: 3,
            train_seconds: 1.5,
        }
    }

    /// Accuracies 0.8, 0.7 and 0.9: mean 0.8, deviation 0.1 (statistics.stdev of Python); 24 of 30 right: 62.7 to 90.5 %
    /// (statsmodels' proportion_confint, method wilson).
    #[test]
    fn mean_spread_and_pooled_interval_are_the_textbook_ones() {
        let folds = [[[8, 1], [1, 0]], [[7, 2], [1, 0]], [[9, 0], [1, 0]]].map(measured);
        let table = Table::of(&folds, &["cat".to_owned(), "ship".to_owned()]).unwrap();
        assert!((table.mean - 0.8).abs() < 1e-12 && (table.spread - 0.1).abs() < 1e-12, "{table:?}");
        let Pooled { pictures, right, interval, .. } = table.pooled;
        assert_eq!((pictures, right), (30, 24));
        assert!((interval.low - 0.6269).abs() < 1e-4 && (interval.high - 0.9049).abs() < 1e-4, "{interval:?}");
        assert_eq!(table.extremes(), (0.7, 0.9));
        let classes: Vec<_> = table.classes.iter().map(|it| (it.pictures, it.right, it.is_small())).collect();
        assert_eq!(classes, [(27, 24, false), (3, 0, true)]);
        let csv = String::from_utf8(table.to_csv().unwrap()).unwrap();
        assert!(csv.starts_with("fold,pictures,right,accuracy,low,high,balanced_accuracy,"), "{csv}");
        assert_eq!(csv.lines().count(), 4);
    }

    #[test]
    fn a_fold_alone_or_without_pictures_makes_no_table() {
        assert!(Table::of(&[measured([[1, 0], [0, 0]])], &[]).is_none());
        assert!(Table::of(&[measured([[1, 0], [0, 0]]), measured([[0, 0], [0, 0]])], &[]).is_none());
    }
}

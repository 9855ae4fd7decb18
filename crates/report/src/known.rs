//! What a run says of the pictures that it was tested on, and whether pictures that were found are those.

use crate::record::Record;
use std::path::PathBuf;
use train::metrics::Confusion;

/// Another device, or another build of libtorch, may round one picture in so many to another class.
const ROUNDING: u64 = 1000;

/// What a run's folder says of its test pictures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The folder in which their files lay.
    pub folder: Option<PathBuf>,
    /// SHA-256 of the test pictures with their labels.
    pub sha256: Option<String>,
    /// How the best model classified them.
    pub confusion: Option<Confusion>,
    /// Its error, which runs of every version say.
    pub error: Option<f64>,
}

impl Known {
    /// The one place that knows where a run says these things.
    pub fn of(record: &Record) -> Known {
        let (identity, summary) = (&record.identity, record.summary.as_ref());
        Known {
            folder: identity.data_folder.clone(),
            sha256: identity.pictures.as_ref().map(|pictures| pictures.test.clone()),
            confusion: summary.and_then(|summary| Confusion::from_rows(&summary.confusion)),
            error: summary.and_then(|summary| summary.test_error),
        }
    }

    /// How many pictures there are of each class.
    pub fn supports(&self) -> Option<Vec<u64>> {
        self.confusion.as_ref().map(supports)
    }

    /// Whether the best model's answers `now`, on pictures with the hash `sha256`, may be those that the run recorded.
    pub fn fits(&self, now: &Confusion, sha256: Option<&str>) -> bool {
        if let (Some(known), Some(found)) = (&self.sha256, sha256) {
            return known == found;
        }
        let all: u64 = now.counts().iter().sum();
        let allowed = (all / ROUNDING).max(1);
        match (&self.confusion, self.error) {
            (Some(then), _) => moved(then, now).is_some_and(|moved| moved <= allowed),
            (None, Some(error)) => {
                let apart = (now.error().unwrap_or(f64::NAN) - error).abs();
                apart <= allowed as f64 / all as f64
            }
            (None, None) => false,
        }
    }
}

/// How many pictures are given another class; `None` where the classes have not as many pictures each, so that the
/// pictures themselves must be others.
fn moved(then: &Confusion, now: &Confusion) -> Option<u64> {
    let supports =
        |confusion: &Confusion| -> Vec<u64> { confusion.per_class().into_iter().map(|score| score.support).collect() };
    let apart = then.counts().iter().zip(now.counts()).map(|(a, b)| a.abs_diff(*b)).sum::<u64>();
    (supports(then) == supports(now)).then_some(apart / 2)
}

fn supports(confusion: &Confusion) -> Vec<u64> {
    confusion.per_class().into_iter().map(|score| score.support).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(rows: [[u64; 2]; 2]) -> Confusion {
        Confusion::from_rows(&rows.map(|row| row.to_vec())).unwrap()
    }

    #[test]
    fn answers_that_moved_a_little_fit_and_others_do_not() {
        let known = Known { confusion: Some(confusion([[2000, 3], [5, 1992]])), ..Known::default() };
        let check = |rows, fits| assert_eq!(known.fits(&confusion(rows), None), fits, "{rows:?}");
        check([[2000, 3], [5, 1992]], true);
        // 4,000 pictures: four of them may be rounded to the other class.
        check([[1998, 5], [7, 1990]], true);
        check([[1998, 5], [8, 1989]], false);
        // One picture of the first class more and one of the second less: no rounding does that.
        check([[2001, 3], [5, 1991]], false);
    }

    #[test]
    fn a_hash_counts_more_than_answers() {
        let known =
            Known { sha256: Some("ab".into()), confusion: Some(confusion([[9, 1], [1, 9]])), ..Known::default() };
        assert!(known.fits(&confusion([[5, 5], [5, 5]]), Some("ab")));
        assert!(!known.fits(&confusion([[9, 1], [1, 9]]), Some("cd")));
        assert_eq!(known.supports(), Some(vec![10, 10]));
    }

    #[test]
    fn an_old_run_is_known_by_its_error_alone() {
        let known = Known { error: Some(0.1), ..Known::default() };
        assert!(known.fits(&confusion([[9, 1], [1, 9]]), None));
        assert!(!known.fits(&confusion([[9, 1], [3, 7]]), None));
        assert!(!Known::default().fits(&confusion([[9, 1], [1, 9]]), None));
        assert_eq!(known.supports(), None);
    }
}

//! How long epochs took.

use crate::record::Record;
use std::collections::BTreeMap;

/// When the last validation of an epoch was made.
#[derive(Clone, Copy)]
struct End {
    iteration: u64,
    seconds: f64,
}

/// Epochs and the seconds that each took, validation included.
pub fn of(record: &Record) -> Vec<(f64, f64)> {
    let timings = record.timings.iter();
    let seconds: BTreeMap<u64, f64> = timings.map(|timing| (timing.iteration, timing.train_seconds)).collect();
    let mut ends = BTreeMap::new();
    for row in &record.rows {
        if let Some(&seconds) = seconds.get(&row.iteration) {
            let iteration = row.iteration;
            ends.insert(row.epoch, End { iteration, seconds }); // a later validation of the epoch takes the place
        }
    }
    lengths(&ends)
}

/// Mean seconds of an epoch; `None` where not one was timed.
pub fn mean(record: &Record) -> Option<f64> {
    let epochs = of(record);
    let total: f64 = epochs.iter().map(|(_, seconds)| seconds).sum();
    (!epochs.is_empty()).then(|| total / epochs.len() as f64)
}

/// The pace from one epoch's last validation to the next one's, times the minibatches of an epoch: validations need not
/// fall on the ends of epochs. An epoch whose predecessor was not timed is left out.
fn lengths(ends: &BTreeMap<u64, End>) -> Vec<(f64, f64)> {
    let Some((&last, end)) = ends.last_key_value() else {
        return Vec::new();
    };
    let minibatches = end.iteration as f64 / last as f64;
    let beginning = End { iteration: 0, seconds: 0.0 };
    let length = |(&epoch, end): (&u64, &End)| {
        let before = epoch.checked_sub(1)?;
        let start = if before == 0 { beginning } else { *ends.get(&before)? };
        let pace = (end.seconds - start.seconds) / (end.iteration as f64 - start.iteration as f64);
        Some((epoch as f64, pace * minibatches))
    };
    ends.iter().filter_map(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ends: &[(u64, u64, f64)], expected: &[(f64, f64)]) {
        let ends = ends.iter().map(|&(epoch, iteration, seconds)| (epoch, End { iteration, seconds }));
        assert_eq!(lengths(&ends.collect()), expected);
    }

    #[test]
    fn an_epoch_lasts_from_the_end_of_the_one_before() {
        check(&[(1, 10, 2.0), (2, 20, 5.0), (4, 40, 9.0), (5, 50, 11.5)], &[(1.0, 2.0), (2.0, 3.0), (5.0, 2.5)]);
        check(&[], &[]);
    }

    #[test]
    fn epochs_are_as_long_as_each_other_when_the_pace_is_even() {
        // Epochs of 10 minibatches, validated every 4, a second each minibatch.
        check(&[(1, 8, 8.0), (2, 20, 20.0)], &[(1.0, 10.0), (2.0, 10.0)]);
    }
}

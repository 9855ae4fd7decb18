//! How far a run is, in a row of the page that follows several.

use crate::curves::steps_per_epoch;
use crate::headline::best_validation_error;
use crate::record::Record;
use values::{duration, percent, rate};

/// A run's row.
pub struct Standing {
    pub name: String,
    /// Number of its colour in the curves; `None` where it is not drawn.
    pub colour: Option<usize>,
    pub trained: bool,
    pub state: String,
    /// Share of all epochs that is done, 0 to 1.
    pub done: f64,
    pub epoch: String,
    pub left: String,
    pub best: String,
    /// Whether no run on the same pictures has a lower validation error.
    pub is_lowest: bool,
    pub training_loss: String,
    pub validation_loss: String,
    pub rate: String,
    pub time: String,
    pub test: String,
}

impl Standing {
    /// Of a run whose newest validation is `age` seconds old.
    pub fn of(record: &Record, colour: Option<usize>, trained: bool, age: f64, is_lowest: bool) -> Standing {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let (row, timing, epochs) = (record.rows.last(), record.timings.last(), record.identity.recipe.epochs);
        let iterations = epochs as f64 * steps_per_epoch(&record.rows);
        let done = row.map_or(0.0, |row| (row.iteration as f64 / iterations).min(1.0));
        let pace = timing.filter(|it| it.iteration > 0).map(|it| it.train_seconds / it.iteration as f64);
        let left = pace.zip(row).map(|(pace, row)| seconds_left(pace, iterations - row.iteration as f64, age));
        Standing {
            name: record.name.clone(),
            colour,
            trained,
            state: state(record, trained),
            done,
            epoch: format!("{} of {epochs}", row.map_or(0, |row| row.epoch)),
            left: or_none(left.filter(|_| trained && done < 1.0).map(duration)),
            best: or_none(best_validation_error(record).map(percent)),
            is_lowest,
            training_loss: or_none(row.map(|row| format!("{:.4}", row.train_loss))),
            validation_loss: or_none(row.map(|row| format!("{:.4}", row.validation_loss))),
            rate: or_none(row.map(|row| rate(row.learning_rate))),
            time: or_none(timing.map(|timing| duration(timing.train_seconds))),
            test: or_none(record.summary.as_ref().and_then(|summary| summary.test_error).map(percent)),
        }
    }
}

/// Seconds for `iterations` at a pace, of which `age` seconds have passed.
fn seconds_left(pace: f64, iterations: f64, age: f64) -> f64 {
    (pace * iterations.max(0.0) - age).max(0.0)
}

fn state(record: &Record, trained: bool) -> String {
    let stopped_by = record.summary.as_ref().map(|summary| summary.stopped_by.as_str());
    match (trained, stopped_by) {
        (true, _) => "training".to_owned(),
        (false, None) => "stopped without an end".to_owned(),
        (false, Some("epochs")) => "ended".to_owned(),
        (false, Some("interrupted")) => "interrupted".to_owned(),
        (false, Some(rule)) => format!("ended by {rule}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 s a minibatch, 30 to do, 10 s of them gone.
    #[test]
    fn the_time_left_shrinks_between_validations() {
        assert_eq!(seconds_left(2.0, 30.0, 10.0), 50.0);
        assert_eq!((seconds_left(2.0, 3.0, 10.0), seconds_left(2.0, -1.0, 0.0)), (0.0, 0.0));
    }
}

//! How far a run is, in a row of the page that follows several.

use crate::curves::steps_per_epoch;
use crate::headline::best_validation_error;
use crate::record::Record;
use train::run_folder::Glimpse;
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
    /// Of a run whose newest row is `age` seconds old: a validation, or training since then (`now`).
    pub fn of(
        record: &Record,
        colour: Option<usize>,
        now: Option<Glimpse>,
        trained: bool,
        age: f64,
        is_lowest: bool,
    ) -> Standing {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let (row, epochs) = (record.rows.last(), record.identity.recipe.epochs);
        let validated = record.timings.last().map(|it| (it.iteration, it.train_seconds));
        let at = now.map(|it| (it.iteration, it.train_seconds)).or(validated);
        let iterations = now.map_or(epochs as f64 * steps_per_epoch(&record.rows), |it| it.last_iteration as f64);
        let done = at.map_or(0.0, |(iteration, _)| (iteration as f64 / iterations).min(1.0));
        let pace = at.filter(|it| it.0 > 0).map(|(iteration, seconds)| seconds / iteration as f64);
        let left = pace.zip(at).map(|(pace, at)| seconds_left(pace, iterations - at.0 as f64, age));
        let epoch = now.map(|it| it.iteration.saturating_sub(1) / it.steps_per_epoch.max(1) + 1);
        let training_loss = now.map(|it| it.train_loss).or(row.map(|row| row.train_loss));
        let learning_rate = now.map(|it| it.learning_rate).or(row.map(|row| row.learning_rate));
        Standing {
            name: record.name.clone(),
            colour,
            trained,
            state: state(record, trained),
            done,
            epoch: format!("{} of {epochs}", epoch.or(row.map(|row| row.epoch)).unwrap_or(0)),
            left: or_none(left.filter(|_| trained && done < 1.0).map(duration)),
            best: or_none(best_validation_error(record).map(percent)),
            is_lowest,
            training_loss: or_none(training_loss.map(|loss| format!("{loss:.4}"))),
            validation_loss: or_none(row.map(|row| format!("{:.4}", row.validation_loss))),
            rate: or_none(learning_rate.map(rate)),
            time: or_none(at.map(|(_, seconds)| duration(seconds))),
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

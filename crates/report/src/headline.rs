//! The figures that one looks for first.

use crate::pictures::DataSets;
use crate::record::Record;
use crate::times;
use tensor_data::{Holdout, Tail};
use train::Identity;
use values::{duration, percent, thousands};

/// A figure of every run.
pub struct Figure {
    pub name: &'static str,
    /// One for each run.
    pub values: Vec<String>,
    /// Whether a run has the lowest of those that can be compared with it, where low is good.
    pub lowest: Vec<bool>,
}

impl Figure {
    /// A figure of which none is better than another.
    pub fn plain(name: &'static str, values: Vec<String>) -> Figure {
        Figure { name, lowest: vec![false; values.len()], values }
    }
}

/// The figures, the most important first.
pub fn of(records: &[&Record], sets: &DataSets) -> Vec<Figure> {
    let figure = |name, value: &dyn Fn(&Record) -> Option<String>| {
        Figure::plain(name, records.iter().map(|record| value(record).unwrap_or("–".to_owned())).collect())
    };
    let error = |name, value: fn(&Record) -> Option<f64>, how: fn(&Identity) -> How| {
        let rows = records.iter().enumerate().map(|(run, record)| {
            let comparable = sets.comparable(run).map(|set| (set, how(&record.identity)));
            Some((comparable?, value(record)?))
        });
        Figure { lowest: lowest(&rows.collect::<Vec<_>>()), ..figure(name, &|record| value(record).map(percent)) }
    };
    let set = sets
        .differ()
        .then(|| Figure::plain("data set", (0..records.len()).map(|run| sets.label(run).to_owned()).collect()));
    let figures = [
        error("test error", |record| record.summary.as_ref()?.test_error, How::tested),
        figure("test accuracy, 95 % interval", &|record| {
            let interval = record.summary.as_ref()?.test.as_ref()?.accuracy_interval;
            Some(format!("{:.1} to {:.1} %", 100.0 * interval.low, 100.0 * interval.high))
        }),
        error("best validation error", best_validation_error, How::validated),
        figure("balanced accuracy", &|record| record.summary.as_ref()?.test.as_ref()?.balanced_accuracy.map(percent)),
        figure("calibration error, and at the temperature", &|record| {
            let figures = record.summary.as_ref()?.test.as_ref()?;
            Some(format!("{:.1}, {:.1} %", 100.0 * figures.before.error, 100.0 * figures.after.error))
        }),
        error("test top-k error", |record| record.summary.as_ref()?.test_top_k_error, How::ranked),
        figure("test loss", &|record| Some(format!("{:.4}", record.summary.as_ref()?.test_loss?))),
        figure("parameters", &parameters),
        figure("epochs", &|record| Some(record.summary.as_ref()?.epochs.to_string())),
        figure("minibatches", &|record| Some(thousands(record.summary.as_ref()?.iterations as f64))),
        figure("best at minibatch", &|record| Some(thousands(record.summary.as_ref()?.best_iteration? as f64))),
        figure("training time", &|record| Some(duration(record.summary.as_ref()?.train_seconds))),
        figure("time per epoch", &|record| times::mean(record).map(duration)),
        figure("pictures per second", &|record| Some(thousands(record.summary.as_ref()?.images_per_second))),
    ];
    set.into_iter().chain(figures).collect()
}

/// What of a recipe decides, on one data set, what an error means.
#[derive(Debug, Default, PartialEq)]
struct How {
    /// Minibatches of an evaluation that drops an incomplete last one.
    size: Option<usize>,
    /// The k of a top-k error.
    k: Option<u64>,
    /// Which pictures are validated with: the rule, or, where the run says them, the pictures and the split by their hashes.
    holdout: Option<Holdout>,
    split: Option<[String; 2]>,
}

impl How {
    fn tested(run: &Identity) -> How {
        let evaluation = &run.recipe.evaluation;
        How { size: (evaluation.tail == Tail::Drop).then_some(evaluation.size), ..How::default() }
    }

    fn ranked(run: &Identity) -> How {
        How { k: Some(run.recipe.evaluation.top_k), ..How::tested(run) }
    }

    fn validated(run: &Identity) -> How {
        match &run.pictures {
            Some(pictures) => How { split: Some([pictures.train.clone(), pictures.split.clone()]), ..How::tested(run) },
            None => How { holdout: Some(run.recipe.data.holdout(run.recipe.seed)), ..How::tested(run) },
        }
    }
}

/// A run that has not ended still has validated.
fn best_validation_error(record: &Record) -> Option<f64> {
    match &record.summary {
        Some(summary) => summary.best_validation_error,
        None => record.rows.last().map(|row| row.best_validation_error),
    }
}

fn parameters(record: &Record) -> Option<String> {
    let saved = record.best.as_ref().map(|model| model.summary().parameters);
    let count = record.summary.as_ref().map(|summary| summary.parameters).or(saved)?;
    Some(thousands(count as f64))
}

/// Which of the values are the lowest among those with the same key. A value alone with its key is none, and equal ones are
/// all the lowest.
fn lowest<K: PartialEq>(values: &[Option<(K, f64)>]) -> Vec<bool> {
    let is_lowest = |(run, value): (usize, &Option<(K, f64)>)| {
        let Some((key, value)) = value else {
            return false;
        };
        let rivals = values.iter().enumerate().filter(|(other, _)| *other != run);
        let mut rivals = rivals.filter_map(|(_, other)| other.as_ref()).filter(|(other, _)| other == key).peekable();
        rivals.peek().is_some() && rivals.all(|(_, other)| value <= other)
    };
    values.iter().enumerate().map(is_lowest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_is_marked_among_its_like() {
        let check = |values: &[Option<(u8, f64)>], expected: &[bool]| assert_eq!(lowest(values), expected);
        check(&[Some((1, 0.2)), Some((1, 0.1)), None], &[false, true, false]);
        // Two data sets, and a run that is alone on a third.
        check(
            &[Some((1, 0.02)), Some((2, 0.3)), Some((1, 0.03)), Some((2, 0.2)), Some((3, 0.0))],
            &[true, false, false, true, false],
        );
        check(&[Some((1, 0.1)), Some((1, 0.1)), Some((1, 0.2))], &[true, true, false]);
        check(&[Some((1, 0.1))], &[false]);
        check(&[Some((1, f64::NAN)), Some((1, 0.1))], &[false, false]);
    }
}

//! The figures that one looks for first.

use crate::advice;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::sections::Sections;
use crate::times;
use crate::verdict::{self, Facts};
use tensor_data::{Holdout, Tail};
use train::metrics::Interval;
use train::{Identity, Row};
use values::{duration, percent, thousands};

/// A figure of a run.
pub struct Figure {
    pub name: String,
    pub value: String,
    /// What else is to be known of it; may be empty.
    pub note: String,
}

impl Figure {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Figure {
        Figure { name: name.into(), value: value.into(), note: String::new() }
    }

    fn noted(self, note: impl Into<String>) -> Figure {
        Figure { note: note.into(), ..self }
    }
}

/// What stands first on the page of a run: how good, how sure, what went wrong, what next.
#[derive(Default)]
pub struct Opening {
    /// The figure that counts.
    pub main: Option<Figure>,
    /// Those that say how to take it.
    pub figures: Vec<Figure>,
    /// All others.
    pub more: Vec<Figure>,
    /// Sentences, each with a command to try where there is one.
    pub findings: Vec<(String, Option<String>)>,
    /// Whether the figures were looked at and say nothing to act on.
    pub nothing_found: bool,
}

impl Opening {
    /// Of a saved run; `program` is how this program is called.
    pub fn of(run: &Sections, program: &str) -> Opening {
        let record = &run.record;
        let facts = Facts {
            rows: &record.rows,
            all_epochs: record.summary.as_ref().is_some_and(|summary| summary.stopped_by == "epochs"),
            confusion: run.tested.as_ref().map(|tested| &tested.confusion),
            names: run.tested.as_ref().map_or(&[], |tested| &tested.names),
            figures: record.summary.as_ref().and_then(|summary| summary.test.as_ref()),
        };
        let findings = verdict::findings(&facts).into_iter();
        let findings: Vec<_> = findings.map(|it| (it.text, advice::command(record, it.advice, program))).collect();
        Opening {
            main: main(record),
            figures: beside(record),
            more: more(record),
            nothing_found: findings.is_empty() && record.finished(),
            findings,
        }
    }
}

/// The test error with its interval; before the test, the validation error.
fn main(record: &Record) -> Option<Figure> {
    let summary = record.summary.as_ref();
    let Some(error) = summary.and_then(|summary| summary.test_error) else {
        return Some(
            Figure::new("best validation error", percent(best_validation_error(record)?)).noted("not tested yet"),
        );
    };
    let figures = summary.and_then(|summary| summary.test.as_ref());
    let note = figures.map_or(String::new(), |figures| {
        format!(
            "95 %: {}; {} of {} pictures wrong",
            interval(&of_error(figures.accuracy_interval)),
            thousands((figures.pictures - figures.right) as f64),
            thousands(figures.pictures as f64)
        )
    });
    Some(Figure::new("test error", percent(error)).noted(note))
}

fn beside(record: &Record) -> Vec<Figure> {
    let mut figures = Vec::new();
    let (summary, last) = (record.summary.as_ref(), record.rows.last());
    let is_tested = summary.is_some_and(|summary| summary.test_error.is_some());
    let lowest = |row: &&Row| Some(row.iteration) == summary.and_then(|summary| summary.best_iteration);
    let best = record.rows.iter().find(lowest);
    if let Some(error) = best_validation_error(record).filter(|_| is_tested) {
        let epoch = best
            .zip(last)
            .map_or(String::new(), |(best, last)| format!("best epoch: {} of {}", best.epoch, last.epoch));
        figures.push(Figure::new("validation error", percent(error)).noted(epoch));
    }
    if let Some(row) = best.or(last) {
        let gap = 100.0 * (row.chosen().error - row.train_error);
        let way = if gap >= 0.0 { "below" } else { "above" };
        let note = format!("{:.2} points {way} validation, while it trained", gap.abs());
        figures.push(Figure::new("training error", percent(row.train_error)).noted(note));
    }
    if let Some(summary) = summary {
        let epoch = times::mean(record).map_or(String::new(), |seconds| format!("{} an epoch", duration(seconds)));
        figures.push(Figure::new("training time", duration(summary.train_seconds)).noted(epoch));
        if let Some(test) = &summary.test {
            let note =
                format!("{:.1} points at temperature {:.2}", 100.0 * test.after.error, test.after.temperature.value());
            figures.push(
                Figure::new("probabilities off by", format!("{:.1} points", 100.0 * test.before.error)).noted(note),
            );
        }
    }
    figures
}

fn more(record: &Record) -> Vec<Figure> {
    let Some(summary) = &record.summary else { return Vec::new() };
    let count = |number: u64| thousands(number as f64);
    let test = summary.test.as_ref();
    let top_k =
        summary.test_top_k_error.filter(|_| summary.top_k > 1 && summary.per_class.len() as u64 > 2 * summary.top_k);
    let macro_f1 = summary.macro_average.map(|average| percent(average.f1));
    let figures = [
        ("test loss, nats".to_owned(), summary.test_loss.map(|loss| format!("{loss:.4}"))),
        ("balanced accuracy".to_owned(), test.and_then(|test| test.balanced_accuracy).map(percent)),
        ("macro F1".to_owned(), macro_f1),
        (
            "area under ROC, one against the rest".to_owned(),
            test.and_then(|test| test.roc_auc).map(|area| format!("{area:.4}")),
        ),
        (format!("test top-{} error", summary.top_k), top_k.map(percent)),
        ("parameters".to_owned(), Some(thousands(summary.parameters as f64))),
        ("epochs".to_owned(), Some(count(summary.epochs))),
        ("minibatches".to_owned(), Some(count(summary.iterations))),
        ("best at minibatch".to_owned(), summary.best_iteration.map(count)),
        ("pictures per second".to_owned(), Some(thousands(summary.images_per_second))),
    ];
    figures.into_iter().filter_map(|(name, value)| Some(Figure::new(name, value?))).collect()
}

/// The interval of an error, from that of the accuracy.
pub fn of_error(accuracy: Interval) -> Interval {
    Interval { low: 1.0 - accuracy.high, high: 1.0 - accuracy.low }
}

/// `1.24 to 1.71 %`
pub fn interval(interval: &Interval) -> String {
    let digits = if interval.high < 0.1 { 2 } else { 1 };
    format!("{:.digits$} to {:.digits$} %", 100.0 * interval.low, 100.0 * interval.high)
}

/// Which runs have the lowest errors among those that can be compared with them.
pub struct Lowest {
    pub test: Vec<bool>,
    pub validation: Vec<bool>,
}

/// Marks them.
pub fn lowest_errors(records: &[&Record], sets: &DataSets) -> Lowest {
    let marked = |value: fn(&Record) -> Option<f64>, how: fn(&Identity) -> How| {
        let rows = records.iter().enumerate().map(|(run, record)| {
            let comparable = sets.comparable(run).map(|set| (set, how(&record.identity)));
            Some((comparable?, value(record)?))
        });
        lowest(&rows.collect::<Vec<_>>())
    };
    Lowest {
        test: marked(|record| record.summary.as_ref()?.test_error, How::tested),
        validation: marked(best_validation_error, How::validated),
    }
}

/// What of a recipe decides, on one data set, what an error means.
#[derive(Debug, Default, PartialEq)]
struct How {
    /// Minibatches of an evaluation that drops an incomplete last one.
    size: Option<usize>,
    /// Which pictures are validated with: the rule, or, where the run says them, the pictures and the split by their hashes.
    holdout: Option<Holdout>,
    split: Option<[String; 2]>,
}

impl How {
    fn tested(run: &Identity) -> How {
        let evaluation = &run.recipe.evaluation;
        How { size: (evaluation.tail == Tail::Drop).then_some(evaluation.size), ..How::default() }
    }

    fn validated(run: &Identity) -> How {
        match &run.pictures {
            Some(pictures) => How { split: Some([pictures.train.clone(), pictures.split.clone()]), ..How::tested(run) },
            None => How { holdout: Some(run.recipe.data.holdout(run.recipe.seed)), ..How::tested(run) },
        }
    }
}

/// A run that has not ended still has validated.
pub fn best_validation_error(record: &Record) -> Option<f64> {
    match &record.summary {
        Some(summary) => summary.best_validation_error,
        None => record.rows.last().map(|row| row.best_validation_error),
    }
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

//! The figures that one looks for first.

use super::record::Record;
use super::times;
use crate::console::{duration, percent, thousands};

/// A figure of every run.
pub struct Figure {
    pub name: &'static str,
    /// One for each run.
    pub values: Vec<String>,
    /// Which run has the lowest, where low is good and there are several runs.
    pub lowest: Option<usize>,
}

/// The figures, the most important first.
pub fn of(records: &[&Record]) -> Vec<Figure> {
    let figure = |name, value: &dyn Fn(&Record) -> Option<String>| Figure {
        name,
        values: records.iter().map(|record| value(record).unwrap_or("–".to_owned())).collect(),
        lowest: None,
    };
    let error = |name, value: fn(&Record) -> Option<f64>| Figure {
        lowest: lowest(&records.iter().map(|record| value(record)).collect::<Vec<_>>()),
        ..figure(name, &|record| value(record).map(percent))
    };
    vec![
        error("test error", |record| record.summary.as_ref()?.test_error),
        error("test top-k error", |record| record.summary.as_ref()?.test_top_k_error),
        error("best validation error", best_validation_error),
        figure("test loss", &|record| Some(format!("{:.4}", record.summary.as_ref()?.test_loss?))),
        figure("parameters", &parameters),
        figure("epochs", &|record| Some(record.summary.as_ref()?.epochs.to_string())),
        figure("minibatches", &|record| Some(thousands(record.summary.as_ref()?.iterations as f64))),
        figure("best at minibatch", &|record| Some(thousands(record.summary.as_ref()?.best_iteration? as f64))),
        figure("training time", &|record| Some(duration(record.summary.as_ref()?.train_seconds))),
        figure("time per epoch", &|record| times::mean(record).map(duration)),
        figure("pictures per second", &|record| Some(thousands(record.summary.as_ref()?.images_per_second))),
    ]
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

/// Where the lowest of several values stands.
fn lowest(values: &[Option<f64>]) -> Option<usize> {
    let known = values.iter().enumerate().filter_map(|(i, value)| Some((i, (*value)?)));
    let lowest = known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i);
    lowest.filter(|_| values.len() > 1)
}

//! Curves over training: drawn as SVG for readers without scripts, with the numbers beside them from which the page draws them
//! for its width, smoothed and on the scale that a reader chooses.

use crate::error::Error;
use crate::record::Record;
use crate::times;
use serde::Serialize;
use train::{Row, StepRow};
use viz::{Best, Chart, Drawing, Scale, Series, Unit};

/// Training curves of a page have about so many points together, and each at least so many.
const POINTS: usize = 1200;
const FEWEST: usize = 120;
/// How much of the mean so far a smoothed point keeps at most, where the reader has not chosen yet.
const SMOOTHING: f64 = 0.9;
/// A mean over so many points, about, says more than each of them.
const TOGETHER: f64 = 10.0;
/// From this ratio of the largest to the smallest value on, a log scale shows more.
const WIDE: f64 = 8.0;
/// Times of epochs are drawn where the longest is so much longer than the shortest.
const UNEVEN: f64 = 1.25;
/// Seconds by which it must be longer, too.
const NOTICED: f64 = 1.0;

/// A chart and its numbers.
pub struct Curve {
    pub svg: String,
    pub numbers: Numbers,
}

/// What the page draws a chart from.
#[derive(Serialize)]
pub struct Numbers {
    pub title: String,
    /// What the horizontal axis counts.
    pub x: &'static str,
    pub percent: bool,
    pub log: bool,
    pub series: Vec<Line>,
}

/// A named line through (x, y); a y that is not finite is `null` in JSON.
#[derive(Serialize)]
pub struct Line {
    pub name: String,
    /// Number of its colour and shape, and of its dashes where those are used up.
    pub colour: usize,
    pub dash: usize,
    /// Whether it is noisy, so that it is drawn pale behind its smoothed self.
    pub raw: bool,
    /// Whether its lowest point is marked.
    pub marked: bool,
    pub points: Vec<(f64, f64)>,
}

/// The curves of the runs, the most telling first; those with a single point are left out.
pub fn draw(records: &[&Record]) -> Result<Vec<Curve>, Error> {
    let begun = |record: &Record| !record.rows.is_empty() || record.steps_per_epoch.is_some();
    // A run keeps its colour whether or not those before it have begun.
    let runs = records.iter().enumerate().filter(|(_, record)| begun(record));
    let runs: Vec<Course<'_>> = runs.map(|(number, record)| Course::of(record, number, records.len())).collect();
    let alone = records.len() == 1;
    let training = |value: fn(&StepRow) -> f64, of_row: fn(&Row) -> f64| -> Vec<Line> {
        runs.iter().map(|run| run.training(alone, value, of_row)).collect()
    };
    let validation = |value: fn(&Row) -> f64, marked: bool| -> Vec<Line> {
        runs.iter().map(|run| run.validation(alone, value, marked)).collect()
    };
    let average = |value: fn(&Row) -> Option<f64>| -> Vec<Line> {
        let line = |run: &Course<'_>| run.average(value);
        runs.iter().filter(|_| alone).filter_map(line).collect()
    };
    let (error, loss) =
        ((|row: &Row| row.validation_error) as fn(&Row) -> f64, (|row: &Row| row.validation_loss) as fn(&Row) -> f64);
    let train_error = training(|step| step.train_error, |row| row.train_error);
    let train_loss = training(|step| step.train_loss, |row| row.train_loss);
    let rate = training(|step| step.learning_rate, |row| row.learning_rate)
        .into_iter()
        .map(|line| Line { raw: false, ..line });
    let mut wanted = Vec::new();
    if alone {
        let together = |training, validation, average| [training, validation, average].into_iter().flatten().collect();
        wanted.push((
            "Error",
            true,
            together(train_error, validation(error, true), average(|row| row.averaged_validation_error)),
        ));
        wanted.push((
            "Loss",
            false,
            together(train_loss, validation(loss, true), average(|row| row.averaged_validation_loss)),
        ));
    } else {
        wanted.push(("Validation error", true, validation(error, true)));
        wanted.push(("Validation loss", false, validation(loss, false)));
        wanted.push(("Training error", true, train_error));
        wanted.push(("Training loss", false, train_loss));
    }
    let mut rate: Vec<Line> =
        rate.map(|line| Line { name: line.name.replace("training", "learning rate"), ..line }).collect();
    if let [first, others @ ..] = rate.as_mut_slice()
        && !others.is_empty()
        && others.iter().all(|other| other.points == first.points)
    {
        first.name = "all runs".to_owned();
        rate.truncate(1);
    }
    if rate.iter().any(|line| line.points.windows(2).any(|pair| pair[0].1 != pair[1].1)) {
        wanted.push(("Learning rate", false, rate));
    }
    if runs.iter().any(Course::is_uneven) {
        let seconds = runs.iter().map(|run| run.seconds(alone));
        wanted.push(("Time per epoch", false, seconds.collect()));
    }
    let drawn = wanted.into_iter().map(|(title, percent, lines)| curve(title, percent, lines));
    drawn.filter_map(Result::transpose).collect()
}

/// One chart; `None` where no line has two points.
fn curve(title: &str, percent: bool, mut lines: Vec<Line>) -> Result<Option<Curve>, Error> {
    lines.retain(|line| !line.points.is_empty());
    if lines.iter().all(|line| line.points.len() < 2) {
        return Ok(None);
    }
    let drawn =
        |line: &Line| if line.raw { smoothed(&line.points, smoothing(line.points.len())) } else { line.points.clone() };
    let log = !matches!(title, "Learning rate" | "Time per epoch")
        && is_wide(lines.iter().flat_map(drawn).map(|point| point.1));
    let series = lines.iter().map(|line| {
        let (x, y): (Vec<f64>, Vec<f64>) = drawn(line).into_iter().unzip();
        Ok(Series::new(line.name.clone(), &x, &y)?.marked(if line.marked { Best::Lowest } else { Best::None }))
    });
    let mut chart = Chart::new(title, "epoch", &title.to_lowercase(), series.collect::<Result<_, Error>>()?)?;
    chart.y.unit = if percent { Unit::Percent } else { Unit::Plain };
    chart.y.scale = if log { Scale::Log } else { Scale::Linear };
    if title == "Time per epoch" {
        chart.y.label = "seconds".to_owned();
    }
    let numbers = Numbers { title: title.to_owned(), x: "epoch", percent, log, series: lines };
    Ok(Some(Curve { svg: inline(&chart.draw()), numbers }))
}

/// A drawing as an element of the page, which needs no name space.
pub fn inline(drawing: &Drawing) -> String {
    drawing.as_str().replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
}

/// A run with its horizontal axis.
struct Course<'a> {
    record: &'a Record,
    /// Number of its colour.
    number: usize,
    steps_per_epoch: f64,
    /// At most so many points of training.
    points: usize,
}

impl<'a> Course<'a> {
    fn of(record: &'a Record, number: usize, runs: usize) -> Course<'a> {
        let known = record.steps_per_epoch.map(|steps| steps.max(1) as f64);
        Course {
            record,
            number,
            steps_per_epoch: known.unwrap_or_else(|| steps_per_epoch(&record.rows)),
            points: (POINTS / runs.max(1)).max(FEWEST),
        }
    }

    fn at(&self, iteration: u64) -> f64 {
        (iteration as f64 / self.steps_per_epoch * 1e4).round() / 1e4
    }

    fn name(&self, alone: bool, own: &str) -> String {
        if alone { own.to_owned() } else { self.record.name.clone() }
    }

    fn line(&self, name: String, colour: usize, points: Vec<(f64, f64)>) -> Line {
        let points = points.into_iter().map(|(x, y)| (x, short(y))).collect();
        Line { name, colour: colour % 7, dash: colour / 7 % 3, raw: false, marked: false, points }
    }

    /// Training by its steps, or, where an earlier version kept none, by validations.
    fn training(&self, alone: bool, value: fn(&StepRow) -> f64, of_row: fn(&Row) -> f64) -> Line {
        let steps: Vec<(f64, f64)> =
            self.record.steps.iter().map(|step| (self.at(step.iteration), value(step))).collect();
        let name = self.name(alone, "training");
        if steps.is_empty() {
            let rows = self.record.rows.iter().map(|row| (self.at(row.iteration), of_row(row)));
            return self.line(name, self.number, rows.collect());
        }
        Line { raw: true, ..self.line(name, self.number, thinned(&steps, self.points)) }
    }

    fn validation(&self, alone: bool, value: fn(&Row) -> f64, marked: bool) -> Line {
        let rows = self.record.rows.iter().map(|row| (self.at(row.iteration), value(row)));
        let colour = if alone { 1 } else { self.number };
        Line { marked, ..self.line(self.name(alone, "validation"), colour, rows.collect()) }
    }

    fn average(&self, value: fn(&Row) -> Option<f64>) -> Option<Line> {
        let rows = self.record.rows.iter().filter_map(|row| Some((self.at(row.iteration), value(row)?)));
        let points: Vec<_> = rows.collect();
        (!points.is_empty()).then(|| self.line("validation of the average".to_owned(), 2, points))
    }

    /// Whether something held some epochs up.
    fn is_uneven(&self) -> bool {
        let epochs = times::of(self.record).into_iter().map(|epoch| epoch.1);
        let ends = epochs.fold((f64::INFINITY, 0.0_f64), |(low, high), seconds| (low.min(seconds), high.max(seconds)));
        ends.1 > UNEVEN * ends.0 && ends.1 > ends.0 + NOTICED
    }

    fn seconds(&self, alone: bool) -> Line {
        self.line(self.name(alone, "seconds"), self.number, times::of(self.record))
    }
}

/// Minibatches of an epoch, as far as the validations say it: the least number that fits them all.
pub fn steps_per_epoch(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.iteration.div_ceil(row.epoch.max(1))).max().unwrap_or(1).max(1) as f64
}

/// Five significant digits.
fn short(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// About `most` means of neighbouring points.
fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let together = points.len().div_ceil(most.max(1)).max(1);
    let mean = |some: &[(f64, f64)]| some.iter().map(|point| point.1).sum::<f64>() / some.len() as f64;
    points.chunks(together).filter_map(|some| Some((some.last()?.0, mean(some)))).collect()
}

/// The smoothing of a line of so many points: none of few.
fn smoothing(points: usize) -> f64 {
    (1.0 - TOGETHER / points.max(1) as f64).clamp(0.0, SMOOTHING)
}

/// An exponential moving mean that keeps `weight` of what it was, corrected for its start at nothing (Kingma and Ba 2015,
/// section 3); what is not finite is passed through.
fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let (mut mean, mut seen) = (0.0, 0.0);
    let smooth = |&(x, y): &(f64, f64)| {
        if !y.is_finite() {
            return (x, y);
        }
        mean = weight * mean + (1.0 - weight) * y;
        seen = weight * seen + (1.0 - weight);
        (x, mean / seen)
    };
    points.iter().map(smooth).collect()
}

/// Whether values lie so far apart, and all above 0, that a log scale shows more.
fn is_wide(values: impl Iterator<Item = f64>) -> bool {
    let ends = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    ends.0 > 0.0 && ends.1 / ends.0 >= WIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_follows() {
        let smooth = smoothed(&[(1.0, 4.0), (2.0, 8.0), (3.0, f64::NAN), (4.0, 8.0)], 0.5);
        // Weights of what came before halve: (4 + 2 * 8) / 3, then (4 + 2 * 8 + 4 * 8) / 7.
        assert_eq!(smooth[..2], [(1.0, 4.0), (2.0, 20.0 / 3.0)]);
        assert!(smooth[2].1.is_nan() && (smooth[3].1 - 52.0 / 7.0).abs() < 1e-12, "{smooth:?}");
    }

    #[test]
    fn thinning_takes_means_and_keeps_the_end() {
        let points: Vec<(f64, f64)> = (1..=7).map(|i| (f64::from(i), f64::from(i))).collect();
        assert_eq!(thinned(&points, 3), [(3.0, 2.0), (6.0, 5.0), (7.0, 7.0)]);
        assert_eq!(thinned(&points, 9), points);
        assert!(thinned(&[], 3).is_empty());
    }

    #[test]
    fn a_log_scale_is_for_values_far_apart_above_zero() {
        assert!(
            is_wide([0.1, 0.9].into_iter()) && !is_wide([0.1, 0.5].into_iter()) && !is_wide([0.0, 0.9].into_iter())
        );
        assert_eq!(short(0.123456), 0.12346);
    }
}

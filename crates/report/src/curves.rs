//! Curves over training: drawn as SVG, with the numbers beside them that the page shows under the pointer.

use crate::error::Error;
use crate::record::Record;
use crate::times;
use serde::Serialize;
use train::Row;
use viz::{Best, Chart, Drawing, Series, Unit};

/// A chart and its numbers.
pub struct Curve {
    pub svg: String,
    pub numbers: Numbers,
}

/// What the page says about the point under the pointer.
#[derive(Serialize)]
pub struct Numbers {
    pub x: String,
    pub percent: bool,
    pub series: Vec<Line>,
}

/// A named line through (x, y); a y that is not finite is `null` in JSON.
#[derive(Serialize)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

type Number = fn(&Row) -> f64;

/// A chart to draw: each line has a name, its number in a validation, and which of its points is marked.
struct Wanted {
    title: &'static str,
    make: fn(&str, Vec<Series>) -> Result<Chart, viz::Error>,
    lines: &'static [(&'static str, Number, Best)],
}

/// Of a run alone, training and validation together.
const ALONE: [Wanted; 2] = [
    Wanted {
        title: "Loss",
        make: Chart::loss,
        lines: &[
            ("training", |row| row.train_loss, Best::None),
            ("validation", |row| row.validation_loss, Best::Lowest),
        ],
    },
    Wanted {
        title: "Error",
        make: Chart::error,
        lines: &[
            ("training", |row| row.train_error, Best::None),
            ("validation", |row| row.validation_error, Best::Lowest),
        ],
    },
];

/// Of several runs, a line for each.
const SIDE_BY_SIDE: [Wanted; 4] = [
    Wanted {
        title: "Validation loss",
        make: Chart::loss,
        lines: &[("validation", |row| row.validation_loss, Best::None)],
    },
    Wanted {
        title: "Validation error",
        make: Chart::error,
        lines: &[("validation", |row| row.validation_error, Best::Lowest)],
    },
    Wanted { title: "Training loss", make: Chart::loss, lines: &[("training", |row| row.train_loss, Best::None)] },
    Wanted { title: "Training error", make: Chart::error, lines: &[("training", |row| row.train_error, Best::None)] },
];

const LEARNING_RATE: Wanted = Wanted {
    title: "Learning rate",
    make: Chart::learning_rate,
    lines: &[("learning rate", |row| row.learning_rate, Best::None)],
};

/// The curves of the runs that have validated.
pub fn draw(records: &[&Record]) -> Result<Vec<Curve>, Error> {
    let records: Vec<&Record> = records.iter().copied().filter(|record| !record.rows.is_empty()).collect();
    let wanted: &[Wanted] = match records.len() {
        0 => return Ok(Vec::new()),
        1 => &ALONE,
        _ => &SIDE_BY_SIDE,
    };
    let wanted = wanted.iter().chain([&LEARNING_RATE]);
    let mut curves: Vec<Curve> = wanted.map(|wanted| curve(&records, wanted)).collect::<Result<_, Error>>()?;
    curves.extend(seconds(&records)?);
    Ok(curves)
}

/// Time per epoch, where epochs were timed.
fn seconds(records: &[&Record]) -> Result<Option<Curve>, Error> {
    let mut series = Vec::new();
    for record in records {
        let (x, y): (Vec<f64>, Vec<f64>) = times::of(record).into_iter().unzip();
        if !x.is_empty() {
            series.push(Series::new(if records.len() == 1 { "seconds" } else { &record.name }, &x, &y)?);
        }
    }
    if series.is_empty() {
        return Ok(None);
    }
    Ok(Some(of_chart(&Chart::new("Time per epoch", "epoch", "seconds", series)?)))
}

/// One chart. A line is called by its own name, or after its run where there are several.
fn curve(records: &[&Record], wanted: &Wanted) -> Result<Curve, Error> {
    let by_epoch = records.iter().all(|record| once_per_epoch(&record.rows));
    let mut series = Vec::new();
    for record in records {
        let x = |row: &Row| if by_epoch { row.epoch } else { row.iteration } as f64;
        let x: Vec<f64> = record.rows.iter().map(x).collect();
        for &(name, y, best) in wanted.lines {
            let name = if records.len() == 1 { name } else { &record.name };
            let y: Vec<f64> = record.rows.iter().map(y).collect();
            series.push(Series::new(name, &x, &y)?.marked(best));
        }
    }
    let mut chart = (wanted.make)(if by_epoch { "epoch" } else { "iteration" }, series)?;
    chart.title = wanted.title.to_owned();
    Ok(of_chart(&chart))
}

/// The drawing of a chart, with its numbers.
fn of_chart(chart: &Chart) -> Curve {
    let line = |series: &Series| Line { name: series.name().to_owned(), points: series.points().to_vec() };
    Curve {
        svg: inline(&chart.draw()),
        numbers: Numbers {
            x: chart.x.label.clone(),
            percent: chart.y.unit == Unit::Percent,
            series: chart.series().iter().map(line).collect(),
        },
    }
}

/// A drawing as an element of the page, which needs no name space.
pub fn inline(drawing: &Drawing) -> String {
    drawing.as_str().replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
}

/// Whether each epoch has one validation, so that epochs can stand on the axis.
fn once_per_epoch(rows: &[Row]) -> bool {
    rows.windows(2).all(|pair| pair[0].epoch < pair[1].epoch)
}

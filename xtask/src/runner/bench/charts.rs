//! Charts of `bench --scaling`, as SVG files beside the docs.

use anyhow::Result;
use std::path::PathBuf;
use viz::{Chart, Scale, Series};
use xtask::bench::page;
use xtask::bench::record::Record;
use xtask::bench::scaling::{Axis, points, tables};
use xtask::places;

/// Where charts lie.
pub fn pictures() -> PathBuf {
    places::workspace().join("docs/pictures")
}

/// Writes the charts, and the tables of the page.
pub fn scaling(record: &Record) -> Result<()> {
    let mut written = Vec::new();
    for axis in Axis::ALL {
        for (measure, title, label, factor) in
            [("epoch", "Time per epoch", "s", 1.0), ("memory-peak", "Peak memory", "MB", 1e-6)]
        {
            let points = points(record, axis.name(), measure);
            let name = format!("bench-{}-{measure}.svg", axis.name());
            written.extend(draw(title, axis.title(), label, factor, &points, &name, axis != Axis::Threads)?);
        }
    }
    let steps = points(record, "steps", "memory");
    written.extend(draw(
        "Resident memory",
        "minibatches trained",
        "MB",
        1e-6,
        &steps,
        "bench-steps-memory.svg",
        false,
    )?);
    page::replace(&page::path(), "scaling", &tables(record, &written))
}

/// One line through `points`; nothing where there are none. `log` spreads the horizontal axis by ratios.
fn draw(
    title: &str,
    x: &str,
    y: &str,
    factor: f64,
    points: &[(f64, f64)],
    name: &str,
    log: bool,
) -> Result<Option<PathBuf>> {
    if points.is_empty() {
        return Ok(None);
    }
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().map(|&(x, y)| (x, y * factor)).unzip();
    let mut chart = Chart::new(title, x, y, vec![Series::new(title, &xs, &ys)?])?;
    if log {
        chart.x.scale = Scale::Log;
    }
    let path = pictures().join(name);
    chart.draw().save(&path)?;
    Ok(Some(path))
}

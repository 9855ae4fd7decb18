//! Charts of `bench --scaling`, as SVG files beside the docs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use compare::page;
use compare::record::Record;
use compare::scaling::{Axis, points, tables};
use compare::workspace::Workspace;
use viz::{Chart, Scale, Series};

/// Writes the charts, and the tables of the page.
pub fn scaling(workspace: &Workspace, record: &Record) -> Result<()> {
    let folder = workspace.pictures();
    let mut written = Vec::new();
    for axis in Axis::ALL {
        for (measure, title, label, factor) in
            [("epoch", "Time per epoch", "s", 1.0), ("memory-peak", "Peak memory", "MB", 1e-6)]
        {
            let points = points(record, axis.name(), measure);
            let path = folder.join(format!("bench-{}-{measure}.svg", axis.name()));
            written.extend(draw(title, axis.title(), label, factor, &points, &path, axis != Axis::Threads)?);
        }
    }
    let steps = points(record, "steps", "memory");
    written.extend(draw(
        "Resident memory",
        "minibatches trained",
        "MB",
        1e-6,
        &steps,
        &folder.join("bench-steps-memory.svg"),
        false,
    )?);
    page::replace(&workspace.page(), "scaling", &tables(record, &written))
}

/// One line through `points`; nothing where there are none. `log` spreads the horizontal axis by ratios.
fn draw(
    title: &str,
    x: &str,
    y: &str,
    factor: f64,
    points: &[(f64, f64)],
    path: &Path,
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
    chart.draw().save(path)?;
    Ok(Some(path.to_owned()))
}

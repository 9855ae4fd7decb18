//! What is varied to see what more work costs: batch size, data set, threads and width, and the steps of a long run.

use std::path::PathBuf;

use crate::record::Record;
use crate::stats::median;
use crate::table::conditions;

/// What is varied, one at a time; all else is LeNet on 50,000 pictures in minibatches of 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Pictures per minibatch.
    Batch,
    /// Training pictures.
    Pictures,
    /// Threads.
    Threads,
    /// Filters and hidden units, as a multiple of 20, 50 and 500.
    Width,
}

impl Axis {
    /// All of them.
    pub const ALL: [Axis; 4] = [Axis::Batch, Axis::Pictures, Axis::Threads, Axis::Width];

    /// Its name in rows and file names.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Batch => "batch",
            Axis::Pictures => "pictures",
            Axis::Threads => "threads",
            Axis::Width => "width",
        }
    }

    /// Its name on charts and in tables.
    pub fn title(self) -> &'static str {
        match self {
            Axis::Batch => "pictures per minibatch",
            Axis::Pictures => "training pictures",
            Axis::Threads => "threads",
            Axis::Width => "width (1: 20 and 50 filters, 500 hidden units)",
        }
    }

    /// The values that are measured; `quick`: few and small ones.
    pub fn points(self, quick: bool) -> &'static [f64] {
        match (self, quick) {
            (Axis::Batch, false) => &[20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0],
            (Axis::Batch, true) => &[100.0, 500.0],
            (Axis::Pictures, false) => &[5000.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0, 50_000.0],
            (Axis::Pictures, true) => &[500.0, 1000.0],
            (Axis::Threads, _) => &[1.0, 2.0],
            (Axis::Width, false) => &[0.25, 0.5, 1.0, 2.0],
            (Axis::Width, true) => &[0.25, 0.5],
        }
    }

    /// Options of `ours-side` that set the axis to `value`.
    pub fn options(self, value: f64) -> Vec<String> {
        let set = |key: &str, value: String| ["--set".to_owned(), format!("{key}={value}")];
        let times = |count: f64| (count * value).round();
        match self {
            Axis::Batch => set("minibatch.size", value.to_string()).to_vec(),
            Axis::Pictures => vec!["--pictures".to_owned(), value.to_string()],
            Axis::Threads => Vec::new(),
            Axis::Width => {
                let filters = set("model.filters", format!("[{}, {}]", times(20.0), times(50.0)));
                [filters, set("model.hidden", times(500.0).to_string())].concat()
            }
        }
    }
}

/// The points of an axis, `(value, median)`, in increasing order.
pub fn points(record: &Record, axis: &str, measure: &str) -> Vec<(f64, f64)> {
    let mut sides: Vec<(f64, &str)> = Vec::new();
    for row in record.rows.iter().filter(|row| row.work == axis && row.measure == measure) {
        if let Ok(value) = row.side.parse::<f64>()
            && !sides.iter().any(|(_, side)| *side == row.side)
        {
            sides.push((value, &row.side));
        }
    }
    sides.sort_by(|a, b| a.0.total_cmp(&b.0));
    let middle = |side: &str| {
        let values: Vec<f64> = record.values(axis, side, measure).into_iter().map(|(_, value)| value).collect();
        median(&values)
    };
    sides.into_iter().filter_map(|(value, side)| Some((value, middle(side)?))).collect()
}

/// The tables of `docs/performance.md`; `pictures` are the charts that go with them.
pub fn tables(record: &Record, pictures: &[PathBuf]) -> String {
    let mut text = String::new();
    for axis in Axis::ALL {
        let memory = points(record, axis.name(), "memory-peak");
        text.push_str(&format!("| {} | s per epoch | peak memory, MB |\n| --- | --- | --- |\n", axis.title()));
        for (value, epoch) in points(record, axis.name(), "epoch") {
            let peak = memory.iter().find(|(at, _)| *at == value).map_or(f64::NAN, |(_, bytes)| bytes / 1e6);
            text.push_str(&format!("| {value} | {epoch:.3} | {peak:.0} |\n"));
        }
        text.push('\n');
    }
    let steps = points(record, "steps", "memory");
    if let (Some((first_step, _)), Some((last_step, last))) = (steps.first(), steps.last()) {
        let half = steps.iter().find(|(step, _)| step * 2.0 >= *last_step).map_or(*last, |(_, bytes)| *bytes);
        text.push_str(&format!(
            "Resident memory, steps {first_step} to {last_step} of LeNet at 20 pictures: {:.1} MB half-way, {:.1} MB at the end.\n",
            half / 1e6,
            last / 1e6
        ));
    }
    text.push_str(&conditions(record));
    for picture in pictures {
        let name = picture.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("\n![{}](pictures/{name})\n", name.trim_end_matches(".svg").replace('-', " ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn points_are_medians_in_increasing_order() {
        let rows = [
            ("batch", "500", 1, "epoch", 2.0),
            ("batch", "20", 1, "epoch", 8.0),
            ("batch", "500", 2, "epoch", 4.0),
            ("batch", "500", 1, "memory-peak", 250e6),
            ("steps", "100", 1, "memory", 300e6),
            ("steps", "200", 1, "memory", 301e6),
        ];
        let record = record(&rows);
        assert_eq!(points(&record, "batch", "epoch"), [(20.0, 8.0), (500.0, 3.0)]);
        let text = tables(&record, &[PathBuf::from("docs/pictures/bench-batch-epoch.svg")]);
        assert!(text.contains("| 500 | 3.000 | 250 |"), "{text}");
        assert!(text.contains("300.0 MB half-way, 301.0 MB at the end"), "{text}");
        assert!(text.contains("(pictures/bench-batch-epoch.svg)"), "{text}");
    }

    #[test]
    fn an_axis_changes_what_it_names() {
        assert_eq!(Axis::Width.options(0.5), ["--set", "model.filters=[10, 25]", "--set", "model.hidden=250"]);
        assert_eq!(Axis::Batch.options(20.0), ["--set", "minibatch.size=20"]);
        assert_eq!(Axis::Pictures.options(5000.0), ["--pictures", "5000"]);
    }
}

//! The tables of a run: a header once, a row per validation, and the way back to the rows that a checkpoint knows of.

use crate::{Error, Row, checkpoint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::path::Path;

pub(super) const METRICS: &str = "metrics.csv";
pub(super) const TIMINGS: &str = "timings.csv";

/// A row of `timings.csv`: when a validation was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Minibatches trained.
    pub iteration: u64,
    /// Seconds in the training loop by then, over all resumptions.
    pub train_seconds: f64,
    /// Seconds of those that went into writing checkpoints; 0 in tables of runs that did not measure it.
    #[serde(default)]
    pub saving_seconds: f64,
}

/// The rows of a run's `metrics.csv`.
pub fn read_metrics(run: &Path) -> Result<Vec<Row>, Error> {
    read_rows(&run.join(METRICS))
}

/// The rows of a run's `timings.csv`, one for each of `metrics.csv`.
pub fn read_timings(run: &Path) -> Result<Vec<Timing>, Error> {
    read_rows(&run.join(TIMINGS))
}

/// Empties both tables.
pub(super) fn begin(run: &Path) -> Result<(), Error> {
    [METRICS, TIMINGS].iter().try_for_each(|name| checkpoint::write_file(&run.join(name), b""))
}

/// Waits until both tables are on the disk.
pub(super) fn sync(run: &Path) -> Result<(), Error> {
    [METRICS, TIMINGS].iter().try_for_each(|name| {
        let path = run.join(name);
        File::open(&path).and_then(|file| file.sync_all()).map_err(Error::io("sync", &path))
    })
}

/// Cuts both tables down to the rows that a checkpoint knows of.
pub(super) fn take_back(run: &Path, rows: u64) -> Result<(), Error> {
    keep_rows::<Row>(&run.join(METRICS), rows)?;
    keep_rows::<Timing>(&run.join(TIMINGS), rows)
}

/// Adds a row; the first brings the header along.
pub(super) fn append<R: Serialize>(path: &Path, row: &R) -> Result<(), Error> {
    let file = OpenOptions::new().append(true).create(true).open(path).map_err(Error::io("write", path))?;
    let is_empty = file.metadata().map_err(Error::io("read", path))?.len() == 0;
    let mut writer = csv::WriterBuilder::new().has_headers(is_empty).from_writer(file);
    writer.serialize(row).map_err(|e| Error::io("write", path)(e.into()))?;
    writer.flush().map_err(Error::io("write", path))
}

fn read_rows<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, Error> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| Error::io("read", path)(e.into()))?;
    reader.deserialize().collect::<Result<_, _>>().map_err(|e| Error::io("read", path)(e.into()))
}

/// Cuts a table down to its header and its first `rows` rows. A table that an earlier version wrote gets the columns of
/// today, so that what follows fits under its header.
fn keep_rows<R: Serialize + DeserializeOwned>(path: &Path, rows: u64) -> Result<(), Error> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let kept: String = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).take(rows as usize + 1).collect();
    let found = kept.lines().count().saturating_sub(1) as u64;
    if found < rows {
        let problem =
            format!("{found} rows are left of the {rows} that the checkpoint knows of: rows were removed from it");
        return Err(Error::Run { path: path.to_owned(), problem });
    }
    let kept = if rows == 0 { Vec::new() } else { with_todays_columns::<R>(kept.as_bytes(), path)? };
    if kept == text.as_bytes() { Ok(()) } else { checkpoint::write_file(path, &kept) }
}

/// The table itself where it has today's header, else the same rows written anew.
fn with_todays_columns<R: Serialize + DeserializeOwned>(table: &[u8], path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |e: csv::Error| Error::io("read", path)(e.into());
    let mut written = csv::Writer::from_writer(Vec::new());
    for row in csv::Reader::from_reader(table).deserialize() {
        let row: R = row.map_err(unreadable)?;
        written.serialize(row).map_err(unreadable)?;
    }
    let written = written.into_inner().map_err(|e| Error::io("write", path)(e.into_error()))?;
    let header = |table: &[u8]| table.split(|&byte| byte == b'\n').next().map(<[u8]>::to_vec);
    Ok(if header(&written) == header(table) { table.to_vec() } else { written })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "epoch,iteration,learning_rate,train_loss,train_error,penalty,validation_loss,validation_error,best_validation_error\n\
                       1,12,0.1,2.25,0.5,0.001,2.0,0.25,0.25\n2,24,0.05,NaN,0.5,0.0,1.5,0.125,0.125\n";

    #[test]
    fn a_table_of_an_earlier_version_is_read_and_goes_on_under_todays_header() {
        let root = tempfile::tempdir().unwrap();
        let (metrics, timings) = (root.path().join(METRICS), root.path().join(TIMINGS));
        fs::write(&metrics, OLD).unwrap();
        fs::write(&timings, "iteration,train_seconds\n12,0.5\n24,1.0\n").unwrap();
        assert_eq!(read_metrics(root.path()).unwrap()[1].validation_top_k_error, None);

        take_back(root.path(), 2).unwrap();
        let rows = read_metrics(root.path()).unwrap();
        let row = Row { validation_top_k_error: Some(0.5), train_loss: 1.0, iteration: 36, ..rows[1] };
        append(&metrics, &row).unwrap();
        append(&timings, &Timing { iteration: 36, train_seconds: 1.5, saving_seconds: 0.25 }).unwrap();
        let text = fs::read_to_string(&metrics).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "1,12,0.1,2.25,0.5,0.001,2.0,0.25,,0.25,,");
        assert_eq!(lines[3], "2,36,0.05,1.0,0.5,0.0,1.5,0.125,0.5,0.125,,");
        assert!(lines[0].contains("validation_error,validation_top_k_error,best_validation_error"), "{}", lines[0]);
        assert_eq!(read_metrics(root.path()).unwrap().len(), 3);
        let timings = read_timings(root.path()).unwrap();
        assert_eq!((timings[0].saving_seconds, timings[2].saving_seconds), (0.0, 0.25));
    }

    #[test]
    fn a_table_of_today_keeps_its_bytes() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(TIMINGS);
        for iteration in 1..=3 {
            append(&path, &Timing { iteration, train_seconds: 0.1 + 0.2, saving_seconds: 1e-9 }).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        keep_rows::<Timing>(&path, 3).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        keep_rows::<Timing>(&path, 1).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap().lines().collect::<Vec<_>>(),
            text.lines().take(2).collect::<Vec<_>>()
        );
    }
}

//! Where and how a run was made.

use crate::record::Record;
use std::path::PathBuf;
use values::duration;

/// What a run is computed with, known from its start.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The run's folder.
    pub folder: PathBuf,
    /// What its data set is called.
    pub data_set: String,
    /// Such as `cpu` or `cuda:0`.
    pub device: String,
    /// Threads that libtorch computes an operation with.
    pub threads: i32,
    /// The recipe's.
    pub seed: u64,
    /// The version of libtorch.
    pub libtorch: String,
    /// The version of Minibatch.
    pub version: String,
}

impl Surroundings {
    /// Keys and values.
    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let rows = [
            ("run folder", self.folder.display().to_string()),
            ("data set", self.data_set.clone()),
            ("device", self.device.clone()),
            ("threads", self.threads.to_string()),
            ("seed", self.seed.to_string()),
            ("libtorch", self.libtorch.clone()),
            ("Minibatch", self.version.clone()),
        ];
        rows.map(|(key, value)| (key.to_owned(), value)).into()
    }
}

/// Keys and values of a saved run; `set` is what its data set is called on the page.
pub(crate) fn of(record: &Record, set: &str) -> Vec<(String, String)> {
    let Some(summary) = &record.summary else {
        return vec![("run folder".to_owned(), record.path.display().to_string())];
    };
    let surroundings = Surroundings {
        folder: record.path.clone(),
        data_set: set.to_owned(),
        device: summary.device.clone(),
        threads: summary.threads,
        seed: summary.seed,
        libtorch: summary.libtorch.clone(),
        version: summary.version.clone(),
    };
    let mut rows = surroundings.rows();
    rows.push(("ended by".to_owned(), ended_by(&summary.stopped_by).to_owned()));
    rows.push(("whole time".to_owned(), duration(summary.total_seconds)));
    rows
}

fn ended_by(rule: &str) -> &str {
    if rule == "epochs" { "last epoch" } else { rule }
}

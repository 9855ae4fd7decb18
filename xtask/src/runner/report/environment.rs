//! Where and how a run was made.

use super::record::Record;
use crate::console::duration;

/// Keys and values of a run's surroundings; `set` is what its data set is called on the page.
pub fn of(record: &Record, set: &str) -> Vec<(String, String)> {
    let mut list = vec![("run folder".to_owned(), record.path.display().to_string())];
    let Some(summary) = &record.summary else {
        return list;
    };
    let rows = [
        ("data set", set.to_owned()),
        ("device", summary.device.clone()),
        ("threads", summary.threads.to_string()),
        ("seed", summary.seed.to_string()),
        ("libtorch", summary.libtorch.clone()),
        ("Minibatch", summary.version.clone()),
        ("ended by", ended_by(&summary.stopped_by).to_owned()),
        ("whole time", duration(summary.total_seconds)),
    ];
    list.extend(rows.map(|(key, value)| (key.to_owned(), value)));
    list
}

fn ended_by(rule: &str) -> &str {
    if rule == "epochs" { "last epoch" } else { rule }
}

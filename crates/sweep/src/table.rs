//! `sweep.csv`: a row for each run that was begun, made from the journal whenever that grows.

use crate::error::Error;
use crate::space::Axis;
use crate::state::State;
use std::path::Path;

/// The file's name in a sweep's folder.
pub const FILE: &str = "sweep.csv";

/// Writes the table, whole or not at all.
pub(crate) fn write(folder: &Path, axes: &[Axis], state: &State) -> Result<(), Error> {
    let path = folder.join(FILE);
    let text = text(axes, state).map_err(|e| Error::io("write", &path)(std::io::Error::other(e)))?;
    whole_file::write(&path, &text).map_err(Error::io("write", &path))
}

fn text(axes: &[Axis], state: &State) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = [
        "objective",
        "validation_error",
        "validation_loss",
        "iterations",
        "best_iteration",
        "seconds",
        "folder",
        "note",
    ];
    let keys = axes.iter().map(|axis| axis.key.as_str());
    writer.write_record(["trial", "seed", "state"].into_iter().chain(keys).chain(fixed))?;
    let number = |it: Option<f64>| it.map_or(String::new(), |it| it.to_string());
    for trial in &state.trials {
        for run in &trial.runs {
            let status = match &run.ended {
                Some(ended) => ended.how.to_string(),
                None if trial.is_over() => "left out".to_owned(),
                None => "open".to_owned(),
            };
            let mut row = vec![trial.number.to_string(), run.seed.to_string(), status];
            row.extend(trial.settings.iter().map(|(_, value)| value.clone()));
            match &run.ended {
                Some(it) => row.extend([
                    number(it.objective),
                    number(it.validation_error),
                    number(it.validation_loss),
                    it.iterations.to_string(),
                    it.best_iteration.map_or(String::new(), |it| it.to_string()),
                    format!("{:.3}", it.seconds),
                    run.folder.clone(),
                    it.note.clone().unwrap_or_default(),
                ]),
                None => row.extend(std::iter::repeat_n(String::new(), fixed.len())),
            }
            writer.write_record(row)?;
        }
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

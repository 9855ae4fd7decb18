//! `optuna.jsonl`: the trials as a study of Optuna, for its plots, its importances and optuna-dashboard. A journal of its
//! `JournalFileBackend`, a line for the study, for each of its attributes and for each trial.
//!
//! ```python
//! storage = JournalStorage(JournalFileBackend("runs/rates/optuna.jsonl"))
//! study = optuna.load_study(study_name=None, storage=storage)
//! ```
//!
//! Source: `optuna.storages.journal`, version 5.0.

use crate::error::Error;
use crate::folder;
use crate::pictures::setting;
use crate::state::{How, Trial};
use crate::view::View;
use crate::work::Outcome;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};
use train::run_folder::read_metrics;
use viz::{Positions, Scale, Setting};

/// The file's name in a sweep's folder.
pub const FILE: &str = "optuna.jsonl";
/// Whoever wrote a line; Optuna asks it of its own lines alone.
const WORKER: &str = "minibatch";

/// Writes the study, whole or not at all.
pub(crate) fn write(view: &View<'_>, outcome: &Outcome) -> Result<(), Error> {
    let mut lines = study(view, outcome);
    let trials: Vec<&Trial> = view.state.trials.iter().collect();
    let settings: Vec<Setting> = (0..).zip(view.axes).map(|(i, axis)| setting(axis, i, &trials)).collect();
    for (at, of) in trials.iter().enumerate() {
        lines.push(trial(view, of, at, &settings)?);
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    folder::write(view.root, FILE, text.as_bytes()).map(drop)
}

/// The study with its attributes.
fn study(view: &View<'_>, outcome: &Outcome) -> Vec<Value> {
    let root = std::path::absolute(view.root).unwrap_or_else(|_| view.root.to_owned());
    let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let attribute = |op: u8, kind: &str, key: &str, value: Value| {
        let mut attributes = Map::new();
        attributes.insert(key.to_owned(), value);
        json!({ "op_code": op, "worker_id": WORKER, "study_id": 0, kind: attributes })
    };
    let mut lines = vec![
        json!({ "op_code": 0, "worker_id": WORKER, "study_name": name, "directions": [1] }),
        attribute(3, "system_attr", "study:metric_names", json!(["objective"])),
        attribute(2, "user_attr", "recipe", json!(outcome.recipe)),
        attribute(2, "user_attr", "dataset", json!(outcome.dataset)),
    ];
    if let Some(test) = outcome.winner.as_ref().and_then(|winner| winner.test.as_ref()) {
        lines.push(attribute(2, "user_attr", "test error of the winner", json!(test.error)));
    }
    lines
}

/// A trial with its values, its validations and what it came to.
fn trial(view: &View<'_>, trial: &Trial, at: usize, settings: &[Setting]) -> Result<Value, Error> {
    let (mut parameters, mut distributions) = (Map::new(), Map::new());
    for (axis, setting) in view.axes.iter().zip(settings) {
        parameters.insert(axis.key.clone(), json!(setting.positions[at]));
        distributions.insert(axis.key.clone(), json!(distribution(setting).to_string()));
    }
    // RUNNING, COMPLETE, PRUNED, FAIL.
    let state = match trial.how() {
        None => 0,
        Some(How::Done) => 1,
        Some(How::Pruned) => 2,
        Some(How::Diverged | How::Failed) => 3,
    };
    let objective = trial.objective().filter(|it| it.is_finite());
    let mut line = json!({
        "op_code": 4,
        "worker_id": WORKER,
        "study_id": 0,
        "state": state,
        "value": null,
        "values": objective.map(|it| [it]),
        "params": parameters,
        "distributions": distributions,
        "system_attrs": {},
        "user_attrs": attributes(trial),
        "intermediate_values": validations(view, trial)?,
        "datetime_start": null,
    });
    if trial.is_over() {
        let end = ended_at(view, trial);
        let seconds: f64 = trial.ended().map(|it| it.seconds).sum();
        let start = Duration::try_from_secs_f64(seconds).ok().and_then(|seconds| end.checked_sub(seconds));
        line["datetime_start"] = json!(date(start.unwrap_or(end)));
        line["datetime_complete"] = json!(date(end));
    }
    Ok(line)
}

/// What Optuna has no word for: the trial's own number, its seeds, its runs' folders.
fn attributes(trial: &Trial) -> Value {
    let errors: Vec<Option<f64>> = trial.ended().map(|it| it.validation_error).collect();
    let notes: Vec<&String> = trial.ended().filter_map(|it| it.note.as_ref()).collect();
    json!({
        "trial": trial.number,
        "seeds": trial.runs.iter().map(|run| run.seed).collect::<Vec<_>>(),
        "validation errors": errors,
        "folders": trial.runs.iter().map(|run| run.folder.as_str()).collect::<Vec<_>>(),
        "notes": notes,
    })
}

/// Validation errors of the best run, or of the first that has any, by the minibatches trained.
fn validations(view: &View<'_>, trial: &Trial) -> Result<Value, Error> {
    let mut values = Map::new();
    let Some(run) = trial.runs.get(trial.best_run().unwrap_or_default()) else { return Ok(json!(values)) };
    let folder = view.root.join(&run.folder);
    // A run whose settings do not fit has no folder.
    if folder.is_dir() {
        for row in read_metrics(&folder)?.iter().filter(|row| row.validation_error.is_finite()) {
            values.insert(row.iteration.to_string(), json!(row.validation_error));
        }
    }
    Ok(json!(values))
}

/// The values that the parameter has among the trials.
fn distribution(setting: &Setting) -> Value {
    let scale = match &setting.values {
        Positions::Words(words) => {
            return json!({ "name": "CategoricalDistribution", "attributes": { "choices": words } });
        }
        Positions::Numbers(scale) => *scale,
    };
    let numbers = setting.positions.iter();
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &it| (low.min(it), high.max(it)));
    let is_log = scale == Scale::Log;
    // Whole numbers that a double holds exactly.
    if setting.positions.iter().all(|it| it.fract() == 0.0 && it.abs() < 9e15) {
        let attributes = json!({ "low": low as i64, "high": high as i64, "log": is_log, "step": 1 });
        return json!({ "name": "IntDistribution", "attributes": attributes });
    }
    json!({ "name": "FloatDistribution", "attributes": { "low": low, "high": high, "log": is_log, "step": null } })
}

/// When the last file of the trial's runs was written, by the file system.
fn ended_at(view: &View<'_>, trial: &Trial) -> SystemTime {
    let files =
        trial.runs.iter().flat_map(|run| ["summary.json", "metrics.csv"].map(|file| format!("{}/{file}", run.folder)));
    let times = files.filter_map(|file| view.root.join(file).metadata().ok()?.modified().ok());
    times.max().unwrap_or_else(SystemTime::now)
}

/// ISO 8601 with the offset written out, which every Python reads.
fn date(time: SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(time).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string())
}

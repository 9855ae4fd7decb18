//! Runs that were trained one by one, or by somebody else's engine, put together as the trials of a sweep: the keys of their
//! recipes that differ are the axes, and runs that differ in the seed alone are one trial.

use crate::error::Error;
use crate::space::{Axis, Settings};
use crate::state::{Ended, How, Run, State, Tested, Trial};
use crate::table;
use crate::view::View;
use crate::work::{Outcome, outcome_of, write};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use train::recipe::Watch;
use train::run_folder;
use train::{Identity, Summary};
use walkdir::WalkDir;

/// Keys that change no model, and the seed, by which the runs of a trial differ.
const NO_SETTINGS: [&str; 5] = ["seed", "description", "graphs", "data.split_seed", "checkpoint"];

/// Finished runs as trials.
#[derive(Debug)]
pub struct Collected {
    root: PathBuf,
    recipe: String,
    dataset: String,
    axes: Vec<Axis>,
    state: State,
    notes: Vec<String>,
}

/// A run that was found.
struct Found {
    /// Below the folder that was searched.
    folder: String,
    identity: Identity,
    settings: BTreeMap<String, String>,
    summary: Option<Summary>,
}

impl Collected {
    /// Reads the runs below a folder, of one data set where `dataset` names it. Links are not followed.
    ///
    /// # Errors
    /// A folder that cannot be read, is a run's or a sweep's own, or holds no run; runs on several data sets.
    pub fn read(root: &Path, dataset: Option<&str>) -> Result<Collected, Error> {
        if !root.is_dir() {
            return Err(Error::runs(root, "there is no such folder"));
        }
        if root.join(crate::Definition::FILE).is_file() {
            return Err(Error::runs(
                root,
                "is a sweep's own folder, which has its table and report: sweep --resume makes them again",
            ));
        }
        let mut notes = Vec::new();
        let mut runs = find(root, &mut notes)?;
        if let Some(wanted) = dataset {
            let before = runs.len();
            runs.retain(|run| run.identity.recipe.data.set == wanted);
            if runs.len() < before {
                notes.push(format!("left out: {} on other data", count(before - runs.len(), "run")));
            }
        }
        let Some(first) = runs.first() else {
            let of = dataset.map_or(String::new(), |it| format!(" on {}", values::shown::word(it)));
            return Err(Error::runs(
                root,
                format!("there is no run{of} in it: name the folder that holds the folders of runs"),
            ));
        };
        check_data(&runs)?;
        notes.extend(other_hold_outs(&runs));
        let names: BTreeSet<&str> = runs.iter().map(|run| run.identity.name.as_str()).collect();
        let recipe = if names.len() == 1 { first.identity.name.clone() } else { count(names.len(), "recipe") };
        let dataset = first.identity.recipe.data.set.clone();
        let axes = axes(&runs);
        let state = state(&runs, &axes, &mut notes);
        notes.extend(uneven_seeds(&state));
        Ok(Collected { root: root.to_owned(), recipe, dataset, axes, state, notes })
    }

    /// The keys that differ.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// What was left out, and what makes the runs harder to compare.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Writes `sweep.csv`, `report.html`, `optuna.jsonl`, `winner.toml` and `result.json` into the folder. The test set is not looked at: figures
    /// of it are those that the winning run has of its own. `program` is what is typed to start the program.
    ///
    /// # Errors
    /// A table of a run that cannot be read; files that cannot be written.
    pub fn write(&self, program: &str) -> Result<Outcome, Error> {
        let Collected { root, recipe, dataset, axes, state, notes } = self;
        let view = View { root, recipe, dataset, strategy: None, axes, state };
        let outcome = outcome_of(&view);
        table::write(root, axes, state)?;
        let best = state.best_run().map(|(.., run)| run_folder::identity(&root.join(&run.folder), None)).transpose()?;
        write(&view, &outcome, best.as_ref().map(|it| &it.recipe), "that were trained one by one")?;
        view.write(&outcome, notes, program)?;
        Ok(outcome)
    }
}

/// The runs below a folder, in the order of their names.
fn find(root: &Path, notes: &mut Vec<String>) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let mut folds = 0;
    let is_shown = |name: &std::ffi::OsStr| !name.as_encoded_bytes().starts_with(b".");
    let mut walk = WalkDir::new(root).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(root).to_owned();
            let cause = e.into_io_error().unwrap_or_else(|| std::io::Error::other("a link leads in a circle"));
            Error::io("read", path)(cause)
        })?;
        if !entry.file_type().is_dir() {
            continue;
        }
        if entry.depth() > 0 && !is_shown(entry.file_name()) {
            walk.skip_current_dir();
            continue;
        }
        let path = entry.path();
        let is_run = path.join("recipe.toml").is_file() && !path.join(crate::Definition::FILE).is_file();
        if !is_run || run_folder::FoldSet::is_at(path) {
            continue;
        }
        if entry.depth() == 0 {
            return Err(Error::runs(root, "is the folder of one run: name the folder that holds several"));
        }
        walk.skip_current_dir();
        match Found::read(root, path) {
            Ok(run) if run.identity.recipe.fold.is_some() => folds += 1,
            Ok(run) => found.push(run),
            Err(error) => notes.push(format!("left out: {error}")),
        }
    }
    if folds > 0 {
        notes.push(format!("left out: {} of a set of folds, which has a table of its own", count(folds, "run")));
    }
    Ok(found)
}

impl Found {
    fn read(root: &Path, path: &Path) -> Result<Found, Error> {
        let identity = run_folder::identity(path, None)?;
        let is_setting = |key: &str| {
            let section = key.split('.').next().unwrap_or_default();
            !NO_SETTINGS.iter().any(|no| *no == key || *no == section)
        };
        let settings = identity.recipe.settings()?.into_iter().filter(|(key, _)| is_setting(key)).collect();
        Ok(Found {
            folder: path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned(),
            settings,
            summary: if path.join(Summary::FILE).is_file() { Some(Summary::read(path)?) } else { None },
            identity,
        })
    }

    /// What it came to; `None` of a run that was stopped, killed or is still trained.
    fn ended(&self, watch: Watch) -> Option<Ended> {
        let summary = self.summary.as_ref()?;
        let how = match summary.stopped_by.as_str() {
            "interrupted" => return None,
            "successive-halving" => How::Pruned,
            _ => How::Done,
        };
        let figures = summary.best_validation_error.zip(summary.best_validation_loss);
        Some(Ended {
            how,
            objective: figures.map(|(error, loss)| watch.choose(error, loss)),
            validation_error: summary.best_validation_error,
            validation_loss: summary.best_validation_loss,
            iterations: summary.iterations,
            best_iteration: summary.best_iteration,
            seconds: summary.train_seconds,
            note: None,
        })
    }

    /// How many pictures of the test set it got wrong, of how many; `None` where it has not looked.
    fn tested(&self) -> Option<(u64, u64)> {
        let summary = self.summary.as_ref()?;
        let error = summary.test_error?;
        let counted: u64 = summary.confusion.iter().flatten().sum();
        let known = self.identity.pictures.as_ref().map(|it| it.test_pictures as u64);
        let pictures = if counted > 0 { counted } else { known? };
        Some(((error * pictures as f64).round() as u64, pictures))
    }
}

/// The keys whose values are not the same in all runs.
fn axes(runs: &[Found]) -> Vec<Axis> {
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.settings.keys()).collect();
    let values = |key: &String| -> BTreeSet<&str> { runs.iter().map(|run| value(run, key)).collect() };
    keys.into_iter()
        .map(|key| (key, values(key)))
        .filter(|(_, values)| values.len() > 1)
        .map(|(key, values)| Axis::seen(key, values.into_iter().filter(|it| !it.is_empty()).map(str::to_owned)))
        .collect()
}

/// The value of a key; empty where the run's recipe has no such key.
fn value<'a>(run: &'a Found, key: &str) -> &'a str {
    run.settings.get(key).map_or("", String::as_str)
}

/// Runs of the same settings become a trial.
fn state(runs: &[Found], axes: &[Axis], notes: &mut Vec<String>) -> State {
    let watches: Vec<Watch> = runs.iter().map(|run| run.identity.recipe.evaluation.watch).collect();
    // What one run minimised says nothing of another that minimised something else.
    let watch = if watches.iter().all(|it| *it == watches[0]) { watches[0] } else { Watch::Error };
    let mut state = State::default();
    for found in runs {
        let settings: Settings =
            axes.iter().map(|axis| (axis.key.clone(), value(found, &axis.key).to_owned())).collect();
        let number = state.trials.len() as u64 + 1;
        let at = state.trials.iter().position(|trial| trial.settings == settings).unwrap_or_else(|| {
            state.trials.push(Trial { number, settings, runs: Vec::new() });
            state.trials.len() - 1
        });
        let trial = &mut state.trials[at];
        let seed = found.identity.recipe.seed;
        if let Some(same) = trial.runs.iter().find(|run| run.seed == seed) {
            notes.push(format!(
                "left out: {} has the settings and the seed of {}",
                values::shown::word(&found.folder),
                values::shown::word(&same.folder)
            ));
            continue;
        }
        let (trial_number, run) = (trial.number, trial.runs.len() as u64);
        let ended = found.ended(watch);
        trial.runs.push(Run { seed, folder: found.folder.clone(), rungs: Vec::new(), ended });
        if let Some((wrong, pictures)) = found.tested() {
            state.tested.push(Tested { trial: trial_number, run, wrong, pictures });
        }
    }
    state
}

/// An error where the runs' validation errors are of different data.
fn check_data(runs: &[Found]) -> Result<(), Error> {
    let mut sets: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *sets.entry(&run.identity.recipe.data.set).or_insert(0) += 1;
    }
    if sets.len() > 1 {
        let each: Vec<String> =
            sets.iter().map(|(set, runs)| format!("{runs} on {}", values::shown::word(set))).collect();
        let problem =
            format!("runs on several data sets cannot be compared ({}): name one with --dataset", each.join(", "));
        return Err(Error::Definition(problem));
    }
    let known: Vec<_> = runs.iter().filter_map(|run| Some((run, run.identity.pictures.as_ref()?))).collect();
    let Some((first, pictures)) = known.first() else { return Ok(()) };
    let counts = |it: &tensor_data::Fingerprint| (it.classes, it.train_pictures, it.test_pictures);
    match known.iter().find(|(_, it)| counts(it) != counts(pictures)) {
        None => Ok(()),
        Some((other, others)) => {
            let told = |(classes, train, test)| format!("{classes} classes, {train} pictures and {test} to test with");
            Err(Error::Definition(format!(
                "the runs were not trained on the same pictures: {} has {}; {} has {}: put them into folders of their own",
                values::shown::word(&first.folder),
                told(counts(pictures)),
                values::shown::word(&other.folder),
                told(counts(others)),
            )))
        }
    }
}

/// Says where the runs were not validated on the same pictures.
fn other_hold_outs(runs: &[Found]) -> Option<String> {
    let splits: BTreeSet<&str> =
        runs.iter().filter_map(|run| Some(run.identity.pictures.as_ref()?.split.as_str())).collect();
    (splits.len() > 1).then(|| {
        format!(
            "the runs hold out {} different sets of pictures for validation, which alone makes their errors differ: \
             with the same data.split_seed they hold out the same",
            splits.len()
        )
    })
}

/// Says where some trials have more seeds than others.
fn uneven_seeds(state: &State) -> Option<String> {
    let counts = || state.trials.iter().map(|trial| trial.runs.len());
    let (low, high) = (counts().min()?, counts().max()?);
    (low < high).then(|| {
        format!(
            "trials have {low} to {high} seeds: the mean of a few is the less certain one, and the best may be luck"
        )
    })
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

//! The sweep itself: runs are taken and trained one after another until none is left, and the winner is put to the test.

use crate::error::Error;
use crate::folder::{self, Claim, Folder, Work};
use crate::journal::Entry;
use crate::state::{Ended, How, State, Tested, mean};
use crate::trial::{self, Shared, Stop};
use crate::view::View;
use metrics::Interval;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use train::run_folder::{Saved, load_model};
use train::{Recipe, Row};

/// Something that happened in [`run`].
pub enum Happened<'a> {
    /// A run begins or continues.
    Begun(&'a Claim),
    /// It was validated.
    Validated(&'a Claim, &'a Row),
    /// It ended: which trial and run, what it came to, and all that is known now.
    Ended(u64, u64, &'a Ended, &'a State),
    /// Nothing can be begun before another process ends a run.
    Waiting,
}

/// Why [`run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All runs have ended.
    Done,
    /// Nothing is left to begin, and other processes still train.
    Others,
    /// Somebody asked for it.
    Interrupted,
    /// Time was up.
    Late,
}

/// How long to wait for another process before asking again.
const PAUSE: Duration = Duration::from_millis(500);

/// Trains runs, of one trial where `only` names it, until none is left or somebody asks to stop. A run that is stopped continues
/// where it was.
///
/// # Errors
/// What ends a sweep: files that cannot be written, libtorch out of memory. Trials that diverge, and settings that do not fit, are
/// results.
pub fn run(
    sweep: &Folder,
    shared: &Shared<'_>,
    only: Option<u64>,
    stop: Stop<'_>,
    tell: &mut dyn FnMut(&Happened<'_>),
) -> Result<Stopped, Error> {
    loop {
        if stop.is_interrupted() {
            return Ok(Stopped::Interrupted);
        }
        if stop.is_late() {
            return Ok(Stopped::Late);
        }
        match sweep.claim(only)? {
            Work::Train(mut claim) => {
                tell(&Happened::Begun(&claim));
                let row = &mut |claim: &Claim, row: &Row| tell(&Happened::Validated(claim, row));
                // A run that was stopped is found again by `claim`, and the loop ends above.
                let Some(ended) = trial::train(sweep, &mut claim, shared, stop, row)? else { continue };
                let (trial, run) = (claim.trial, claim.run);
                let state = sweep.end(*claim, ended.clone())?;
                tell(&Happened::Ended(trial, run, &ended, &state));
            }
            Work::Wait => {
                tell(&Happened::Waiting);
                std::thread::sleep(PAUSE);
            }
            Work::Done => return Ok(Stopped::Done),
            Work::Others => return Ok(Stopped::Others),
        }
    }
}

/// What a sweep came to; `result.json`. Errors are fractions.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Name of the recipe.
    pub recipe: String,
    /// The data set.
    pub dataset: String,
    /// How the space was searched; `None` of runs that were trained one by one.
    pub strategy: Option<crate::strategy::Strategy>,
    /// Trials by how they ended; `open` are those that have not.
    pub trials: BTreeMap<String, usize>,
    /// The trial with the lowest mean objective; `None` where none is done.
    pub winner: Option<Winner>,
}

/// The best trial.
#[derive(Debug, Clone, Serialize)]
pub struct Winner {
    /// The trial, counted from 1.
    pub trial: u64,
    /// Its values, as TOML.
    pub settings: BTreeMap<String, String>,
    /// The mean over its seeds of what is minimised.
    pub objective: f64,
    /// Its validation error with each seed.
    pub validation_errors: Vec<f64>,
    /// The folder of its best run, inside the sweep's.
    pub run: String,
    /// The seed of that run.
    pub seed: u64,
    /// What that run's model does on the test set; `None` as long as nobody has looked.
    pub test: Option<Test>,
}

/// Test figures.
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// Fraction misclassified.
    pub error: f64,
    /// Where the true error lies in 95 of 100 cases (Wilson 1927).
    pub interval: Interval,
    /// Pictures misclassified.
    pub wrong: u64,
    /// Pictures asked.
    pub pictures: u64,
    /// How often the sweep has looked at the test set: more than once where it was continued and another trial won.
    pub looks: usize,
}

/// What a sweep has come to, from its folder alone. The test figures are there where the winner was put to the test.
///
/// # Errors
/// A journal that cannot be read.
pub fn outcome(sweep: &Folder) -> Result<Outcome, Error> {
    Ok(outcome_of(&View::of(sweep, &sweep.state()?)))
}

/// Writes the page and the study of Optuna of what is known now; `program` is what is typed to start the program.
///
/// # Errors
/// A journal or a table of a run that cannot be read; files that cannot be written.
pub fn show(sweep: &Folder, outcome: &Outcome, program: &str) -> Result<(), Error> {
    View::of(sweep, &sweep.state()?).write(outcome, &[], program)
}

/// Puts the winner to the test, once, and writes `winner.toml` and `result.json`.
///
/// # Errors
/// A model that cannot be loaded; files that cannot be written.
pub fn close(sweep: &Folder, shared: &Shared<'_>) -> Result<Outcome, Error> {
    let (mut journal, _lock) = sweep.locked()?;
    if let Some((trial, run, known)) = journal.state.best_run() {
        let trial = trial.number;
        let tested = journal.state.tested.iter().any(|it| (it.trial, it.run) == (trial, run));
        if !tested {
            let (model, _) = load_model(&sweep.path().join(&known.folder), &Saved::Best, shared.device())?;
            let score = train::evaluate(&model, &shared.data().test, &sweep.search().base.evaluation)?;
            let pictures = score.samples as u64;
            let wrong = (score.error * pictures as f64).round() as u64;
            journal.append(Entry::Tested(Tested { trial, run, wrong, pictures }))?;
        }
    }
    let view = View::of(sweep, &journal.state);
    let outcome = outcome_of(&view);
    let best = journal.state.best_run();
    let recipe = best.map(|(trial, run, _)| sweep.search().recipe(&trial.settings, run)).transpose()?;
    let among = format!("of a sweep of the recipe {}", values::shown::word(&outcome.recipe));
    write(&view, &outcome, recipe.as_ref(), &among)?;
    Ok(outcome)
}

/// What trials came to.
pub(crate) fn outcome_of(view: &View<'_>) -> Outcome {
    let state = view.state;
    let mut trials = BTreeMap::new();
    for trial in &state.trials {
        let how = trial.how().map_or("open".to_owned(), |how: How| how.to_string());
        *trials.entry(how).or_insert(0) += 1;
    }
    Outcome {
        recipe: view.recipe.to_owned(),
        dataset: view.dataset.to_owned(),
        strategy: view.strategy,
        trials,
        winner: winner(state),
    }
}

fn winner(state: &State) -> Option<Winner> {
    let (trial, run, known) = state.best_run()?;
    let tested = state.tested.iter().find(|it| (it.trial, it.run) == (trial.number, run));
    let test = tested.map(|it| {
        let Interval { low, high } = metrics::wilson(it.wrong as usize, it.pictures as usize);
        Test {
            error: it.wrong as f64 / it.pictures.max(1) as f64,
            interval: Interval { low, high },
            wrong: it.wrong,
            pictures: it.pictures,
            looks: state.tested.len(),
        }
    });
    Some(Winner {
        trial: trial.number,
        settings: trial.settings.iter().cloned().collect(),
        objective: mean(trial.ended().filter_map(|it| it.objective))?,
        validation_errors: trial.ended().filter_map(|it| it.validation_error).collect(),
        run: known.folder.clone(),
        seed: known.seed,
        test,
    })
}

/// Writes `winner.toml`, where there is a winner with this recipe, and `result.json`; `among` says what it was chosen from.
pub(crate) fn write(view: &View<'_>, outcome: &Outcome, recipe: Option<&Recipe>, among: &str) -> Result<(), Error> {
    if let Some((winner, recipe)) = outcome.winner.as_ref().zip(recipe) {
        let values: Vec<String> = winner.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let seeds = winner.validation_errors.len();
        let head = format!(
            "# Trial {} of {} {among}{}.\n# Mean validation error {} over {}.\n",
            winner.trial,
            view.state.trials.len(),
            if values.is_empty() { String::new() } else { format!(": {}", values.join(", ").replace('\n', " ")) },
            mean(winner.validation_errors.iter().copied()).map_or("unknown".to_owned(), values::percent),
            if seeds == 1 { "one seed".to_owned() } else { format!("{seeds} seeds") },
        );
        folder::write(view.root, "winner.toml", format!("{head}{}", recipe.to_toml()?).as_bytes())?;
    }
    let mut text = serde_json::to_vec_pretty(outcome).map_err(|e| Error::io("write", view.root)(e.into()))?;
    text.push(b'\n');
    folder::write(view.root, "result.json", &text).map(drop)
}

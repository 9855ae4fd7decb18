//! The sweep itself: runs are taken and trained one after another until none is left, and the winner is put to the test.

use crate::error::Error;
use crate::folder::{Claim, Folder, Work};
use crate::journal::Entry;
use crate::state::{Ended, How, State, Tested, Trial, mean};
use crate::trial::{self, Shared, Stop};
use metrics::Interval;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use train::Row;
use train::run_folder::{Saved, load_model};

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
    /// How the space was searched.
    pub strategy: crate::strategy::Strategy,
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
    Ok(outcome_of(sweep, &sweep.state()?))
}

/// Puts the winner to the test, once, and writes `winner.toml` and `result.json`.
///
/// # Errors
/// A model that cannot be loaded; files that cannot be written.
pub fn close(sweep: &Folder, shared: &Shared<'_>) -> Result<Outcome, Error> {
    let (mut journal, _lock) = sweep.locked()?;
    if let Some((trial, run)) = journal.state.winner().and_then(|it| Some((it, it.best_run()? as u64))) {
        let tested = journal.state.tested.iter().any(|it| (it.trial, it.run) == (trial.number, run));
        if !tested {
            let trial = trial.number;
            let folder = sweep.path().join(run_folder(sweep, trial, run));
            let (model, _) = load_model(&folder, &Saved::Best, shared.device())?;
            let score = train::evaluate(&model, &shared.data().test, &sweep.search().base.evaluation)?;
            let pictures = score.samples as u64;
            let wrong = (score.error * pictures as f64).round() as u64;
            journal.append(Entry::Tested(Tested { trial, run, wrong, pictures }))?;
        }
    }
    let outcome = outcome_of(sweep, &journal.state);
    write(sweep, &journal.state, &outcome)?;
    Ok(outcome)
}

/// The folder of a run inside the sweep's, `run` counted from 0.
pub(crate) fn run_folder(sweep: &Folder, trial: u64, run: u64) -> String {
    crate::folder::run_folder(trial, sweep.search().seed(run))
}

fn outcome_of(sweep: &Folder, state: &State) -> Outcome {
    let mut trials = BTreeMap::new();
    for trial in &state.trials {
        let how = trial.how().map_or("open".to_owned(), |how: How| how.to_string());
        *trials.entry(how).or_insert(0) += 1;
    }
    Outcome {
        recipe: sweep.identity().name.clone(),
        dataset: sweep.identity().recipe.data.set.clone(),
        strategy: sweep.search().strategy,
        trials,
        winner: state.winner().and_then(|trial| winner(sweep, state, trial)),
    }
}

fn winner(sweep: &Folder, state: &State, trial: &Trial) -> Option<Winner> {
    let run = trial.best_run()? as u64;
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
        run: run_folder(sweep, trial.number, run),
        seed: sweep.search().seed(run),
        test,
    })
}

/// Writes `winner.toml`, where there is a winner, and `result.json`.
fn write(sweep: &Folder, state: &State, outcome: &Outcome) -> Result<(), Error> {
    if let (Some(winner), Some(trial)) = (&outcome.winner, state.winner()) {
        let run = trial.best_run().unwrap_or_default() as u64;
        let recipe = sweep.search().recipe(&trial.settings, run)?;
        let values: Vec<String> = trial.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let head = format!(
            "# Trial {} of {} of a sweep of the recipe {}: {}.\n# Mean validation error {} over {}.\n",
            trial.number,
            state.trials.len(),
            values::shown::word(&outcome.recipe),
            values.join(", ").replace('\n', " "),
            mean(winner.validation_errors.iter().copied()).map_or("unknown".to_owned(), values::percent),
            if trial.runs.len() == 1 { "one seed".to_owned() } else { format!("{} seeds", trial.runs.len()) },
        );
        sweep.write("winner.toml", format!("{head}{}", recipe.to_toml()?).as_bytes())?;
    }
    let mut text = serde_json::to_vec_pretty(outcome).map_err(|e| Error::io("write", sweep.path())(e.into()))?;
    text.push(b'\n');
    sweep.write("result.json", &text)
}

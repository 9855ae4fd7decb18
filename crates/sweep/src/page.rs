//! `report.html`: the sweep on one page that opens from disk and loads nothing. What each setting does, what two do together,
//! how the best trials learned, and every trial with the command that trains it again.

use crate::commands::Commands;
use crate::error::Error;
use crate::folder;
use crate::pictures::Pictures;
use crate::space::Axis;
use crate::state::{How, State, Trial, mean};
use crate::view::View;
use crate::words;
use crate::work::Outcome;
use askama::Template;
use values::{percent, thousands};

/// The file's name in a sweep's folder.
pub const FILE: &str = "report.html";
/// Rows of the table at most; all stand in `sweep.csv`.
const ROWS: usize = 1000;

#[derive(Template)]
#[template(path = "sweep.html")]
struct Html<'a> {
    outcome: &'a Outcome,
    what: String,
    best: Option<Best>,
    notes: Vec<String>,
    pictures: Pictures,
    keys: Vec<&'a str>,
    rows: Vec<Row>,
    trials: usize,
    seeds: Option<String>,
    pruned: bool,
}

/// The winner's figures.
struct Best {
    trial: u64,
    settings: Vec<(String, String)>,
    validation: String,
    spread: Option<String>,
    test: Option<(String, String)>,
    command: String,
}

/// A trial in the table.
struct Row {
    rank: String,
    number: u64,
    state: String,
    values: Vec<String>,
    error: String,
    spread: String,
    loss: String,
    iterations: String,
    seconds: String,
    command: String,
    is_best: bool,
}

impl Html<'_> {
    fn head(&self) -> String {
        let what = if self.outcome.strategy.is_some() { "Sweep" } else { "Runs" };
        viz::page::head(&format!("{what} of {}", self.outcome.recipe), &[])
    }
}

/// Writes the page, with notes of whoever put the trials together; `program` is what is typed to start the program.
pub(crate) fn write(view: &View<'_>, outcome: &Outcome, notes: &[String], program: &str) -> Result<(), Error> {
    folder::write(view.root, FILE, html(view, outcome, notes, program)?.as_bytes()).map(drop)
}

fn html(view: &View<'_>, outcome: &Outcome, notes: &[String], program: &str) -> Result<String, Error> {
    let View { root, axes, state, .. } = *view;
    let commands = Commands { program, root, is_sweep: view.strategy.is_some() };
    let ranked = ranked(state);
    let counts: Vec<String> = outcome.trials.iter().map(|(how, count)| format!("{count} {how}")).collect();
    let page = Html {
        outcome,
        what: counts.join(", "),
        best: best(outcome, &commands),
        notes: at_an_end(axes, outcome).chain(notes.iter().cloned()).collect(),
        pictures: Pictures::draw(view, &ranked)?,
        keys: axes.iter().map(|axis| axis.key.as_str()).collect(),
        rows: ranked.iter().take(ROWS).enumerate().map(|(i, trial)| row(i + 1, trial, outcome, &commands)).collect(),
        trials: state.trials.len(),
        seeds: seeds(view),
        pruned: state.trials.iter().any(|it| it.how() == Some(How::Pruned)),
    };
    page.render().map_err(|e| Error::Page(e.to_string()))
}

fn at_an_end<'a>(axes: &'a [Axis], outcome: &'a Outcome) -> impl Iterator<Item = String> + 'a {
    outcome.winner.iter().flat_map(|winner| words::at_an_end(axes, winner))
}

/// How many seeds the trials have, where some have several.
fn seeds(view: &View<'_>) -> Option<String> {
    match view.seeds() {
        (_, 0 | 1) => None,
        (low, high) if low == high => Some(format!("{high} seeds")),
        (low, high) => Some(format!("{low} to {high} seeds")),
    }
}

/// All trials: those that are done by rank, then those stopped early, then what came to nothing, then what has not ended.
fn ranked(state: &State) -> Vec<&Trial> {
    let mut trials = state.ranked();
    let mut rest: Vec<&Trial> = state.trials.iter().filter(|it| it.how() != Some(How::Done)).collect();
    let class = |it: &Trial| match it.how() {
        Some(How::Done | How::Pruned) => 0,
        Some(How::Diverged) => 1,
        Some(How::Failed) => 2,
        None => 3,
    };
    let objective = |it: &Trial| it.objective().unwrap_or(f64::INFINITY);
    rest.sort_by(|a, b| class(a).cmp(&class(b)).then(objective(a).total_cmp(&objective(b))));
    trials.extend(rest);
    trials
}

fn best(outcome: &Outcome, commands: &Commands<'_>) -> Option<Best> {
    let winner = outcome.winner.as_ref()?;
    let errors = &winner.validation_errors;
    let test = winner.test.as_ref().map(|test| {
        let (low, high) = (percent(test.interval.low), percent(test.interval.high));
        let looks = if test.looks > 1 { format!("; looked at {} times", test.looks) } else { String::new() };
        let [wrong, pictures] = [test.wrong, test.pictures].map(|count| thousands(count as f64));
        (percent(test.error), format!("{wrong} of {pictures} wrong; 95 %: {low} to {high}{looks}"))
    });
    Some(Best {
        trial: winner.trial,
        settings: winner.settings.iter().map(|(key, value)| (key.clone(), shown(value))).collect(),
        validation: mean(errors.iter().copied()).map_or("unknown".to_owned(), percent),
        spread: spread(errors).map(|it| format!("mean of {} seeds: {it}", errors.len())),
        test,
        command: commands.winner(),
    })
}

/// A value, or that there is none.
fn shown(value: &str) -> String {
    if value.is_empty() { "–".to_owned() } else { value.to_owned() }
}

/// From the lowest to the highest of several.
fn spread(errors: &[f64]) -> Option<String> {
    let (low, high) = errors.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &it| (low.min(it), high.max(it)));
    (errors.len() > 1).then(|| format!("{} to {}", percent(low), percent(high)))
}

fn row(rank: usize, trial: &Trial, outcome: &Outcome, commands: &Commands<'_>) -> Row {
    let errors: Vec<f64> = trial.ended().filter_map(|it| it.validation_error).collect();
    let run = trial.runs.get(trial.best_run().unwrap_or_default());
    let is_done = trial.how() == Some(How::Done);
    let note = trial.ended().find_map(|it| it.note.clone());
    let state = trial.how().map_or("open".to_owned(), |how| how.to_string());
    Row {
        rank: if is_done { rank.to_string() } else { "–".to_owned() },
        number: trial.number,
        state: note.map_or(state.clone(), |note| format!("{state}: {note}")),
        values: trial.settings.iter().map(|(_, value)| shown(value)).collect(),
        error: mean(errors.iter().copied()).map_or("–".to_owned(), percent),
        spread: spread(&errors).unwrap_or_default(),
        loss: mean(trial.ended().filter_map(|it| it.validation_loss)).map_or("–".to_owned(), values::short),
        iterations: thousands(trial.ended().map(|it| it.iterations).sum::<u64>() as f64),
        seconds: values::duration(trial.ended().map(|it| it.seconds).sum()),
        command: run.map(|run| commands.train(trial, run)).unwrap_or_default(),
        is_best: outcome.winner.as_ref().is_some_and(|it| it.trial == trial.number),
    }
}

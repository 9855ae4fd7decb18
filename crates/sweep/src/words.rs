//! What a person reads of a sweep: a line for each run that ended, and the block at the end.

use crate::definition::Search;
use crate::space::{Axis, Settings, Values, number};
use crate::state::{Ended, How, State, mean};
use crate::work::{Outcome, Test, Winner};
use values::{duration, percent, shown};

/// `learning_rate = 0.1, model.hidden = [50]`, without keys that have no value.
pub fn settings(settings: &Settings) -> String {
    let each = settings
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key} = {}", shown::word(value)));
    each.collect::<Vec<_>>().join(", ")
}

/// A run that ended: `trial 3 of 7, seed 0: learning_rate = 0.1: validation error 2.31 % after 3.2 s; best so far 2.10 % (trial 2)`.
pub fn ended(search: &Search, trial: u64, run: u64, ended: &Ended, state: &State) -> String {
    let seed = if search.seeds > 1 { format!(", seed {}", search.seeds().of(run)) } else { String::new() };
    let values = state.trials.iter().find(|it| it.number == trial).map(|it| settings(&it.settings)).unwrap_or_default();
    let error =
        ended.validation_error.map_or("never validated".to_owned(), |it| format!("validation error {}", percent(it)));
    let what = match ended.how {
        How::Done => error,
        How::Pruned => format!("stopped early at {error}"),
        How::Diverged => format!("diverged at iteration {}", ended.iterations),
        How::Failed => format!("does not fit: {}", ended.note.as_deref().map(shown::word).unwrap_or_default()),
    };
    let best = state.winner().and_then(|it| Some((it.number, mean(it.ended().filter_map(|it| it.validation_error))?)));
    let best =
        best.map_or(String::new(), |(number, error)| format!("; best so far {} (trial {number})", percent(error)));
    format!("trial {trial} of {}{seed}: {values}: {what} after {}{best}", search.trials, duration(ended.seconds))
}

/// The block at the end, without the commands that continue it.
pub fn outcome(axes: &[Axis], outcome: &Outcome) -> String {
    let counts: Vec<String> = outcome.trials.iter().map(|(how, count)| format!("{count} {how}")).collect();
    let total: usize = outcome.trials.values().sum();
    let trials = if total == 1 { "1 trial" } else { &format!("{total} trials") };
    let what = if outcome.strategy.is_some() { "sweep    " } else { "collected" };
    let mut text = format!("{what} {trials}: {}\n", counts.join(", "));
    let Some(winner) = &outcome.winner else {
        return text + "best      no trial is done: there is none to choose\n";
    };
    let values: Settings = winner.settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let values = if values.is_empty() { "all settings are the same".to_owned() } else { settings(&values) };
    text += &format!("best      trial {}: {values}\n", winner.trial);
    text += &format!("          validation error {}\n", spread(&winner.validation_errors));
    let why = if outcome.strategy.is_some() { "because the sweep was continued" } else { "by each run that ended" };
    let no_look = if outcome.strategy.is_some() { String::new() } else { "test      not looked at\n".to_owned() };
    text += &winner.test.as_ref().map_or(no_look, |it| test(it, why));
    for note in at_an_end(axes, winner) {
        text += &format!("note      {note}\n");
    }
    text
}

/// A mean with the lowest and the highest, where there are several.
fn spread(errors: &[f64]) -> String {
    let average = mean(errors.iter().copied()).map_or("unknown".to_owned(), percent);
    let (low, high) = errors.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &it| (low.min(it), high.max(it)));
    match errors.len() {
        0 | 1 => average,
        seeds => format!("{average} in the mean of {seeds} seeds ({} to {})", percent(low), percent(high)),
    }
}

fn test(test: &Test, why: &str) -> String {
    let looks = match test.looks {
        1 => String::new(),
        looks => format!("; the test set was looked at {looks} times, {why}"),
    };
    format!(
        "test      error {} ({} of {}; 95 %: {} to {}){looks}\n",
        percent(test.error),
        test.wrong,
        test.pictures,
        percent(test.interval.low),
        percent(test.interval.high)
    )
}

/// Says where the best value of a key is the lowest or highest tried: a better one may lie beyond.
pub fn at_an_end(axes: &[Axis], winner: &Winner) -> Vec<String> {
    let mut notes = Vec::new();
    for axis in axes {
        let Values::Spaced(span, _) = axis.values else { continue };
        let Some(value) = winner.settings.get(&axis.key).and_then(|text| number(text)) else { continue };
        let ends = [(span.low, "lowest"), (span.high, "highest")].map(|(end, name)| (number(&axis.text(end)), name));
        if let Some((_, name)) = ends.iter().find(|(end, _)| *end == Some(value)) {
            notes.push(format!("the best {} is the {name} of its grid: a wider grid may hold a better one", axis.key));
        }
    }
    notes
}

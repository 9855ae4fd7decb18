//! What the server answers: the report's page with what is known so far, and the parts of it that change.

use super::board::{Board, State};
use crate::console::{duration, percent, rate, thousands};
use crate::report::{self, Figure, Live, Record, Sections};
use anyhow::Result;
use serde::Serialize;
use train::Identity;

/// What the page asks for every second.
#[derive(Serialize)]
struct News {
    iteration: u64,
    last_iteration: u64,
    /// Validations so far.
    rows: usize,
    ended: bool,
    interrupted: bool,
    /// Markup of the figures.
    headline: String,
    /// Markup of the curves; `None` where the page has them already.
    curves: Option<String>,
}

/// The page.
pub fn html(board: &Board) -> Result<String> {
    let state = board.look();
    let live = Live {
        figures: figures(board, &state),
        environment: board.run.environment.clone(),
        report: board.run.path.join(report::FILE).display().to_string(),
        run: board.run.path.display().to_string(),
        rows: state.rows.len(),
        iteration: state.sight.iteration,
        last_iteration: state.sight.last_iteration,
    };
    report::live_page(&[sections(board, state)], live)
}

/// The parts of it that change, for a page that shows `known` validations.
pub fn news(board: &Board, known: Option<usize>) -> Result<String> {
    let state = board.look();
    let (rows, sight) = (state.rows.len(), state.sight);
    let (ended, interrupted) = (state.ended, state.interrupted);
    let figures = figures(board, &state);
    let sections = [sections(board, state)];
    let news = News {
        iteration: sight.iteration,
        last_iteration: sight.last_iteration,
        rows,
        ended,
        interrupted,
        headline: report::live_headline(&sections, figures)?,
        curves: (known != Some(rows)).then(|| report::live_curves(&sections)).transpose()?,
    };
    Ok(serde_json::to_string(&news)?)
}

/// The report's parts that do not need a saved model or the test set.
fn sections(board: &Board, state: State) -> Sections {
    let run = &board.run;
    let name = run.path.file_name().unwrap_or(run.path.as_os_str()).to_string_lossy().into_owned();
    let record = Record {
        path: run.path.clone(),
        identity: Identity::new(name.clone(), &run.recipe),
        name,
        summary: None,
        rows: state.rows,
        timings: state.timings,
        best: None,
        notes: run.note.iter().cloned().collect(),
    };
    Sections { record, filters: None, tested: None, parameters: Some(run.parameters.clone()) }
}

/// The figures so far, the most important first. There are none of the test set: training may not know them.
fn figures(board: &Board, state: &State) -> Vec<Figure> {
    let figure = |name, value: Option<String>| Figure::plain(name, vec![value.unwrap_or("–".to_owned())]);
    let (sight, recipe, row) = (&state.sight, &board.run.recipe, state.rows.last());
    let images = sight.speed.map(|speed| thousands(speed * board.run.minibatch_size as f64));
    vec![
        figure("best validation error", row.map(|row| percent(row.best_validation_error))),
        figure("training loss", sight.loss.map(|loss| format!("{loss:.4}"))),
        figure("training error", sight.error.map(percent)),
        figure("validation loss", row.map(|row| format!("{:.4}", row.validation_loss))),
        figure("validation error", row.map(|row| percent(row.validation_error))),
        figure("epoch", Some(format!("{} of {}", sight.epoch, recipe.epochs))),
        figure("minibatches", Some(thousands(sight.iteration as f64))),
        figure("learning rate", sight.learning_rate.map(rate)),
        figure("pictures per second", images),
        figure("training time", Some(duration(sight.seconds))),
        figure("time left, at most", sight.seconds_left.map(duration)),
        figure("parameters", Some(thousands(board.run.parameters.parameters as f64))),
    ]
}

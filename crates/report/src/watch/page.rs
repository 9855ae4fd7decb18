//! What the server answers: the report's page with what is known so far, and the parts of it that change.

use super::board::{Board, Run, State};
use super::request::Wish;
use crate::error::Error;
use crate::headline::Figure;
use crate::page::{self, Live, Page};
use crate::record::Record;
use crate::report;
use crate::sections::Sections;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use train::Identity;
use values::{duration, percent, rate, thousands};

/// What the page asks for every second.
#[derive(Serialize)]
struct News {
    iteration: u64,
    last_iteration: u64,
    /// Validations so far.
    rows: usize,
    /// What the curves show, to be said when asking again.
    drawn: usize,
    ended: bool,
    interrupted: bool,
    /// Whether training ends after this epoch.
    stopping: bool,
    /// Markup of the figures.
    headline: String,
    /// Markup of the curves; `None` where the page has them already.
    curves: Option<String>,
}

/// For how long what was drawn is shown again: however often the page is asked for, training is looked at, and a page
/// drawn, some times a second.
const SHOWN_FOR: Duration = Duration::from_millis(100);

/// The pages as they are asked for.
pub struct Pages {
    board: Arc<Board>,
    shown: Option<Shown>,
}

/// A state, and what was drawn of it.
struct Shown {
    since: Instant,
    state: State,
    page: Option<Arc<str>>,
    news: Option<Arc<str>>,
    news_with_curves: Option<Arc<str>>,
}

impl Pages {
    pub fn new(board: Arc<Board>) -> Pages {
        Pages { board, shown: None }
    }

    /// What is wished for, of a state that is hardly older than the wish.
    pub fn get(&mut self, wish: Wish) -> Result<Arc<str>, Error> {
        let recent = self.shown.take().filter(|shown| shown.since.elapsed() < SHOWN_FOR);
        let shown = self.shown.insert(recent.unwrap_or_else(|| Shown::of(&self.board)));
        let (run, state) = (&self.board.run, &shown.state);
        match wish {
            Wish::Page | Wish::Stop { .. } => kept(&mut shown.page, || html(run, state)),
            Wish::News { known } if known == Some(state.drawn()) => kept(&mut shown.news, || news(run, state, false)),
            Wish::News { .. } => kept(&mut shown.news_with_curves, || news(run, state, true)),
        }
    }
}

impl Shown {
    fn of(board: &Board) -> Shown {
        Shown { since: Instant::now(), state: board.look(), page: None, news: None, news_with_curves: None }
    }
}

/// What lies in this place; drawn where nothing does.
fn kept(place: &mut Option<Arc<str>>, draw: impl FnOnce() -> Result<String, Error>) -> Result<Arc<str>, Error> {
    let drawn = match place.take() {
        Some(drawn) => drawn,
        None => draw()?.into(),
    };
    Ok(Arc::clone(place.insert(drawn)))
}

/// The page.
fn html(run: &Run, state: &State) -> Result<String, Error> {
    let live = Live {
        figures: figures(run, state),
        surroundings: run.surroundings.clone(),
        report: run.path.join(report::FILE).display().to_string(),
        run: run.path.display().to_string(),
        rows: state.rows.len(),
        drawn: state.drawn(),
        iteration: state.sight.iteration,
        last_iteration: state.sight.last_iteration,
    };
    Page::live(&[sections(run, state)], live)?.text()
}

/// The parts of it that change.
fn news(run: &Run, state: &State, with_curves: bool) -> Result<String, Error> {
    let sections = [sections(run, state)];
    let news = News {
        iteration: state.sight.iteration,
        last_iteration: state.sight.last_iteration,
        rows: state.rows.len(),
        drawn: state.drawn(),
        ended: state.ended,
        interrupted: state.interrupted,
        stopping: state.stopping,
        headline: page::headline(figures(run, state))?,
        curves: with_curves.then(|| page::curves(&sections)).transpose()?,
    };
    Ok(serde_json::to_string(&news)?)
}

/// The report's parts that do not need a saved model or the test set.
fn sections(run: &Run, state: &State) -> Sections {
    let name = run.path.file_name().unwrap_or(run.path.as_os_str()).to_string_lossy().into_owned();
    let record = Record {
        path: run.path.clone(),
        identity: Identity::new(name.clone(), &run.recipe),
        name,
        summary: None,
        rows: state.rows.clone(),
        timings: state.timings.clone(),
        steps_per_epoch: Some(state.steps_per_epoch),
        steps: state.steps.iter().chain(&state.seen).copied().collect(),
        best: None,
        notes: run.note.iter().cloned().collect(),
    };
    let parameters = Some(run.parameters.clone());
    Sections { record, filters: None, layers: None, over_time: None, tested: None, calibrated: None, parameters }
}

/// The figures so far, the most important first. There are none of the test set: training may not know them.
fn figures(run: &Run, state: &State) -> Vec<Figure> {
    let figure = |name, value: Option<String>| Figure::new(name, value.unwrap_or("–".to_owned()));
    let (sight, recipe, row) = (&state.sight, &run.recipe, state.rows.last());
    let images = sight.speed.map(|speed| thousands(speed * run.minibatch_size as f64));
    vec![
        figure("best validation error", row.map(|row| percent(row.best_validation_error))),
        figure("time left, at most", sight.seconds_left.map(duration)),
        figure("epoch", Some(format!("{} of {}", sight.epoch, recipe.epochs))),
        figure("training loss", sight.loss.map(|loss| format!("{loss:.4}"))),
        figure("training error", sight.error.map(percent)),
        figure("validation loss", row.map(|row| format!("{:.4}", row.validation_loss))),
        figure("validation error", row.map(|row| percent(row.validation_error))),
        figure("minibatches", Some(thousands(sight.iteration as f64))),
        figure("learning rate", sight.learning_rate.map(rate)),
        figure("pictures per second", images),
        figure("training time", Some(duration(sight.seconds))),
        figure("parameters", Some(thousands(run.parameters.parameters as f64))),
    ]
}

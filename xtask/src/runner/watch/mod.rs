//! `train --watch`: the run's page, served on this machine alone, which renews itself while training goes on.
//!
//! The observer keeps on a board what the page shows, a thread of its own answers the browser from that board. Nothing
//! comes back from there: training computes the same numbers, watched or not, and goes on when the server fails. What
//! others send is met by bounds alone: of bytes, of connections, of time.

mod answer;
mod board;
mod connection;
mod page;
mod request;
mod server;

use crate::train_command::Run;
use crate::{device, probe};
use anyhow::{Context, Result};
use board::{Board, Run as Watched, Sight};
use page::Pages;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use train::run_folder::{self, Timing};
use train::{Error, Event, Learner, Observer, Plan, StoppedBy};

/// How often the figures between validations are renewed at most; each time waits for the device once.
const RENEWAL: Duration = Duration::from_secs(1);

/// Takes a port of this machine's loopback address, 0 for a free one; done before a run begins, so that a port that is
/// taken leaves no folder behind.
pub fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("cannot serve the page on 127.0.0.1:{port}: choose another --port, or leave it out for a free one")
    })
}

/// Starts to serve the page of a run that is about to be trained, and says where; `None`, with a warning, where the
/// system refuses what that takes, because a run is worth more than its page.
pub fn start(listener: TcpListener, run: &mut Run) -> Result<Option<Watch>> {
    let path = std::path::absolute(run.folder.path())?;
    let watched = Watched {
        recipe: run.plan.recipe().clone(),
        minibatch_size: run.plan.minibatch_size(),
        parameters: run.learner.model.summary(),
        environment: environment(run),
        note: run.note.clone(),
        path,
    };
    let board = Arc::new(Board::new(watched));
    let mut pages = Pages::new(Arc::clone(&board));
    let address = match server::start(listener, move |wish| pages.get(wish)) {
        Ok(address) => address,
        Err(error) => {
            run.reporter.line(&format!("WARNING: the page cannot be served ({error:#}): training without --watch"))?;
            return Ok(None);
        }
    };
    run.reporter.line(&format!("watch   http://{address}/\n"))?;
    let now = Instant::now();
    Ok(Some(Watch { board, started: now, renewed: now, first: 0, last_iteration: 0, steps_per_epoch: 1 }))
}

/// What is known of a run's surroundings before its end.
fn environment(run: &Run) -> Vec<(String, String)> {
    let rows = [
        ("run folder", run.folder.path().display().to_string()),
        ("data set", run.data.name.clone()),
        ("device", device::name(run.data.train.device())),
        ("threads", tch::get_num_threads().to_string()),
        ("seed", run.plan.recipe().seed.to_string()),
        ("libtorch", probe::LIBTORCH.to_owned()),
        ("Minibatch", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    rows.map(|(key, value)| (key.to_owned(), value)).into()
}

/// The observer that keeps the board up to date.
pub struct Watch {
    board: Arc<Board>,
    started: Instant,
    renewed: Instant,
    first: u64,
    last_iteration: u64,
    steps_per_epoch: u64,
}

impl Watch {
    fn begin(&mut self, plan: &Plan, learner: &Learner) {
        let now = Instant::now();
        (self.started, self.renewed) = (now, now);
        self.first = learner.progress.iteration;
        self.last_iteration = plan.last_iteration(&learner.progress);
        self.steps_per_epoch = plan.steps_per_epoch();
        // A page without the curves so far is better than no training.
        let rows = run_folder::read_metrics(&self.board.run.path).unwrap_or_default();
        let timings = run_folder::read_timings(&self.board.run.path).unwrap_or_default();
        let sight = self.sight(self.first, learner.progress.train_seconds);
        self.board.change(|state| (state.rows, state.timings, state.sight) = (rows, timings, sight));
    }

    /// How far training is.
    fn sight(&self, iteration: u64, seconds: f64) -> Sight {
        let speed = (iteration - self.first) as f64 / self.started.elapsed().as_secs_f64(); // minibatches per second
        let left = self.last_iteration.saturating_sub(iteration) as f64;
        Sight {
            iteration,
            last_iteration: self.last_iteration,
            epoch: iteration.saturating_sub(1) / self.steps_per_epoch + 1,
            seconds,
            speed: (speed > 0.0).then_some(speed),
            seconds_left: (speed > 0.0).then(|| left / speed),
            ..Sight::default()
        }
    }
}

impl Observer for Watch {
    fn on(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Started { plan, learner } => self.begin(plan, learner),
            Event::Trained { iteration, learning_rate, seconds, sums } => {
                if self.renewed.elapsed() >= RENEWAL && self.board.was_asked() {
                    self.renewed = Instant::now();
                    let sums = sums();
                    let sight = Sight {
                        learning_rate: Some(*learning_rate),
                        loss: Some(sums.mean_loss()),
                        error: Some(sums.error()),
                        ..self.sight(*iteration, *seconds)
                    };
                    self.board.change(|state| state.sight = sight);
                }
            }
            Event::Validated { row, plan, learner, .. } => {
                self.last_iteration = plan.last_iteration(&learner.progress);
                let train_seconds = learner.progress.train_seconds;
                let sight = Sight {
                    learning_rate: Some(row.learning_rate),
                    loss: Some(row.train_loss),
                    error: Some(row.train_error),
                    ..self.sight(row.iteration, train_seconds)
                };
                self.board.change(|state| {
                    state.rows.push(**row);
                    state.timings.push(Timing { iteration: row.iteration, train_seconds, saving_seconds: 0.0 });
                    state.sight = sight;
                });
            }
            Event::Stepping(_) => {}
            Event::Stopped { by, .. } => self.board.change(|state| {
                state.ended = true;
                state.interrupted = *by == StoppedBy::Interrupt;
            }),
        }
        Ok(())
    }
}

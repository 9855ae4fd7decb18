//! The page of a run that is being trained, served on this machine alone, which renews itself while training continues; and one of
//! all runs below some folders ([`follow`]), which needs nothing of those who train them.
//!
//! The observer keeps on a board what the page shows, a thread of its own answers the browser from that board. Nothing
//! comes back from there but, where that was allowed, the wish that training end after its epoch: it computes the same numbers, watched
//! or not, and continues when the server fails. What
//! others send is met by bounds alone: of bytes, of connections, of time.

mod answer;
mod board;
mod connection;
mod folders;
mod followed;
mod page;
mod request;
mod server;
mod several;
mod standing;
mod stop;

pub use board::Run;
pub use several::follow;

use board::{Board, Sight};
use page::Pages;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stop::{Stop, Token};
use train::run_folder::{self, Timing};
use train::{Answer, Event, Learner, Observer, Plan, StepRow, StoppedBy, Sums};

/// How often the figures between validations are renewed at most; each time waits for the device once.
const RENEWAL: Duration = Duration::from_secs(1);

/// Takes a port of this machine's loopback address, 0 for a free one; done before a run begins, so that a port that is
/// taken leaves no folder behind.
///
/// # Errors
/// [`crate::Error::Port`] where the port is taken or may not be used.
pub fn listen(port: u16) -> Result<TcpListener, crate::Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|cause| crate::Error::Port { port, cause })
}

/// The observer that keeps the board up to date.
pub struct Watch {
    board: Arc<Board>,
    address: SocketAddr,
    /// What a page needs to end training; `None` where none can.
    token: Option<Token>,
    started: Instant,
    renewed: Instant,
    first: u64,
    last_iteration: u64,
    steps_per_epoch: u64,
    /// The sums when they were read last.
    sums: Sums,
}

impl Watch {
    /// Starts to serve the page of a run that is about to be trained, on a thread of its own that lives as long as the process. Where
    /// it `may_stop`, a page that was opened at [`Watch::stop_address`] can ask for the end of training.
    ///
    /// # Errors
    /// What the system said where it refuses what that takes. A run is worth more than its page: train without it.
    pub fn start(listener: TcpListener, run: Run, may_stop: bool) -> io::Result<Watch> {
        let board = Arc::new(Board::new(Run { path: std::path::absolute(&run.path)?, ..run }));
        let mut pages = Pages::new(Arc::clone(&board));
        let stop = may_stop.then(|| Stop::new(Arc::clone(&board))).transpose()?;
        let token = stop.as_ref().map(Stop::token);
        let address = server::start(listener, stop, move |wish| pages.get(wish))?;
        let now = Instant::now();
        Ok(Watch {
            board,
            address,
            token,
            started: now,
            renewed: now,
            first: 0,
            last_iteration: 0,
            steps_per_epoch: 1,
            sums: Sums::default(),
        })
    }

    /// The page is at `http://<address>/`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the page can end training after its epoch. The token stands behind `#`, which no browser sends or passes on.
    pub fn stop_address(&self) -> Option<String> {
        let token = String::from_utf8_lossy(self.token.as_ref()?).into_owned();
        Some(format!("http://{}/#stop={token}", self.address))
    }

    fn begin(&mut self, plan: &Plan, learner: &Learner) {
        let now = Instant::now();
        (self.started, self.renewed) = (now, now);
        self.first = learner.progress.iteration;
        self.last_iteration = plan.last_iteration(&learner.progress);
        self.steps_per_epoch = plan.steps_per_epoch();
        // A page without the curves so far is better than no training.
        let rows = run_folder::read_metrics(&self.board.run.path).unwrap_or_default();
        let timings = run_folder::read_timings(&self.board.run.path).unwrap_or_default();
        let steps = run_folder::read_steps(&self.board.run.path).unwrap_or_default();
        let sight = self.sight(self.first, learner.progress.train_seconds);
        let steps_per_epoch = self.steps_per_epoch;
        self.board.change(|state| {
            state.steps_per_epoch = steps_per_epoch;
            (state.rows, state.timings, state.steps, state.sight) = (rows, timings, steps, sight);
        });
    }

    /// A point of the curves: training since the sums were read last.
    fn since_last(&mut self, iteration: u64, learning_rate: f64, sums: Sums) -> Option<StepRow> {
        let new = sums.since(std::mem::replace(&mut self.sums, sums));
        let (train_loss, train_error) = (new.mean_loss(), new.error());
        (new.samples > 0).then_some(StepRow { iteration, learning_rate, train_loss, train_error })
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
    fn on(&mut self, event: &Event<'_>) -> Answer {
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
                    let step = self.since_last(*iteration, *learning_rate, sums);
                    self.board.change(|state| {
                        state.sight = sight;
                        state.seen.extend(step);
                    });
                }
                if self.token.is_some() && iteration.is_multiple_of(self.steps_per_epoch) && self.board.is_stopping() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Event::Validated { row, steps, plan, learner, .. } => {
                self.last_iteration = plan.last_iteration(&learner.progress);
                self.sums = Sums::default();
                let train_seconds = learner.progress.train_seconds;
                let sight = Sight {
                    learning_rate: Some(row.learning_rate),
                    loss: Some(row.train_loss),
                    error: Some(row.train_error),
                    ..self.sight(row.iteration, train_seconds)
                };
                self.board.change(|state| {
                    state.rows.push(**row);
                    state.steps.extend_from_slice(steps);
                    state.seen.clear();
                    state.timings.push(Timing { iteration: row.iteration, train_seconds, saving_seconds: 0.0 });
                    state.sight = sight;
                });
            }
            Event::Stepping(_) | Event::Thawed { .. } => {}
            Event::Stopped { by, .. } => self.board.change(|state| {
                state.ended = true;
                state.interrupted = *by == StoppedBy::Interrupt;
            }),
        }
        Ok(ControlFlow::Continue(()))
    }
}

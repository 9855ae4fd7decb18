//! The observer that a person watches: a live bar on a terminal, plain lines elsewhere, and the same lines with their
//! times in `log.txt`.

use crate::console::{self, duration, percent, rate, shown, thousands};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow::Continue;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use train::{Answer, Error, Event, Learner, Observer, Plan, Row, Stepping};

const BAR: &str = "{prefix:.bold} {bar:16.green/dim} {percent:>3} %  {msg}";
/// How often the bar's figures are renewed; each time waits for the device once.
const RENEWAL: Duration = Duration::from_millis(250);

/// Shows how training goes.
pub struct Reporter {
    json: bool,
    log: File,
    log_path: PathBuf,
    bar: ProgressBar,
    /// Figures of the loop that is being shown; `None` before it starts.
    view: Option<View>,
    stepping: Option<Stepping>,
}

struct View {
    epochs: u64,
    steps_per_epoch: u64,
    minibatch: u64,
    /// Where training ends at the latest, as far as is known now.
    last_iteration: u64,
    first: u64,
    started: Instant,
    renewed: Instant,
    validation: String,
}

impl Reporter {
    /// Lines go to standard output, or to standard error where `json` keeps that for the result; all go to `log.txt`
    /// in `folder` as well.
    pub fn new(folder: &Path, json: bool) -> Result<Reporter, Error> {
        let path = folder.join("log.txt");
        let log = OpenOptions::new().append(true).create(true).open(&path);
        let log = log.map_err(|cause| Error::Io { action: "write", path: path.clone(), cause })?;
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Ok(Reporter { json, log, log_path: path, bar, view: None, stepping: None })
    }

    /// A line that stays, on the screen and in the log.
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.bar.suspend(|| console::line(self.json, text));
        let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S");
        let mut log = String::new();
        for line in shown::lines(text).lines() {
            log.push_str(&format!("{now}  {line}\n"));
        }
        self.log.write_all(log.as_bytes()).map_err(|cause| Error::Io {
            action: "write",
            path: self.log_path.clone(),
            cause,
        })
    }

    /// How the loop's steps reach the device, once that is settled.
    pub fn stepping(&self) -> Option<&Stepping> {
        self.stepping.as_ref()
    }

    fn stepping_settled(&mut self, how: &Stepping) -> Result<(), Error> {
        self.stepping = Some(how.clone());
        match how {
            Stepping::Captured => self.line("each training step is one captured CUDA graph"),
            Stepping::Eager(reason) if reason.is_news() => {
                self.line(&format!("training steps are not captured as CUDA graphs: {reason}"))
            }
            Stepping::Eager(_) => Ok(()),
        }
    }

    fn start(&mut self, plan: &Plan, learner: &Learner) {
        let first = learner.progress.iteration;
        let now = Instant::now();
        self.view = Some(View {
            epochs: plan.recipe().epochs,
            steps_per_epoch: plan.steps_per_epoch(),
            minibatch: plan.minibatch_size() as u64,
            last_iteration: plan.last_iteration(&learner.progress),
            first,
            started: now,
            renewed: now,
            validation: String::new(),
        });
        self.bar = ProgressBar::with_draw_target(Some(plan.total_steps()), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            self.bar.set_style(style.progress_chars("━╸─"));
        }
        self.bar.set_position(first);
    }

    fn renew(&mut self, iteration: u64, learning_rate: f64, loss: f64) {
        let Some(view) = &mut self.view else { return };
        view.renewed = Instant::now();
        let speed = (iteration - view.first) as f64 / view.started.elapsed().as_secs_f64(); // minibatches per second
        let left = view.last_iteration.saturating_sub(iteration) as f64 / speed;
        let epoch = (iteration.saturating_sub(1)) / view.steps_per_epoch + 1;
        self.bar.set_prefix(format!("epoch {epoch}/{}", view.epochs));
        self.bar.set_length(view.last_iteration);
        self.bar.set_position(iteration);
        self.bar.set_message(format!(
            "loss {loss:.4}{}  lr {}  {} images/s  {} left",
            view.validation,
            rate(learning_rate),
            thousands(speed * view.minibatch as f64),
            duration(left)
        ));
    }

    fn validated(&mut self, row: &Row, improved: bool, plan: &Plan, learner: &Learner) -> Result<(), Error> {
        let (epoch, epochs) = (row.epoch, plan.recipe().epochs);
        let width = epochs.to_string().len();
        let penalty = if row.penalty == 0.0 { String::new() } else { format!(" + {:.4}", row.penalty) };
        let averaged = row.averaged_validation_loss.zip(row.averaged_validation_error);
        let averaged = averaged
            .map_or(String::new(), |(loss, error)| format!("  averaged loss {loss:.4} error {:>7}", percent(error)));
        self.line(&format!(
            "epoch {epoch:>width$}/{epochs}  lr {:<8}  train loss {:.4}{penalty} error {:>7}  val loss {:.4} error {:>7}{averaged}  {}{}",
            rate(row.learning_rate),
            row.train_loss,
            percent(row.train_error),
            row.validation_loss,
            percent(row.validation_error),
            duration(learner.progress.train_seconds),
            if improved { "  best" } else { "" },
        ))?;
        if let Some(view) = &mut self.view {
            view.last_iteration = plan.last_iteration(&learner.progress);
            view.validation =
                format!("  val {}  best {}", percent(row.validation_error), percent(row.best_validation_error));
        }
        Ok(())
    }
}

impl Observer for Reporter {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Started { plan, learner } => self.start(plan, learner),
            Event::Stepping(how) => self.stepping_settled(how)?,
            Event::Thawed { .. } => self.line("the head has had its epochs: from now on all layers are trained")?,
            Event::Trained { iteration, learning_rate, sums, .. } => {
                let due = self.view.as_ref().is_some_and(|view| view.renewed.elapsed() >= RENEWAL);
                if due && !self.bar.is_hidden() {
                    self.renew(*iteration, *learning_rate, sums().mean_loss());
                }
            }
            Event::Validated { row, improved, plan, learner, .. } => self.validated(row, *improved, plan, learner)?,
            Event::Stopped { .. } => self.bar.finish_and_clear(),
        }
        Ok(Continue(()))
    }
}

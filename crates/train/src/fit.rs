//! The training loop: step, validate, verdict. What a step is, from the minibatch to the moved parameters, stands in
//! `update.rs`, what a validation is in `validation.rs`; whether a step is a captured graph is `stepper.rs`'s.

use crate::course;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::exchange::Wish;
use crate::learner::Learner;
use crate::outcome::{Outcome, StoppedBy};
use crate::plan::Plan;
use crate::recipe::TIME;
use crate::stepper::{Stepper, Where};
use crate::stopping::Stopper;
use crate::{divergence, precision, validation};
use std::time::Instant;
use tensor_data::Dataset;

/// Trains `learner` on `data` as `plan` says, from wherever its progress stands, and gives back the best model.
///
/// The observer hears of every minibatch and may end training after it. Losses stay on the device: it is waited for once per validation, per epoch
/// and per 10,000 minibatches, and when an observer reads the running sums; with `precision = "f16"` at every minibatch. On the
/// CPU, where nothing waits, each loss is looked at to notice divergence ([`Diverged`](crate::Diverged)). An error leaves the
/// learner as it was at that moment; without one its model is that of the best validation, which [`Outcome::holds`] tells.
///
/// A limit that ends training between two validations brings one more, so that there is a best model and a row of the state
/// that training ended with. It is no part of the course of the run: the stopping rule does not hear of it, and what it found
/// is kept apart ([`Closing`](crate::Closing)) and forgotten when training continues. So a run whose limit is raised ends
/// with the bits of one that never had the limit, its table of validations included.
///
/// On CUDA each step is captured as a graph where that is possible; [`Event::Stepping`] tells.
///
/// # Errors
///
/// [`Error::Diverged`] where loss or parameters stop being finite; [`Error::Observer`] and others of the observer's; [`Error::Libtorch`], as
/// where memory runs out.
pub fn fit(plan: &Plan, data: &Dataset, learner: &mut Learner, observer: &mut dyn Observer) -> Result<Outcome, Error> {
    run(plan, data, learner, observer, Where::OnCuda)
}

/// [`fit`] for tests: steps take their minibatch and their numbers from the device on every device, as captured graphs do on
/// CUDA; where there are no graphs, the operations of one are done again.
#[doc(hidden)]
pub fn fit_as_captured(
    plan: &Plan,
    data: &Dataset,
    learner: &mut Learner,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    run(plan, data, learner, observer, Where::Anywhere)
}

fn run(
    plan: &Plan,
    data: &Dataset,
    learner: &mut Learner,
    observer: &mut dyn Observer,
    captured: Where,
) -> Result<Outcome, Error> {
    let stopper = Stopper::resume(&plan.recipe().stopping, learner.progress.stopping.clone());
    let (seconds_before, clock) = (learner.progress.train_seconds, Instant::now());
    let mut training = Training { plan, stopper, observer, enough: false, captured, seconds_before, clock };
    learner.progress.closing = None;
    precision::prepare(plan.recipe().precision, data.train.device())?;
    divergence::check_state(plan, learner, &learner.progress.sums)?;
    training.tell(&Event::Started { plan, learner })?;

    let stopped_by = loop {
        // In the place of the pictures, while the head alone is trained and nothing moves them.
        let features = learner.features_for_now(plan, data)?;
        match training.stage(features.as_ref().unwrap_or(data), learner)? {
            Some(stopped_by) => break stopped_by,
            None => {
                learner.thaw(plan)?; // the head has had its epochs: now everything is trained
                training.tell(&Event::Thawed { plan, learner })?;
            }
        }
    };

    divergence::check_state(plan, learner, &learner.progress.sums)?;
    if let Some(row) = validation::closing(plan, data, learner, stopped_by)? {
        learner.progress.train_seconds = training.seconds();
        let improved = learner.best().is_some_and(|best| best.iteration == row.iteration);
        let steps = course::rows(plan, &learner.progress.course, &learner.progress);
        training.tell(&Event::Validated { row: &row, steps: &steps, improved, plan, learner })?;
    }
    learner.progress.train_seconds = training.seconds();
    learner.progress.stopped_by = plan.name_of(stopped_by);
    training.tell(&Event::Stopped { by: stopped_by, learner })?;
    learner.finish(stopped_by)
}

/// What lasts over one call of [`fit`].
struct Training<'a> {
    plan: &'a Plan,
    stopper: Stopper,
    observer: &'a mut dyn Observer,
    /// Whether the observer has had enough.
    enough: bool,
    captured: Where,
    seconds_before: f64,
    clock: Instant,
}

impl Training<'_> {
    fn tell(&mut self, event: &Event<'_>) -> Result<(), Error> {
        self.enough |= self.observer.on(event).map_err(Error::of_observer)?.is_break();
        Ok(())
    }

    /// Whether training ends here because somebody has had enough: alone at once, with other ranks when all have heard of it.
    fn has_enough(&self, learner: &Learner) -> bool {
        if self.plan.ranks().is_alone() { self.enough } else { learner.exchange.decided == Wish::Stop }
    }

    /// The limit that ends training here. With other ranks, the time is over when rank 0 has told all.
    fn limit_reached(&self, learner: &Learner) -> Option<&'static str> {
        match self.plan.limit_reached(&learner.progress) {
            Some(TIME) | None if !self.plan.ranks().is_alone() => {
                (learner.exchange.decided == Wish::TimeIsOver).then_some(TIME)
            }
            reached => reached,
        }
    }

    /// What this rank has to say with the next update.
    fn wish(&self, learner: &Learner) -> Wish {
        let time_is_over = || self.plan.ranks().rank() == 0 && self.plan.limit_reached(&learner.progress) == Some(TIME);
        match () {
            () if self.enough => Wish::Stop,
            () if time_is_over() => Wish::TimeIsOver,
            () => Wish::GoOn,
        }
    }

    /// Seconds in the loop so far, over all resumptions.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.clock.elapsed().as_secs_f64()
    }

    /// Trains what is to be trained now, to the end or to where that changes, which is `None`.
    fn stage(&mut self, data: &Dataset, learner: &mut Learner) -> Result<Option<StoppedBy>, Error> {
        let plan = self.plan;
        let _generator = plan.hold_generator(&learner.model);
        let mut stepper = Stepper::new(plan, learner, &data.train, self.captured)?;
        let stopped_by = 'training: loop {
            let (epoch, done) = (
                learner.progress.iteration / plan.steps_per_epoch(),
                learner.progress.iteration % plan.steps_per_epoch(),
            );
            if epoch >= plan.recipe().epochs {
                break Some(StoppedBy::Epochs);
            }
            if self.has_enough(learner) {
                break Some(StoppedBy::Interrupt);
            }
            if learner.model.is_frozen() && !plan.trains_head_alone(epoch) {
                break None;
            }
            let mut batches = plan.minibatches(&data.train, epoch, done)?;
            while batches.len() > 0 {
                let iteration = learner.progress.iteration; // counted from 0
                let learning_rate = plan.learning_rate(&learner.progress, iteration);
                plan.reseed(&learner.model, iteration);
                learner.exchange.wish = self.wish(learner);
                stepper.step(learner, &mut batches)?; // forward, loss, backward, update

                if let Some(how) = stepper.take_mode_change() {
                    self.tell(&Event::Stepping(&how))?;
                }
                learner.progress.iteration += 1;
                learner.progress.train_seconds = self.seconds();
                let (iteration_count, seconds) = (learner.progress.iteration, learner.progress.train_seconds);
                self.tell(&Event::Trained {
                    iteration: iteration_count,
                    learning_rate,
                    seconds,
                    sums: &|| stepper.running.read(),
                })?;

                if plan.validates_after(iteration) {
                    let (sums, groups) = stepper.read()?;
                    learner.settle(plan)?;
                    let steps = course::rows(plan, &groups, &learner.progress);
                    let row = validation::regular(plan, data, learner, &mut self.stopper, sums, learning_rate)?;
                    stepper.running.clear();
                    learner.progress.course.clear();
                    let improved = learner.best().is_some_and(|best| best.iteration == row.iteration);
                    self.tell(&Event::Validated { row: &row, steps: &steps, improved, plan, learner })?;
                }
                if self.stopper.is_over(iteration) {
                    break 'training Some(StoppedBy::Rule);
                }
                if let Some(limit) = self.limit_reached(learner) {
                    break 'training Some(StoppedBy::Limit(limit));
                }
                if self.has_enough(learner) {
                    break 'training Some(StoppedBy::Interrupt);
                }
            }
        };
        (learner.progress.sums, learner.progress.course) = stepper.read()?;
        learner.settle(plan)?;
        Ok(stopped_by)
    }
}

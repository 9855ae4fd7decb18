//! The training loop: step, validate, verdict. What a step is, from the minibatch to the moved parameters, stands in
//! `update.rs`, what a validation is in `validation.rs`; whether a step is a captured graph is `stepper.rs`'s.

use crate::course;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::learner::Learner;
use crate::outcome::{Outcome, StoppedBy};
use crate::plan::Plan;
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
    let recipe = plan.recipe();
    let seconds_before = learner.progress.train_seconds;
    let clock = Instant::now();
    let mut stopper = Stopper::resume(&recipe.stopping, learner.progress.stopping.clone());
    learner.progress.closing = None;
    precision::prepare(recipe.precision, data.train.device())?;
    let _generator = plan.hold_generator(&learner.model);
    divergence::check_state(plan, learner, &learner.progress.sums)?;
    let mut tell = |event: &Event<'_>| Ok::<bool, Error>(observer.on(event).map_err(Error::of_observer)?.is_break());
    let mut enough = tell(&Event::Started { plan, learner })?;
    let mut stepper = Stepper::new(plan, learner, &data.train, captured)?;

    let stopped_by = 'training: loop {
        let (epoch, done) =
            (learner.progress.iteration / plan.steps_per_epoch(), learner.progress.iteration % plan.steps_per_epoch());
        if epoch >= recipe.epochs {
            break StoppedBy::Epochs;
        }
        if enough {
            break StoppedBy::Interrupt;
        }
        let mut batches = plan.minibatches(&data.train, epoch, done)?;
        while batches.len() > 0 {
            let iteration = learner.progress.iteration; // counted from 0
            let learning_rate = plan.learning_rate(&learner.progress, iteration);
            plan.reseed(&learner.model, iteration);
            stepper.step(learner, &mut batches)?; // forward, loss, backward, update

            if let Some(how) = stepper.take_mode_change() {
                enough |= tell(&Event::Stepping(&how))?;
            }
            learner.progress.iteration += 1;
            learner.progress.train_seconds = seconds_before + clock.elapsed().as_secs_f64();
            let (iteration_count, seconds) = (learner.progress.iteration, learner.progress.train_seconds);
            enough |= tell(&Event::Trained {
                iteration: iteration_count,
                learning_rate,
                seconds,
                sums: &|| stepper.running.read(),
            })?;

            if plan.validates_after(iteration) {
                let groups = stepper.running.read_course()?;
                let steps = course::rows(plan, &groups, &learner.progress);
                let row =
                    validation::regular(plan, data, learner, &mut stopper, stepper.running.read(), learning_rate)?;
                stepper.running.clear();
                learner.progress.course.clear();
                let improved = learner.best().is_some_and(|best| best.iteration == row.iteration);
                enough |= tell(&Event::Validated { row: &row, steps: &steps, improved, plan, learner })?;
            }
            if stopper.is_over(iteration) {
                break 'training StoppedBy::Rule;
            }
            if let Some(limit) = plan.limit_reached(&learner.progress) {
                break 'training StoppedBy::Limit(limit);
            }
            if enough {
                break 'training StoppedBy::Interrupt;
            }
        }
    };

    learner.progress.sums = stepper.running.read();
    learner.progress.course = stepper.running.read_course()?;
    divergence::check_state(plan, learner, &learner.progress.sums)?;
    if let Some(row) = validation::closing(plan, data, learner, stopped_by)? {
        learner.progress.train_seconds = seconds_before + clock.elapsed().as_secs_f64();
        let improved = learner.best().is_some_and(|best| best.iteration == row.iteration);
        let steps = course::rows(plan, &learner.progress.course, &learner.progress);
        tell(&Event::Validated { row: &row, steps: &steps, improved, plan, learner })?;
    }
    learner.progress.train_seconds = seconds_before + clock.elapsed().as_secs_f64();
    learner.progress.stopped_by = plan.name_of(stopped_by);
    tell(&Event::Stopped { by: stopped_by, learner })?;
    learner.finish(stopped_by)
}

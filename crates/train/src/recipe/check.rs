//! Ranges of a recipe's values, checked before anything is loaded.
//!
//! Each number has a row of bounds: whole numbers are small enough that products of two of them fit into 64 bits, seconds
//! and minutes that they are durations, and other numbers lie where f32 arithmetic has room ([`optim::range`] says why).

use super::{Average, ClassWeights, Gradients, Limits, Loss, Minibatch, Order, Recipe, Sampling, Size};
use crate::error::Error;
use crate::mismatch::Mismatch;
use crate::stopping::{Mode, Stopping};
use optim::range;
use std::fmt::Display;
use std::ops::Bound::{Excluded, Included};
use tensor_data::augment::Operation;
use values::{OutOfRange, Range, Whole};

/// TOML integers are signed 64-bit numbers.
const SEED: Whole = Whole::new("seed", 0, i64::MAX);
const SPLIT_SEED: Whole = Whole::new("data.split_seed", 0, i64::MAX);
const EPOCHS: Whole = Whole::new("epochs", 1, BILLION);
const DIVISOR: Range = Range::new("data.divisor", Included(1e-6), Included(1e6));
const MEAN: Range = Range::new("data.mean", Included(-1e6), Included(1e6));
const STD: Range = Range::new("data.std", Included(1e-6), Included(1e6));
const VALIDATION: Whole = Whole::new("data.validation", 1, BILLION).noted(" pictures");
const MINIBATCH: Whole = Whole::new("minibatch.size", 1, BILLION).noted(" pictures, or \"all\"");
/// More would push digits out of the picture.
const SHIFT: Whole = Whole::new("minibatch.shift", 0, 8).noted(" pixels");
const EVALUATION: Whole = Whole::new("evaluation.size", 1, BILLION).noted(" pictures");
const TOP_K: Whole = Whole::new("evaluation.top_k", 1, 1_000_000);
const SECONDS: Range = Range::new("checkpoint.seconds", Included(0.0), Included(1e9));
const SNAPSHOTS: Whole = Whole::new("checkpoint.snapshots", 0, BILLION).noted(" epochs");
const KEEP_TOP: Whole = Whole::new("checkpoint.keep_top", 0, 1000);
const GROUP_FACTOR: Range = Range::new("groups.learning_rate_factor", Included(0.0), Included(1e8));
const SMOOTHING: Range = Range::new("loss.label_smoothing", Included(0.0), Excluded(1.0));
/// A mean divides by the sum of the weights, so that f32 must not take them for 0.
const CLASS_WEIGHT: Range = Range::new("loss.class_weights", Included(1e-6), Included(1e6));
const ACCUMULATE: Whole = Whole::new("gradients.accumulate", 1, BILLION).noted(" minibatches");
const CLIP_VALUE: Range = Range::new("gradients.clip_value", Included(range::LEAST), Included(range::MOST));
const CLIP_NORM: Range = Range::new("gradients.clip_norm", Included(range::LEAST), Included(range::MOST));
const DECAY: Range = Range::new("average.decay", Included(0.0), Excluded(1.0));
const ITERATIONS: Whole = Whole::new("limits.iterations", 1, MOST_STEPS).noted(" minibatches");
const MINUTES: Range = Range::new("limits.minutes", Excluded(0.0), Included(1e9));
const TARGET_ERROR: Range =
    Range::new("limits.target_error", Included(0.0), Included(1.0)).noted(", a fraction: 0.008 is 0.8 %");
const TARGET_LOSS: Range = Range::new("limits.target_loss", Included(0.0), Included(range::MOST));
const PATIENCE: Whole = Whole::new("stopping.patience", 1, MOST_STEPS).noted(" minibatches");
const INCREASE: Range = Range::new("stopping.increase", Included(1.0), Included(1e6));
const THRESHOLD: Range = Range::new("stopping.threshold", Excluded(0.0), Included(1.0));
const RELATIVE: Range =
    Range::new("stopping.threshold", Included(0.0), Excluded(1.0)).noted(" where `mode` is relative");
const ABSOLUTE: Range = Range::new("stopping.threshold", Included(0.0), Included(range::MOST));
const STALE_EPOCHS: Whole = Whole::new("stopping.epochs", 1, BILLION);
const COOLDOWN: Whole = Whole::new("stopping.cooldown", 0, BILLION).noted(" epochs");
const FACTOR: Range = Range::new("stopping.factor", Excluded(0.0), Excluded(1.0));
const FLOOR: Range = Range::new("stopping.floor", Excluded(0.0), Included(1.0));

const BILLION: i64 = 1_000_000_000;
/// Minibatches that f64 still counts one by one, as the arithmetic of schedules and of patience does.
const MOST_STEPS: i64 = 1_000_000_000_000_000;

impl Recipe {
    /// Checks every value's range. The model's sizes are checked against the pictures when it is made.
    ///
    /// # Errors
    /// The first key whose value lies outside its range, with the range.
    pub fn check(&self) -> Result<(), Error> {
        SEED.check(self.seed)?;
        if let Some(seed) = self.data.split_seed {
            SPLIT_SEED.check(seed)?;
        }
        EPOCHS.check(self.epochs)?;
        range::LEARNING_RATE.check(self.learning_rate)?;
        DIVISOR.check(self.data.divisor)?;
        if self.data.mean.len() != self.data.std.len() {
            return Err(Error::RecipeRange(values::OutOfRange {
                key: "data.std".to_owned(),
                value: format!("a list of {}", self.data.std.len()),
                allowed: format!("as long as `data.mean`, a list of {}", self.data.mean.len()),
            }));
        }
        for (&mean, &std) in self.data.mean.iter().zip(&self.data.std) {
            MEAN.check(mean)?;
            STD.check(std)?;
        }
        VALIDATION.check(self.data.validation)?;
        self.pictures.as_ref().map_or(Ok(()), |pictures| pictures.check())?;
        self.pretrained.as_ref().map_or(Ok(()), |it| it.check(self))?;
        self.check_fold()?;
        if let Size::Count(count) = self.minibatch.size {
            MINIBATCH.check(count)?;
        }
        SHIFT.check(self.minibatch.shift)?;
        for (place, operation) in self.augment.iter().enumerate() {
            operation.check().map_err(|problem| problem.within(&format!("augment[{place}]")))?;
        }
        EVALUATION.check(self.evaluation.size)?;
        TOP_K.check(self.evaluation.top_k)?;
        SECONDS.check(self.checkpoint.seconds)?;
        SNAPSHOTS.check(self.checkpoint.snapshots)?;
        KEEP_TOP.check(self.checkpoint.keep_top)?;
        self.limits.check()?;
        section("model", self.model.check())?;
        section("optimizer", self.optimizer.check())?;
        section("schedule", self.schedule.check())?;
        section("penalty", self.penalty.terms().check())?;
        self.check_decays()?;
        self.check_sampling()?;
        self.loss.check()?;
        self.gradients.check()?;
        self.average.map_or(Ok(()), |average| average.check())?;
        for group in &self.groups {
            GROUP_FACTOR.check(group.learning_rate_factor)?;
        }
        self.stopping.check()
    }

    /// Balanced sampling draws an order of its own, and does what class weights do.
    fn check_sampling(&self) -> Result<(), Error> {
        let Minibatch { sampling, order, with_class_weights, .. } = self.minibatch;
        let weighs = self.loss.class_weights != ClassWeights::default();
        let section = |problem: &str| Mismatch::Section { section: "minibatch".into(), problem: problem.into() };
        match sampling {
            Sampling::Each if with_class_weights => Err(Mismatch::NoEffect {
                key: "minibatch.with_class_weights",
                why: "`minibatch.sampling` is not \"balanced\"",
            }),
            Sampling::Each => Ok(()),
            Sampling::Balanced if order == Order::Stored => Err(section(
                "`sampling = \"balanced\"` draws an order, and `order` is \"stored\": leave one of them out",
            )),
            Sampling::Balanced if weighs && !with_class_weights => Err(section(
                "`sampling = \"balanced\"` and `loss.class_weights` both make small classes count more: leave one of them out, or \
                 set `with_class_weights = true` to have both",
            )),
            Sampling::Balanced if self.operations().iter().any(Operation::alternates) => Err(section(
                "`sampling = \"balanced\"` shows a picture several times in an epoch or not at all, and a flip that is `alternating` \
                 turns it every second epoch: leave one of them out",
            )),
            Sampling::Balanced => Ok(()),
        }
        .map_err(Error::from)
    }

    /// Two ways of shrinking weights at once are mostly a slip.
    fn check_decays(&self) -> Result<(), Error> {
        let (decay, l2) = (self.optimizer.weight_decay(), self.penalty.l2);
        if decay == 0.0 || l2 == 0.0 || self.penalty.with_weight_decay {
            return Ok(());
        }
        Err(Mismatch::TwoDecays { decay, l2 }.into())
    }
}

impl Loss {
    /// Checks every value's range. The number of class weights is checked against the data set.
    ///
    /// # Errors
    /// The first key whose value lies outside its range.
    pub fn check(&self) -> Result<(), Error> {
        SMOOTHING.check(self.label_smoothing)?;
        if let ClassWeights::Given(weights) = &self.class_weights {
            for &weight in weights {
                CLASS_WEIGHT.check(weight)?;
            }
        }
        Ok(())
    }
}

impl Gradients {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first key whose value lies outside its range.
    pub fn check(&self) -> Result<(), Error> {
        ACCUMULATE.check(self.accumulate)?;
        for (row, bound) in [(CLIP_VALUE, self.clip_value), (CLIP_NORM, self.clip_norm)] {
            bound.map(|bound| row.check(bound)).transpose()?;
        }
        Ok(())
    }
}

impl Average {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first key whose value lies outside its range.
    pub fn check(&self) -> Result<(), Error> {
        DECAY.check(self.decay)?;
        Ok(())
    }
}

impl Limits {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first key whose value lies outside its range.
    pub fn check(&self) -> Result<(), Error> {
        self.iterations.map(|iterations| ITERATIONS.check(iterations)).transpose()?;
        for (row, limit) in
            [(MINUTES, self.minutes), (TARGET_ERROR, self.target_error), (TARGET_LOSS, self.target_loss)]
        {
            limit.map(|limit| row.check(limit)).transpose()?;
        }
        Ok(())
    }
}

impl Stopping {
    /// Checks every value's range.
    ///
    /// # Errors
    /// The first key whose value lies outside its range.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Stopping::Never => {}
            Stopping::Patience { patience, increase, threshold } => {
                PATIENCE.check(patience)?;
                INCREASE.check(increase)?;
                THRESHOLD.check(threshold)?;
            }
            Stopping::NoImprovement { epochs } => {
                STALE_EPOCHS.check(epochs)?;
            }
            Stopping::Halving { epochs, factor, floor } => shrinking(epochs, factor, floor)?,
            Stopping::Plateau { epochs, factor, floor, threshold, mode, cooldown } => {
                shrinking(epochs, factor, floor)?;
                if mode == Mode::Relative { RELATIVE } else { ABSOLUTE }.check(threshold)?;
                COOLDOWN.check(cooldown)?;
            }
        }
        Ok(())
    }
}

/// What the rules that shrink the learning rate have in common.
fn shrinking(epochs: u64, factor: f64, floor: f64) -> Result<(), OutOfRange> {
    STALE_EPOCHS.check(epochs)?;
    FACTOR.check(factor)?;
    FLOOR.check(floor)?;
    Ok(())
}

/// An error of another crate's options: a number out of range, whose key has no section there, or something else.
trait Problem: Display {
    fn out_of_range(&self) -> Option<&OutOfRange>;
}

impl Problem for models::Error {
    fn out_of_range(&self) -> Option<&OutOfRange> {
        if let models::Error::OutOfRange(problem) = self { Some(problem) } else { None }
    }
}

impl Problem for optim::Error {
    fn out_of_range(&self) -> Option<&OutOfRange> {
        if let optim::Error::OutOfRange(problem) = self { Some(problem) } else { None }
    }
}

/// Names the section of the recipe that a value of another crate's options lies in.
fn section(name: &str, result: Result<(), impl Problem>) -> Result<(), Error> {
    result.map_err(|problem| match problem.out_of_range() {
        Some(number) => number.clone().within(name).into(),
        None => Mismatch::Section { section: name.to_owned(), problem: problem.to_string() }.into(),
    })
}

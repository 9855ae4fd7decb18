//! Ranges of a recipe's values, checked before anything is loaded.

use super::{Average, ClassWeights, Gradients, Limits, Loss, Recipe, Size};
use crate::Error;
use crate::stopping::{Mode, Stopping};
use std::fmt::Display;

/// Largest random translation, in pixels; more would push digits out of the picture.
const LARGEST_SHIFT: usize = 8;
/// TOML integers are signed 64-bit numbers.
const LARGEST_SEED: u64 = i64::MAX as u64;

impl Recipe {
    /// Checks every value's range. The model's sizes are checked against the pictures when it is made.
    pub fn check(&self) -> Result<(), Error> {
        within("seed", self.seed, self.seed <= LARGEST_SEED, "0 to 2^63 - 1")?;
        within("epochs", self.epochs, (1..=1_000_000_000).contains(&self.epochs), "at least 1 and at most 10^9")?;
        within("learning_rate", self.learning_rate, is_positive(self.learning_rate), "above 0 and finite")?;
        within("data.divisor", self.data.divisor, is_positive(self.data.divisor), "above 0 and finite")?;
        within("data.validation", self.data.validation, self.data.validation >= 1, "at least 1")?;
        within("minibatch.size", self.minibatch.size, self.minibatch.size != Size::Count(0), "at least 1")?;
        within("minibatch.shift", self.minibatch.shift, self.minibatch.shift <= LARGEST_SHIFT, "0 to 8 pixels")?;
        within("evaluation.size", self.evaluation.size, self.evaluation.size >= 1, "at least 1")?;
        let top_k = self.evaluation.top_k;
        within("evaluation.top_k", top_k, (1..=1_000_000).contains(&top_k), "at least 1 and at most 10^6")?;
        let seconds = self.checkpoint.seconds;
        within("checkpoint.seconds", seconds, seconds.is_finite() && seconds >= 0.0, "at least 0 and finite")?;
        let keep_top = self.checkpoint.keep_top;
        within("checkpoint.keep_top", keep_top, keep_top <= 1000, "0 to 1000")?;
        self.limits.check()?;
        section("model", self.model.check())?;
        section("optimizer", self.optimizer.check())?;
        section("schedule", self.schedule.check())?;
        section("penalty", self.penalty.terms().check())?;
        self.check_decays()?;
        self.loss.check()?;
        self.gradients.check()?;
        self.average.map_or(Ok(()), |average| average.check())?;
        for group in &self.groups {
            let factor = group.learning_rate_factor;
            within(
                "groups.learning_rate_factor",
                factor,
                factor.is_finite() && factor >= 0.0,
                "at least 0 and finite",
            )?;
        }
        self.stopping.check()
    }

    /// Two ways of shrinking weights at once are mostly a slip.
    fn check_decays(&self) -> Result<(), Error> {
        let (decay, l2) = (self.optimizer.weight_decay(), self.penalty.l2);
        if decay == 0.0 || l2 == 0.0 || self.penalty.with_weight_decay {
            return Ok(());
        }
        Err(Error::Plan(format!(
            "recipe keys `optimizer.weight_decay` ({decay}; 0.01 where it is left out) and `penalty.l2` ({l2}) both shrink the \
             weights: set one of them to 0, or `penalty.with_weight_decay = true` to have both"
        )))
    }
}

impl Loss {
    /// Checks every value's range. The number of class weights is checked against the data set.
    pub fn check(&self) -> Result<(), Error> {
        let smoothing = self.label_smoothing;
        within("loss.label_smoothing", smoothing, (0.0..1.0).contains(&smoothing), "at least 0 and below 1")?;
        if let ClassWeights::Given(weights) = &self.class_weights {
            for &weight in weights {
                within("loss.class_weights", weight, is_positive(weight), "numbers above 0 and finite")?;
            }
        }
        Ok(())
    }
}

impl Gradients {
    /// Checks every value's range.
    pub fn check(&self) -> Result<(), Error> {
        within("gradients.accumulate", self.accumulate, self.accumulate >= 1, "at least 1")?;
        for (key, bound) in [("gradients.clip_value", self.clip_value), ("gradients.clip_norm", self.clip_norm)] {
            if let Some(bound) = bound {
                within(key, bound, is_positive(bound), "above 0 and finite")?;
            }
        }
        Ok(())
    }
}

impl Average {
    /// Checks every value's range.
    pub fn check(&self) -> Result<(), Error> {
        within("average.decay", self.decay, (0.0..1.0).contains(&self.decay), "at least 0 and below 1")
    }
}

impl Limits {
    /// Checks every value's range.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(iterations) = self.iterations {
            within("limits.iterations", iterations, iterations >= 1, "at least 1")?;
        }
        if let Some(minutes) = self.minutes {
            within("limits.minutes", minutes, is_positive(minutes), "above 0 and finite")?;
        }
        if let Some(error) = self.target_error {
            within("limits.target_error", error, (0.0..=1.0).contains(&error), "0 to 1; 0.008 is 0.8 %")?;
        }
        if let Some(loss) = self.target_loss {
            within("limits.target_loss", loss, loss.is_finite() && loss >= 0.0, "at least 0 and finite")?;
        }
        Ok(())
    }
}

impl Stopping {
    /// Checks every value's range.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Stopping::Never => Ok(()),
            Stopping::Patience { patience, increase, threshold } => {
                within("stopping.patience", patience, patience >= 1, "at least 1 minibatch")?;
                let increase_fits = increase.is_finite() && increase >= 1.0;
                within("stopping.increase", increase, increase_fits, "at least 1 and finite")?;
                within("stopping.threshold", threshold, threshold > 0.0 && threshold <= 1.0, "above 0 and at most 1")
            }
            Stopping::NoImprovement { epochs } => within("stopping.epochs", epochs, epochs >= 1, "at least 1"),
            Stopping::Halving { epochs, factor, floor } => shrinking(epochs, factor, floor),
            Stopping::Plateau { epochs, factor, floor, threshold, mode, .. } => {
                shrinking(epochs, factor, floor)?;
                let most = if mode == Mode::Relative { 1.0 } else { f64::INFINITY };
                let fits = (0.0..most).contains(&threshold);
                within("stopping.threshold", threshold, fits, "at least 0, and below 1 where `mode` is relative")
            }
        }
    }
}

/// Names the section of the recipe that a value of another crate's options lies in.
fn section(name: &str, result: Result<(), impl Display>) -> Result<(), Error> {
    result.map_err(|problem| Error::Plan(format!("recipe section [{name}]: {problem}")))
}

/// What the rules that shrink the learning rate have in common.
fn shrinking(epochs: u64, factor: f64, floor: f64) -> Result<(), Error> {
    within("stopping.epochs", epochs, epochs >= 1, "at least 1")?;
    within("stopping.factor", factor, factor > 0.0 && factor < 1.0, "above 0 and below 1")?;
    within("stopping.floor", floor, floor > 0.0 && floor <= 1.0, "above 0 and at most 1")
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn within(key: &'static str, value: impl Display, fits: bool, range: &'static str) -> Result<(), Error> {
    if fits { Ok(()) } else { Err(Error::RecipeRange { key, value: value.to_string(), range }) }
}

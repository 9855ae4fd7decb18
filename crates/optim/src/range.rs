//! What each number may be, in one place: checks, error messages and documentation refer to these constants.

use std::fmt;
use std::ops::Bound::{self, Excluded, Included};
use std::ops::RangeBounds;

use crate::Error;

/// An interval of finite numbers that a named option must lie in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    key: &'static str,
    low: Bound<f64>,
    high: Bound<f64>,
}

impl Range {
    const fn new(key: &'static str, low: Bound<f64>, high: Bound<f64>) -> Self {
        Range { key, low, high }
    }

    /// The option's name, as in a recipe.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Whether `value` lies inside; NaN and infinities never do.
    pub fn contains(&self, value: f64) -> bool {
        value.is_finite() && (self.low, self.high).contains(&value)
    }

    /// `value` itself, or [`Error::OutOfRange`] naming the key, the value and the interval.
    pub fn check(self, value: f64) -> Result<f64, Error> {
        if self.contains(value) { Ok(value) } else { Err(Error::OutOfRange { key: self.key, value, allowed: self }) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.low {
            Included(low) => write!(f, "[{low}, ")?,
            Excluded(low) => write!(f, "({low}, ")?,
            Bound::Unbounded => f.write_str("(-inf, ")?,
        }
        match self.high {
            Included(high) => write!(f, "{high}]"),
            Excluded(high) => write!(f, "{high})"),
            Bound::Unbounded => f.write_str("inf)"),
        }
    }
}

const INFINITY: Bound<f64> = Bound::Unbounded;

/// Base learning rate of a run: `(0, inf)`.
pub const LEARNING_RATE: Range = Range::new("learning_rate", Excluded(0.0), INFINITY);
/// Learning rate of a single step, which a warm-up or an annealing may bring down to zero: `[0, inf)`.
pub const STEP_RATE: Range = Range::new("learning rate of the step", Included(0.0), INFINITY);

/// What one parameter multiplies the rate with: `[0, inf)`.
pub const RATE_FACTOR: Range = Range::new("rate_factor", Included(0.0), INFINITY);

/// [`Penalty::l1`](crate::Penalty): `[0, inf)`.
pub const L1: Range = Range::new("l1", Included(0.0), INFINITY);
/// [`Penalty::l2`](crate::Penalty): `[0, inf)`.
pub const L2: Range = Range::new("l2", Included(0.0), INFINITY);

/// Momentum of SGD and RMSprop: `[0, 1)`.
pub const MOMENTUM: Range = Range::new("momentum", Included(0.0), Excluded(1.0));
/// Dampening of SGD: `[0, 1]`.
pub const DAMPENING: Range = Range::new("dampening", Included(0.0), Included(1.0));
/// Decay of Adam's first moment: `[0, 1)`.
pub const BETA1: Range = Range::new("beta1", Included(0.0), Excluded(1.0));
/// Decay of Adam's second moment: `[0, 1)`.
pub const BETA2: Range = Range::new("beta2", Included(0.0), Excluded(1.0));
/// Decay of RMSprop's running averages: `[0, 1)`.
pub const SMOOTHING: Range = Range::new("smoothing", Included(0.0), Excluded(1.0));
/// What is added to a denominator: `(0, inf)`. Zero would divide 0 by 0 where a gradient has been zero so far.
pub const EPSILON: Range = Range::new("epsilon", Excluded(0.0), INFINITY);
/// Decoupled weight decay of AdamW: `[0, inf)`.
pub const WEIGHT_DECAY: Range = Range::new("weight_decay", Included(0.0), INFINITY);

/// Inverse time: `[0, inf)`, per epoch.
pub const DECAY: Range = Range::new("decay", Included(0.0), INFINITY);
/// Step schedule: at least 1 epoch.
pub const EVERY: Range = Range::new("every", Included(1.0), INFINITY);
/// Step schedule: `(0, 1]`.
pub const FACTOR: Range = Range::new("factor", Excluded(0.0), Included(1.0));
/// Exponential schedule: `(0, inf)`.
pub const GROWTH: Range = Range::new("factor", Excluded(0.0), INFINITY);
/// Cosine: `[0, inf)` epochs.
pub const WARM_UP_EPOCHS: Range = Range::new("warm_up_epochs", Included(0.0), INFINITY);
/// One cycle: `[0, 1]` of all steps.
pub const WARM_UP_FRACTION: Range = Range::new("warm_up_fraction", Included(0.0), Included(1.0));
/// One cycle: `[0, 1]` of the base rate.
pub const START_FRACTION: Range = Range::new("start_fraction", Included(0.0), Included(1.0));
/// Cosine and one cycle: `[0, 1]` of the base rate.
pub const FINAL_FRACTION: Range = Range::new("final_fraction", Included(0.0), Included(1.0));

/// The bound of gradient clipping by norm: `(0, inf)`.
pub const MAX_NORM: Range = Range::new("max_norm", Excluded(0.0), INFINITY);
/// The bound of gradient clipping by value: `(0, inf)`.
pub const MAX_VALUE: Range = Range::new("max_value", Excluded(0.0), INFINITY);

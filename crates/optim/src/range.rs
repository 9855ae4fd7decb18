//! What each number may be, in one place: checks, error messages and documentation refer to these constants.
//!
//! The widest bounds are 1e-30 and 1e30: f32 reaches from 1.2e-38 to 3.4e38, so that a number of a recipe times any
//! sensible gradient, weight or pixel (up to 1e8, down to 1e-8) is still an f32, neither infinite nor rounded to 0. What
//! lies beyond is a slip of the pen.

use std::ops::Bound::{Excluded, Included};
use values::{Range, Whole};

/// The least number above 0 that means anything beside f32 arithmetic.
pub const LEAST: f64 = 1e-30;
/// The greatest number that leaves f32 arithmetic room.
pub const MOST: f64 = 1e30;

/// Base learning rate of a run: `[1e-30, 1e30]`.
pub const LEARNING_RATE: Range = Range::new("learning_rate", Included(LEAST), Included(MOST));
/// Learning rate of a single step, which a warm-up or an annealing may bring down to zero: `[0, 1e30]`.
pub const STEP_RATE: Range = Range::new("learning rate of the step", Included(0.0), Included(MOST));

/// What one parameter multiplies the rate with: `[0, 1e8]`, so that with the greatest rate an f32 comes out.
pub const LR_MULTIPLIER: Range = Range::new("lr_multiplier", Included(0.0), Included(1e8));

/// [`Penalty::l1`](crate::Penalty): `[0, 1e30]`.
pub const L1: Range = Range::new("l1", Included(0.0), Included(MOST));
/// [`Penalty::l2`](crate::Penalty): `[0, 1e30]`.
pub const L2: Range = Range::new("l2", Included(0.0), Included(MOST));

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
/// What is added to a denominator: `[1e-30, 1e30]`. What f32 takes for zero would divide 0 by 0 where a gradient has been
/// zero so far.
pub const EPSILON: Range = Range::new("epsilon", Included(LEAST), Included(MOST));
/// Decoupled weight decay of AdamW: `[0, 1e8]`; it is multiplied with the rate.
pub const WEIGHT_DECAY: Range = Range::new("weight_decay", Included(0.0), Included(1e8));

/// Inverse time: `[0, 1e9]`, per epoch.
pub const DECAY: Range = Range::new("decay", Included(0.0), Included(1e9));
/// Step schedule: 1 to 10^9 epochs, as many as a run may have.
pub const EVERY: Whole = Whole::new("every", 1, 1_000_000_000).noted(" epochs");
/// Step schedule: `(0, 1]`.
pub const FACTOR: Range = Range::new("factor", Excluded(0.0), Included(1.0));
/// Exponential schedule: `[1e-30, 1e30]`. How far a growing rate gets depends on the number of steps as well.
pub const GROWTH: Range = Range::new("factor", Included(LEAST), Included(MOST));
/// Cosine: `[0, 1e9]` epochs, as many as a run may have.
pub const WARM_UP_EPOCHS: Range = Range::new("warm_up_epochs", Included(0.0), Included(1e9));
/// One cycle: `[0, 1]` of all steps.
pub const WARM_UP_FRACTION: Range = Range::new("warm_up_fraction", Included(0.0), Included(1.0));
/// One cycle: `[0, 1]` of the base rate.
pub const START_FRACTION: Range = Range::new("start_fraction", Included(0.0), Included(1.0));
/// Cosine and one cycle: `[0, 1]` of the base rate.
pub const FINAL_FRACTION: Range = Range::new("final_fraction", Included(0.0), Included(1.0));

/// The bound of gradient clipping by norm: `[1e-30, 1e30]`.
pub const MAX_NORM: Range = Range::new("max_norm", Included(LEAST), Included(MOST));
/// The bound of gradient clipping by value: `[1e-30, 1e30]`.
pub const MAX_VALUE: Range = Range::new("max_value", Included(LEAST), Included(MOST));

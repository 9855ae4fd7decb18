//! What a call of [`fit`](crate::fit()) came to.

use crate::progress::Best;

/// Why a call of [`fit`](crate::fit()) came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// All epochs of the recipe are done.
    Epochs,
    /// The stopping rule fired.
    Rule,
    /// A limit of the recipe was reached: its key.
    Limit(&'static str),
    /// Somebody asked for it; the run can be resumed.
    Interrupt,
}

/// Which parameters a learner's model has when training came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Those of the best validation, of the averaged model where there is one. They are not those that the last minibatch left.
    Best,
    /// Those that the last minibatch left: there was no validation yet.
    Last,
}

/// What training came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Why it came back.
    pub stopped_by: StoppedBy,
    /// What the learner's model is now.
    pub holds: Holds,
    /// The best validation; `None` when it was interrupted before the first.
    pub best: Option<Best>,
    /// Minibatches trained, over all resumptions.
    pub iterations: u64,
    /// Seconds in the loop, over all resumptions.
    pub train_seconds: f64,
}

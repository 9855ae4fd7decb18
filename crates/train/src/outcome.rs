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

/// What training came to. The learner's model is the best one by then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Why it came back.
    pub stopped_by: StoppedBy,
    /// The best validation; `None` when it was interrupted before the first.
    pub best: Option<Best>,
    /// Minibatches trained, over all resumptions.
    pub iterations: u64,
    /// Seconds in the loop, over all resumptions.
    pub train_seconds: f64,
}

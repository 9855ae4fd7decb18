//! What the loop tells the world. Observers watch, write, may end training after the minibatch at hand, and may fail; nothing that
//! they answer changes what is computed.

use crate::course::StepRow;
use crate::learner::Learner;
use crate::outcome::StoppedBy;
use crate::plan::Plan;
use crate::progress::Best;
use crate::running_metrics::Sums;
use crate::stepping::Stepping;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Something that happened in [`fit`](crate::fit()).
pub enum Event<'a> {
    /// Before the first minibatch of this call.
    Started {
        /// What will be done.
        plan: &'a Plan,
        /// As it stands; its progress is not at 0 when a run is resumed.
        learner: &'a Learner,
    },
    /// After one of the first minibatches, when it is settled how steps reach the device; once more where that changes.
    Stepping(&'a Stepping),
    /// When the head of a known network has had its epochs, and everything is trained from now on.
    Thawed {
        /// What is being done.
        plan: &'a Plan,
        /// As it stands.
        learner: &'a Learner,
    },
    /// After every minibatch.
    Trained {
        /// Minibatches trained.
        iteration: u64,
        /// Learning rate of the minibatch.
        learning_rate: f64,
        /// Seconds in the loop so far, over all resumptions.
        seconds: f64,
        /// Reads the training sums since the last validation. This waits for the device: call it a few times a second
        /// at most.
        sums: &'a dyn Fn() -> Sums,
    },
    /// After every validation; best values are already kept.
    Validated {
        /// What was measured.
        row: &'a Row,
        /// Training since the validation before, a row for every few minibatches.
        steps: &'a [StepRow],
        /// Whether this is the best validation so far.
        improved: bool,
        /// What is being done.
        plan: &'a Plan,
        /// As it stands.
        learner: &'a Learner,
    },
    /// After the last minibatch of this call, before the best parameters are put back.
    Stopped {
        /// Why.
        by: StoppedBy,
        /// As it stands.
        learner: &'a Learner,
    },
}

/// One validation: a row of `metrics.csv`. It holds no times, so that a resumed run writes the same bytes as the
/// undisturbed one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Epoch that the last minibatch belongs to, from 1.
    pub epoch: u64,
    /// Minibatches trained.
    pub iteration: u64,
    /// Learning rate of the last minibatch.
    pub learning_rate: f64,
    /// Mean negative log-likelihood since the last validation, nats per sample, while the parameters were changing.
    pub train_loss: f64,
    /// Fraction of those samples misclassified.
    pub train_error: f64,
    /// L1 and L2 penalty of the parameters as they are now; apart from the loss.
    pub penalty: f64,
    /// Mean negative log-likelihood on the validation set, nats per sample.
    pub validation_loss: f64,
    /// Fraction of the validation set misclassified.
    pub validation_error: f64,
    /// Fraction of the validation set whose own class is not among the k most probable, k being `evaluation.top_k`;
    /// `None` in tables of runs that did not measure it.
    #[serde(default)]
    pub validation_top_k_error: Option<f64>,
    /// Validation error of the best model so far, by what `evaluation.watch` names; of the averaged model where there is one.
    pub best_validation_error: f64,
    /// Mean negative log-likelihood of the averaged model on the validation set; empty without `[average]`.
    #[serde(default)]
    pub averaged_validation_loss: Option<f64>,
    /// Fraction of the validation set that the averaged model misclassifies; empty without `[average]`.
    #[serde(default)]
    pub averaged_validation_error: Option<f64>,
}

impl Row {
    /// What the stopping rule and the choice of models go by: the figures of the averaged model where there is one.
    pub fn chosen(&self) -> Best {
        Best {
            iteration: self.iteration,
            error: self.averaged_validation_error.unwrap_or(self.validation_error),
            loss: self.averaged_validation_loss.unwrap_or(self.validation_loss),
        }
    }
}

/// What an observer answers: whether training continues, or an error of whatever type, which ends the run.
pub type Answer = Result<ControlFlow<()>, Box<dyn std::error::Error + Send + Sync>>;

/// Watches a training loop. A closure that takes a `&Event` and gives an [`Answer`] is one.
///
/// ```
/// use std::ops::ControlFlow::{Break, Continue};
/// use train::Event;
/// // Ends training after 1,000 minibatches; it can be resumed.
/// let mut thousand = |event: &Event| match event {
///     Event::Trained { iteration: 1_000.., .. } => Ok(Break(())),
///     _ => Ok(Continue(())),
/// };
/// # let observer: &mut dyn train::Observer = &mut thousand;
/// ```
pub trait Observer {
    /// Takes in an event. [`Break`](ControlFlow::Break) ends training after the minibatch at hand, told of
    /// [`Started`](Event::Started) before the first one, as [`StoppedBy::Interrupt`].
    ///
    /// # Errors
    /// Whatever keeps it from watching, such as a full disk. It ends the run; what was saved before stays.
    fn on(&mut self, event: &Event<'_>) -> Answer;
}

/// Nobody watches.
impl Observer for () {
    fn on(&mut self, _event: &Event<'_>) -> Answer {
        Ok(ControlFlow::Continue(()))
    }
}

impl<F: FnMut(&Event<'_>) -> Answer> Observer for F {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        self(event)
    }
}

/// Two observers, told in order; either can end training.
impl<A: Observer + ?Sized, B: Observer + ?Sized> Observer for (&mut A, &mut B) {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        let (first, second) = (self.0.on(event)?, self.1.on(event)?);
        Ok(if first.is_break() { first } else { second })
    }
}

//! A training step that can be captured: everything it reads and writes stays where it is on the device, and what changes
//! from step to step (the place in the epoch, rates, bias corrections) is fetched there by the step itself. On CUDA it becomes
//! one graph; elsewhere the same operations can be done anew each time, which is how the tests compare the two.

use crate::criterion::Criterion;
use crate::error::Error;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::stepping::EagerReason;
use crate::tally::Tally;
use crate::update::Numbers;
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::{Batches, Feed};
use torch_ext::Graph;

/// Steps whose numbers are sent to the device at once, at most; sending them waits for it.
const STRETCH: u64 = 10_000;
/// Steps done as they will be captured, but uncaptured: PyTorch's advice is three, one of which was an ordinary one.
const REHEARSALS: u32 = 2;

/// How a step that was done once is done again.
pub(crate) enum Again {
    /// As a CUDA graph, after so many more rehearsals.
    Replayed { graph: Graph, rehearsals: u32, captured: bool },
    /// Operation by operation, as it would be captured: with what the host had counted by then, which a graph does not see
    /// change.
    Anew { counted: Option<Box<Progress>> },
}

impl Again {
    pub(crate) fn on(device: Device) -> Result<Again, EagerReason> {
        let graph = Graph::new(device).map_err(|error| EagerReason::Failed(error.to_string()))?;
        Ok(Again::Replayed { graph, rehearsals: REHEARSALS, captured: false })
    }
}

/// What a step uses that belongs to the run.
pub(crate) struct Run<'r> {
    pub plan: &'r Plan,
    pub criterion: &'r Criterion,
    pub tally: &'r mut Tally,
    pub learner: &'r mut Learner,
}

/// The step, and what it reads on the device.
pub(crate) struct Captured<'a> {
    again: Again,
    feed: Feed<'a>,
    /// A row for each step of a stretch: [`Learner::numbers`], f64 `[steps, numbers]`.
    table: Tensor,
    /// The row of the next step, i64 `[1]`.
    row: Tensor,
    /// Steps that rows are left for.
    left: u64,
}

impl<'a> Captured<'a> {
    /// For minibatches like those of `batches`, on their device.
    pub(crate) fn new(plan: &Plan, learner: &Learner, batches: &Batches<'a>, again: Again) -> Result<Self, Error> {
        let device = learner.model.device();
        let rows = plan.validate_every().min(plan.steps_per_epoch()).min(STRETCH) as i64;
        let width = learner.numbers(plan, 0.0, 0)?.len() as i64;
        let make = || -> Result<[Tensor; 2], TchError> {
            Ok([Tensor::f_zeros([rows, width], (Kind::Double, device))?, Tensor::f_zeros([1], (Kind::Int64, device))?])
        };
        let [table, row] = make().map_err(failed)?;
        Ok(Captured { again, feed: batches.feed()?, table, row, left: 0 })
    }

    /// Whether the last step was a replay, as those to come will be.
    pub(crate) fn is_settled(&self) -> bool {
        !matches!(self.again, Again::Replayed { captured: false, .. })
    }

    /// Trains on the next minibatch of `batches`, a full one, and moves them on; the rate is the plan's times `factor`, which
    /// stays the same up to the next validation. Says why where the step could not be captured: nothing has happened then.
    pub(crate) fn step(
        &mut self,
        run: &mut Run<'_>,
        batches: &mut Batches<'_>,
        factor: f64,
    ) -> Result<Result<(), EagerReason>, Error> {
        if self.left == 0 {
            self.begin_stretch(run, batches, factor)?;
        }
        let Captured { again, feed, table, row, .. } = self;
        let mut body = || work(run, feed, table, row);
        match again {
            Again::Anew { counted } => {
                let now = run.learner.progress.clone();
                let then = (**counted.get_or_insert_with(|| Box::new(now.clone()))).clone();
                run.learner.progress = Progress { iteration: now.iteration, ..then }; // errors name the minibatch
                let done = work(run, feed, table, row);
                run.learner.progress = now;
                done?;
            }
            Again::Replayed { graph, rehearsals: left @ 1.., .. } => {
                graph.rehearse(&mut body)?;
                *left -= 1;
            }
            Again::Replayed { graph, captured, .. } => {
                if !*captured {
                    if let Err(error) = graph.capture(&mut body) {
                        run.learner.forget_gradients(); // they were never computed
                        return Ok(Err(EagerReason::Failed(error.to_string())));
                    }
                    *captured = true;
                }
                graph.replay()?;
            }
        }
        self.left -= 1;
        batches.pass();
        run.tally.count(run.plan.minibatch_size());
        run.learner.count_update();
        Ok(Ok(()))
    }

    /// Sends what the steps up to the next validation, or the end of the epoch, will need.
    fn begin_stretch(&mut self, run: &Run<'_>, batches: &Batches<'_>, factor: f64) -> Result<(), Error> {
        let (plan, learner) = (run.plan, &*run.learner);
        let first = learner.progress.iteration;
        let to_validation = plan.validate_every() - first % plan.validate_every();
        let steps = to_validation.min(batches.full_left() as u64).min(self.table.size()[0] as u64);
        let mut rows = Vec::new();
        self.left = 0;
        for ahead in 0..steps {
            match learner.numbers(plan, plan.learning_rate(first + ahead) * factor, ahead) {
                Ok(row) => rows.extend(row),
                Err(error) if ahead == 0 => return Err(error),
                Err(_) => break, // told when its step comes, if it does
            }
            self.left += 1;
        }
        self.feed.follow(batches)?;
        let mut send = || -> Result<(), TchError> {
            let rows = Tensor::f_from_slice(&rows)?.f_view([self.left as i64, -1])?;
            self.table.f_narrow(0, 0, self.left as i64)?.f_copy_(&rows)?;
            self.row.f_zero_().map(|_| ())
        };
        send().map_err(failed)
    }
}

/// The step itself: nothing here reads a value, and nothing depends on the host but what stays the same.
fn work(run: &mut Run<'_>, feed: &mut Feed<'_>, table: &Tensor, row: &mut Tensor) -> Result<(), Error> {
    let batch = feed.gather()?;
    let numbers = table.f_index_select(0, row).and_then(|rows| rows.f_select(0, 0)).map_err(failed)?; // [numbers]
    let _ = row.f_add_scalar_(1).map_err(failed)?;
    let Run { plan, criterion, tally, learner } = run;
    learner.learn(plan, criterion, tally, &batch, Numbers::Device(&numbers))?;
    Ok(())
}

fn failed(cause: TchError) -> Error {
    Error::Torch { action: "put a step's numbers on the device", cause }
}

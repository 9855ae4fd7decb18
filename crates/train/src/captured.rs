//! A training step that can be captured: everything it reads and writes stays where it is on the device, and what changes
//! from step to step (the place in the epoch, rates, bias corrections) is fetched there by the step itself. On CUDA it becomes
//! one graph; elsewhere the same operations can be done again each time, which is how the tests compare the two.

use crate::criterion::Criterion;
use crate::error::Error;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::running_metrics::RunningMetrics;
use crate::stepping::EagerReason;
use crate::update::StepScalars;
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::{Batches, DeviceCursor};
use torch_ext::Graph;

/// Steps whose numbers are sent to the device at once, at most; sending them waits for it.
const STRETCH: u64 = 10_000;
/// Steps done as they will be captured, but uncaptured: PyTorch's advice is three, one of which was an ordinary one.
const WARM_UPS: u32 = 2;

/// How a step that was done once is done again.
pub(crate) enum Replay {
    /// As a CUDA graph, after so many more warm_ups.
    Graph { graph: Graph, warm_ups: u32, captured: bool },
    /// Operation by operation, as it would be captured: with what the host had counted by then, which a graph does not see
    /// change.
    Eager { counted: Option<Box<Progress>> },
}

impl Replay {
    pub(crate) fn on(device: Device) -> Result<Replay, EagerReason> {
        let graph = Graph::new(device).map_err(|error| EagerReason::Failed(error.to_string()))?;
        Ok(Replay::Graph { graph, warm_ups: WARM_UPS, captured: false })
    }
}

/// What a step uses that belongs to the run.
pub(crate) struct Run<'r> {
    pub plan: &'r Plan,
    pub criterion: &'r Criterion,
    pub running: &'r mut RunningMetrics,
    pub learner: &'r mut Learner,
}

/// The step, and what it reads on the device.
pub(crate) struct Captured<'a> {
    replay: Replay,
    cursor: DeviceCursor<'a>,
    /// A row for each step of a stretch: [`Learner::step_scalars`], f64 `[steps, scalars]`.
    table: Tensor,
    /// The row of the next step, i64 `[1]`.
    row: Tensor,
    /// Steps that rows are left for.
    left: u64,
}

impl<'a> Captured<'a> {
    /// For minibatches like those of `batches`, on their device.
    pub(crate) fn new(plan: &Plan, learner: &Learner, batches: &Batches<'a>, replay: Replay) -> Result<Self, Error> {
        let device = learner.model.device();
        let rows = plan.validate_every().min(plan.steps_per_epoch()).min(STRETCH) as i64;
        let width = learner.step_scalars(plan, 0.0, 0)?.len() as i64;
        let make = || -> Result<[Tensor; 2], TchError> {
            Ok([Tensor::f_zeros([rows, width], (Kind::Double, device))?, Tensor::f_zeros([1], (Kind::Int64, device))?])
        };
        let [table, row] = make().map_err(failed)?;
        Ok(Captured { replay, cursor: batches.device_cursor()?, table, row, left: 0 })
    }

    /// Whether the last step was a replay, as those to come will be.
    pub(crate) fn is_settled(&self) -> bool {
        !matches!(self.replay, Replay::Graph { captured: false, .. })
    }

    /// Trains on the next minibatch of `batches`, a full one, and moves them on; what the
    /// stopping rule multiplies the rate with stays the same up to the next validation. Says why where the step could not be captured: nothing has happened then.
    pub(crate) fn step(
        &mut self,
        run: &mut Run<'_>,
        batches: &mut Batches<'_>,
    ) -> Result<Result<(), EagerReason>, Error> {
        if self.left == 0 {
            self.begin_stretch(run, batches)?;
        }
        let Captured { replay, cursor, table, row, .. } = self;
        let mut body = || work(run, cursor, table, row);
        match replay {
            Replay::Eager { counted } => {
                let now = run.learner.progress.clone();
                let then = (**counted.get_or_insert_with(|| Box::new(now.clone()))).clone();
                run.learner.progress = Progress { iteration: now.iteration, ..then }; // errors name the minibatch
                let done = work(run, cursor, table, row);
                run.learner.progress = now;
                done?;
            }
            Replay::Graph { graph, warm_ups: left @ 1.., .. } => {
                graph.warm_up(&mut body)?;
                *left -= 1;
            }
            Replay::Graph { graph, captured, .. } => {
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
        run.running.count(run.plan.minibatch_size());
        run.learner.count_update();
        Ok(Ok(()))
    }

    /// Sends what the steps up to the next validation, or the end of the epoch, will need.
    fn begin_stretch(&mut self, run: &Run<'_>, batches: &Batches<'_>) -> Result<(), Error> {
        let (plan, learner) = (run.plan, &*run.learner);
        let first = learner.progress.iteration;
        let to_validation = plan.validate_every() - first % plan.validate_every();
        let steps = to_validation.min(batches.full_left() as u64).min(self.table.size()[0] as u64);
        let mut rows = Vec::new();
        self.left = 0;
        for ahead in 0..steps {
            match learner.step_scalars(plan, plan.learning_rate(&learner.progress, first + ahead), ahead) {
                Ok(row) => rows.extend(row),
                Err(error) if ahead == 0 => return Err(error),
                Err(_) => break, // told when its step comes, if it does
            }
            self.left += 1;
        }
        self.cursor.follow(batches)?;
        let mut send = || -> Result<(), TchError> {
            let rows = Tensor::f_from_slice(&rows)?.f_view([self.left as i64, -1])?;
            self.table.f_narrow(0, 0, self.left as i64)?.f_copy_(&rows)?;
            self.row.f_zero_().map(|_| ())
        };
        send().map_err(failed)
    }
}

/// The step itself: nothing here reads a value, and nothing depends on the host but what stays the same.
fn work(run: &mut Run<'_>, cursor: &mut DeviceCursor<'_>, table: &Tensor, row: &mut Tensor) -> Result<(), Error> {
    let batch = cursor.next_batch()?;
    let scalars = table.f_index_select(0, row).and_then(|rows| rows.f_select(0, 0)).map_err(failed)?; // [scalars]
    let _ = row.f_add_scalar_(1).map_err(failed)?;
    let Run { plan, criterion, running, learner } = run;
    learner.learn(plan, criterion, running, &batch, StepScalars::Device(&scalars))?;
    Ok(())
}

fn failed(cause: TchError) -> Error {
    Error::torch("put a step's scalars on the device")(cause)
}

//! From a minibatch to moved parameters: forward, loss, gradient, accumulation, penalty, clipping, the update rule, the average.

use crate::accumulation::Accumulation;
use crate::criterion::Criterion;
use crate::divergence;
use crate::error::Error;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::ranks::Ranks;
use crate::recipe::{Average, Precision};
use crate::running_metrics::RunningMetrics;
use models::Model;
use optim::Penalty;
use tch::{Kind, TchError, Tensor};
use tensor_data::Batch;
use torch_ext::Group;

/// Where an update takes the numbers from that change from one to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StepScalars<'a> {
    /// Computed on the host for this learning rate.
    Host(f64),
    /// Those of [`Learner::step_scalars`], f64 `[scalars]` on the device, where a captured graph finds others each time.
    Device(&'a Tensor),
}

impl Learner {
    /// Trains on a minibatch, and says whether that completed an update. No device wait, but for f16. With numbers on the
    /// device it leaves all counts to [`count_update`](Learner::count_update), because a captured graph does not count.
    pub(crate) fn learn(
        &mut self,
        plan: &Plan,
        criterion: &Criterion,
        running: &mut RunningMetrics,
        batch: &Batch,
        scalars: StepScalars<'_>,
    ) -> Result<bool, Error> {
        let measured = criterion.forward(plan.recipe().precision, &self.model, batch)?; // its mean loss and errors
        self.check_loss(plan, &measured.loss, &batch.images)?;
        let weight = || criterion.weight(&batch.targets);
        let gradients = match plan.ranks() {
            Ranks::Alone => self.gradients(plan, &measured.loss)?, // backward, through the data loss alone
            // Of the sum, so that what batch normalisation takes of other ranks weighs as much as its own.
            Ranks::Together(group) => {
                self.gradients(plan, &(&measured.loss * weight())).map_err(|error| blame(group, error))?
            }
        };
        let mean = self.accumulate(plan, gradients, weight)?;
        let completed = mean.is_some();
        if let Some(mean) = mean {
            self.update(plan, mean, scalars)?; // penalty, clipping, step, average
        }
        running.add_figures(&measured, batch.targets.len())?;
        Ok(completed)
    }

    /// All numbers of an update that change from one to the next: those of the update that comes `ahead` updates after the
    /// next one, at `learning_rate`. The optimiser's, then what the average takes up of the parameters.
    pub(crate) fn step_scalars(&self, plan: &Plan, learning_rate: f64, ahead: u64) -> Result<Vec<f64>, Error> {
        let mut scalars = self.optimizer.step_scalars(learning_rate, ahead)?;
        scalars.extend(plan.recipe().average.map(|average| taken_up(&average, self.progress.updates + ahead)));
        Ok(scalars)
    }

    /// Counts an update made with scalars on the device.
    pub(crate) fn count_update(&mut self) {
        self.optimizer.count_step();
        self.progress.updates += 1;
    }

    /// Lets go of the gradients of the last update.
    pub(crate) fn forget_gradients(&mut self) {
        self.applied.clear();
    }

    /// The gradients of `loss`, in the order of the parameters; `None` where f16 overflowed and the minibatch is left out.
    /// Those of the update before, kept to tell what diverged, are let go first, so that backward uses their memory again.
    fn gradients(&mut self, plan: &Plan, loss: &Tensor) -> Result<Option<Vec<Tensor>>, Error> {
        self.applied.clear();
        if plan.recipe().precision != Precision::F16 {
            return Ok(Some(self.optimizer.gradients(loss)?));
        }
        let scale = &mut self.progress.loss_scale;
        let gradients = self.optimizer.gradients(&(loss * scale.factor))?;
        let overflowed = !scale.unscale(&gradients)?;
        Ok((!scale.observe(overflowed)).then_some(gradients))
    }

    /// Gathers a minibatch's gradients; gives their mean over the samples when the update is complete. `weight` is what
    /// the minibatch's mean loss was divided by. A minibatch that was left out adds nothing.
    fn accumulate(
        &mut self,
        plan: &Plan,
        gradients: Option<Vec<Tensor>>,
        weight: impl FnOnce() -> Tensor,
    ) -> Result<Option<Vec<Tensor>>, Error> {
        let is_alone = plan.ranks().is_alone();
        if is_alone && plan.recipe().gradients.accumulate == 1 {
            return Ok(gradients);
        }
        if let Some(gradients) = gradients {
            let add = if is_alone { Accumulation::add } else { Accumulation::add_sums };
            self.accumulation = Some(add(self.accumulation.take(), gradients, weight())?);
        }
        if !plan.updates_after(self.progress.iteration) {
            return Ok(None);
        }
        let Some(gathered) = self.accumulation.take() else { return Ok(None) };
        self.exchange.sum(plan.ranks(), gathered)?.mean().map(Some)
    }

    /// An error where the loss is no number; where several ranks train, all hear of it with the update, and stop together.
    fn check_loss(&mut self, plan: &Plan, loss: &Tensor, images: &Tensor) -> Result<(), Error> {
        match divergence::check_loss(plan, self, loss, images) {
            Err(Error::Diverged(diverged)) if !plan.ranks().is_alone() => {
                let _ = self.exchange.diverged.get_or_insert(diverged);
                Ok(())
            }
            checked => checked,
        }
    }

    /// Puts the gradients that all ranks have gathered for an update in rank 0's hands, which saves them: a checkpoint of all.
    pub(crate) fn settle(&mut self, plan: &Plan) -> Result<(), Error> {
        let is_settled = self.progress.iteration.checked_sub(1).is_none_or(|last| plan.updates_after(last));
        if plan.ranks().is_alone() || is_settled {
            return Ok(());
        }
        let gathered = match self.accumulation.take() {
            Some(gathered) => gathered,
            None => Accumulation::nothing(self.model.trainable().map(|it| &it.tensor))?,
        };
        let all = self.exchange.sum(plan.ranks(), gathered)?;
        self.accumulation = (plan.ranks().rank() == 0).then_some(all);
        Ok(())
    }

    /// One update along the gradients of the mean data loss, by the order that [`crate::recipe::Gradients`] tells.
    fn update(&mut self, plan: &Plan, gradients: Vec<Tensor>, scalars: StepScalars<'_>) -> Result<(), Error> {
        let recipe = plan.recipe();
        let mut penalty = recipe.penalty.terms();
        // What is clipped is the gradient of the whole loss, and a graph makes one pass for each term.
        if recipe.gradients.clips() || matches!(scalars, StepScalars::Device(_)) {
            self.optimizer.add_penalty(&penalty, &gradients)?;
            penalty = Penalty::default();
        }
        if let Some(bound) = recipe.gradients.clip_value {
            optim::clip_value(&gradients, bound)?;
        }
        if let Some(bound) = recipe.gradients.clip_norm {
            let _norm = optim::clip_norm(&gradients, bound)?;
        }
        let average = recipe.average.as_ref().zip(self.averaged.as_ref());
        match scalars {
            StepScalars::Host(learning_rate) => {
                self.optimizer.apply_penalised(&penalty, &gradients, learning_rate)?;
                if let Some((average, averaged)) = average {
                    let part = taken_up(average, self.progress.updates);
                    move_average(averaged, &self.model, |mut it, towards| it.f_lerp_(towards, part))?;
                }
            }
            StepScalars::Device(scalars) => {
                let of_the_rule = scalars.numel() as i64 - i64::from(average.is_some());
                self.optimizer.apply_step_scalars(&gradients, &scalars.narrow(0, 0, of_the_rule))?;
                if let Some((_, averaged)) = average {
                    let part = scalars.select(0, of_the_rule).to_kind(Kind::Float);
                    move_average(averaged, &self.model, |mut it, towards| it.f_lerp_tensor_(towards, &part))?;
                }
            }
        }
        self.applied = gradients;
        Ok(())
    }
}

/// What made a backward fail that computes with other ranks.
fn blame(group: &Group, error: Error) -> Error {
    match error {
        Error::Optim(optim::Error::Libtorch(cause)) => group.blame(cause).into(),
        other => other,
    }
}

/// What the average takes up of the parameters at update `t`, counted from 0: `1 - decay`.
fn taken_up(average: &Average, t: u64) -> f64 {
    1.0 - average.decay_at(t)
}

/// `average <- decay * average + (1 - decay) * parameters`, as `torch.optim.swa_utils.get_ema_multi_avg_fn` computes it
/// with `use_buffers`.
fn move_average(
    averaged: &Model,
    model: &Model,
    move_towards: impl Fn(Tensor, &Tensor) -> Result<Tensor, TchError>,
) -> Result<(), Error> {
    let _guard = tch::no_grad_guard();
    // Buffers as well, so that the averaged model normalises with statistics that belong to its weights.
    for ((_, average), (_, tensor)) in averaged.named_tensors().into_iter().zip(model.named_tensors()) {
        let moved = move_towards(average, &tensor);
        let _ = moved.map_err(Error::torch("average the parameters"))?;
    }
    Ok(())
}

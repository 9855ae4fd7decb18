//! From a minibatch's loss to moved parameters: gradient, accumulation, penalty, clipping, the update rule, the average.

use crate::accumulation::Accumulation;
use crate::recipe::Precision;
use crate::{Error, Learner, Plan};
use models::Model;
use tch::Tensor;

impl Learner {
    /// The gradients of `loss`, in the order of the parameters; `None` where f16 overflowed and the minibatch is left out.
    /// Those of the update before, kept to tell what diverged, are let go first, so that backward uses their memory again.
    pub(crate) fn gradients(&mut self, plan: &Plan, loss: &Tensor) -> Result<Option<Vec<Tensor>>, Error> {
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
    pub(crate) fn gather(
        &mut self,
        plan: &Plan,
        gradients: Option<Vec<Tensor>>,
        weight: impl FnOnce() -> Tensor,
    ) -> Result<Option<Vec<Tensor>>, Error> {
        if plan.recipe().gradients.accumulate == 1 {
            return Ok(gradients);
        }
        if let Some(gradients) = gradients {
            self.accumulation = Some(Accumulation::add(self.accumulation.take(), gradients, weight())?);
        }
        if plan.updates_after(self.progress.iteration) {
            return self.accumulation.take().map(Accumulation::mean).transpose();
        }
        Ok(None)
    }

    /// One update along the gradients of the mean data loss, by the order that [`crate::recipe::Gradients`] tells.
    pub(crate) fn update(&mut self, plan: &Plan, gradients: Vec<Tensor>, learning_rate: f64) -> Result<(), Error> {
        let recipe = plan.recipe();
        self.optimizer.add_penalty(&recipe.penalty.terms(), &gradients)?;
        if let Some(bound) = recipe.gradients.clip_value {
            optim::clip_value(&gradients, bound)?;
        }
        if let Some(bound) = recipe.gradients.clip_norm {
            let _norm = optim::clip_norm(&gradients, bound)?;
        }
        self.optimizer.apply(&gradients, learning_rate)?;
        if let (Some(average), Some(averaged)) = (&recipe.average, &self.averaged) {
            move_average(averaged, &self.model, average.decay_at(self.progress.updates))?;
        }
        self.progress.updates += 1;
        self.applied = gradients;
        Ok(())
    }
}

/// `average <- decay * average + (1 - decay) * parameters`, as `torch.optim.swa_utils.get_ema_multi_avg_fn` computes it.
fn move_average(averaged: &Model, model: &Model, decay: f64) -> Result<(), Error> {
    let _guard = tch::no_grad_guard();
    for (average, parameter) in averaged.parameters().iter().zip(model.parameters()) {
        let moved = average.tensor.shallow_clone().f_lerp_(&parameter.tensor, 1.0 - decay);
        let _ = moved.map_err(|source| Error::Torch { action: "average the parameters", source })?;
    }
    Ok(())
}

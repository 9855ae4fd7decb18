//! What a validation is: the model measured, the stopping rule asked, the best kept, a row of `metrics.csv`.

use crate::divergence;
use crate::error::Error;
use crate::evaluate::evaluate_across;
use crate::event::Row;
use crate::learner::Learner;
use crate::outcome::StoppedBy;
use crate::plan::Plan;
use crate::progress::Closing;
use crate::running_metrics::Sums;
use crate::stopping::Stopper;
use models::Model;
use tch::Tensor;
use tensor_data::Dataset;

/// A validation that the recipe asks for: the stopping rule hears of it, and the best model is kept.
pub(crate) fn regular(
    plan: &Plan,
    data: &Dataset,
    learner: &mut Learner,
    stopper: &mut Stopper,
    sums: Sums,
    learning_rate: f64,
) -> Result<Row, Error> {
    let row = measure(plan, data, learner, &sums, learning_rate)?;
    let at = row.chosen();
    if stopper.observe(row.iteration - 1, plan.recipe().evaluation.watch.choose(at.error, at.loss)) {
        learner.keep_best(at);
    }
    learner.progress.validations += 1;
    learner.progress.sums = Sums::default();
    learner.progress.stopping = stopper.memory().clone();
    Ok(with_best(row, learner))
}

/// The validation of a state that a limit ended training with, where the recipe asks for none; `None` where it is not
/// wanted. It changes nothing that training goes by: see [`Closing`].
pub(crate) fn closing(plan: &Plan, data: &Dataset, learner: &mut Learner, by: StoppedBy) -> Result<Option<Row>, Error> {
    let Some(last) = learner.progress.iteration.checked_sub(1) else { return Ok(None) };
    if !matches!(by, StoppedBy::Limit(_)) || plan.validates_after(last) {
        return Ok(None);
    }
    let learning_rate = plan.learning_rate(&learner.progress, last);
    let row = measure(plan, data, learner, &learner.progress.sums, learning_rate)?;
    let at = row.chosen();
    let watched = plan.recipe().evaluation.watch.choose(at.error, at.loss);
    let is_best = watched < learner.progress.stopping.best.unwrap_or(f64::INFINITY);
    learner.progress.closing = Some(Closing { at, is_best });
    Ok(Some(with_best(row, learner)))
}

fn with_best(row: Row, learner: &Learner) -> Row {
    Row { best_validation_error: learner.best().map_or(f64::NAN, |best| best.error), ..row }
}

/// Measures the model, and the averaged one where there is one, on the validation set; the best is not looked at.
fn measure(plan: &Plan, data: &Dataset, learner: &Learner, sums: &Sums, learning_rate: f64) -> Result<Row, Error> {
    let (recipe, iteration) = (plan.recipe(), learner.progress.iteration);
    divergence::check_state(plan, learner, sums)?;
    plan.ranks().check_same(learner)?;
    let score = |model: &Model| {
        let score = evaluate_across(plan.ranks(), model, &data.valid, &recipe.evaluation)?;
        divergence::check_score(plan, learner, model, &score, &data.valid).map(|()| score)
    };
    let own = score(&learner.model)?;
    let averaged = learner.averaged.as_ref().map(score).transpose()?;
    let decaying = learner.optimizer.parameters().filter(|it| it.decay).map(|it| it.tensor.shallow_clone());
    let decaying: Vec<Tensor> = decaying.collect();
    let penalty = tch::no_grad(|| recipe.penalty.terms().value(&decaying))?.double_value(&[]);
    Ok(Row {
        epoch: (iteration - 1) / plan.steps_per_epoch() + 1,
        iteration,
        learning_rate,
        train_loss: sums.mean_loss(),
        train_error: sums.error(),
        penalty,
        validation_loss: own.loss,
        validation_error: own.error,
        validation_top_k_error: Some(own.top_k_error),
        best_validation_error: f64::NAN,
        averaged_validation_loss: averaged.map(|score| score.loss),
        averaged_validation_error: averaged.map(|score| score.error),
    })
}

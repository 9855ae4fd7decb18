//! `train --overfit-one-batch`: can this model, with this optimiser at this learning rate, memorise one minibatch?
//! One that cannot has a mistake in its recipe or its code, and no data set will help it.
//!
//! The minibatch is taken at equal distances from the training set; augmentation, dropout, penalties, weight decay, the
//! schedule, the stopping rule and the limits are put aside. It is learned when every picture is right and the mean loss is
//! below [`BOUND`]. Exit status: 0 learned, 1 not.
//!
//! With `--json` the line has `event` `overfit` and the keys of [`Verdict`].

use crate::console::{self, duration, percent, rate};
use crate::prepared::{self, Prepared, Wanted};
use crate::signals::Signals;
use anyhow::Result;
use optim::Schedule;
use serde::Serialize;
use std::ops::ControlFlow::Continue;
use std::process::ExitCode;
use tensor_data::{Dataset, Tail};
use train::recipe::{Evaluation, Limits, Loss, Order, Penalty, Size, Watch};
use train::run_folder::Reserved;
use train::stopping::Stopping;
use train::{Answer, Event, Identity, Learner, Observer, Plan, Recipe, Row, RunFolder, StoppedBy, fit};
use xtask::cli::TrainArgs;
use xtask::words::Suggested;

/// Nats per picture: the right class has a probability of 95 %, in the geometric mean.
const BOUND: f64 = 0.05;

/// What it came to.
#[derive(Serialize)]
struct Verdict {
    event: &'static str,
    #[serde(rename = "learnt")] // programs read it by this name
    learned: bool,
    recipe: String,
    dataset: String,
    model: &'static str,
    minibatch_size: usize,
    learning_rate: f64,
    /// Steps made.
    steps: u64,
    most_steps: u64,
    /// Before the first step, mean negative log-likelihood in nats.
    first_loss: f64,
    /// The lowest, and the error there.
    loss: f64,
    error: f64,
    seconds: f64,
}

/// Trains on one minibatch, and says whether it was learned.
pub fn run(args: &TrainArgs, most_steps: u64) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let wanted = Wanted::from(args);
    let named = wanted.recipe()?;
    let place = args.out.as_deref().map(Reserved::take).transpose()?;
    let prepared = wanted.prepare(named)?;
    let identity = prepared.identity();
    let Prepared { name, recipe, device, data, note, .. } = prepared;
    let json = args.output.json;
    if let Some(note) = note {
        console::line(json, &format!("\n*** {note} ***\n"));
    }
    if let Some(warning) = prepared::uneven(&data) {
        console::line(json, &warning);
    }
    let size = recipe.minibatch.size.resolve(data.train.len());
    let recipe = without_hindrances(&recipe, size, most_steps);
    let data = Dataset {
        train: data.train.spread(size)?,
        valid: data.train.spread(size)?,
        test: data.train.spread(size)?,
        name: data.name,
        fingerprint: data.fingerprint,
    };
    let plan = Plan::new(&recipe, &data)?;
    let mut learner = Learner::new(&plan, &data, device)?;
    let first = train::evaluate(&learner.model, &data.train, &recipe.evaluation)?;
    let text = format!(
        "{name}: one minibatch of {size} from {}, learning rate {}, {} steps at most\nstep {:>7}  loss {:.4}  error {:>7}",
        data.name,
        rate(recipe.learning_rate),
        console::thousands(most_steps as f64),
        0,
        first.loss,
        percent(first.error)
    );
    console::line(json, &text);
    let identity = Identity { recipe: recipe.clone(), ..identity };
    let mut folder = place.map(|place| RunFolder::begin(place, identity)).transpose()?;
    let saving: &mut dyn Observer = match &mut folder {
        Some(folder) => folder,
        None => &mut (),
    };
    let mut told = (&mut Milestones { json, next: 1 }, &mut signals);
    let outcome = fit(&plan, &data, &mut learner, &mut (saving, &mut told))?;
    let best = outcome.best.unwrap_or(train::Best { iteration: 0, error: first.error, loss: first.loss });
    let verdict = Verdict {
        event: "overfit",
        learned: best.error == 0.0 && best.loss <= BOUND,
        recipe: name,
        dataset: data.name.clone(),
        model: recipe.model.kind(),
        minibatch_size: size,
        learning_rate: recipe.learning_rate,
        steps: outcome.iterations,
        most_steps,
        first_loss: first.loss,
        loss: best.loss,
        error: best.error,
        seconds: outcome.train_seconds,
    };
    console::line(json, &describe(&verdict));
    if json {
        console::print_json_line(&verdict)?;
    }
    Ok(match (outcome.stopped_by, verdict.learned) {
        (StoppedBy::Interrupt, false) => ExitCode::from(signals.status()),
        (_, learned) => ExitCode::from(u8::from(!learned)),
    })
}

/// The recipe with nothing in it that keeps a model from memorising one minibatch.
fn without_hindrances(recipe: &Recipe, size: usize, most_steps: u64) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.model = recipe.model.without_dropout();
    recipe.optimizer = recipe.optimizer.without_weight_decay();
    recipe.epochs = most_steps;
    recipe.minibatch.shift = 0;
    recipe.augment.clear();
    recipe.minibatch.order = Order::Stored;
    recipe.minibatch.size = Size::Count(size);
    recipe.evaluation = Evaluation { size, tail: Tail::Keep, watch: Watch::Loss, ..recipe.evaluation };
    recipe.loss = Loss::default();
    recipe.penalty = Penalty::default();
    recipe.gradients.accumulate = 1;
    recipe.average = None;
    recipe.schedule = Schedule::Constant;
    recipe.stopping = Stopping::Never;
    recipe.limits = Limits { target_error: Some(0.0), target_loss: Some(BOUND), ..Limits::default() };
    recipe
}

/// Says how it goes after 1, 2, 5, 10, 20, 50, ... steps.
struct Milestones {
    json: bool,
    next: u64,
}

impl Observer for Milestones {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        if let Event::Validated { row: Row { iteration, validation_loss, validation_error, .. }, .. } = event
            && *iteration >= self.next
        {
            self.next = following(self.next);
            let error = percent(*validation_error);
            console::line(self.json, &format!("step {iteration:>7}  loss {validation_loss:.4}  error {error:>7}"));
        }
        Ok(Continue(()))
    }
}

/// 1, 2, 5, 10, 20, 50, ...
fn following(step: u64) -> u64 {
    let leading_two = step.to_string().starts_with('2');
    if leading_two { step / 2 * 5 } else { step * 2 }
}

fn describe(verdict: &Verdict) -> String {
    let Verdict { steps, loss, error, first_loss, .. } = verdict;
    let came =
        format!("loss {first_loss:.4} to {loss:.4}, error {}, in {}", percent(*error), duration(verdict.seconds));
    if verdict.learned {
        return format!("\nmemorised after {steps} steps ({came}): model and optimiser can learn");
    }
    let advice = if *loss < 0.98 * first_loss {
        format!(
            "it does learn, but slowly: give it more steps (--overfit-one-batch={}) or a higher learning_rate",
            5 * steps
        )
    } else {
        format!(
            "the loss hardly falls: try a lower and a higher learning_rate (`{}` helps), then look at the model and at the \
             labels",
            Suggested::new("find-rate")
        )
    };
    format!("\nNOT memorised after {steps} steps ({came}): {advice}")
}

#[cfg(test)]
mod tests {
    use super::following;

    #[test]
    fn milestones_go_one_two_five_ten() {
        let steps: Vec<u64> = std::iter::successors(Some(1), |&step| Some(following(step))).take(8).collect();
        assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200]);
    }
}

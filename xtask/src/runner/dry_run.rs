//! `train --dry-run`: everything that a run would need is found, checked and tried, and nothing of it stays: a few
//! minibatches are trained and one of validation is classified, a checkpoint is written and read back in a temporary folder,
//! and what is printed says what training would take. A data set that is not there is fetched, as training would.
//!
//! With `--json` the line has `event` `dry-run` and the keys of [`Findings`].

use crate::console::{self, duration, thousands};
use crate::prepared::{Prepared, Wanted};
use crate::{device, train_command};
use anyhow::{Context, Result, ensure};
use libtorch::disk::size;
use models::{Mode, Model};
use serde::Serialize;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use tensor_data::{Dataset, Order, Split};
use train::recipe::{Evaluation, Limits};
use train::{Answer, Event, Observer, Plan, Recipe, RunFolder, fit};
use xtask::cli::TrainArgs;

/// Minibatches that are trained. The estimate goes by the fastest: the first is slower than those that follow it, and on CUDA the
/// last two alone replay a captured graph.
const TRIED: u64 = 6;

/// What a run would take. Seconds and bytes are of this machine, now.
#[derive(Serialize)]
struct Findings {
    event: &'static str,
    recipe: Recipe,
    dataset: String,
    model: &'static str,
    parameters: i64,
    device: String,
    steps_per_epoch: u64,
    epochs: u64,
    /// Minibatches after which training ends at the latest, as far as its rule knows at the start.
    last_iteration: u64,
    validate_every: u64,
    /// Of the trained minibatches, mean negative log-likelihood in nats.
    loss: f64,
    seconds_per_minibatch: f64,
    seconds_per_validation: f64,
    /// Of training with its validations, at most.
    seconds: f64,
    dataset_bytes: u64,
    parameter_bytes: u64,
    checkpoint_bytes: u64,
    /// The most memory that this process has had; absent where the system does not say.
    peak_bytes: Option<u64>,
}

/// Tries, and prints what it found.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let wanted = Wanted::from(args);
    let named = wanted.recipe()?;
    if let Some(out) = &args.out {
        RunFolder::check_free(out)?;
    }
    let prepared = wanted.prepare(named)?;
    let json = args.output.json;
    if let Some(note) = &prepared.note {
        console::line(json, &format!("\n*** {note} ***\n"));
    }
    let Prepared { name, recipe, data, learner, .. } = &prepared;
    console::line(json, &train_command::introduction(name, recipe, data, &learner.model, "nowhere: a dry run"));
    let findings = try_out(prepared)?;
    console::line(json, &describe(&findings)?);
    if json {
        console::print_json_line(&findings)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn try_out(prepared: Prepared) -> Result<Findings> {
    let Prepared { recipe, device, data, plan, mut learner, .. } = prepared;
    let place = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = place.path().join("run");
    let trial = Plan::new(&Recipe { limits: Limits::default(), ..recipe.clone() }, &data)?;
    let mut folder = RunFolder::create(&path, trial.recipe())?;
    let mut timer = Timer { ends: Vec::new(), loss: f64::NAN };
    fit(&trial, &data, &mut learner, &mut (&mut folder, &mut timer))?;
    ensure!(timer.loss.is_finite(), "the training loss is {} after {} minibatches", timer.loss, timer.ends.len());
    let (read, damaged) = folder.load(&trial, &data, device)?;
    if let Some(damaged) = damaged {
        return Err(damaged.into());
    }
    ensure!(read.progress.iteration == learner.progress.iteration, "the checkpoint that was read back is another one");
    let per_minibatch = timer.per_minibatch();
    let per_validation = validation_seconds(&learner.model, &data.valid, &recipe.evaluation)?;
    let fresh = train::Learner::new(&plan, &data, device)?;
    let last_iteration = plan.last_iteration(&fresh.progress);
    let validations = last_iteration / plan.validate_every();
    let summary = learner.model.summary();
    Ok(Findings {
        event: "dry-run",
        dataset: data.name.clone(),
        model: recipe.model.kind(),
        parameters: summary.parameters,
        device: device::name(device),
        steps_per_epoch: plan.steps_per_epoch(),
        epochs: recipe.epochs,
        last_iteration,
        validate_every: plan.validate_every(),
        loss: timer.loss,
        seconds_per_minibatch: per_minibatch,
        seconds_per_validation: per_validation,
        seconds: last_iteration as f64 * per_minibatch + validations as f64 * per_validation,
        dataset_bytes: bytes_on_device(&data),
        parameter_bytes: learner.model.parameters().iter().map(|p| bytes(&p.tensor)).sum(),
        checkpoint_bytes: bytes_in(&path.join("last"))?,
        peak_bytes: torch_ext::memory::bytes(torch_ext::memory::PEAK),
        recipe,
    })
}

/// When each minibatch was done, its computation on the device included. Ends training after enough of them: a limit
/// would bring a validation.
struct Timer {
    ends: Vec<f64>,
    loss: f64,
}

impl Observer for Timer {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        if let Event::Trained { iteration, seconds, sums, .. } = event {
            let clock = Instant::now();
            self.loss = sums().mean_loss(); // waits for the device
            self.ends.push(seconds + clock.elapsed().as_secs_f64());
            if *iteration >= TRIED {
                return Ok(Break(()));
            }
        }
        Ok(Continue(()))
    }
}

impl Timer {
    /// The shortest time between two ends: a trial this short tells how fast the machine can be, not how busy it is.
    fn per_minibatch(&self) -> f64 {
        let between = self.ends.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::min);
        between.or(self.ends.first().copied()).unwrap_or(0.0)
    }
}

/// Seconds of a validation, from one of its minibatches, which is classified twice: the first time is slower.
fn validation_seconds(model: &Model, split: &Split, how: &Evaluation) -> Result<f64> {
    let _guard = tch::no_grad_guard();
    let batch = split.batches(how.size, Order::Stored, how.tail)?.next().context("the validation set is empty")?;
    let mut seconds = 0.0;
    for _ in 0..2 {
        let clock = Instant::now();
        let loss = model.forward(&batch.images, Mode::Eval).cross_entropy_for_logits(batch.labels()).double_value(&[]);
        ensure!(loss.is_finite(), "the loss of the first validation minibatch is {loss}");
        seconds = clock.elapsed().as_secs_f64();
    }
    Ok(seconds * split.len() as f64 / batch.labels().size()[0] as f64)
}

fn bytes(tensor: &tch::Tensor) -> u64 {
    (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64
}

fn bytes_on_device(data: &Dataset) -> u64 {
    [&data.train, &data.valid, &data.test].iter().map(|split| bytes(split.images()) + bytes(split.labels())).sum()
}

fn bytes_in(folder: &Path) -> Result<u64> {
    std::fs::read_dir(folder)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
}

fn describe(found: &Findings) -> Result<String> {
    let keys: Vec<String> =
        found.recipe.settings()?.into_iter().map(|(key, value)| format!("recipe  {key} = {value}")).collect();
    let count = |number: u64| thousands(number as f64);
    let peak = found.peak_bytes.map_or(String::new(), |peak| format!(", this process {} at its peak", size(peak)));
    Ok(format!(
        "{}\n\nplan    {} of {} minibatches of {}: {} at most, validated every {}\nmemory  data set {} on {}, parameters {}, a checkpoint {}{peak}\ntried   {} (loss {:.4}), one of validation, a checkpoint written and read back\ntime    {:.1} ms a minibatch, {:.2} s a validation: {} for all of it\n\neverything works; nothing was kept of this dry run",
        keys.join("\n"),
        console::count(found.epochs as i64, "epoch"),
        count(found.steps_per_epoch),
        found.recipe.minibatch.size,
        count(found.last_iteration),
        count(found.validate_every),
        size(found.dataset_bytes),
        found.device,
        size(found.parameter_bytes),
        size(found.checkpoint_bytes),
        console::count(TRIED.min(found.last_iteration) as i64, "minibatch"),
        found.loss,
        found.seconds_per_minibatch * 1e3,
        found.seconds_per_validation,
        duration(found.seconds),
    ))
}

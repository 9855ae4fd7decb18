//! What training costs as a whole, through [`train::fit`]: ten steps, and an epoch with its validation, of softmax
//! regression, the MLP and LeNet; and what writing a checkpoint of LeNet costs.
//!
//! MNIST is read from `$MINIBATCH_DATA/mnist`. Where it is not, drawn digits take its place, and that is said: they are as
//! many and as large, but hold fewer zeros. `MINIBATCH_BENCH_DEVICE` chooses the device.
#![expect(clippy::print_stderr, reason = "a bench reports on the terminal")]
#![expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]

#[path = "../../bench_device.rs"]
mod device;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use tch::Device;
use tensor_data::{Dataset, Source, glyphs, mnist};
use train::{Event, Learner, Observer, Plan, Recipe, RunFolder, StoppedBy, fit};

/// `[model]` and minibatch size of each network.
const NETWORKS: [(&str, usize); 4] = [("softmax", 600), ("mlp", 20), ("lenet", 20), ("lenet", 500)];
/// Fewer than an epoch of any of them has, so that no validation falls into them.
const STEPS: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let (source, device) = (source()?, device::chosen()?);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for (model, size) in NETWORKS {
        let recipe = recipe(&source.name, model, size)?;
        let data = upload(&source, &recipe, device)?;
        let plan = Plan::new(&recipe, &data)?;
        let mut limited = recipe.clone();
        limited.limits.iterations = Some(STEPS);
        let few = Plan::new(&limited, &data)?;
        assert!(!(0..STEPS).any(|step| few.validates_after(step)), "{STEPS} steps of {model} hold a validation");
        let mut group = criterion.benchmark_group(device::group(&format!("{model}-{size}"), device));
        for (name, plan, steps) in [("10 steps", &few, STEPS), ("epoch and validation", &plan, plan.steps_per_epoch())]
        {
            group.throughput(Throughput::Elements(steps * size as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || Learner::new(plan, &data, device).expect("the model fits the pictures"),
                    |mut learner| {
                        train(plan, &data, &mut learner, &mut ());
                        device::finish(device);
                        learner // dropped after the clock has stopped
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
    checkpoints(&mut criterion, device)?;
    criterion.final_summary();
    Ok(())
}

fn train(plan: &Plan, data: &Dataset, learner: &mut Learner, observer: &mut dyn Observer) {
    fit(plan, data, learner, observer).expect("an epoch at this rate does not diverge");
}

/// What a run writes when it stops: LeNet, its momentum, the best model and the progress, each hashed and synced, in the
/// place of the checkpoint before. It lies beside what cargo builds, since a folder for temporary files may be memory.
fn checkpoints(criterion: &mut Criterion, device: Device) -> Result<(), Box<dyn Error>> {
    let mut recipe = recipe("glyphs", "lenet", 100)?;
    recipe.data.validation = 100;
    let source = Source::new("glyphs", glyphs::draw(300, 1)?, glyphs::draw(100, 2)?);
    let data = upload(&source, &recipe, device)?;
    let plan = Plan::new(&recipe, &data)?;
    let mut learner = Learner::new(&plan, &data, device)?;
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut folder = RunFolder::create(&place.path().join("run"), &recipe)?;
    train(&plan, &data, &mut learner, &mut folder);
    criterion.bench_function(&device::group("checkpoint of LeNet", device), |bencher| {
        let stopped = Event::Stopped { by: StoppedBy::Epochs, learner: &learner };
        bencher.iter(|| folder.on(&stopped).expect("the disk takes a checkpoint"));
    });
    Ok(())
}

fn upload(source: &Source, recipe: &Recipe, device: Device) -> Result<Dataset, tensor_data::Error> {
    let (holdout, scale) = (recipe.data.holdout(recipe.seed), 1.0 / recipe.data.divisor);
    Dataset::upload(source, holdout, scale, recipe.data.storage, device)
}

fn recipe(set: &str, model: &str, size: usize) -> Result<Recipe, train::Error> {
    let text = format!(
        "epochs = 1\nlearning_rate = 0.01\n[data]\nset = \"{set}\"\n[minibatch]\nsize = {size}\n[model]\nkind = \"{model}\"\n\
         [optimizer]\nkind = \"sgd\"\nmomentum = 0.9\n"
    );
    Recipe::parse(&text, "the bench's recipe", &[])
}

fn source() -> Result<Source, Box<dyn Error>> {
    let folder = env::var_os("MINIBATCH_DATA").map(|root| PathBuf::from(root).join("mnist"));
    match folder.as_deref().filter(|folder: &&Path| mnist::is_present(folder)) {
        Some(folder) => Ok(mnist::load(folder)?),
        None => {
            eprintln!("*** MINIBATCH_DATA names no folder with mnist/ in it: timing drawn digits instead ***");
            Ok(glyphs::load(0))
        }
    }
}

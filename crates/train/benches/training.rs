//! What training costs as a whole, through [`train::fit`]: ten steps and an epoch with its validation, of softmax
//! regression, the MLP and LeNet; and what writing a checkpoint costs.
//!
//! MNIST is read from `$MINIBATCH_DATA/mnist`. Where it is not, drawn digits take its place, and that is said: times per
//! epoch are then those of fewer pictures.
#![expect(clippy::print_stderr, reason = "a bench reports on the terminal")]

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use tch::Device;
use tensor_data::{Dataset, Source, glyphs, mnist};
use train::{Learner, Observer, Plan, Recipe, fit};

/// Name, minibatch size and `[model]` of each network.
const NETWORKS: [(&str, usize); 4] = [("softmax", 600), ("mlp", 20), ("lenet", 20), ("lenet", 500)];

fn main() -> Result<(), Box<dyn Error>> {
    let source = source()?;
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for (model, size) in NETWORKS {
        let recipe = recipe(&source.name, model, size)?;
        let holdout = recipe.data.holdout(recipe.seed);
        let scale = 1.0 / recipe.data.divisor;
        let data = Dataset::upload(&source, holdout, scale, recipe.data.storage, Device::Cpu)?;
        let mut group = criterion.benchmark_group(format!("{model}-{size}"));
        let epoch = data.train.len() / size;
        for (name, steps) in [("10 steps", 10), ("epoch and validation", epoch)] {
            let mut recipe = recipe.clone();
            recipe.limits.iterations = Some(steps as u64);
            let plan = Plan::new(&recipe, &data)?;
            group.throughput(Throughput::Elements((steps * size) as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || Learner::new(&plan, &data, Device::Cpu),
                    |learner| train(&plan, &data, learner, &mut ()),
                    criterion::BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
    checkpoints(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

#[expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]
fn train(plan: &Plan, data: &Dataset, learner: Result<Learner, train::Error>, observer: &mut dyn Observer) {
    let mut learner = learner.expect("the model was built before");
    fit(plan, data, &mut learner, &AtomicBool::new(false), observer).expect("ten steps do not diverge");
}

/// A checkpoint of LeNet's size (431,080 parameters, twice over for the best), written and synced.
fn checkpoints(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bytes = vec![1_u8; 431_080 * 4];
    let files = [("model.safetensors".to_owned(), bytes.clone()), ("best.safetensors".to_owned(), bytes)].into();
    let mut outcome = Ok(());
    criterion.bench_function("checkpoint of LeNet", |bencher| {
        bencher.iter(|| outcome = train::checkpoint::write(&folder.path().join("last"), &files));
    });
    Ok(outcome?)
}

fn recipe(set: &str, model: &str, size: usize) -> Result<Recipe, train::Error> {
    let text = format!(
        "epochs = 1\nlearning_rate = 0.01\n[data]\nset = \"{set}\"\nvalidation = 1000\n[minibatch]\nsize = {size}\n\
         [model]\nkind = \"{model}\"\n"
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

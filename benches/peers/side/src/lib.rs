//! What the sides of other libraries share: options, MNIST, initial parameters, and the loop that is timed. A library's
//! own package holds its models and its step, as `benches/pytorch/side.py` does for PyTorch.

mod mnist;
mod parameters;

pub use mnist::{Mnist, Split};
pub use parameters::Parameters;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

/// One of the three networks, whose parameters bear the names under which Minibatch saves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Model {
    Softmax,
    Mlp,
    Lenet,
}

/// Trains one model, and prints a JSON line per measure.
#[derive(Debug, Parser)]
pub struct Options {
    /// The folder with MNIST's four files
    #[arg(long)]
    pub data: PathBuf,
    #[arg(long, value_enum)]
    pub model: Model,
    /// Pictures per minibatch, in training and validation
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: u32,
    #[arg(long)]
    pub learning_rate: f64,
    #[arg(long, default_value_t = 0.0)]
    pub l1: f64,
    #[arg(long, default_value_t = 0.0)]
    pub l2: f64,
    #[arg(long, default_value_t = 1)]
    pub epochs: usize,
    /// The first so many training pictures
    #[arg(long, default_value_t = 50_000)]
    pub pictures: usize,
    /// Safetensors with the initial parameters
    #[arg(long)]
    pub initial: PathBuf,
    /// Print the loss of so many minibatches, then stop
    #[arg(long, default_value_t = 0)]
    pub losses: usize,
}

/// A model of some library with its data resident, a tensor for each minibatch.
pub trait Learner {
    /// Takes one step with this minibatch of the training pictures; gives its mean loss, nats.
    fn step(&mut self, minibatch: usize) -> Result<f32>;

    /// How many pictures of this minibatch of the validation pictures are taken for another class.
    fn wrong(&mut self, minibatch: usize) -> Result<u64>;
}

/// Lets `learner` do what the options say. `train` and `valid` are its minibatches. Loss and errors are read after every
/// minibatch: on a CPU that waits for nothing.
pub fn run(options: &Options, learner: &mut impl Learner, train: usize, valid: usize) -> Result<()> {
    if options.losses > 0 {
        for minibatch in 0..options.losses.min(train) {
            say("loss", learner.step(minibatch)?.into())?;
        }
        return Ok(());
    }
    for _ in 0..options.epochs {
        let start = Instant::now();
        let mut loss = 0.0;
        for minibatch in 0..train {
            loss += f64::from(learner.step(minibatch)?);
        }
        anyhow::ensure!(loss.is_finite(), "the loss is {loss}");
        let trained = Instant::now();
        let mut wrong = 0;
        for minibatch in 0..valid {
            wrong += learner.wrong(minibatch)?;
        }
        let validated = Instant::now();
        say("epoch", (trained - start).as_secs_f64())?;
        say("validation", (validated - trained).as_secs_f64())?;
        say("validation-error", wrong as f64 / (valid * options.batch as usize) as f64)?;
    }
    Ok(())
}

/// Prints a measure.
fn say(measure: &str, value: f64) -> Result<()> {
    let line = serde_json::json!({ "measure": measure, "value": value });
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

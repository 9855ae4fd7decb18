//! Our side of the comparisons, a process per turn: it trains through [`train::fit`], as `cargo xtask train` does, and prints
//! a JSON line per measure.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use compare::device;
use compare::work::{Precision, Training, Work};
use models::Arch;
use tch::{Cuda, Device, Kind, Tensor};
use tensor_data::catalog::MNIST;
use tensor_data::files::Folder;
use tensor_data::{Samples, Source, Tail};
use torch_ext::AdaptiveWaiting;
use torch_ext::memory;
use train::recipe::{Evaluation, Minibatch, Order, Penalty};
use train::{Answer, Event, Learner, Observer, Plan, Recipe, fit};

/// What a turn is.
#[derive(Debug, Parser)]
struct Args {
    /// What to train
    #[arg(long, value_parser = work)]
    work: Work,
    /// Folder that holds MNIST's four files
    #[arg(long, value_name = "DIR")]
    mnist: PathBuf,
    /// Passes over the training set
    #[arg(long, default_value_t = 1)]
    epochs: u64,
    /// The first so many training pictures
    #[arg(long, default_value_t = 50_000)]
    pictures: usize,
    /// Stop after so many minibatches
    #[arg(long)]
    steps: Option<u64>,
    /// Print the loss of every minibatch
    #[arg(long)]
    losses: bool,
    /// Print the resident memory after every so many minibatches
    #[arg(long, value_name = "STEPS")]
    memory: Option<u64>,
    /// Where to compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: device::Device,
    /// Measure the matrix product's peak first
    #[arg(long)]
    peak: bool,
    /// Write the initial parameters here, as safetensors
    #[arg(long, value_name = "FILE")]
    initial: Option<PathBuf>,
    /// Change one key of the recipe, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

fn work(name: &str) -> Result<Work, String> {
    Work::named(name).ok_or_else(|| format!("there is no work {name}"))
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as minibatch.size=50")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Side of the matrices whose product is the machine's peak.
const PRODUCT: i64 = 2048;

fn main() -> ExitCode {
    // As the program that users train with does.
    torch_ext::allocator::keep_memory();
    if let Ok(capability) = std::env::var("ATEN_CPU_CAPABILITY") {
        torch_ext::Isa::limit_as(&capability);
    }
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Trains, and prints what was measured.
fn run(args: &Args) -> Result<()> {
    // As `train` does, which keeps what the user has set.
    let is_set = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"].iter().any(|name| std::env::var_os(name).is_some());
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    let _adaptive = if is_set { None } else { AdaptiveWaiting::start(threads) };
    let device = match args.device {
        device::Device::Cpu => Device::Cpu,
        device::Device::Cuda(index) => {
            let count = torch_ext::cuda_devices();
            ensure!(index < count, "--device {}: libtorch can use {count} CUDA devices here", args.device);
            Device::Cuda(index)
        }
    };
    if device.is_cuda() {
        torch_ext::allow_tf32(args.work.precision() == Precision::Tf32)?;
    }
    if args.peak {
        say("peak", peak())?;
    }
    let recipe = recipe(args)?;
    let source = MNIST.load(&Folder::own(&args.mnist))?.source;
    let source = Source { train: part(&source.train, args.pictures, recipe.data.validation)?, ..source };
    let data = recipe.upload(&source, device)?;
    drop(source);
    let plan = Plan::new(&recipe, &data)?;
    let mut learner = Learner::new(&plan, &data, device)?;
    if let Some(path) = &args.initial {
        let values = learner.model.named_tensors().into_iter();
        let values: Vec<(String, Tensor)> = values.map(|(name, value)| (name, value.to_device(Device::Cpu))).collect();
        Tensor::write_safetensors(&values, path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut meter = Meter::new(args, device, plan.steps_per_epoch());
    fit(&plan, &data, &mut learner, &mut meter)?;
    say("flops", training_flops(&learner) * (plan.steps_per_epoch() * plan.minibatch_size() as u64) as f64)?;
    say("memory-peak", held(memory::PEAK)?)
}

/// The recipe of a work: everything that PyTorch's side does too, and nothing else.
fn recipe(args: &Args) -> Result<Recipe> {
    let training = args.work.training().context("this work is a run of `train`: it has no side")?;
    let Training { model, batch, learning_rate, l1, l2 } = training;
    let model = match model {
        "softmax" => Arch::Softmax,
        "mlp" => Arch::mlp(),
        "lenet" => Arch::lenet(),
        other => bail!("there is no recipe with the network {other}"),
    };
    let size = batch as usize;
    let mut recipe = Recipe::new("mnist", model, args.epochs, learning_rate);
    recipe.data.divisor = 256.0;
    recipe.minibatch = Minibatch { order: Order::Stored, ..Minibatch::shuffled(size) };
    recipe.evaluation = Evaluation { size, tail: Tail::Drop, ..Evaluation::default() };
    recipe.penalty = Penalty { l1, l2, ..Penalty::default() };
    recipe.limits.iterations = args.steps;
    if args.work.precision() == Precision::Bf16 {
        recipe.precision = train::recipe::Precision::Bf16;
    }
    Ok(recipe.with(&args.set)?)
}

/// The first `count` pictures, and the last `validation`, which the recipe holds out.
fn part(all: &Samples, count: usize, validation: usize) -> Result<Samples> {
    let size: usize = all.shape().iter().product();
    let end = all.len() - validation.min(all.len());
    let count = count.min(end);
    let pixels = [&all.pixels()[..count * size], &all.pixels()[end * size..]].concat();
    let labels = [&all.labels()[..count], &all.labels()[end..]].concat();
    Ok(Samples::new(all.shape(), all.classes(), pixels, labels)?.named(all.class_names())?)
}

/// Floating-point operations of a training step, for one picture: the pass forward once, and twice as much backward,
/// except that the first layer's input needs no gradient.
fn training_flops(learner: &Learner) -> f64 {
    let summary = learner.model.summary();
    let first = summary.rows.iter().find(|row| row.multiply_adds > 0).map_or(0, |row| 2 * row.multiply_adds);
    (3 * summary.flops() - first) as f64
}

/// GFLOP/s of an f32 matrix product: the best of ten, after three that warm up.
fn peak() -> f64 {
    let _guard = tch::no_grad_guard();
    let a = Tensor::rand([PRODUCT, PRODUCT], (Kind::Float, Device::Cpu));
    let times = (0..13).map(|_| {
        let clock = Instant::now();
        drop(a.matmul(&a));
        clock.elapsed().as_secs_f64()
    });
    2.0 * (PRODUCT as f64).powi(3) / times.skip(3).fold(f64::INFINITY, f64::min) / 1e9
}

/// Times epochs and validations as the loop tells of them.
struct Meter<'a> {
    args: &'a Args,
    device: Device,
    steps_per_epoch: u64,
    mark: Instant,
    /// Sum of the losses so far, since the last validation.
    loss: f64,
    samples: i64,
}

impl Meter<'_> {
    fn new(args: &Args, device: Device, steps_per_epoch: u64) -> Meter<'_> {
        Meter { args, device, steps_per_epoch, mark: Instant::now(), loss: 0.0, samples: 0 }
    }

    /// Seconds since the last mark, which is set again. What the device was told to do by then is done.
    fn lap(&mut self) -> f64 {
        self.finish();
        let seconds = self.mark.elapsed().as_secs_f64();
        self.mark = Instant::now();
        seconds
    }

    /// Waits for the device's queue; a CPU has none.
    fn finish(&self) {
        if let Device::Cuda(index) = self.device {
            Cuda::synchronize(index as i64);
        }
    }

    fn hear(&mut self, event: &Event<'_>) -> Result<()> {
        match event {
            Event::Started { .. } => drop(self.lap()),
            Event::Trained { iteration, sums, .. } => {
                if self.args.losses {
                    let sums = sums();
                    say("loss", (sums.loss - self.loss) / (sums.samples - self.samples) as f64)?;
                    (self.loss, self.samples) = (sums.loss, sums.samples);
                } else if self.args.steps == Some(1) {
                    say("first-minibatch", 1.0)?;
                }
                if self.args.memory.is_some_and(|every| iteration.is_multiple_of(every)) {
                    say("memory", held(memory::NOW)?)?;
                }
                if iteration.is_multiple_of(self.steps_per_epoch) {
                    let seconds = self.lap();
                    say("epoch", seconds)?;
                }
            }
            Event::Validated { .. } => {
                let seconds = self.lap();
                (self.loss, self.samples) = (0.0, 0);
                say("validation", seconds)?;
            }
            Event::Stepping(_) | Event::Thawed { .. } | Event::Stopped { .. } => {}
        }
        Ok(())
    }
}

impl Observer for Meter<'_> {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        self.hear(event)?;
        Ok(ControlFlow::Continue(()))
    }
}

/// Prints a measure.
fn say(measure: &str, value: f64) -> Result<()> {
    let line = serde_json::json!({ "measure": measure, "value": value });
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

/// A line of the process's status, such as `VmRSS:`, in bytes.
fn held(field: &str) -> Result<f64> {
    let bytes = memory::bytes(field).with_context(|| format!("this system tells no {field}"))?;
    Ok(bytes as f64)
}

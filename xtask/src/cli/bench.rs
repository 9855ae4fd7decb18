//! `bench` and the hidden `bench-side`.

use std::path::PathBuf;

use clap::Args;

use super::numbers::{BILLION, whole};
use super::{DataDirArgs, Device};
use crate::bench::work::Work;

/// `bench`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench                          all criterion benches
  cargo xtask bench -- forward               those whose name contains \"forward\"
  cargo xtask bench --keep                   the figures go to benches/results/ and docs/performance.md
  cargo xtask bench -- --save-baseline before
  cargo xtask bench --versus --threads 2     against PyTorch, alternating; some 40 minutes
  cargo xtask bench --versus --quick --work softmax-600
  cargo xtask bench --versus --peers         burn and candle too; some 10 minutes more
  cargo xtask bench --versus --device cuda   on the first GPU, against PyTorch there
  cargo xtask bench --scaling                time and memory as work grows
  cargo xtask bench --render                 docs/performance.md anew from benches/results/")]
pub struct BenchArgs {
    /// Alternate with PyTorch 2.11.0 and write the table of docs/performance.md
    #[arg(long, conflicts_with_all = ["scaling", "render"])]
    pub versus: bool,
    /// Time and memory against batch, data set, threads and width, and over 10,000 steps
    #[arg(long, conflicts_with = "render")]
    pub scaling: bool,
    /// Write tables and charts anew from the newest results, measuring nothing
    #[arg(long)]
    pub render: bool,
    /// Keep what the criterion benches measured in benches/results/ and write it into docs/performance.md
    #[arg(long, conflicts_with_all = ["versus", "scaling", "render", "quick"])]
    pub keep: bool,
    /// Tiny amounts of work: shows that everything runs; the figures are printed and not kept
    #[arg(long)]
    pub quick: bool,
    /// Where all sides compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu", requires = "versus", conflicts_with_all = ["scaling", "render"])]
    pub device: Device,
    /// Other Rust libraries (burn, candle) take turns as well; they are built first. CPU only
    #[arg(long, requires = "versus", conflicts_with_all = ["scaling", "render"])]
    pub peers: bool,
    /// Threads of every side, and of the criterion benches
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = whole::<u32>(1, 1024))]
    pub threads: u32,
    /// Only these works; may be given several times
    #[arg(long, value_enum, value_name = "NAME", requires = "versus")]
    pub work: Vec<Work>,
    /// Times that all sides take their turn
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = whole::<u32>(1, 1000))]
    pub repetitions: u32,
    /// A Python that has what benches/pytorch/requirements.txt names; without it one is set up in the cache
    #[arg(long, value_name = "PATH", requires = "versus")]
    pub python: Option<PathBuf>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Passed on to criterion: a filter, --save-baseline NAME, --baseline NAME, ...
    #[arg(last = true, value_name = "CRITERION ARGS", conflicts_with_all = ["versus", "scaling", "render"])]
    pub criterion: Vec<String>,
}

impl BenchArgs {
    /// Whether criterion's benches are meant, which cargo runs, rather than what the runner does.
    pub fn is_criterion(&self) -> bool {
        !(self.versus || self.scaling || self.render)
    }
}

/// `bench-side`: our side, one process per turn; prints a JSON line per measure.
#[derive(Debug, Args)]
pub struct BenchSideArgs {
    /// What to train
    #[arg(long, value_enum)]
    pub work: Work,
    /// Passes over the training set
    #[arg(long, default_value_t = 1, value_parser = whole::<u64>(1, BILLION))]
    pub epochs: u64,
    /// The first so many training pictures
    #[arg(long, default_value_t = 50_000, value_parser = whole::<u64>(1, 50_000))]
    pub pictures: u64,
    /// Stop after so many minibatches
    #[arg(long, value_parser = whole::<u64>(1, BILLION))]
    pub steps: Option<u64>,
    /// Print the loss of every minibatch
    #[arg(long)]
    pub losses: bool,
    /// Print the resident memory after every so many minibatches
    #[arg(long, value_name = "STEPS")]
    pub memory: Option<u64>,
    /// Where to compute
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: Device,
    /// Measure the matrix product's peak first
    #[arg(long)]
    pub peak: bool,
    /// Write the initial parameters here, as safetensors
    #[arg(long)]
    pub initial: Option<PathBuf>,
    /// Change one key of the recipe, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<super::Setting>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
}

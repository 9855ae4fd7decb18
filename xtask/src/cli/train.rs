//! The commands that train: a run, and the search for a learning rate.

use std::ops::Bound::{Excluded, Included};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args};
use values::Range;

use super::numbers::{BILLION, fraction, rate, whole};
use super::{DataDirArgs, DeviceArgs, OutputArgs, Setting};

/// A new run or an old one.
pub(super) const USAGE: &str = "\
cargo xtask train [OPTIONS] <RECIPE>
       cargo xtask train [OPTIONS] --resume <RUN>";

/// `train`
#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
#[command(after_help = "\
Examples:
  cargo xtask train lenet
  cargo xtask train tutorial-softmax --device cpu --seed 1
  cargo xtask train my-recipe.toml --set learning_rate=0.05 --out runs/faster
  cargo xtask train --resume runs/lenet-20260131-120000 --epochs 40
  cargo xtask train photos/ --skip-bad                 a folder for each class; see look
  cargo xtask train lenet --tensorboard --set checkpoint.keep_top=3
  cargo xtask train photos/ --folds 5                  every picture tested once: mean, spread, pooled accuracy
  cargo xtask train lenet --ranks 2                    two processes; torchrun, srun and mpirun start more
  cargo xtask train my-recipe.toml --dry-run           check everything, write nothing
  cargo xtask train my-recipe.toml --overfit-one-batch can it learn at all?
  cargo xtask train lenet --json | tail -n 1           the result alone

With --json every line of standard output is a JSON object, and what a person reads goes to standard error. The key
`event` says what happened: `started`, `trained` (at most four a second; it waits for the device), `validated` (a row of
metrics.csv), `saved` (`folder` inside the run's), `stopped`, and in the last line `summary`, with the keys of
summary.json and `run`, or `error` with `message` and `status`. Numbers that are not finite are null. A wrong command
line ends with status 2 before there is any line. With --folds there is a `summary` for each fold, and the last line is
`folds`, with the keys of table.json and `run`. The modes --dry-run and --overfit-one-batch print one such line,
`dry-run` and `overfit`.")]
pub struct TrainArgs {
    /// Name of a recipe in recipes/, path to a TOML file, or pictures of your own: a folder of class folders, a CSV table,
    /// arrays; with --resume only the run's own
    #[arg(required_unless_present = "resume")]
    pub recipe: Option<String>,
    /// Data set to train on, in place of the recipe's; it is an error if it cannot be had
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub dataset: Option<String>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Seed of all randomness, in place of the recipe's
    #[arg(long, value_name = "N", conflicts_with = "resume", value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: Option<u64>,
    /// Upper limit of epochs, in place of the recipe's
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, BILLION))]
    pub epochs: Option<u64>,
    /// Weights to start from, in place of the recipe's: a file, or a name that `weights` lists
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub weights: Option<String>,
    /// Folder of the run (default: runs/RECIPE-YYYYMMDD-HHMMSS); an existing run is never overwritten
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Continue with the run that is in --out, where there is one: for launchers that start the same command line again
    #[arg(long, requires = "out", conflicts_with_all = ["resume", "folds", "dry_run", "overfit_one_batch"])]
    pub or_resume: bool,
    /// Continue with a run or a set of folds that was stopped, in its own folder
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Change one key of the recipe, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub set: Vec<Setting>,
    /// Train without picture files that cannot be read, which otherwise end the run before it begins (pictures.skip_bad)
    #[arg(long, conflicts_with = "resume")]
    pub skip_bad: bool,
    /// Leave the test set alone, for a run that is one of many to choose from; --resume RUN looks at it through the one chosen
    #[arg(long, conflicts_with_all = ["folds", "dry_run", "overfit_one_batch"])]
    pub no_test: bool,
    /// Write event files for TensorBoard into RUN/tensorboard/; a run that has them keeps them up when it is resumed
    #[arg(long)]
    pub tensorboard: bool,
    /// Train K models, so that every picture is tested once by one that has not seen it: mean, spread and pooled accuracy, and one
    /// report over the K runs; --resume SET continues
    #[arg(long, value_name = "K", value_parser = whole::<u32>(2, 100),
          conflicts_with_all = ["resume", "dry_run", "overfit_one_batch", "watch"])]
    pub folds: Option<u32>,
    /// Train with N processes on this machine, each on its share of every minibatch: the same figures, whatever N is. Under torchrun,
    /// srun or mpirun leave it out
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, 1024),
          conflicts_with_all = ["folds", "dry_run", "overfit_one_batch"])]
    pub ranks: Option<usize>,
    /// Seconds that ranks wait for one another before training
    #[arg(long, value_name = "S", default_value_t = 300, value_parser = whole::<u64>(1, 1_000_000))]
    pub meet_timeout: u64,
    /// Seconds that a rank waits for the others while it trains: longer than the slowest save
    #[arg(long, value_name = "S", default_value_t = 600, value_parser = whole::<u64>(1, 1_000_000))]
    pub rank_timeout: u64,
    /// Check everything, train and validate a few minibatches, say what training would take, and leave nothing behind
    #[arg(long, conflicts_with_all = ["resume", "overfit_one_batch", "watch", "tensorboard"])]
    pub dry_run: bool,
    /// Train on one minibatch until it is memorised, to see whether model and optimiser can learn (STEPS at most,
    /// default 2000)
    #[arg(long, value_name = "STEPS", num_args = 0..=1, require_equals = true, default_missing_value = "2000",
          conflicts_with_all = ["resume", "epochs", "watch", "tensorboard"])]
    pub overfit_one_batch: Option<OverfitSteps>,
    /// Serve a page that shows how training goes, on this machine alone (127.0.0.1), until training ends
    #[arg(long)]
    pub watch: bool,
    /// Print a second address of that page, with a secret, at which it can end training after the epoch at hand
    #[arg(long, requires = "watch")]
    pub watch_stop: bool,
    /// Port of that page; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0, requires = "watch", value_parser = whole::<u16>(0, 65_535))]
    pub port: u16,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Steps on one minibatch, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverfitSteps(pub u64);

impl FromStr for OverfitSteps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        whole(1, 1_000_000)(text).map(OverfitSteps)
    }
}

/// What a finder measures: a recipe, its pictures, and where.
#[derive(Debug, Args)]
pub struct FindArgs {
    /// Name of a recipe in recipes/, path to a TOML file, or a folder of pictures
    pub recipe: String,
    /// Data set to train on, in place of the recipe's; it is an error if it cannot be had
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Change one key of the recipe, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub set: Vec<Setting>,
}

/// `find-rate`
#[derive(Debug, Args)]
#[command(after_help = "\
The learning rate grows from --from to --to by the same factor after every minibatch, while the recipe's model is trained
with everything else as the recipe says (Smith 2017, \"Cyclical learning rates for training neural networks\"). The losses
of the minibatches are smoothed by an exponential moving average with its bias corrected. The sweep ends where the
smoothed loss exceeds four times its lowest value, or is no number. Two rates are suggested: that of the steepest descent,
where the loss falls fastest per decade of the rate, and a tenth of the rate of the lowest loss. Take the lower of the two
where training is unstable; with a one-cycle schedule, which begins far below its highest rate, the higher will do.

Examples:
  cargo xtask find-rate lenet
  cargo xtask find-rate mlp --set optimizer.kind=adam --from 1e-7 --to 1 --steps 500 --out rates
  cargo xtask find-rate softmax --json")]
pub struct FindRateArgs {
    /// What is measured.
    #[command(flatten)]
    pub find: FindArgs,
    /// Seed of all randomness, in place of the recipe's
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: Option<u64>,
    /// Lowest learning rate
    #[arg(long, value_name = "RATE", default_value = "1e-6", value_parser = rate)]
    pub from: f64,
    /// Highest learning rate
    #[arg(long, value_name = "RATE", default_value = "10", value_parser = rate)]
    pub to: f64,
    /// Minibatches from the lowest to the highest
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = whole::<u64>(10, 1_000_000))]
    pub steps: u64,
    /// How much of the moving average of the loss is kept at each minibatch
    #[arg(long, value_name = "B", default_value = "0.9", value_parser = fraction)]
    pub smoothing: f64,
    /// Folder that gets rates.csv, rates.svg and rates.json (default: runs/find-rate/RECIPE)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `find-batch`
#[derive(Debug, Args)]
#[command(after_help = "\
Each size is twice the one before, from --from to all training pictures, to memory's end or to --max-seconds a
minibatch. Each is trained for about a second in each of three rounds, with everything else as the recipe says; the
table has the median and the lowest and highest round. In the machine's memory a size is not tried that would need more
than is free, going by the two before it; a GPU says itself that its memory is out.

The fastest size is seldom the best: fewer, larger steps learn less from an epoch. The smallest that trains at least
80 % as fast is named as well, and the command that finds its learning rate.

Examples:
  cargo xtask find-batch lenet
  cargo xtask find-batch photos/ --to 256
  cargo xtask find-batch resnet20 --set precision=bf16 --device cuda --json")]
pub struct FindBatchArgs {
    /// What is measured.
    #[command(flatten)]
    pub find: FindArgs,
    /// The smallest size
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = whole::<usize>(1, 1_000_000))]
    pub from: usize,
    /// The largest size (default: all training pictures)
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, 1_000_000_000))]
    pub to: Option<usize>,
    /// Try no size whose minibatch would take longer
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub max_seconds: f64,
    /// Folder that gets batches.csv, batches.svg and batches.json (default: runs/find-batch/RECIPE)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    Range::new("", Excluded(0.0), Included(1e6)).parse(text)
}

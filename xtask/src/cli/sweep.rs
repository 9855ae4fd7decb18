//! The command that searches for good settings.

use std::ops::Bound::{Excluded, Included};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, Subcommand, ValueEnum};
use values::Range;

use super::numbers::{BILLION, whole};
use super::{DataDirArgs, DeviceArgs, OutputArgs, Setting};

/// A new sweep or an old one.
pub(super) const USAGE: &str = "\
cargo xtask sweep [OPTIONS] <RECIPE> --grid <KEY=VALUES>
       cargo xtask sweep [OPTIONS] --resume <FOLDER>
       cargo xtask sweep collect [OPTIONS] <FOLDER>";

/// `sweep`
#[derive(Debug, Args)]
#[command(override_usage = USAGE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Values of a grid: `50,100,200`, `1e-3..1e0:log7` (7 values, each the same multiple of the one before), `0..0.9:lin4` (4 at
equal distances). Ranges to draw from: `log(1e-6,1e-2)`, `lin(0,0.5)`. Keys that hold whole numbers get whole numbers. A
[sweep] table in the recipe's file says the same: strategy, trials, seeds, minutes, [sweep.grid], [sweep.random],
[sweep.halving].

Trials are compared by their validation error (or loss, where evaluation.watch says so), by the mean over their seeds; the
test set is looked at once, for the winner. Each run has a folder of its own. A sweep that was stopped or killed continues
with --resume, and several processes may work on one folder, each started with --resume.

Examples:
  cargo xtask sweep mlp --grid learning_rate=1e-3..1e0:log7
  cargo xtask sweep mlp --grid learning_rate=1e-3..1e0:log4 --strategy zoom --trials 12
  cargo xtask sweep mlp --grid model.hidden=50,100,200,500,1000 --seeds 3
  cargo xtask sweep mlp --random learning_rate='log(1e-3,1)' --random penalty.l2='log(1e-6,1e-2)' --strategy tpe --trials 40
  cargo xtask sweep lenet --random learning_rate='log(1e-3,1)' --trials 60 --halving 1 --max-minutes 30
  cargo xtask sweep mlp --grid model.hidden=50,100,200 --jobs auto
  cargo xtask sweep --resume runs/sweep-mlp-20260131-120000
  cargo xtask sweep mlp --grid learning_rate=1e-3..1e0:log7 --out runs/rates --commands | parallel -j 4
  cargo xtask sweep mlp --grid learning_rate=1e-3..1e0:log7 --out runs/rates --slurm
  cargo xtask sweep --resume runs/rates
  cargo xtask sweep collect runs

With --json every line of standard output is a JSON object: `begun`, `validated` and `ended` for each run, and in the last
line `sweep` with the keys of result.json, `folder` and `stopped` (done, others, interrupted or minutes).")]
pub struct SweepArgs {
    /// What else can be done.
    #[command(subcommand)]
    pub action: Option<SweepAction>,
    /// Name of a recipe in recipes/, path to a TOML file, or a folder of pictures
    #[arg(required_unless_present = "resume")]
    pub recipe: Option<String>,
    /// Values of one key; several such keys are combined
    #[arg(long, value_name = "KEY=VALUES", action = ArgAction::Append, conflicts_with = "resume")]
    pub grid: Vec<Setting>,
    /// A range of one key, to draw from
    #[arg(long, value_name = "KEY=RANGE", action = ArgAction::Append, conflicts_with = "resume")]
    pub random: Vec<Setting>,
    /// What is tried next (default: grid, or random where a key is drawn)
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub strategy: Option<SweepStrategy>,
    /// Settings to try at most (default: all of a grid); with --resume more than before
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, 1_000_000))]
    pub trials: Option<u64>,
    /// Runs of each trial: the recipe's seed, the next, and so on
    #[arg(long, value_name = "K", conflicts_with = "resume", value_parser = whole::<u64>(1, 1000))]
    pub seeds: Option<u64>,
    /// Stop training after so many minutes of this call; what was not finished continues with --resume
    #[arg(long, value_name = "M", value_parser = minutes)]
    pub max_minutes: Option<f64>,
    /// Stop poor trials early: from so many epochs on, and at each multiple by the factor, the best part continues
    #[arg(long, value_name = "EPOCHS", conflicts_with = "resume", value_parser = whole::<u64>(1, BILLION))]
    pub halving: Option<u64>,
    /// One of so many continues
    #[arg(long, value_name = "N", requires = "halving", value_parser = whole::<u64>(2, 100))]
    pub halving_factor: Option<u64>,
    /// Data set to train on, in place of the recipe's; it is an error if it cannot be had
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub dataset: Option<String>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Seed of the first run of each trial and of the strategy, in place of the recipe's
    #[arg(long, value_name = "N", conflicts_with = "resume", value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: Option<u64>,
    /// Upper limit of epochs, in place of the recipe's
    #[arg(long, value_name = "N", conflicts_with = "resume", value_parser = whole::<u64>(1, BILLION))]
    pub epochs: Option<u64>,
    /// Change one key of the recipe for all trials, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append, conflicts_with = "resume")]
    pub set: Vec<Setting>,
    /// Folder of the sweep (default: runs/sweep-RECIPE-YYYYMMDD-HHMMSS)
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Continue with a sweep, or help another process with it
    #[arg(long, value_name = "FOLDER", conflicts_with = "recipe")]
    pub resume: Option<PathBuf>,
    /// Print a command for each trial instead of training, for GNU parallel, xargs or a cluster (strategies grid and random)
    #[arg(long, conflicts_with_all = ["json", "trial"])]
    pub commands: bool,
    /// Write a job array for Slurm, with a task for each trial, instead of training (strategies grid and random)
    #[arg(long, conflicts_with_all = ["json", "trial", "commands"])]
    pub slurm: bool,
    /// Processes that train at the same time, each with its share of the threads and a copy of the data: a number, or auto for one a
    /// thread as far as memory goes (default 1)
    #[arg(long, value_name = "N", conflicts_with_all = ["commands", "slurm", "trial", "helper"])]
    pub jobs: Option<Jobs>,
    /// Stop when standard input ends
    #[arg(long, hide = true, requires = "resume")]
    pub helper: bool,
    /// Train this trial alone; --resume without it puts the winner to the test when all have ended
    #[arg(long, value_name = "N", requires = "resume", value_parser = whole::<u64>(1, 1_000_000))]
    pub trial: Option<u64>,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What is done with runs that no sweep has trained.
#[derive(Debug, Subcommand)]
pub enum SweepAction {
    /// Compare finished runs below a folder as the trials of a sweep: table, report, the winner's recipe
    Collect(CollectArgs),
}

/// `sweep collect`
#[derive(Debug, Args)]
#[command(after_help = "\
The keys of the recipes that differ are what was tried; runs that differ in the seed alone are one
trial. Nothing is trained and the test set is not looked at: a winner's test figures are those that
its own run has.

Writes sweep.csv, report.html, optuna.jsonl, result.json and winner.toml into the folder. With
--json standard output has one line, with the keys of result.json, `folder` and `notes`.")]
pub struct CollectArgs {
    /// Folder that holds the folders of runs, at any depth
    pub folder: PathBuf,
    /// Leave out runs on other data sets
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How many processes train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// As many as there are threads and memory for.
    Auto,
    /// So many.
    Count(usize),
}

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Jobs::Auto);
        }
        whole(1, 1000)(text).map(Jobs::Count).map_err(|problem| format!("{problem}, or auto"))
    }
}

/// How the space is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SweepStrategy {
    /// Every combination of the grid's values
    Grid,
    /// Combinations drawn at random
    Random,
    /// The grid, then narrower grids around the lowest validation error
    Zoom,
    /// What a model of the good and the poor trials favours (tree-structured Parzen estimator)
    Tpe,
}

fn minutes(text: &str) -> Result<f64, String> {
    Range::new("", Excluded(0.0), Included(1e9)).parse(text)
}

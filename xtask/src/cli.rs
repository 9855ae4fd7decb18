//! The command line, declared once: the launcher checks all of it before libtorch is there, and the runner, which
//! gets the same arguments, reads it a second time. Types here are checked values; nothing downstream parses text.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::places;

mod clean;
mod explain;
mod export;
mod look;
mod numbers;
mod pictures;
mod report;
mod sweep;
mod train;
mod watch;
mod weights;

pub use clean::CleanArgs;
pub use explain::{DreamArgs, ExplainArgs, Method};
pub use export::{ExportArgs, PixelType};
pub use look::LookArgs;
pub use pictures::{AugmentArgs, ConvolveArgs, FeaturesArgs, FiltersArgs, Invert, PredictArgs};
pub use report::{Format, ReportArgs};
pub use sweep::{CollectArgs, Jobs, SweepAction, SweepArgs, SweepStrategy};
pub use train::{FindArgs, FindBatchArgs, FindRateArgs, OverfitSteps, TrainArgs};
pub use watch::WatchArgs;
pub use weights::WeightsArgs;

/// What is typed in a clone.
const NAME: &str = "cargo xtask";

const EXAMPLES: &str = "\
Examples:
  cargo xtask train lenet                     train LeNet; fetches libtorch and MNIST if need be
  cargo xtask train mlp --set epochs=50       a recipe with one key changed
  cargo xtask eval runs/lenet-20260131-120000 error of a saved model on the test set
  cargo xtask doctor                          what was found on this machine, how to mend what is missing

Exit status: 0 done, 1 failed, 2 wrong usage or recipe, 130 or 143 stopped by a signal after saving.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = NAME, bin_name = NAME, version, max_term_width = 110, after_help = EXAMPLES)]
#[command(about = "Minibatch: train image classifiers on libtorch", subcommand_required = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find or fetch libtorch (other commands do this by themselves when needed)
    Setup(SetupArgs),
    /// Say what was found on this machine and how to mend what is missing
    Doctor(DoctorArgs),
    /// List the data sets, or fetch and verify one
    Data(DataArgs),
    /// Say what a folder of pictures holds; changes nothing
    Look(LookArgs),
    /// List the networks that recipes can name, with parameters and multiply-adds
    Models,
    /// List the published weights that are known by name, or fetch some
    Weights(WeightsArgs),
    /// Train a model as a recipe says
    Train(TrainArgs),
    /// Find labels that are probably wrong; moves files only when told to
    Clean(CleanArgs),
    /// Find a good learning rate for a recipe, and draw how the loss answers to it
    FindRate(FindRateArgs),
    /// Draw what the augmentation of a recipe makes of pictures
    Augment(AugmentArgs),
    /// Find the fastest minibatch size of a recipe on this machine, and the largest that fits
    FindBatch(FindBatchArgs),
    /// Train a recipe with many settings and find the best
    Sweep(SweepArgs),
    /// Error of a saved model on one split of its data set
    Eval(EvalArgs),
    /// Classes and probabilities of pictures
    Predict(PredictArgs),
    /// Write a saved model for other programs: ONNX, TorchScript, safetensors
    Export(ExportArgs),
    /// Draw what a saved model has learned to look for
    Filters(FiltersArgs),
    /// Draw what each layer of a saved model makes of a picture
    Features(FeaturesArgs),
    /// Draw which parts of a picture made a saved model answer as it did
    Explain(ExplainArgs),
    /// Draw the pictures that the units of a saved model respond to most
    Dream(DreamArgs),
    /// Show convolution and pooling on a picture
    Convolve(ConvolveArgs),
    /// Write an HTML page that shows a run, or several side by side
    Report(ReportArgs),
    /// Serve a page that follows the runs of some folders while they train
    Watch(WatchArgs),
    /// Run the criterion benches, or compare with PyTorch
    Bench(BenchArgs),
    /// Put the program `minibatch` on the PATH, for use from any folder and without this clone
    Install(InstallArgs),
    /// Run everything that continuous integration runs
    Test,
    /// Print what libtorch says of itself (asked by `doctor`)
    #[command(hide = true)]
    Probe(ProbeArgs),
}

impl Command {
    /// The name of a command that builds something, and so needs the clone.
    pub fn of_the_clone(&self) -> Option<&'static str> {
        match self {
            Command::Bench(_) => Some("bench"),
            Command::Install(_) => Some("install"),
            Command::Test => Some("test"),
            _ => None,
        }
    }
}

/// This process's command line, under the name that the user typed. Ends the process where it is wrong or asks for help.
pub fn parse() -> Cli {
    let matches = named(Cli::command(), places::program()).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The same command line for a program of another name, in usage and examples as well.
pub fn named(command: clap::Command, program: &'static str) -> clap::Command {
    if program == NAME {
        return command;
    }
    let examples = |command: clap::Command| match command.get_after_help().map(|text| text.to_string()) {
        Some(text) => command.after_help(text.replace(NAME, program)),
        None => command,
    };
    let command = command
        .mut_subcommands(examples)
        .mut_subcommand("train", |train| train.override_usage(train::USAGE.replace(NAME, program)))
        .mut_subcommand("sweep", |sweep| sweep.override_usage(sweep::USAGE.replace(NAME, program)));
    examples(command).name(program).bin_name(program)
}

/// `install`
#[derive(Debug, Args)]
#[command(after_help = "\
Installs ROOT/bin/minibatch and ROOT/lib/minibatch. The program finds or fetches libtorch as this one does, has the recipes
built in, and puts runs into runs/ of the folder that it is called from. To remove it, delete both.

Examples:
  cargo xtask install
  cargo xtask install --root ~/.local")]
pub struct InstallArgs {
    /// Folder to install into (default: cargo's, $CARGO_INSTALL_ROOT, $CARGO_HOME or ~/.cargo)
    #[arg(long, value_name = "ROOT")]
    pub root: Option<PathBuf>,
}

/// `bench`: what follows is read by the program `compare`, which also answers `--help`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct BenchArgs {
    /// Words of the comparison; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    pub words: Vec<OsString>,
}

/// Machine-readable output; shared by every command that prints figures.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputArgs {
    /// Print the result as JSON, alone on standard output
    #[arg(long)]
    pub json: bool,
}

/// Where data sets are looked for; shared by every command that reads one.
#[derive(Clone, Debug, Args)]
pub struct DataDirArgs {
    /// Folder that holds data sets, each as DIR/NAME/, or a data set's own folder; then no other is looked into, and
    /// nothing is fetched (default: where a saved run's pictures lay, $MINIBATCH_DATA, then data/)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Where tensors live; shared by every command that computes.
#[derive(Clone, Copy, Debug, Args)]
pub struct DeviceArgs {
    /// auto (the first GPU if there is one), cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: Device,
}

/// `setup`
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at LIBTORCH, LIBTORCH_USE_PYTORCH, a Python on the PATH that has torch 2.11.0, the per-user cache, and then
fetches it through pip. The folder chosen is linked as .libtorch in the workspace, which plain cargo commands use.

Examples:
  cargo xtask setup
  cargo xtask setup --cpu --force                   fetch the CPU parts again
  export LIBTORCH=\"$(cargo xtask setup --print)\"    for a program outside this workspace")]
pub struct SetupArgs {
    /// Only the parts that a CPU needs, even where there is an NVIDIA GPU
    #[arg(long, conflicts_with = "cuda")]
    pub cpu: bool,
    /// All of libtorch with its CUDA libraries, even where no NVIDIA driver is seen
    #[arg(long)]
    pub cuda: bool,
    /// Fetch again, whatever is there already
    #[arg(long)]
    pub force: bool,
    /// Print libtorch's folder, alone on standard output
    #[arg(long)]
    pub print: bool,
}

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = "Exits 0 if training can work here, 1 if not.")]
pub struct DoctorArgs {
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `data`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask data                       list the data sets and where they were found
  cargo xtask data mnist                 fetch MNIST into data/mnist and verify it
  cargo xtask data fashion-mnist --out /big/fashion-mnist")]
pub struct DataArgs {
    /// Data set to fetch and verify; without it all are listed
    pub name: Option<String>,
    /// Folder that gets the files (default: data/NAME)
    #[arg(long, value_name = "DIR", requires = "name")]
    pub out: Option<PathBuf>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `eval`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask eval runs/lenet-20260131-120000
  cargo xtask eval runs/lenet-20260131-120000 --split valid --checkpoint last --json
  cargo xtask eval runs/lenet-20260131-120000 --checkpoint top/iteration-00005500-error-0.0052")]
pub struct EvalArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Which split to classify
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    pub split: SplitName,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `probe`
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Splits of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// What the model learns from
    Train,
    /// What the best model is chosen by
    Valid,
    /// What neither has seen
    Test,
}

/// Saved models of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// The model that validation chose.
    Best,
    /// The model as it was at the last saving.
    Last,
    /// One that was kept on the way, by its folder in the run's.
    Kept(String),
}

impl FromStr for Checkpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let kept = || text.strip_prefix("top/").or(text.strip_prefix("snapshots/"));
        let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('/');
        match text {
            "best" => Ok(Checkpoint::Best),
            "last" => Ok(Checkpoint::Last),
            _ if kept().is_some_and(is_name) => Ok(Checkpoint::Kept(text.to_owned())),
            _ => Err("use best, last, top/NAME or snapshots/NAME, a folder of the run".to_owned()),
        }
    }
}

/// Device asked for by the user; whether it is there is known only to the runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The first GPU if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this index.
    Cuda(usize),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("\"{text}\" is not a device: use auto, cpu, cuda or cuda:N with N from 0");
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
                index.and_then(|n| n.parse().ok()).map(Device::Cuda).ok_or_else(unknown)
            }
        }
    }
}

/// One `--set KEY=VALUE`. The key is dotted, the value is TOML or a bare word; the recipe gives them their types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Dotted key, such as `minibatch.size`; no part of it is empty.
    pub key: String,
    /// Text after the first `=`; not empty.
    pub value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as minibatch.size=50")?;
        let (key, value) = (key.trim(), value.trim());
        if key.split('.').any(|part| part.trim().is_empty()) {
            return Err(format!(
                "the key \"{key}\" has an empty part; expected KEY=VALUE, such as optimizer.momentum=0.9"
            ));
        }
        if value.is_empty() {
            return Err(format!("nothing after \"{key}=\"; for an empty text write {key}='\"\"'"));
        }
        Ok(Setting { key: key.to_owned(), value: value.to_owned() })
    }
}

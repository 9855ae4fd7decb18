//! The commands that make pictures or read them.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::numbers::{BILLION, share, whole};
use super::{Checkpoint, DataDirArgs, DeviceArgs, OutputArgs, Setting};

/// Whether light and dark of a picture change places before a model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Invert {
    /// Invert a picture with dark ink on a light ground, for a grey data set
    Auto,
    /// Invert
    Yes,
    /// Leave light and dark as they are
    No,
}

/// `predict`
#[derive(Debug, Args)]
#[command(after_help = "\
A picture that looks like those of the data set is taken as it is. Any other is brought to their form, and the output
says how. A warning says where it looks like nothing that the model knows: a blank page, two digits, a photograph.
PNG, JPEG, GIF, WebP, BMP and TIFF are decoded, whatever the file is called: at most 64 million pixels and 256 MB each,
and of animations and pages the first.

Of a folder, all pictures beneath it are taken, sorted by name; hidden files and what is no picture are passed over and
counted. A picture that cannot be read gets a line on standard error, the others are answered, and the exit status is 1.
With --json each has its object in the order asked for: `picture`, `argument` (which IMAGE led to it, from 1), and the
answer or `error`; `picture_bytes` has the path in hexadecimal digits where it is not UTF-8.

Examples:
  cargo xtask predict runs/lenet-20260131-120000 seven.png
  cargo xtask predict runs/lenet-20260131-120000 scans/ 'more/*.jpg' --top 1 --json
  cargo xtask predict runs/photos-20260131-120000 new/ --reject 0.05 --csv answers.csv
  find scans -newer then -print0 | cargo xtask predict runs/lenet-20260131-120000 -")]
pub struct PredictArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Pictures: files of any size, folders, quoted patterns, or - for a list of paths on standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// How many classes to print, the most probable first
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = whole::<u64>(1, BILLION))]
    pub top: u64,
    /// Whether light and dark change places
    #[arg(long, value_enum, default_value_t = Invert::Auto)]
    pub invert: Invert,
    /// Answer "unsure" where needed, so that at most this share of the other answers was wrong on the validation pictures
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub reject: Option<f64>,
    /// Write a table with a row for each picture: path, class, probability, second best, status and cause; a new file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `filters`
#[derive(Debug, Args)]
#[command(after_help = "\
Snapshots are models saved on the way: train with --set checkpoint.snapshots=1 for one every epoch.

Examples:
  cargo xtask filters runs/lenet-20260131-120000
  cargo xtask filters runs/lenet-20260131-120000 --layer conv1 --snapshot all    a strip and an animation
  cargo xtask filters runs/mlp-20260131-120000 --layer hidden1 --classic")]
pub struct FiltersArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Only this layer, such as conv1, hidden1 or output
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// One snapshot, such as epoch-0010, or all of them as a strip and an animation
    #[arg(long, value_name = "all|NAME", conflicts_with = "checkpoint")]
    pub snapshot: Option<String>,
    /// Grey tiles, each scaled by itself, exactly as the classic tutorials lay them
    #[arg(long)]
    pub classic: bool,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Folder that gets the pictures (default: RUN/pictures)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `features`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask features runs/lenet-20260131-120000 seven.png
  cargo xtask features runs/lenet-20260131-120000 scans/ --out looks")]
pub struct FeaturesArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Pictures: files of any size, folders, quoted patterns, or - for a list of paths on standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Whether light and dark change places
    #[arg(long, value_enum, default_value_t = Invert::Auto)]
    pub invert: Invert,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Folder that gets the pictures (default: RUN/pictures)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
}

/// `convolve`
#[derive(Debug, Args)]
#[command(after_help = "\
Filters are random unless a run is named: even random ones find edges.

Examples:
  cargo xtask convolve                                a picture that the program draws itself
  cargo xtask convolve photo.jpg --filters 4 --size 7
  cargo xtask convolve photo.jpg --run runs/lenet-20260131-120000")]
pub struct ConvolveArgs {
    /// Pictures: files, folders, quoted patterns, or - for a list of paths; without any a landscape is drawn
    #[arg(value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// How many filters
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = whole::<u64>(1, 32))]
    pub filters: u64,
    /// Height and width of a filter, in pixels
    #[arg(long, value_name = "N", default_value_t = 9, conflicts_with = "run", value_parser = whole::<u64>(1, 99))]
    pub size: u64,
    /// Seed of the random filters
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "run", value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: u64,
    /// Take the filters that the first layer of this run's best model has learned
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Pool a last row or column that does not fill a window, too
    #[arg(long)]
    pub keep_border: bool,
    /// Folder that gets the figure (default: runs/convolve)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
}

/// `augment`
#[derive(Debug, Args)]
#[command(after_help = "\
A row shows the pictures as they are, and each further one what one operation makes of them; the last rows show all of the
list, epoch by epoch. A recipe without a list shows every operation with its defaults. Chance comes from the seed as in
training. Nothing is trained and no weights are needed.

Examples:
  cargo xtask augment photos/                                   every operation on your own pictures
  cargo xtask augment my-recipe.toml photos/                    the recipe's list on them
  cargo xtask augment lenet --set augment='[{kind=\"rotate\"}]'
  cargo xtask augment fashion --count 12 --epochs 5 --out augment.png")]
pub struct AugmentArgs {
    /// Name of a recipe in recipes/, path to a TOML file, or a folder of pictures
    pub recipe: String,
    /// Pictures to draw, in place of the recipe's
    pub folder: Option<PathBuf>,
    /// Data set to take pictures of, in place of the recipe's; it is an error if it cannot be had
    #[arg(long, value_name = "NAME", conflicts_with = "folder")]
    pub dataset: Option<String>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Seed of what is drawn by chance, in place of the recipe's
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: Option<u64>,
    /// Change one key of the recipe, dotted; may be given several times
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub set: Vec<Setting>,
    /// How many pictures, of the classes in turn
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = whole::<usize>(2, 100))]
    pub count: usize,
    /// How many epochs of the whole list
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole::<u64>(1, 100))]
    pub epochs: u64,
    /// The picture file (default: runs/augment/augment-RECIPE.png)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

//! The commands that ask a model why it answered as it did, and what its units look for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::numbers::{BILLION, whole};
use super::{Checkpoint, DeviceArgs, Invert};

/// How an answer is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Magnitude of the input gradient of the class's score
    Saliency,
    /// Where the maps of a convolution that speak for the class respond
    GradCam,
    /// How far the class's probability falls when a window is covered
    Occlusion,
    /// All that the model allows
    All,
}

/// `explain`
#[derive(Debug, Args)]
#[command(after_help = "\
The figure has a colour bar with numbers under each method; the pictures beside it hold the overlay alone. Saliency is in
units of the class's score for a pixel from black to white, occlusion the fall of its probability. Cells of Grad-CAM lie
at the middle of what they see of the picture, and the weakest of them is left clear. Nothing is drawn, and it is said, where
a map is the same everywhere (less than 5 % of its strongest number apart) or too faint: below a hundredth of a percent of
the distance from the class's score to the best other one, or below one percentage point of probability.

Examples:
  cargo xtask explain runs/lenet-20260131-120000 seven.png
  cargo xtask explain runs/lenet-20260131-120000 seven.png --class 1           what speaks for a 1
  cargo xtask explain runs/lenet-20260131-120000 seven.png --method grad-cam --layer conv1")]
pub struct ExplainArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Pictures: files of any size, folders, quoted patterns, or - for a list of paths on standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// How the answer is explained
    #[arg(long, value_enum, default_value_t = Method::All)]
    pub method: Method,
    /// The class to explain (default: the most probable one)
    #[arg(long, value_name = "N", value_parser = whole::<i64>(0, BILLION))]
    pub class: Option<i64>,
    /// The convolution that Grad-CAM looks at (default: the last)
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Height and width of the window that occlusion covers, in pixels
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = whole::<i64>(1, BILLION))]
    pub window: i64,
    /// Pixels from one position of the window to the next
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<i64>(1, BILLION))]
    pub stride: i64,
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

/// `dream`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask dream runs/lenet-20260131-120000                 a picture for every class
  cargo xtask dream runs/lenet-20260131-120000 --layer conv2
  cargo xtask dream runs/mlp-20260131-120000 --layer hidden1 --unit 3 --steps 500")]
pub struct DreamArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// The layer whose units are excited
    #[arg(long, value_name = "LAYER", default_value = "output")]
    pub layer: String,
    /// Only this unit, map or class (default: all of the layer)
    #[arg(long, value_name = "N", value_parser = whole::<i64>(0, BILLION))]
    pub unit: Option<i64>,
    /// Steps of gradient ascent
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = whole::<u64>(1, 100_000))]
    pub steps: u64,
    /// Seed of the starting pictures
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(0, i64::MAX))]
    pub seed: u64,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Folder that gets the picture (default: RUN/pictures)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
}

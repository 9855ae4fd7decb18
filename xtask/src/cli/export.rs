//! `export`: a trained model for other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Checkpoint, DataDirArgs, OutputArgs};

/// Types of the pixels that an exported model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PixelType {
    /// Bytes
    U8,
    /// Floating-point numbers from 0 to 255
    F32,
}

/// `export`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("form").required(true).args(["onnx", "torchscript", "safetensors"]))]
#[command(after_help = "\
The file takes pixels from 0 to 255 as [batch, channels, height, width] and gives logits and, at the fitted temperature,
probabilities: scaling and normalisation lie inside. Class names, the rule for resizing and the version are its metadata. A
safetensors file holds the tensors alone, under the network's own names, and the same metadata.

Before it is written it is read back and answers test pictures of the run beside the model: no answer may differ by more than
0.0001, and every picture must get the same class. ONNX files are checked with ONNX Runtime: the library that ORT_DYLIB_PATH
names, else one that pip fetches into the cache.

Examples:
  cargo xtask export runs/lenet-20260131-120000 --onnx
  cargo xtask export runs/photos-20260131-120000 --torchscript --out photos.pt --pixels f32")]
pub struct ExportArgs {
    /// Folder of the run
    pub run: PathBuf,
    /// Write an ONNX file
    #[arg(long)]
    pub onnx: bool,
    /// Write a TorchScript file
    #[arg(long)]
    pub torchscript: bool,
    /// Write a safetensors file
    #[arg(long)]
    pub safetensors: bool,
    /// The new file (default: export/NAME in the run's folder)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Type of the pixels that it takes
    #[arg(long, value_enum, default_value_t = PixelType::U8)]
    pub pixels: PixelType,
    /// Write it without a check
    #[arg(long)]
    pub unchecked: bool,
    /// Which of the run's saved models: best, last, or one kept on the way such as snapshots/epoch-0010
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

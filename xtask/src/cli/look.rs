//! `look`: a folder of pictures before anything is learned from it.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

/// `look`
#[derive(Debug, Args)]
#[command(after_help = "\
FOLDER holds a folder for each class, or train/, valid/ and test/ with class folders in them, or a CSV table of path and
label (and split); the table itself may be given. So may arrays: four IDX files as MNIST's, CIFAR's binary files, a NumPy
archive (.npz) or a safetensors file. Pictures are told by their content, whatever they are called. Each is
decoded once: what cannot be is listed with its cause, and the exit status is 1. Copies are found by content, near copies
by how they look.

Examples:
  cargo xtask look photos
  cargo xtask look photos --group prefix --json
  cargo xtask look --clear-cache")]
pub struct LookArgs {
    /// Folder of pictures or of arrays, a CSV table, or a file of arrays
    #[arg(required_unless_present = "clear_cache")]
    pub folder: Option<PathBuf>,
    /// Remove all decoded pictures that runs keep in the cache (10 GB at most), and say how much that freed
    #[arg(long, conflicts_with_all = ["folder", "json"])]
    pub clear_cache: bool,
    /// What keeps pictures on one side of the split: none, folder, prefix (names up to their last number), or a column
    /// of the table
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub group: String,
    /// Decides which pictures are held out
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub split_seed: u64,
    /// How the result is printed.
    #[command(flatten)]
    pub output: OutputArgs,
}

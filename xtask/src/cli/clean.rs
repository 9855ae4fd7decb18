//! `clean`: labels that are probably wrong.

use std::path::PathBuf;

use clap::Args;

use super::numbers::whole;
use super::{DataDirArgs, DeviceArgs, OutputArgs};

/// `clean`
#[derive(Debug, Args)]
#[command(after_help = "\
Every picture is judged by a model that was not trained on it: RUN is a set of folds (train --folds), or a run whose recipe
is then trained in folds first, in RUN/folds. A picture is a suspect where another class than its label is as probable as in
pictures of that class on average (confident learning, Northcutt and others 2021). RUN/clean/ gets suspects.csv and
suspects.html, one offline page with the pictures; nothing else is changed.

To move files: look at the page, empty the column move_to of the table where the label is right (or name another class), and
say --apply. No file is ever overwritten. RUN/clean/journal.json has every move; --apply finishes moves that were
interrupted, --undo takes all of them back.

Examples:
  cargo xtask clean runs/photos-folds-20260131-120000
  cargo xtask clean runs/photos-20260131-120000 --folds 10
  cargo xtask clean runs/photos-folds-20260131-120000 --apply
  cargo xtask clean runs/photos-folds-20260131-120000 --undo")]
pub struct CleanArgs {
    /// Folder of a set of folds, or of a run
    pub run: PathBuf,
    /// Move the files that the table's column move_to names between class folders
    #[arg(long)]
    pub apply: bool,
    /// Take back what --apply moved
    #[arg(long, conflicts_with = "apply")]
    pub undo: bool,
    /// Folds to train where RUN has none
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = whole::<u32>(2, 100), conflicts_with_all = ["apply", "undo"])]
    pub folds: u32,
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

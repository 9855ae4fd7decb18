//! `watch`

use super::numbers::whole;
use clap::Args;
use std::path::PathBuf;

/// `watch`
#[derive(Debug, Args)]
#[command(after_help = "\
The page shows how far each run is and their curves beside each other, at http://127.0.0.1:PORT/, and renews itself. Runs that
begin later appear by themselves. Rows and curves move about every second, those of runs on other machines at each validation.
The page is read only and can be opened on this machine alone. Ctrl-C ends it, and no run.

Examples:
  cargo xtask watch runs                       every run in runs/, sweeps and folds included
  cargo xtask watch runs/lenet-1 runs/lenet-2 --port 8080")]
pub struct WatchArgs {
    /// Folders of runs, or folders that hold some
    #[arg(required = true, num_args = 1.., value_name = "RUNS")]
    pub runs: Vec<PathBuf>,
    /// Port of the page; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u16>(0, 65_535))]
    pub port: u16,
}

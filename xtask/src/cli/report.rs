//! `report`

use super::{DataDirArgs, DeviceArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One page of HTML
    Html,
    /// Markdown
    Md,
}

/// `report`
#[derive(Debug, Args)]
#[command(after_help = "\
The page needs no network and no other file, and making it fetches nothing: test pictures are shown where they are found
on this machine and are those that the run was tested on. With several runs it shows them side by side, what differs in
their recipes highlighted, the lowest errors marked among runs on one data set. A set of folds stands for its runs. `train` writes
the report of its run by itself.

Examples:
  cargo xtask report runs/lenet-20260131-120000
  cargo xtask report runs/lenet-* --out compared     writes compared/report.html
  cargo xtask report runs/lenet-* --format md        writes report.md, report-error.svg and report-confusion.svg")]
pub struct ReportArgs {
    /// Folders of runs
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Folder that gets the report (default: the folder of the first run)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What is written: a page (report.html), or text for pull requests and papers (report.md, with two drawings)
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Html)]
    pub format: Format,
    /// Where data sets are looked for.
    #[command(flatten)]
    pub data: DataDirArgs,
    /// Where tensors live.
    #[command(flatten)]
    pub device: DeviceArgs,
}

//! `minibatch`, the runner: everything that links libtorch. The launcher `xtask` builds it and hands over to it with
//! the same command line.

mod allocator;
mod bench;
mod closing;
mod console;
mod conversion;
mod convolve;
mod data_sets;
mod device;
mod dream;
mod dry_run;
mod eval;
mod event_lines;
mod explain;
mod features;
mod filter_sheets;
mod filters;
mod find_rate;
mod heat;
mod jpeg;
mod landscape;
mod memory;
mod observers;
mod orientation;
mod overfit;
mod picture_batch;
mod picture_decode;
mod picture_file;
mod picture_kind;
mod picture_list;
mod picture_names;
mod predict;
mod prepared;
mod probe;
mod recipes;
mod report_command;
mod reporter;
mod signals;
mod threads;
mod train_command;
mod vectors;
mod watch;
mod wide;

use clap::Parser;
use std::process::ExitCode;
use xtask::cli::{Cli, Command};

fn main() -> ExitCode {
    allocator::keep_memory();
    vectors::limit();
    let command = Cli::parse().command;
    threads::limit();
    let result = match command {
        Command::Train(args) => train_command::run(&args),
        Command::FindRate(args) => find_rate::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Filters(args) => filters::run(&args),
        Command::Features(args) => features::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Dream(args) => dream::run(&args),
        Command::Convolve(args) => convolve::run(&args),
        Command::Report(args) => report_command::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::BenchSide(args) => bench::side::run(&args),
        Command::Bench(args) if !args.is_criterion() => bench::run(&args),
        Command::Setup(_) | Command::Doctor(_) | Command::Data(_) | Command::Bench(_) | Command::Test => {
            Err(anyhow::anyhow!("this command belongs to the launcher: run it as `cargo xtask ...`"))
        }
    };
    result.unwrap_or_else(|error| console::fail(&error))
}

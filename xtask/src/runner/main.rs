//! `minibatch`, the runner: everything that links libtorch. The launcher `xtask` builds it and hands over to it with
//! the same command line.

mod augment;
mod backbone;
mod clean;
mod closing;
mod collect;
mod console;
mod convolve;
mod data_sets;
mod device;
mod dream;
mod dry_run;
mod eval;
mod event_lines;
mod explain;
mod export_command;
mod features;
mod filters;
mod find_batch;
mod find_rate;
mod folds;
mod follower;
mod look;
mod models_command;
mod observers;
mod onnx_runtime;
mod overfit;
mod own_pictures;
mod picture_batch;
mod predict;
mod prepared;
mod probe;
mod ranks;
mod recipes;
mod report_command;
mod reporter;
mod signals;
mod sweep_command;
mod sweep_jobs;
mod threads;
mod train_command;
mod watch;
mod weights_command;
mod whole_set;

use std::process::ExitCode;
use xtask::cli::{self, Command};
use xtask::places;

fn main() -> ExitCode {
    torch_ext::allocator::keep_memory();
    if let Ok(capability) = std::env::var("ATEN_CPU_CAPABILITY") {
        torch_ext::Isa::limit_as(&capability);
    }
    let command = cli::parse().command;
    let adaptive = threads::settle(ranks::on_this_machine(&command));
    let result = match command {
        Command::Models => models_command::run(),
        Command::Train(args) => train_command::run(&args),
        Command::Augment(args) => augment::run(&args),
        Command::FindRate(args) => find_rate::run(&args),
        Command::FindBatch(args) => find_batch::run(&args),
        Command::Sweep(args) => sweep_command::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Look(args) => look::run(&args),
        Command::Clean(args) => clean::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Export(args) => export_command::run(&args),
        Command::Filters(args) => filters::run(&args),
        Command::Features(args) => features::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Dream(args) => dream::run(&args),
        Command::Convolve(args) => convolve::run(&args),
        Command::Report(args) => report_command::run(&args),
        Command::Watch(args) => watch::follow(&args),
        Command::Weights(args) => weights_command::run(&args),
        Command::Probe(args) => probe::run(&args, adaptive.is_some()),
        Command::Setup(_)
        | Command::Doctor(_)
        | Command::Data(_)
        | Command::Bench(_)
        | Command::Install(_)
        | Command::Test => {
            Err(anyhow::anyhow!("this command belongs to the launcher: run it as `{} ...`", places::program()))
        }
    };
    result.unwrap_or_else(|error| console::fail(&error))
}

//! The launcher behind `cargo xtask`. It is built without libtorch, because it finds or fetches it; what computes
//! runs in the runner, `minibatch`, which it builds and becomes.

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::{Cli, Command};
use xtask::{data, doctor, progress, setup, shown, start, suite, words};

fn main() -> ExitCode {
    let result = match &Cli::parse().command {
        Command::Setup(args) => done(setup::setup(args)),
        Command::Doctor(args) => doctor::run(args),
        Command::Data(args) => done(data::run(args)),
        Command::Train(_)
        | Command::FindRate(_)
        | Command::Eval(_)
        | Command::Predict(_)
        | Command::Filters(_)
        | Command::Features(_)
        | Command::Explain(_)
        | Command::Dream(_)
        | Command::Convolve(_)
        | Command::Look(_)
        | Command::Report(_)
        | Command::Probe(_)
        | Command::BenchSide(_) => start::run(),
        Command::Bench(args) if args.is_criterion() => done(suite::bench(args)),
        Command::Bench(_) => start::run(),
        Command::Test => done(suite::test()),
    };
    result.unwrap_or_else(|error| {
        let text = words::chain(&error);
        // A line for each mirror that failed; no file name may begin one.
        let has_lines = matches!(error.downcast_ref(), Some(tensor_data::Error::Fetch { .. }));
        progress::say(format!("error: {}", if has_lines { text } else { shown::word(&text) }));
        ExitCode::FAILURE
    })
}

fn done(result: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

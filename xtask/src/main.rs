//! The launcher behind `cargo xtask`. It is built without libtorch, because it finds or fetches it; what computes
//! runs in the runner, `minibatch`, which it builds and becomes.

use std::process::ExitCode;

use anyhow::bail;
use xtask::cli::{self, Command};
use xtask::{data, doctor, install, places, progress, setup, shown, start, suite, words};

fn main() -> ExitCode {
    let result = run(&cli::parse().command);
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

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    if let (Some(name), None) = (command.of_the_clone(), places::clone()) {
        bail!("`{name}` works in a clone of the repository alone: run `cargo xtask {name}` there");
    }
    match command {
        Command::Setup(args) => done(setup::setup(args)),
        Command::Doctor(args) => doctor::run(args),
        Command::Data(args) => done(data::run(args)),
        Command::Models
        | Command::Train(_)
        | Command::Clean(_)
        | Command::FindRate(_)
        | Command::FindBatch(_)
        | Command::Augment(_)
        | Command::Sweep(_)
        | Command::Eval(_)
        | Command::Predict(_)
        | Command::Export(_)
        | Command::Filters(_)
        | Command::Features(_)
        | Command::Explain(_)
        | Command::Dream(_)
        | Command::Convolve(_)
        | Command::Look(_)
        | Command::Report(_)
        | Command::Watch(_)
        | Command::Weights(_)
        | Command::Probe(_) => start::run(),
        Command::Bench(args) => start::compare(&args.words),
        Command::Install(args) => done(install::run(args)),
        Command::Test => done(suite::test()),
    }
}

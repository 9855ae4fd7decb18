//! `eval`: error of a saved model on a split of its data set.

use crate::{console, data_sets, device};
use anyhow::Result;
use serde::Serialize;
use std::process::ExitCode;
use train::run_folder::{load_model, read_recipe};
use xtask::cli::{EvalArgs, SplitName};

#[derive(Serialize)]
struct Evaluation {
    run: String,
    dataset: String,
    split: &'static str,
    checkpoint: String,
    error: f64,
    top_k: u64,
    top_k_error: f64,
    loss: f64,
    samples: i64,
}

/// Evaluates and prints.
pub fn run(args: &EvalArgs) -> Result<ExitCode> {
    let written = read_recipe(&args.run, &[])?;
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, meta) = load_model(&args.run, &saved, device)?;
    let known = train::run_folder::identity(&args.run, Some(&meta))?;
    let (data, _) = data_sets::open_of_run(&args.run, &known, &args.data, device)?;
    let copies = report::warnings::copies(&data.fingerprint).filter(|_| args.split == SplitName::Test);
    for line in known.differing(&written)?.into_iter().chain(report::warnings::unknown(&known)).chain(copies) {
        console::line(args.output.json, &line);
    }
    let recipe = known.recipe;
    let (split, name) = match args.split {
        SplitName::Train => (&data.train, "train"),
        SplitName::Valid => (&data.valid, "valid"),
        SplitName::Test => (&data.test, "test"),
    };
    let score = train::evaluate(&model, split, &recipe.evaluation)?;
    let evaluation = Evaluation {
        run: args.run.display().to_string(),
        dataset: data.name.clone(),
        split: name,
        checkpoint: saved.folder().to_owned(),
        error: score.error,
        top_k: recipe.evaluation.top_k,
        top_k_error: score.top_k_error,
        loss: score.loss,
        samples: score.samples,
    };
    if args.output.json {
        console::print_json(&evaluation)?;
    } else {
        let [error, top] = [evaluation.error, evaluation.top_k_error].map(console::percent);
        let Evaluation { checkpoint, dataset, loss, samples, top_k, .. } = evaluation;
        console::line(
            false,
            &format!(
                "{checkpoint} model on {dataset} {name}: error {error}, top-{top_k} error {top}, loss {loss:.4}, {samples} pictures"
            ),
        );
    }
    Ok(ExitCode::SUCCESS)
}

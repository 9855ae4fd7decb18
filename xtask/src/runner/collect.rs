//! `sweep collect`: runs that were trained one by one, as a sweep.

use crate::console;
use anyhow::Result;
use console::shown;
use serde::Serialize;
use std::process::ExitCode;
use sweep::{Collected, Outcome};
use xtask::cli::CollectArgs;
use xtask::places;
use xtask::words::Suggested;

/// The line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Sweep {
        folder: String,
        notes: &'a [String],
        #[serde(flatten)]
        outcome: &'a Outcome,
    },
}

/// Puts them together.
pub fn run(args: &CollectArgs) -> Result<ExitCode> {
    let (folder, json) = (&args.folder, args.output.json);
    let collected = Collected::read(folder, args.dataset.as_deref())?;
    let outcome = collected.write(places::program())?;
    let mut text = sweep::words::outcome(collected.axes(), &outcome);
    collected.notes().iter().for_each(|note| text += &format!("note      {note}\n"));
    text += &format!("table     {}\n", shown::path(folder.join(sweep::table::FILE)));
    text += &format!("report    {}\n", shown::path(folder.join(sweep::page::FILE)));
    text += &format!("optuna    {}\n", shown::path(folder.join(sweep::optuna::FILE)));
    if let Some(winner) = &outcome.winner {
        let (recipe, run) = (folder.join("winner.toml"), folder.join(&winner.run));
        let train = Suggested::new("train");
        // A run that was trained with --no-test looks at the test set now that it is chosen.
        let next = if winner.test.is_some() { train.path(&recipe) } else { train.option("--resume", Some(run)) };
        text += &format!("recipe    {}\nnext      {next}\n", shown::path(&recipe));
    }
    console::line(json, text.trim_end());
    if json {
        console::print_json_line(&Line::Sweep {
            folder: folder.display().to_string(),
            notes: collected.notes(),
            outcome: &outcome,
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

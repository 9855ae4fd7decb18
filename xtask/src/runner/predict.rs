//! `predict`: the command line and the words of [`inspect::predict`].

use crate::console::{self, shown};
use crate::{device, picture_batch};
use anyhow::{Result, anyhow};
use inspect::asked::{self, Entry, PassedOver};
use inspect::{Class, Prediction, Refused};
use serde::Serialize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use train::run_folder::load_model;
use xtask::cli::PredictArgs;

#[derive(Serialize)]
struct Predictions {
    run: String,
    checkpoint: String,
    dataset: String,
    pictures: Vec<Answer>,
    /// Of folders: what was not taken for a picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passed_over: Vec<Skipped>,
}

/// What is known of a picture, in the order in which they were asked for.
#[derive(Serialize)]
struct Answer {
    picture: String,
    /// Which of the IMAGE arguments led to it, from 1.
    argument: usize,
    /// The path's bytes in hexadecimal digits, where they are not UTF-8 and `picture` can't be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_bytes: Option<String>,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Good(Prediction),
    Bad { error: String },
}

#[derive(Serialize)]
struct Skipped {
    folder: String,
    argument: usize,
    hidden: u64,
    not_pictures: u64,
}

/// Classifies and prints.
pub fn run(args: &PredictArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, card) = load_model(&args.run, &saved, device)?;
    let asked = asked::find(&args.images, picture_batch::standard_input);
    let shape = console::shape(&[&[1], card.input.as_slice()].concat());
    let (invert, top) = (picture_batch::invert(args.invert), usize::try_from(args.top)?);
    let mut status = 0;
    let mut pictures = Vec::new();
    if !args.output.json {
        asked.passed_over.iter().for_each(picture_batch::passed_over);
    }
    for entries in asked.entries.chunks(inspect::at_once(&card)) {
        let rows = inspect::predict(&model, &card, entries, invert, top, device)?;
        for (entry, row) in entries.iter().zip(rows) {
            let result = outcome(entry, row);
            if matches!(result, Outcome::Bad { .. }) {
                status = 1;
            }
            if args.output.json {
                pictures.push(answer(entry, result));
            } else {
                print(&entry.path, &result, &shape);
            }
        }
    }
    if args.output.json {
        console::print_json(&Predictions {
            run: args.run.display().to_string(),
            checkpoint: saved.folder().to_owned(),
            dataset: card.dataset,
            pictures,
            passed_over: asked.passed_over.iter().map(skipped).collect(),
        })?;
    }
    Ok(ExitCode::from(status))
}

fn outcome(entry: &Entry, row: Result<Prediction, Refused<'_>>) -> Outcome {
    match row {
        Ok(mut prediction) => {
            for step in &mut prediction.conversion {
                *step = picture_batch::with_remedy(step);
            }
            Outcome::Good(prediction)
        }
        Err(refused) => Outcome::Bad { error: shown::word(&refused.told(&shown::path(&entry.path))) },
    }
}

fn answer(entry: &Entry, result: Outcome) -> Answer {
    let hexadecimal = || entry.path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Answer {
        picture: entry.path.display().to_string(),
        argument: entry.argument,
        picture_bytes: entry.path.to_str().is_none().then(hexadecimal),
        result,
    }
}

fn skipped(folder: &PassedOver) -> Skipped {
    let PassedOver { argument, hidden, others, .. } = *folder;
    Skipped { folder: folder.folder.display().to_string(), argument, hidden, not_pictures: others }
}

fn print(picture: &Path, outcome: &Outcome, shape: &str) {
    let Prediction { width, height, conversion, doubt, classes } = match outcome {
        Outcome::Good(prediction) => prediction,
        Outcome::Bad { error } => return console::complain(&anyhow!("{error}")),
    };
    let how = match conversion.as_slice() {
        [] => "taken as it is".to_owned(),
        steps => steps.join("; "),
    };
    console::line(false, &format!("{}: {width} x {height} pixels to {shape}: {how}", shown::path(picture)));
    if let Some(doubt) = doubt {
        console::line(false, &format!("  warning: {doubt}"));
    }
    for Class { class, probability } in classes {
        let bar = "█".repeat((probability * 30.0).round() as usize);
        let percent = console::percent(*probability);
        console::line(false, format!("  {class:>3}  {percent:>8}  {bar}").trim_end());
    }
}

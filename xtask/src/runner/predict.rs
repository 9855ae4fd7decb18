//! `predict`: the most probable classes of picture files. Each has its answer or its own line that says why not; none is lost
//! for another.

use crate::console::{self, shown};
use crate::device;
use crate::picture_batch::{self, Trouble};
use anyhow::{Result, anyhow};
use inspect::asked::{self, Entry, PassedOver};
use inspect::conversion::{self, Converted, doubt};
use models::{Mode, Model};
use serde::Serialize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use tch::{Device, Kind};
use train::Card;
use train::run_folder::load_model;
use xtask::cli::PredictArgs;

/// Pictures that are classified at once, and how many numbers they may have together: bounds on memory, not on the answers.
const MOST_PICTURES: usize = 256;
const MOST_NUMBERS: i64 = 1 << 22;

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
    Bad {
        error: String,
        /// What this one does to the exit status of the program.
        #[serde(skip)]
        status: u8,
    },
}

#[derive(Serialize)]
struct Prediction {
    width: u32,
    height: u32,
    conversion: Vec<String>,
    /// Why the answer may mean nothing.
    doubt: Option<String>,
    /// The most probable first.
    classes: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    class: usize,
    probability: f64,
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
    let at_once = usize::try_from(MOST_NUMBERS / card.input.iter().product::<i64>().max(1))?.clamp(1, MOST_PICTURES);
    let mut status = 0;
    let mut pictures = Vec::new();
    if !args.output.json {
        asked.passed_over.iter().for_each(|folder| picture_batch::passed_over(folder));
    }
    for entries in asked.entries.chunks(at_once) {
        for (entry, result) in entries.iter().zip(classify(entries, args, &model, &card, device)?) {
            if let Outcome::Bad { status: own, .. } = &result {
                status = status.max(*own);
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

/// An outcome for each of the pictures; an error is one that would befall them all.
fn classify(entries: &[Entry], args: &PredictArgs, model: &Model, card: &Card, device: Device) -> Result<Vec<Outcome>> {
    let bad = |error: anyhow::Error| Outcome::Bad { error: console::message(&error), status: console::status(&error) };
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut converted: Vec<Converted> = Vec::with_capacity(entries.len());
    for entry in entries {
        let read = match &entry.problem {
            Some(problem) => Err(picture_batch::refused(entry, problem)),
            None => picture_batch::convert(&entry.path, card, args.invert),
        };
        outcomes.push(match read {
            Ok((mut picture, (width, height))) => {
                let (conversion, doubt) = (std::mem::take(&mut picture.steps), picture.doubt.take());
                converted.push(picture);
                Outcome::Good(Prediction { width, height, conversion, doubt, classes: Vec::new() })
            }
            Err(Trouble::Picture(error)) => bad(error),
            Err(Trouble::All(error)) => return Err(error),
        });
    }
    if converted.is_empty() {
        return Ok(outcomes);
    }
    let images = conversion::tensor(&converted, card, device); // [n, c, h, w]
    let _guard = tch::no_grad_guard();
    let logits = model.forward(&images, Mode::Eval); // [n, classes]
    let mut probabilities = Vec::<Vec<f64>>::try_from(logits.softmax(-1, Kind::Double))?.into_iter();
    for outcome in &mut outcomes {
        if let Outcome::Good(prediction) = outcome {
            let probabilities = probabilities.next().unwrap_or_default();
            let doubts = prediction.doubt.take().into_iter().chain(doubt::of_answer(&probabilities));
            prediction.doubt = doubt::joined(doubts);
            prediction.classes = most_probable(&probabilities, args.top);
        }
    }
    Ok(outcomes)
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

/// Classes and probabilities, the most probable first; of equals the lower class.
fn most_probable(probabilities: &[f64], top: u64) -> Vec<Class> {
    let class = |(class, &probability)| Class { class, probability };
    let mut classes: Vec<Class> = probabilities.iter().enumerate().map(class).collect();
    classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    classes.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    classes
}

fn print(picture: &Path, outcome: &Outcome, shape: &str) {
    let Prediction { width, height, conversion, doubt, classes } = match outcome {
        Outcome::Good(prediction) => prediction,
        Outcome::Bad { error, .. } => return console::complain(&anyhow!("{error}")),
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

//! `predict`: the most probable classes of picture files.

use crate::conversion::{self, Converted, doubt};
use crate::{console, device, picture_file};
use anyhow::Result;
use models::Mode;
use serde::Serialize;
use std::process::ExitCode;
use tch::Kind;
use train::run_folder::load_model;
use xtask::cli::PredictArgs;

#[derive(Serialize)]
struct Predictions {
    run: String,
    checkpoint: String,
    dataset: String,
    pictures: Vec<Prediction>,
}

#[derive(Serialize)]
struct Prediction {
    picture: String,
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

/// Classifies and prints.
pub fn run(args: &PredictArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, card) = load_model(&args.run, &saved, device)?;
    let mut sizes = Vec::with_capacity(args.images.len());
    let mut converted: Vec<Converted> = Vec::with_capacity(args.images.len());
    for path in &args.images {
        let picture = picture_file::read(path)?;
        sizes.push(picture.dimensions());
        converted.push(conversion::convert(&picture, &card, args.invert)?);
    }
    let images = conversion::tensor(&converted, &card, device); // [n, c, h, w]
    let _guard = tch::no_grad_guard();
    let logits = model.forward(&images, Mode::Eval); // [n, classes]
    let probabilities = Vec::<Vec<f64>>::try_from(logits.softmax(-1, Kind::Double))?;

    let prediction = |i: usize| Prediction {
        picture: args.images[i].display().to_string(),
        width: sizes[i].0,
        height: sizes[i].1,
        conversion: converted[i].steps.clone(),
        doubt: doubt::joined(converted[i].doubt.clone().into_iter().chain(doubt::of_answer(&probabilities[i]))),
        classes: most_probable(&probabilities[i], args.top),
    };
    let predictions = Predictions {
        run: args.run.display().to_string(),
        checkpoint: saved.folder().to_owned(),
        dataset: card.dataset,
        pictures: (0..args.images.len()).map(prediction).collect(),
    };
    if args.output.json {
        console::print_json(&predictions)?;
    } else {
        let shape = console::shape(&[&[1], card.input.as_slice()].concat());
        for prediction in &predictions.pictures {
            print(prediction, &shape);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Classes and probabilities, the most probable first; of equals the lower class.
fn most_probable(probabilities: &[f64], top: u64) -> Vec<Class> {
    let class = |(class, &probability)| Class { class, probability };
    let mut classes: Vec<Class> = probabilities.iter().enumerate().map(class).collect();
    classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    classes.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    classes
}

fn print(prediction: &Prediction, shape: &str) {
    let how = match prediction.conversion.as_slice() {
        [] => "taken as it is".to_owned(),
        steps => steps.join("; "),
    };
    let Prediction { picture, width, height, .. } = prediction;
    console::line(false, &format!("{picture}: {width} x {height} pixels to {shape}: {how}"));
    if let Some(doubt) = &prediction.doubt {
        console::line(false, &format!("  warning: {doubt}"));
    }
    for Class { class, probability } in &prediction.classes {
        let bar = "█".repeat((probability * 30.0).round() as usize);
        let percent = console::percent(*probability);
        console::line(false, format!("  {class:>3}  {percent:>8}  {bar}").trim_end());
    }
}

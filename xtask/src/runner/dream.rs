//! `dream`: the pictures that the units of a saved model like best.

use crate::filter_sheets::values;
use crate::{console, device};
use anyhow::{Result, bail};
use models::Mode;
use models::maximise::{Ascent, activation, maximise, units_of};
use std::process::ExitCode;
use tch::{Kind, Tensor};
use train::run_folder::load_model;
use viz::{Columns, FloatImage, GridOptions, Scaling, TileOptions, Zoom, tiles};
use xtask::cli::DreamArgs;

/// More tiles than this are drawn smaller.
const MANY: usize = 20;

/// Draws, and prints what was written.
pub fn run(args: &DreamArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, _) = load_model(&args.run, &saved, device)?;
    let shape = model.input();
    if !matches!(shape[0], 1 | 3) {
        bail!("the model takes pictures of {} channels: one that can be drawn has 1 (grey) or 3 (colour)", shape[0]);
    }
    let layer = args.layer.as_str();
    let there = units_of(&model, layer).map_err(inspect::Error::from)?;
    let units: Vec<i64> = args.unit.map_or_else(|| (0..there).collect(), |unit| vec![unit]);
    let ascent = Ascent { steps: args.steps, seed: args.seed, ..Ascent::default() };
    let pictures = maximise(&model, layer, &units, &ascent).map_err(inspect::Error::from)?; // [k, c, h, w]

    let _guard = tch::no_grad_guard();
    let classes = layer == "output";
    let all = if classes {
        model.forward(&pictures, Mode::Eval).softmax(-1, Kind::Float)
    } else {
        activation(&model, layer, &pictures)?
    }; // [k, units]
    let index = Tensor::from_slice(&units).view([-1, 1]).to_device(device); // [k, 1]
    let reached = values(&all.gather(1, &index, false))?;
    let captions: Vec<String> =
        units.iter().zip(reached).map(|(unit, reached)| caption(classes, *unit, reached)).collect();

    let title = if classes { "what each class looks like to the model" } else { "what each unit responds to" };
    let options = TileOptions {
        scaling: Scaling::Fixed { low: 0.0, high: 1.0 },
        zoom: if units.len() > MANY { Zoom::AtLeast(56) } else { Zoom::AtLeast(112) },
        grid: GridOptions {
            title: Some(format!("{layer}: {title}")),
            columns: if units.len() == 10 { Columns::Exactly(5) } else { Columns::Auto },
            ..GridOptions::default()
        },
        ..TileOptions::default()
    };
    let sheet = tiles(&FloatImage::rows(shape.map(|side| side as usize), &values(&pictures)?)?, &captions, &options)?;
    let unit = args.unit.map_or(String::new(), |unit| format!("-{unit}"));
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let path = out.join(format!("dream-{layer}{unit}.png"));
    sheet.save(&path)?;
    console::line(
        false,
        &format!("{layer:<8} {:<18} {}", console::shape(&pictures.size()), console::shown::path(&path)),
    );
    Ok(ExitCode::SUCCESS)
}

fn caption(classes: bool, unit: i64, reached: f32) -> String {
    if classes { format!("class {unit}\n{:.1} %", reached * 100.0) } else { format!("{unit}: {reached:.2}") }
}

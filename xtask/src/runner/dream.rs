//! `dream`: the command line and the words of [`inspect::dream`].

use crate::{console, device};
use anyhow::Result;
use inspect::dream;
use models::maximise::Ascent;
use std::process::ExitCode;
use train::run_folder::load_model;
use xtask::cli::DreamArgs;

/// Draws, and prints what was written.
pub fn run(args: &DreamArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, _) = load_model(&args.run, &saved, device)?;
    let layer = args.layer.as_str();
    let ascent = Ascent { steps: args.steps, seed: args.seed, ..Ascent::default() };
    let dream = dream(&model, layer, args.unit, &ascent)?;
    let unit = args.unit.map_or(String::new(), |unit| format!("-{unit}"));
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let path = out.join(format!("dream-{layer}{unit}.png"));
    dream.figure.save(&path)?;
    let shape = console::shape(&dream.shape);
    console::line(false, &format!("{layer:<8} {shape:<18} {}", console::shown::path(&path)));
    Ok(ExitCode::SUCCESS)
}

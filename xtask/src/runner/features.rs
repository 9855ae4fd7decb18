//! `features`: the command line and the words of [`inspect::features`].

use crate::console::{self, shown};
use crate::{device, picture_batch};
use anyhow::Result;
use inspect::Features;
use models::Model;
use std::path::Path;
use std::process::ExitCode;
use tch::Tensor;
use train::run_folder::load_model;
use viz::Picture;
use xtask::cli::FeaturesArgs;

/// Draws, and prints what was written.
pub fn run(args: &FeaturesArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, meta) = load_model(&args.run, &saved, device)?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let layers = inspect::layers(&model, device).into_iter().map(|layer| format!("-{layer}"));
    let suffixes: Vec<String> = layers.chain([String::new()]).collect();
    picture_batch::each(&args.images, &suffixes, |path, name| {
        let image = picture_batch::image(path, &meta, args.invert, device)?; // [1, c, h, w]
        Ok(draw(&model, &image, &out, name)?)
    })
}

/// Draws what the layers make of one picture into files called by `name`.
fn draw(model: &Model, image: &Tensor, out: &Path, name: &str) -> Result<()> {
    let all = inspect::features(model, image)?;
    for Features { layer, shape, picture } in &all {
        save(layer, &console::shape(shape), picture, &out.join(format!("features-{name}-{layer}.png")))?;
    }
    save("all", "", &Features::together(&all)?, &out.join(format!("features-{name}.png")))
}

fn save(layer: &str, shape: &str, picture: &Picture, path: &Path) -> Result<()> {
    picture.save(path)?;
    console::line(false, &format!("{layer:<8} {shape:<18} {}", shown::path(path)));
    Ok(())
}

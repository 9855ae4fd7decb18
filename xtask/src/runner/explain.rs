//! `explain`: the command line and the words of [`inspect::explain`].

use crate::console::{self, shown};
use crate::{device, picture_batch};
use anyhow::Result;
use inspect::Question;
use models::Model;
use models::attribution::Window;
use std::process::ExitCode;
use tch::Tensor;
use train::run_folder::load_model;
use xtask::cli::{ExplainArgs, Method};

/// Draws, and prints what was written.
pub fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, meta) = load_model(&args.run, &saved, device)?;
    let suffixes = ["", "-saliency", "-grad-cam", "-occlusion"].map(str::to_owned);
    picture_batch::each(&args.images, &suffixes, |path, name| {
        let image = picture_batch::image(path, &meta, args.invert, device)?; // [1, c, h, w]
        Ok(explain(args, &model, &image, name)?)
    })
}

/// Draws one picture's heat maps into files called by `name`.
fn explain(args: &ExplainArgs, model: &Model, image: &Tensor, name: &str) -> Result<()> {
    let explanation = inspect::explain(model, image, &question(args))?;
    if explanation.without_grad_cam {
        console::line(false, "grad-cam is left out: the model has no convolution");
    }
    console::line(false, &explanation.answer());
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    for heat in &explanation.heats {
        let method = heat.method.name();
        let path = out.join(format!("explain-{name}-{method}.png"));
        heat.overlay.save(&path)?;
        console::line(false, &format!("{method:<9} {}", shown::path(&path)));
        console::line(false, &format!("{:<9} {}", "", heat.words));
    }
    let path = out.join(format!("explain-{name}.png"));
    explanation.figure.save(&path)?;
    console::line(false, &format!("{:<9} {}", "figure", shown::path(&path)));
    Ok(())
}

fn question(args: &ExplainArgs) -> Question {
    let method = match args.method {
        Method::Saliency => Some(inspect::Method::Saliency),
        Method::GradCam => Some(inspect::Method::GradCam),
        Method::Occlusion => Some(inspect::Method::Occlusion),
        Method::All => None,
    };
    let window = Window { size: args.window, stride: args.stride };
    Question { method, class: args.class, layer: args.layer.clone(), window }
}

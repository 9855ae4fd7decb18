//! `convolve`: the command line and the words of [`inspect::convolve`].

use crate::console::{self, Usage, shown};
use crate::device;
use crate::picture_batch::{self, Trouble};
use anyhow::Result;
use image::RgbImage;
use inspect::{Error, Filters, landscape};
use std::path::Path;
use std::process::ExitCode;
use tch::Device;
use train::run_folder::{Saved, load_model};
use xtask::cli::ConvolveArgs;
use xtask::places;

/// Convolves, pools, draws, and prints the shapes.
pub fn run(args: &ConvolveArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let filters = match &args.run {
        None => Filters::random(args.filters as usize, 3, args.size as usize, args.seed, device),
        Some(run) => learned(run, args.filters as i64, device)?,
    };
    if args.images.is_empty() {
        show(args, &landscape::draw(), "landscape", &filters).map_err(Trouble::into_error)?;
        return Ok(ExitCode::SUCCESS);
    }
    picture_batch::each(&args.images, &[String::new()], |path, name| {
        let (picture, steps) = picture_batch::read(path)?;
        for step in &steps {
            console::line(false, step);
        }
        show(args, &picture, name, &filters)
    })
}

/// The filters of a run's best model.
fn learned(run: &Path, count: i64, device: Device) -> Result<Filters> {
    let (model, _) = load_model(run, &Saved::Best, device)?;
    Filters::learned(&model, count).map_err(|error| match error {
        Error::TooManyFilters { asked, there } => {
            Usage(format!("--filters {asked}: the first layer of this run has {there}")).into()
        }
        other => other.into(),
    })
}

/// Draws one picture's figure into a file called by `name`.
fn show(args: &ConvolveArgs, picture: &RgbImage, name: &str, filters: &Filters) -> Result<(), Trouble> {
    let convolved =
        inspect::convolve(picture, filters, args.keep_border).map_err(|error| Trouble::Picture(error.into()))?;
    let rows = [
        ("picture", &convolved.image),
        ("filters", &filters.weight),
        ("convolved", &convolved.maps),
        ("pooled", &convolved.pooled),
    ];
    for (what, tensor) in rows {
        console::line(false, &format!("{what:<10} {}", console::shape(&tensor.size())));
    }
    let folder = places::shorten(&places::workspace().join("runs/convolve"));
    let path = args.out.clone().unwrap_or(folder).join(format!("convolve-{name}.png"));
    convolved.figure.save(&path)?;
    console::line(false, &format!("{:<10} {}", "figure", shown::path(&path)));
    Ok(())
}

//! `explain`: which parts of a picture made a saved model answer as it did, drawn over the picture.

use crate::console::{self, Usage, percent};
use crate::{conversion, device, picture_file};
use anyhow::{Result, anyhow};
use models::attribution::{Window, convolution, grad_cam, occlusion, saliency};
use models::{Error, Mode, Model};
use std::process::ExitCode;
use tch::{Kind, Tensor};
use train::run_folder::load_model;
use viz::colour::SERIES;
use viz::{Cell, Columns, GridOptions, Picture, grid};
use xtask::cli::{ExplainArgs, Method};

/// Each panel's longer side is at least this many pixels.
const PANEL: i64 = 252;
/// Brightness of the picture beneath the colours, so that they stand out.
const DIMMED: f64 = 0.55;
/// Opacity where a heat map is strongest.
const OPACITY: f64 = 0.9;

/// A heat map over the picture.
struct Heat {
    method: &'static str,
    caption: String,
    /// f32 `[height, width]`, of the picture or smaller.
    values: Tensor,
}

/// Draws, and prints what was written.
pub fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, card) = load_model(&args.run, &saved, device)?;
    let converted = conversion::convert(&picture_file::read(&args.image)?, &card, args.invert)?;
    for step in &converted.steps {
        console::line(false, step);
    }
    if let Some(doubt) = &converted.doubt {
        console::line(false, &format!("warning: {doubt}"));
    }
    let image = conversion::tensor(&[converted], &card, device); // [1, c, h, w]
    let probabilities = tch::no_grad(|| model.forward(&image, Mode::Eval).softmax(-1, Kind::Double)); // [1, classes]
    let class = args.class.unwrap_or_else(|| probabilities.argmax(-1, false).int64_value(&[0]));
    let heats = heats(args, &model, &image, class)?;
    let answer = format!("class {class}: {}", percent(probabilities.double_value(&[0, class])));
    console::line(false, &answer);

    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let name = args.image.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut cells = vec![Cell::new(overlay(&image, None)?, &format!("the picture\n{answer}"))];
    for heat in heats {
        let picture = overlay(&image, Some(&heat.values))?;
        let path = out.join(format!("explain-{name}-{}.png", heat.method));
        picture.save(&path)?;
        console::line(false, &format!("{:<9} {}", heat.method, path.display()));
        cells.push(Cell::new(picture, &heat.caption));
    }
    let options = GridOptions {
        columns: Columns::Exactly(cells.len()),
        spacing: 12,
        margin: 16,
        title: Some(format!("why class {class}?")),
        ..GridOptions::default()
    };
    let path = out.join(format!("explain-{name}.png"));
    grid(&cells, &options)?.save(&path)?;
    console::line(false, &format!("{:<9} {}", "figure", path.display()));
    Ok(ExitCode::SUCCESS)
}

/// What was asked for does not exist: a mistake in the command, not a failure.
pub fn as_usage(error: Error) -> anyhow::Error {
    match error {
        Error::Libtorch { .. } | Error::Images { .. } => error.into(),
        _ => Usage(error.to_string()).into(),
    }
}

fn heats(args: &ExplainArgs, model: &Model, image: &Tensor, class: i64) -> Result<Vec<Heat>> {
    let wanted = |method| args.method == method || args.method == Method::All;
    let mut heats = Vec::new();
    if wanted(Method::Saliency) {
        let values = saliency(model, image, class).map_err(as_usage)?.get(0); // [h, w]
        let caption = "saliency\nhow far each pixel moves the score".to_owned();
        heats.push(Heat { method: "saliency", caption, values });
    }
    if wanted(Method::GradCam) {
        match convolution(model, args.layer.as_deref()) {
            Ok(layer) => {
                let values = grad_cam(model, image, class, Some(layer)).map_err(as_usage)?.get(0); // [h', w']
                let caption = format!("Grad-CAM of {layer}\nwhere maps for class {class} respond");
                heats.push(Heat { method: "grad-cam", caption, values });
            }
            Err(Error::NoConvolution { layer: None, .. }) if args.method == Method::All => {
                console::line(false, "grad-cam is left out: the model has no convolution");
            }
            Err(error) => return Err(as_usage(error)),
        }
    }
    if wanted(Method::Occlusion) {
        let window = Window { size: args.window, stride: args.stride };
        let values = occlusion(model, image, class, window).map_err(as_usage)?.get(0); // [h, w]
        let (fall, rise) = (values.max().double_value(&[]), -values.min().double_value(&[]));
        let change = if fall >= rise {
            format!("falls by up to {}", percent(fall))
        } else {
            format!("rises by up to {}", percent(rise))
        };
        let caption = format!("occlusion, {0} x {0} covered\nprobability {change}", args.window);
        heats.push(Heat { method: "occlusion", caption, values });
    }
    Ok(heats)
}

/// The picture enlarged; with a heat map dimmed and in grey beneath it, orange where the map is above 0 and blue where
/// it is below, the more opaque the further from 0.
fn overlay(image: &Tensor, heat: Option<&Tensor>) -> Result<Picture> {
    let _guard = tch::no_grad_guard();
    let [height, width] = [image.size()[2], image.size()[3]];
    let zoom = (PANEL + height.max(width) - 1) / height.max(width);
    let size = [height * zoom, width * zoom];
    let large = image.f_upsample_nearest2d(size, None, None)?.get(0).clamp(0.0, 1.0); // [c, H, W]
    let pixels = match heat {
        None => large.expand([3, size[0], size[1]], false), // [3, H, W]
        Some(heat) => {
            let most = heat.abs().max().clamp_min(1e-12); // []
            let unit = (heat / most).unsqueeze(0).unsqueeze(0); // [1, 1, h', w']
            let unit = unit.f_upsample_bilinear2d(size, false, None, None)?.get(0); // [1, H, W]
            let colour = |rgb: [u8; 3]| {
                let rgb = Tensor::from_slice(&rgb).to_device(image.device()).to_kind(Kind::Float) / 255.0; // [3]
                rgb.view([3, 1, 1])
            };
            let ground = large.mean_dim([0i64].as_slice(), true, Kind::Float) * DIMMED; // [1, H, W]
            let ink = colour(SERIES[4]).where_self(&unit.ge(0.0), &colour(SERIES[5])); // [3, H, W]
            let weight = unit.abs() * OPACITY; // [1, H, W]
            &ground + (ink - &ground) * weight // [3, H, W]
        }
    };
    let bytes = (pixels * 255.0).round().to_kind(Kind::Uint8).permute([1, 2, 0]).contiguous().view([-1]); // [H W 3]
    let bytes = Vec::<u8>::try_from(bytes).map_err(|error| anyhow!("cannot read a picture from libtorch: {error}"))?;
    Ok(Picture::rgb(size[0] as usize, size[1] as usize, bytes)?)
}

//! `explain`: which parts of a picture made a saved model answer as it did, drawn over the picture.

use crate::console::{self, Usage, percent, shown};
use crate::filter_sheets::values;
use crate::heat::{Measure, Reading};
use crate::{device, picture_batch};
use anyhow::Result;
use models::attribution::{Window, convolution, grad_cam, occlusion, saliency};
use models::{Error, Mode, Model, Placement};
use std::process::ExitCode;
use tch::{Kind, Tensor};
use train::run_folder::load_model;
use viz::{
    Background, Cell, Columns, FloatImage, GridOptions, HeatScale, Picture, Scaling, TileOptions, Unit, Zoom, grid,
    heat_bar, heat_map, stack, tiles,
};
use xtask::cli::{ExplainArgs, Method};

/// Each panel's longer side is at least this many pixels.
const PANEL: i64 = 252;
/// Pixels between a panel and its colour bar.
const BAR_GAP: usize = 6;

/// A heat map over the picture.
struct Heat {
    method: &'static str,
    caption: String,
    /// f32 `[height, width]`, as large as a panel.
    drawn: Tensor,
    reading: Reading,
}

/// Draws, and prints what was written.
pub fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, card) = load_model(&args.run, &saved, device)?;
    let suffixes = ["", "-saliency", "-grad-cam", "-occlusion"].map(str::to_owned);
    picture_batch::each(&args.images, &suffixes, |path, name| {
        let image = picture_batch::image(path, &card, args.invert, device)?; // [1, c, h, w]
        Ok(explain(args, &model, &image, name)?)
    })
}

/// Draws one picture's heat maps into files called by `name`.
fn explain(args: &ExplainArgs, model: &Model, image: &Tensor, name: &str) -> Result<()> {
    let scores = tch::no_grad(|| model.forward(image, Mode::Eval)); // [1, classes]
    let class = args.class.unwrap_or_else(|| scores.argmax(-1, false).int64_value(&[0]));
    let panel = Panel::of(image)?;
    let heats = heats(args, model, image, &scores, class, &panel)?;
    let probabilities = scores.softmax(-1, Kind::Double); // [1, classes]
    let answer = format!("class {class}: {}", percent(probabilities.double_value(&[0, class])));
    console::line(false, &answer);

    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let mut cells = vec![Cell::new(panel.plain()?, &format!("the picture\n{answer}"))];
    for heat in heats {
        let picture = panel.overlay(&heat)?;
        let path = out.join(format!("explain-{name}-{}.png", heat.method));
        picture.save(&path)?;
        console::line(false, &format!("{:<9} {}", heat.method, shown::path(&path)));
        console::line(false, &format!("{:<9} {}", "", heat.reading.words()));
        cells.push(Cell::new(panel.with_bar(picture, &heat)?, &heat.caption));
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
    console::line(false, &format!("{:<9} {}", "figure", shown::path(&path)));
    Ok(())
}

/// What was asked for does not exist: a mistake in the command, not a failure.
pub fn as_usage(error: Error) -> anyhow::Error {
    match error {
        Error::Libtorch { .. } | Error::Images { .. } => error.into(),
        _ => Usage(error.to_string()).into(),
    }
}

fn heats(
    args: &ExplainArgs,
    model: &Model,
    image: &Tensor,
    scores: &Tensor,
    class: i64,
    panel: &Panel,
) -> Result<Vec<Heat>> {
    let wanted = |method| args.method == method || args.method == Method::All;
    let mut heats = Vec::new();
    if wanted(Method::Saliency) {
        let values = saliency(model, image, class).map_err(as_usage)?.get(0); // [h, w]
        let caption = "saliency\nhow far each pixel moves the score".to_owned();
        let reading = reading(Measure::Score { lead: lead(scores, class) }, &values);
        heats.push(Heat { method: "saliency", caption, drawn: panel.enlarged(&values)?, reading });
    }
    if wanted(Method::GradCam) {
        match convolution(model, args.layer.as_deref()) {
            Ok(layer) => {
                let values = grad_cam(model, image, class, Some(layer)).map_err(as_usage)?.get(0); // [h', w']
                let caption = format!("Grad-CAM of {layer}\nwhere maps for class {class} respond");
                let reading = reading(Measure::Response { lead: lead(scores, class) }, &values);
                let place = Placement::of(model, Some(layer)).map_err(as_usage)?;
                // Around the outermost cells the map fades to what is clear.
                let drawn = place.spread(&(values - reading.clear), panel.size) + reading.clear; // [H, W]
                heats.push(Heat { method: "grad-cam", caption, drawn, reading });
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
        let caption = format!("occlusion, {0} x {0} covered\nhow far the probability falls", args.window);
        let reading = reading(Measure::Probability, &values);
        heats.push(Heat { method: "occlusion", caption, drawn: panel.enlarged(&values)?, reading });
    }
    for heat in &mut heats {
        if let Some(why) = heat.reading.nothing {
            heat.caption += &format!("\n{}", why.words());
        }
    }
    Ok(heats)
}

fn reading(measure: Measure, values: &Tensor) -> Reading {
    Reading::of(measure, values.min().double_value(&[]), values.max().double_value(&[]))
}

/// How far the score of `class` lies from the best of the other classes; `scores` are `[1, classes]`.
fn lead(scores: &Tensor, class: i64) -> f64 {
    let others = scores
        .masked_fill(&Tensor::arange(scores.size()[1], (Kind::Int64, scores.device())).eq(class), f64::NEG_INFINITY);
    scores.double_value(&[0, class]) - others.max().double_value(&[])
}

/// What all panels of a figure share: the picture, and the size that it is enlarged to.
struct Panel {
    picture: FloatImage,
    zoom: usize,
    /// Height and width.
    size: [i64; 2],
}

impl Panel {
    /// `image` is `[1, channels, height, width]` from 0 to 1.
    fn of(image: &Tensor) -> Result<Panel> {
        let shape = [1, 2, 3].map(|axis| image.size()[axis] as usize);
        let [height, width] = [image.size()[2], image.size()[3]];
        let zoom = (PANEL + height.max(width) - 1) / height.max(width);
        let picture = FloatImage::new(shape, values(image)?)?;
        Ok(Panel { picture, zoom: zoom as usize, size: [height * zoom, width * zoom] })
    }

    /// A number for each pixel of the picture, `[h, w]`, between their middles interpolated: `[H, W]`.
    fn enlarged(&self, values: &Tensor) -> Result<Tensor> {
        let values = values.unsqueeze(0).unsqueeze(0); // [1, 1, h, w]
        Ok(values.f_upsample_bilinear2d(self.size, false, None, None)?.get(0).get(0)) // [H, W]
    }

    /// The picture with room beneath it, where the others have their colour bars.
    fn plain(&self) -> Result<Picture> {
        let options = TileOptions {
            scaling: Scaling::Fixed { low: 0.0, high: 1.0 },
            zoom: Zoom::Factor(self.zoom),
            grid: GridOptions::bare(0),
            ..TileOptions::default()
        };
        let picture = tiles(std::slice::from_ref(&self.picture), &[], &options)?;
        let bar = heat_bar(HeatScale { clear: 0.0, full: 0.0 }, [0.0; 2], Unit::Plain, picture.width())?;
        let room = Picture::filled(bar.height(), picture.width(), Background::Light.colour())?;
        Ok(stack(&[picture, room], BAR_GAP, Background::Light)?)
    }

    /// The picture dimmed, in grey, and the heat map over it.
    fn overlay(&self, heat: &Heat) -> Result<Picture> {
        let [height, width] = self.size.map(|side| side as usize);
        let drawn = FloatImage::grey(height, width, values(&heat.drawn)?)?;
        Ok(heat_map(&self.picture, &drawn, heat.reading.scale())?)
    }

    /// An overlay and the bar that says which colour stands for which number.
    fn with_bar(&self, overlay: Picture, heat: &Heat) -> Result<Picture> {
        let bar = heat_bar(heat.reading.scale(), heat.reading.ends, heat.reading.unit, overlay.width())?;
        Ok(stack(&[overlay, bar], BAR_GAP, Background::Light)?)
    }
}

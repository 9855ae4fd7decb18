//! Which parts of a picture made a model answer as it did, drawn over the picture.

use crate::error::Error;
use crate::heat::{Measure, Reading};
use crate::host::values;
use models::attribution::{Window, convolution, grad_cam, occlusion, saliency};
use models::{Mode, Model, Placement};
use tch::{Kind, Tensor};
use values::percent;
use viz::{
    Background, Cell, Columns, FloatImage, GridOptions, HeatScale, Picture, Scaling, TileOptions, Unit, Zoom, grid,
    heat_bar, heat_map, stack, tiles,
};

/// Each panel's longer side is at least this many pixels.
const PANEL: i64 = 252;
/// Pixels between a panel and its colour bar.
const BAR_GAP: usize = 6;

/// How an answer is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Magnitude of the input gradient of the class's score.
    Saliency,
    /// Where the maps of a convolution that speak for the class respond.
    GradCam,
    /// How far the class's probability falls when a window is covered.
    Occlusion,
}

impl Method {
    /// Its name in messages and file names.
    pub fn name(self) -> &'static str {
        match self {
            Method::Saliency => "saliency",
            Method::GradCam => "grad-cam",
            Method::Occlusion => "occlusion",
        }
    }
}

/// What is to be explained, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// One method; `None` is all that the model allows.
    pub method: Option<Method>,
    /// The class to explain, from 0; `None` is the most probable one.
    pub class: Option<i64>,
    /// The convolution that Grad-CAM looks at; `None` is the last.
    pub layer: Option<String>,
    /// The window that occlusion covers.
    pub window: Window,
}

/// Why a model answered as it did.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The class that is explained, from 0.
    pub class: i64,
    /// Its probability, from 0 to 1.
    pub probability: f64,
    /// The methods asked for, in the order of [`Method`].
    pub heats: Vec<Heat>,
    /// Whether Grad-CAM is left out because the model has no convolution.
    pub without_grad_cam: bool,
    /// The picture and all methods side by side, each with its colour bar.
    pub figure: Picture,
}

/// What one method says.
#[derive(Clone, Debug)]
pub struct Heat {
    /// The method.
    pub method: Method,
    /// Its numbers in words, and why nothing is drawn where that is so.
    pub words: String,
    /// The picture dimmed, in grey, and the heat map over it.
    pub overlay: Picture,
}

impl Explanation {
    /// The answer in words, such as `class 7: 99.12 %`.
    pub fn answer(&self) -> String {
        answer(self.class, self.probability)
    }
}

/// Explains the answer for `image`, f32 `[1, channels, height, width]` from 0 to 1.
///
/// # Errors
/// If the model has no such class, layer or convolution, if the window does not fit, or if libtorch fails.
pub fn explain(model: &Model, image: &Tensor, question: &Question) -> Result<Explanation, Error> {
    let scores = tch::no_grad(|| model.forward(image, Mode::Eval)); // [1, classes]
    let class = question.class.unwrap_or_else(|| scores.argmax(-1, false).int64_value(&[0]));
    let panel = Panel::of(image)?;
    let (maps, without_grad_cam) = maps(question, model, image, &scores, class, &panel)?;
    let probability = scores.softmax(-1, Kind::Double).double_value(&[0, class]);

    let mut cells = vec![Cell::new(panel.plain()?, &format!("the picture\n{}", answer(class, probability)))];
    let mut heats = Vec::with_capacity(maps.len());
    for map in maps {
        let overlay = panel.overlay(&map)?;
        cells.push(Cell::new(panel.with_bar(overlay.clone(), &map)?, &map.caption));
        heats.push(Heat { method: map.method, words: map.reading.words(), overlay });
    }
    let options = GridOptions {
        columns: Columns::Exactly(cells.len()),
        spacing: 12,
        margin: 16,
        title: Some(format!("why class {class}?")),
        ..GridOptions::default()
    };
    let figure = grid(&cells, &options)?;
    Ok(Explanation { class, probability, heats, without_grad_cam, figure })
}

fn answer(class: i64, probability: f64) -> String {
    format!("class {class}: {}", percent(probability))
}

/// A heat map over the picture.
struct Map {
    method: Method,
    caption: String,
    /// f32 `[height, width]`, as large as a panel.
    drawn: Tensor,
    reading: Reading,
}

/// The maps of the methods asked for, and whether Grad-CAM was left out.
fn maps(
    question: &Question,
    model: &Model,
    image: &Tensor,
    scores: &Tensor,
    class: i64,
    panel: &Panel,
) -> Result<(Vec<Map>, bool), Error> {
    let wanted = |method| question.method.is_none_or(|asked| asked == method);
    let mut maps = Vec::new();
    let mut without_grad_cam = false;
    if wanted(Method::Saliency) {
        let values = saliency(model, image, class)?.get(0); // [h, w]
        let caption = "saliency\nhow far each pixel moves the score".to_owned();
        let reading = reading(Measure::Score { lead: lead(scores, class) }, &values);
        maps.push(Map { method: Method::Saliency, caption, drawn: panel.enlarged(&values)?, reading });
    }
    if wanted(Method::GradCam) {
        match convolution(model, question.layer.as_deref()) {
            Ok(layer) => {
                let values = grad_cam(model, image, class, Some(layer))?.get(0); // [h', w']
                let caption = format!("Grad-CAM of {layer}\nwhere maps for class {class} respond");
                let reading = reading(Measure::Response { lead: lead(scores, class) }, &values);
                let place = Placement::of(model, Some(layer))?;
                // Around the outermost cells the map fades to what is clear.
                let drawn = place.spread(&(values - reading.clear), panel.size) + reading.clear; // [H, W]
                maps.push(Map { method: Method::GradCam, caption, drawn, reading });
            }
            Err(models::Error::NoConvolution { layer: None, .. }) if question.method.is_none() => {
                without_grad_cam = true
            }
            Err(error) => return Err(error.into()),
        }
    }
    if wanted(Method::Occlusion) {
        let values = occlusion(model, image, class, question.window)?.get(0); // [h, w]
        let caption = format!("occlusion, {0} x {0} covered\nhow far the probability falls", question.window.size);
        let reading = reading(Measure::Probability, &values);
        maps.push(Map { method: Method::Occlusion, caption, drawn: panel.enlarged(&values)?, reading });
    }
    for map in &mut maps {
        if let Some(why) = map.reading.nothing {
            map.caption += &format!("\n{}", why.words());
        }
    }
    Ok((maps, without_grad_cam))
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
    fn of(image: &Tensor) -> Result<Panel, Error> {
        let shape = [1, 2, 3].map(|axis| image.size()[axis] as usize);
        let [height, width] = [image.size()[2], image.size()[3]];
        let zoom = (PANEL + height.max(width) - 1) / height.max(width);
        let picture = FloatImage::new(shape, values(image)?)?;
        Ok(Panel { picture, zoom: zoom as usize, size: [height * zoom, width * zoom] })
    }

    /// A number for each pixel of the picture, `[h, w]`, between their middles interpolated: `[H, W]`.
    fn enlarged(&self, values: &Tensor) -> Result<Tensor, Error> {
        let values = values.unsqueeze(0).unsqueeze(0); // [1, 1, h, w]
        let enlarged = values.f_upsample_bilinear2d(self.size, false, None, None); // [1, 1, H, W]
        Ok(enlarged.map_err(Error::torch("enlarge a map"))?.get(0).get(0)) // [H, W]
    }

    /// The picture with room beneath it, where the others have their colour bars.
    fn plain(&self) -> Result<Picture, Error> {
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
    fn overlay(&self, map: &Map) -> Result<Picture, Error> {
        let [height, width] = self.size.map(|side| side as usize);
        let drawn = FloatImage::grey(height, width, values(&map.drawn)?)?;
        Ok(heat_map(&self.picture, &drawn, map.reading.scale())?)
    }

    /// An overlay and the bar that says which colour stands for which number.
    fn with_bar(&self, overlay: Picture, map: &Map) -> Result<Picture, Error> {
        let bar = heat_bar(map.reading.scale(), map.reading.ends, map.reading.unit, overlay.width())?;
        Ok(stack(&[overlay, bar], BAR_GAP, Background::Light)?)
    }
}

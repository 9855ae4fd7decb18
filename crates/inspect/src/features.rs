//! What each layer of a model makes of one picture.

use crate::error::Error;
use crate::host::values;
use models::Model;
use tch::{Device, Kind, Tensor};
use values::shape as shape_text;
use viz::colour::{GRID, SERIES};
use viz::{
    Background, Cell, Columns, FloatImage, GridOptions, Palette, Picture, Scaling, TileOptions, Zoom, grid, stack,
    tiles,
};

/// Units in one line of a strip.
const LINE: usize = 50;

/// What a layer gave out, drawn.
#[derive(Clone, Debug)]
pub struct Features {
    /// The layer, or `input`.
    pub layer: String,
    /// Shape of what it gave out, the number of pictures first.
    pub shape: Vec<i64>,
    /// Every map or unit as a tile; for the last layer a bar for each class.
    pub picture: Picture,
}

impl Features {
    /// All that [`features`] drew as one picture, one beneath the other.
    ///
    /// # Errors
    /// If there is nothing to draw, or the picture would be too large.
    pub fn together(all: &[Features]) -> Result<Picture, Error> {
        let pictures: Vec<Picture> = all.iter().map(|features| features.picture.clone()).collect();
        Ok(stack(&pictures, 0, Background::Light)?)
    }
}

/// What [`features`] draws of this model, by name, in its order.
pub fn layers(model: &Model, device: Device) -> Vec<String> {
    let blank = Tensor::zeros([&[1], model.input().as_slice()].concat(), (Kind::Float, device)); // [1, c, h, w]
    let layers = tch::no_grad(|| model.activations(&blank));
    std::iter::once("input".to_owned()).chain(layers.into_iter().map(|(layer, _)| layer)).collect()
}

/// The picture itself, then every layer's output, first to last, and the probabilities at the end; `image` is f32
/// `[1, channels, height, width]` from 0 to 1, on the model's device.
///
/// # Errors
/// If libtorch fails or a figure would be too large.
pub fn features(model: &Model, image: &Tensor) -> Result<Vec<Features>, Error> {
    let _guard = tch::no_grad_guard();
    let mut all = vec![drawn("input", image, drawn_input)?];
    let layers = model.activations(image);
    let last = layers.len().saturating_sub(1);
    for (i, (layer, output)) in layers.iter().enumerate() {
        all.push(match output.dim() {
            _ if i == last => drawn(layer, &output.softmax(-1, Kind::Float), drawn_probabilities)?,
            4 => drawn(layer, output, drawn_maps)?,
            _ => drawn(layer, output, drawn_units)?,
        });
    }
    Ok(all)
}

/// From a title, a shape and its numbers to a picture.
type Draw = fn(&str, &[i64], Vec<f32>) -> Result<Picture, Error>;

fn drawn(layer: &str, output: &Tensor, draw: Draw) -> Result<Features, Error> {
    let shape = output.size();
    let title = format!("{layer} {}", shape_text(&shape));
    let picture = draw(&title, &shape, values(output)?)?;
    Ok(Features { layer: layer.to_owned(), shape, picture })
}

/// The picture as the model takes it.
fn drawn_input(title: &str, shape: &[i64], values: Vec<f32>) -> Result<Picture, Error> {
    let [channels, height, width] = [1, 2, 3].map(|i| shape[i] as usize);
    let options = TileOptions {
        scaling: Scaling::Fixed { low: 0.0, high: 1.0 },
        zoom: Zoom::AtLeast(112),
        grid: titled(title, Columns::Auto, 4),
        ..TileOptions::default()
    };
    // A picture of other than 1 or 3 channels is drawn channel by channel.
    let channels = if matches!(channels, 1 | 3) { channels } else { 1 };
    Ok(tiles(&FloatImage::rows([channels, height, width], &values)?, &[], &options)?)
}

/// Every map of a layer as a tile.
fn drawn_maps(title: &str, shape: &[i64], values: Vec<f32>) -> Result<Picture, Error> {
    let (height, width) = (shape[2] as usize, shape[3] as usize);
    let maps = FloatImage::rows([1, height, width], &values)?;
    let columns = if maps.len() <= 20 { 10 } else { maps.len().div_ceil(maps.len().div_ceil(20)) };
    let zoom = if maps.len() <= 20 { Zoom::AtLeast(72) } else { Zoom::AtLeast(34) };
    let options =
        TileOptions { zoom, grid: titled(title, Columns::Exactly(columns.min(maps.len())), 2), ..coloured(&values) };
    Ok(tiles(&maps, &[], &options)?)
}

/// Every unit of a layer as a small square, line by line.
fn drawn_units(title: &str, _shape: &[i64], values: Vec<f32>) -> Result<Picture, Error> {
    let units = FloatImage::rows([1, 1, 1], &values)?;
    let columns = Columns::Exactly(LINE.min(units.len()));
    let options = TileOptions { zoom: Zoom::Factor(14), grid: titled(title, columns, 1), ..coloured(&values) };
    Ok(tiles(&units, &[], &options)?)
}

/// A bar for each class with its probability beneath.
fn drawn_probabilities(title: &str, _shape: &[i64], values: Vec<f32>) -> Result<Picture, Error> {
    let bars = values.iter().enumerate().map(|(class, &probability)| {
        let bar = bar(f64::from(probability))?;
        Ok(Cell::new(bar, &format!("{class}\n{:.1} %", f64::from(probability) * 100.0)))
    });
    let bars: Vec<Cell> = bars.collect::<Result<_, viz::Error>>()?;
    let columns = Columns::Exactly(bars.len().min(10));
    Ok(grid(&bars, &titled(&format!("{title}, probabilities"), columns, 4))?)
}

/// A column of the height of its probability, on a pale ground.
fn bar(probability: f64) -> Result<Picture, viz::Error> {
    const HEIGHT: usize = 100;
    const WIDTH: usize = 44;
    let filled = (probability * HEIGHT as f64).round() as usize;
    let row = |row: usize| if HEIGHT - row <= filled { SERIES[0] } else { GRID };
    let bytes = (0..HEIGHT).flat_map(|y| row(y).repeat(WIDTH)).collect();
    Picture::rgb(HEIGHT, WIDTH, bytes)
}

/// Signed numbers in two colours with zero between them, others from dark to light; one scale for the layer.
fn coloured(values: &[f32]) -> TileOptions {
    let signed = values.iter().any(|&value| value < 0.0);
    let palette = if signed { Palette::Diverging } else { Palette::Viridis };
    TileOptions { palette, ..TileOptions::signed() }
}

fn titled(title: &str, columns: Columns, spacing: usize) -> GridOptions {
    GridOptions { title: Some(title.to_owned()), columns, spacing, ..GridOptions::default() }
}

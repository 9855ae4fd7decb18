//! `features`: what each layer of a saved model makes of one picture.

use crate::console::{self, shown};
use crate::filter_sheets::values;
use crate::{device, picture_batch};
use anyhow::Result;
use models::Model;
use std::path::Path;
use std::process::ExitCode;
use tch::{Kind, Tensor};
use train::run_folder::load_model;
use viz::colour::{GRID, SERIES};
use viz::{
    Background, Cell, Columns, FloatImage, GridOptions, Palette, Picture, Scaling, TileOptions, Zoom, grid, stack,
    tiles,
};
use xtask::cli::FeaturesArgs;

/// Units in one line of a strip.
const LINE: usize = 50;

/// Draws, and prints what was written.
pub fn run(args: &FeaturesArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, card) = load_model(&args.run, &saved, device)?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    let layers = model.activations(&Tensor::zeros([&[1], card.input.as_slice()].concat(), (Kind::Float, device)));
    let layers = layers.into_iter().map(|(layer, _)| layer).chain(["input".to_owned()]);
    let suffixes: Vec<String> = layers.map(|layer| format!("-{layer}")).chain([String::new()]).collect();
    picture_batch::each(&args.images, &suffixes, |path, name| {
        let image = picture_batch::image(path, &card, args.invert, device)?; // [1, c, h, w]
        Ok(draw(&model, &image, &out, name)?)
    })
}

/// Draws what the layers make of one picture into files called by `name`.
fn draw(model: &Model, image: &Tensor, out: &Path, name: &str) -> Result<()> {
    let sheets = sheets(model, image)?;
    for sheet in &sheets {
        let path = out.join(format!("features-{name}-{}.png", sheet.layer));
        save(&sheet.layer, &console::shape(&sheet.shape), &sheet.picture, &path)?;
    }
    let pictures: Vec<Picture> = sheets.into_iter().map(|sheet| sheet.picture).collect();
    let whole = stack(&pictures, 0, Background::Light)?;
    save("all", "", &whole, &out.join(format!("features-{name}.png")))
}

fn save(layer: &str, shape: &str, picture: &Picture, path: &Path) -> Result<()> {
    picture.save(path)?;
    console::line(false, &format!("{layer:<8} {shape:<18} {}", shown::path(path)));
    Ok(())
}

/// What a layer gave out, drawn.
struct Sheet {
    layer: String,
    shape: Vec<i64>,
    picture: Picture,
}

/// The picture itself, then every layer's output, first to last, and the probabilities at the end.
fn sheets(model: &Model, image: &Tensor) -> Result<Vec<Sheet>> {
    let _guard = tch::no_grad_guard();
    let mut sheets = vec![sheet("input", image, drawn_input)?];
    let layers = model.activations(image);
    let last = layers.len().saturating_sub(1);
    for (i, (layer, output)) in layers.iter().enumerate() {
        sheets.push(match output.dim() {
            _ if i == last => sheet(layer, &output.softmax(-1, Kind::Float), drawn_probabilities)?,
            4 => sheet(layer, output, drawn_maps)?,
            _ => sheet(layer, output, drawn_units)?,
        });
    }
    Ok(sheets)
}

fn sheet(layer: &str, output: &Tensor, draw: fn(&str, &[i64], Vec<f32>) -> Result<Picture>) -> Result<Sheet> {
    let shape = output.size();
    let title = format!("{layer} {}", console::shape(&shape));
    let picture = draw(&title, &shape, values(output)?)?;
    Ok(Sheet { layer: layer.to_owned(), shape, picture })
}

/// The picture as the model takes it.
fn drawn_input(title: &str, shape: &[i64], values: Vec<f32>) -> Result<Picture> {
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
fn drawn_maps(title: &str, shape: &[i64], values: Vec<f32>) -> Result<Picture> {
    let (height, width) = (shape[2] as usize, shape[3] as usize);
    let maps = FloatImage::rows([1, height, width], &values)?;
    let columns = if maps.len() <= 20 { 10 } else { maps.len().div_ceil(maps.len().div_ceil(20)) };
    let zoom = if maps.len() <= 20 { Zoom::AtLeast(72) } else { Zoom::AtLeast(34) };
    let options =
        TileOptions { zoom, grid: titled(title, Columns::Exactly(columns.min(maps.len())), 2), ..coloured(&values) };
    Ok(tiles(&maps, &[], &options)?)
}

/// Every unit of a layer as a small square, line by line.
fn drawn_units(title: &str, _shape: &[i64], values: Vec<f32>) -> Result<Picture> {
    let units = FloatImage::rows([1, 1, 1], &values)?;
    let columns = Columns::Exactly(LINE.min(units.len()));
    let options = TileOptions { zoom: Zoom::Factor(14), grid: titled(title, columns, 1), ..coloured(&values) };
    Ok(tiles(&units, &[], &options)?)
}

/// A bar for each class with its probability beneath.
fn drawn_probabilities(title: &str, _shape: &[i64], values: Vec<f32>) -> Result<Picture> {
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

//! The pictures that the units of a model respond to most.

use crate::error::Error;
use crate::host::values;
use models::maximise::{Ascent, activation, maximise, units_of};
use models::{Mode, Model};
use tch::{Kind, Tensor};
use viz::{Columns, FloatImage, GridOptions, Picture, Scaling, TileOptions, Zoom, tiles};

/// More tiles than this are drawn smaller.
const MANY: usize = 20;

/// The pictures of a layer's units.
#[derive(Clone, Debug)]
pub struct Dream {
    /// Shape of the pictures, `[units, channels, height, width]`.
    pub shape: Vec<i64>,
    /// Each picture as a tile, with what its unit answers beneath.
    pub figure: Picture,
}

/// Draws what excites `unit` of `layer`, or all of its units (maps, classes) one by one, by gradient ascent.
///
/// # Errors
/// If the model has no such layer or unit, if its pictures cannot be drawn, or if libtorch fails.
pub fn dream(model: &Model, layer: &str, unit: Option<i64>, ascent: &Ascent) -> Result<Dream, Error> {
    let shape = model.input();
    if !matches!(shape[0], 1 | 3) {
        return Err(Error::Undrawable { channels: shape[0] });
    }
    let there = units_of(model, layer)?;
    let units: Vec<i64> = unit.map_or_else(|| (0..there).collect(), |unit| vec![unit]);
    let pictures = maximise(model, layer, &units, ascent)?; // [k, c, h, w]
    let captions = captions(model, layer, &units, &pictures)?;
    let title =
        if layer == "output" { "what each class looks like to the model" } else { "what each unit responds to" };
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
    let images = FloatImage::rows(shape.map(|side| side as usize), &values(&pictures)?)?;
    Ok(Dream { shape: pictures.size(), figure: tiles(&images, &captions, &options)? })
}

/// What each unit answers to its picture; `pictures` are `[k, channels, height, width]`.
fn captions(model: &Model, layer: &str, units: &[i64], pictures: &Tensor) -> Result<Vec<String>, Error> {
    let _guard = tch::no_grad_guard();
    let classes = layer == "output";
    let all = if classes {
        model.forward(pictures, Mode::Eval).softmax(-1, Kind::Float)
    } else {
        activation(model, layer, pictures)?
    }; // [k, units]
    let index = Tensor::from_slice(units).view([-1, 1]).to_device(pictures.device()); // [k, 1]
    let reached = values(&all.gather(1, &index, false))?;
    let caption = |(unit, reached): (&i64, f32)| {
        if classes { format!("class {unit}\n{:.1} %", reached * 100.0) } else { format!("{unit}: {reached:.2}") }
    };
    Ok(units.iter().zip(reached).map(caption).collect())
}

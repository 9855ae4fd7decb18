//! The filters of the first layer, which can be looked at as pictures: those of the best model, and how they grew
//! where snapshots were kept.

use crate::error::Error;
use crate::record::Record;
use crate::sprites::Sheet;
use models::Model;
use tch::{Device, Kind, TchError};
use train::run_folder;
use viz::{FloatImage, Palette, Scaling};

/// At most so many filters are shown of a model: those with the largest norm, which speak loudest.
const MOST_FILTERS: usize = 16;
/// At most so many moments of training are shown, and so many filters of each.
const MOST_MOMENTS: usize = 8;
const FILTERS_OF_A_MOMENT: usize = 10;

/// Filters of a run.
pub struct Filters {
    /// The layer that they belong to.
    pub layer: String,
    /// How many the layer has.
    pub total: usize,
    /// The filters that are shown, in the order of the tiles, each with its Euclidean norm.
    pub shown: Vec<(usize, String)>,
    /// The largest weight without its sign, which has the deepest colour.
    pub deepest: String,
    pub sheet: Sheet,
    /// Whether their pixels have colours of their own, as those of pictures.
    pub coloured: bool,
    /// Whether each filter stands for a class.
    pub of_classes: bool,
    pub growth: Option<Growth>,
}

/// Some filters at several moments of training.
pub struct Growth {
    /// What the moment is called, and the tiles of its filters.
    pub moments: Vec<(String, Vec<usize>)>,
    pub sheet: Sheet,
}

impl Filters {
    /// Draws the filters of `model`, the best of the run; `None` where it has no parameters, or its pictures have
    /// neither one nor three channels.
    pub fn draw(record: &Record, model: &Model, number: usize) -> Result<Option<Filters>, Error> {
        let Some(images) = first_layer(model)? else {
            return Ok(None);
        };
        let total = images.len();
        let norm = |image: &FloatImage| image.values().iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
        let name = model.parameters().first().map_or("", |parameter| &parameter.name);
        let layer = name.trim_end_matches(".weight").to_owned();
        let of_classes = layer == "output";
        let mut ranked: Vec<(usize, FloatImage)> = images.into_iter().enumerate().collect();
        if !of_classes {
            ranked.sort_by(|a, b| norm(&b.1).total_cmp(&norm(&a.1)));
        }
        ranked.truncate(MOST_FILTERS);
        let shown = ranked.iter().map(|(filter, image)| (*filter, format!("{:.3}", norm(image)))).collect();
        let images: Vec<FloatImage> = ranked.into_iter().map(|(_, image)| image).collect();
        let deepest = images.iter().flat_map(FloatImage::values).fold(0.0_f32, |most, weight| most.max(weight.abs()));
        Ok(Some(Filters {
            of_classes,
            coloured: images.iter().any(|image| image.shape()[0] == 3),
            deepest: format!("{deepest:.3}"),
            layer,
            total,
            shown,
            sheet: Sheet::draw(format!("filters-{number}"), &images, Scaling::Common, Palette::Diverging)?,
            growth: Growth::draw(record, number)?,
        }))
    }
}

impl Growth {
    fn draw(record: &Record, number: usize) -> Result<Option<Growth>, Error> {
        let names = run_folder::snapshots(&record.path)?;
        let mut images = Vec::new();
        let mut moments = Vec::new();
        for name in spread(&names, MOST_MOMENTS) {
            let (model, _) = run_folder::load_snapshot(&record.path, name, Device::Cpu)?;
            let Some(mut filters) = first_layer(&model)? else {
                return Ok(None);
            };
            filters.truncate(FILTERS_OF_A_MOMENT);
            let tiles = images.len()..images.len() + filters.len();
            let epoch = name.trim_start_matches("epoch-").trim_start_matches('0');
            let epoch = if epoch.is_empty() { "0" } else { epoch };
            moments.push((format!("epoch {epoch}"), tiles.collect()));
            images.extend(filters);
        }
        if moments.len() < 2 {
            return Ok(None);
        }
        let scaling = Scaling::Common;
        let sheet = Sheet::draw(format!("growth-{number}"), &images, scaling, Palette::Diverging)?;
        Ok(Some(Growth { moments, sheet }))
    }
}

/// The weights of the first layer, each unit's as a picture of what it looks at.
fn first_layer(model: &Model) -> Result<Option<Vec<FloatImage>>, Error> {
    let parameters = model.parameters();
    let Some(first) = parameters.first() else {
        return Ok(None);
    };
    let weight = &first.tensor;
    // [maps, channels, height, width], or [units, features]
    let shape: [i64; 3] = match weight.size().as_slice() {
        [_, channels, height, width] => [*channels, *height, *width],
        _ => model.input(),
    };
    if !matches!(shape[0], 1 | 3) {
        return Ok(None);
    }
    let host = || -> Result<Vec<f32>, TchError> {
        let flat = weight.detach().f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_reshape([-1])?;
        Vec::try_from(flat)
    };
    let action = "read the weights of the first layer";
    let values = host().map_err(torch_ext::Error::doing(action)).map_err(train::Error::from)?;
    Ok(Some(FloatImage::rows(shape.map(|side| side as usize), &values)?))
}

/// At most `most` of `all`, evenly spread, with the first and the last among them.
pub fn spread<T>(all: &[T], most: usize) -> Vec<&T> {
    let count = all.len().min(most);
    let place = |i: usize| i * (all.len() - 1) / (count - 1).max(1);
    (0..count).map(|i| &all[place(i)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spread_from_the_first_to_the_last() {
        let all: Vec<usize> = (0..=100).collect();
        assert_eq!(spread(&all, 5), [&0, &25, &50, &75, &100]);
        assert_eq!(spread(&all[..3], 5), [&0, &1, &2]);
        assert_eq!(spread(&all[..1], 5), [&0]);
        assert!(spread(&all[..0], 5).is_empty());
    }
}

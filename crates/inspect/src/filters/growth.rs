//! How a model's filters grew while it trained: a strip and an animation over saved moments.

use crate::error::Error;
use crate::filters::sheet::{Sheet, sheets, symmetric};
use std::path::Path;
use std::time::Duration;
use tch::Device;
use train::run_folder::load_snapshot;
use viz::{Animation, Background, Picture, Section, sections, stack};

/// At most so many moments stand in a strip.
const STRIP: usize = 12;
/// At most so many moments are frames of an animation.
const FRAMES: usize = 60;
/// A whole training is shown in about this time, each frame at least 0.1 s and at most 1 s.
const ANIMATION: Duration = Duration::from_secs(6);

/// The weights of layers at several moments of a training.
#[derive(Clone, Debug)]
pub struct Growth {
    /// What each moment is called, and the sheets of the layers then.
    moments: Vec<(String, Vec<Sheet>)>,
}

/// How one layer grew.
#[derive(Clone, Debug)]
pub struct Grown {
    /// The layer.
    pub layer: String,
    /// Shape of its weights.
    pub shape: Vec<i64>,
    /// At most 12 moments, one beneath the other.
    pub strip: Picture,
    /// At most 60 moments, one after the other.
    pub animation: Animation,
}

impl Growth {
    /// Loads the weights of `layer`, or of all layers, from the snapshots called `names`, first to last. Of more than 60
    /// snapshots some are left out, evenly spread.
    ///
    /// # Errors
    /// If a snapshot cannot be read or has no such layer.
    pub fn load(run: &Path, names: &[String], layer: Option<&str>) -> Result<Growth, Error> {
        let moment = |name: String| -> Result<_, Error> {
            let (model, _) = load_snapshot(run, &name, Device::Cpu)?;
            Ok((spoken(&name), sheets(&model, layer)?))
        };
        Ok(Growth { moments: spread(names, FRAMES).into_iter().map(moment).collect::<Result<_, _>>()? })
    }

    /// Draws layer by layer, all moments on one scale; with `classic` as [`Sheet::classic`] does.
    pub fn draw(&self, classic: bool) -> impl Iterator<Item = Result<Grown, Error>> + '_ {
        let layers = self.moments.first().map_or(0, |(_, sheets)| sheets.len());
        (0..layers).map(move |layer| self.grown(layer, classic))
    }

    fn grown(&self, layer: usize, is_classic: bool) -> Result<Grown, Error> {
        let grown: Vec<(&str, &Sheet)> =
            self.moments.iter().map(|(name, sheets)| (name.as_str(), &sheets[layer])).collect();
        let (strip, frames) = if is_classic {
            let frames = classic(&grown)?;
            (stack(&spread(&frames, STRIP), 8, Background::Light)?, frames)
        } else {
            (strip(&spread(&grown, STRIP))?, frames(&grown)?)
        };
        let delay = ANIMATION / frames.len().clamp(1, FRAMES) as u32;
        let delay = delay.clamp(Duration::from_millis(100), Duration::from_secs(1));
        let animation = Animation::new(&frames, delay)?;
        Ok(Grown { layer: grown[0].1.layer.clone(), shape: grown[0].1.shape.clone(), strip, animation })
    }
}

/// Moments one beneath the other, the first filters of each side by side, all on one scale.
fn strip(grown: &[(&str, &Sheet)]) -> Result<Picture, Error> {
    let rows: Vec<Sheet> = grown.iter().map(|(_, sheet)| sheet.row()).collect();
    let mut options = rows[0].row_options(symmetric(rows.iter().flat_map(Sheet::images)));
    options.grid.title = Some(rows[0].about());
    let moment = |((name, _), row): (&(&str, &Sheet), &Sheet)| Section {
        name: (*name).to_owned(),
        images: row.images().to_vec(),
    };
    let moments: Vec<Section> = grown.iter().zip(&rows).map(moment).collect();
    Ok(sections(&moments, &options)?)
}

/// The sheet at every moment, all on one scale.
fn frames(grown: &[(&str, &Sheet)]) -> Result<Vec<Picture>, Error> {
    let sheets: Vec<Sheet> = grown.iter().map(|(_, sheet)| sheet.frame()).collect();
    let scaling = symmetric(sheets.iter().flat_map(Sheet::images));
    let frame = |((name, _), sheet): (&(&str, &Sheet), &Sheet)| {
        sheet.draw(&format!("{}, {name}", sheet.about()), Some(scaling))
    };
    grown.iter().zip(&sheets).map(frame).collect()
}

fn classic(grown: &[(&str, &Sheet)]) -> Result<Vec<Picture>, Error> {
    grown.iter().map(|(_, sheet)| sheet.frame().classic()).collect()
}

/// At most so many of the moments, evenly spread, the first and the last among them.
fn spread<T: Clone>(moments: &[T], most: usize) -> Vec<T> {
    let count = moments.len().min(most);
    let index = |i: usize| i * (moments.len() - 1) / (count - 1).max(1);
    (0..count).map(|i| moments[index(i)].clone()).collect()
}

/// A snapshot as people call it: `epoch-0003` is epoch 3.
pub fn spoken(snapshot: &str) -> String {
    let epoch = snapshot.strip_prefix("epoch-").and_then(|epoch| epoch.parse::<u64>().ok());
    epoch.map_or(snapshot.to_owned(), |epoch| format!("epoch {epoch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_holds_the_first_and_the_last_moment() {
        let check = |count: usize, expected: &[usize]| {
            let all: Vec<usize> = (0..count).collect();
            assert_eq!(spread(&all, 12), expected);
        };
        check(1, &[0]);
        check(3, &[0, 1, 2]);
        check(12, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        check(34, &[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33]);
    }
}

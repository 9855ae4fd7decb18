//! What the best model makes of the test set: who is taken for whom, with the pictures behind it.

use crate::curves::inline;
use crate::error::Error;
use crate::known::Known;
use crate::record::Record;
use crate::sprites::Sheet;
use crate::test_sets::Examined;
use serde::Serialize;
use std::collections::BTreeMap;
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::Split;
use train::Predictions;
use train::metrics::{ClassScore, Confusion};
use values::percent;
use viz::{FloatImage, Palette, Scaling};

/// How many of the most confident mistakes are shown.
const MISTAKES: usize = 30;
/// At most so many pictures stand behind a cell, and in a report about so many bytes of pixels.
const MOST_OF_A_CELL: usize = 20;
const PIXELS: usize = 1_600_000;

/// The test set through the best model.
pub struct Tested {
    pub matrix: String,
    pub scores: Vec<ClassScore>,
    /// What the classes are called.
    pub names: Vec<String>,
    /// Pictures of the test set, or why there are none to show.
    pub pictures: Result<Pictures, String>,
}

/// What is shown of the test set's pictures.
pub struct Pictures {
    pub mistakes: Vec<Shown>,
    pub wrong: usize,
    pub behind: Behind,
}

/// The pictures behind the cells of the matrix, by "true-predicted".
#[derive(Serialize)]
pub struct Behind {
    pub sheet: Sheet,
    pub cells: BTreeMap<String, Cell>,
}

/// How many samples a cell has, and some of them: of mistakes the most confident, of right answers the least.
#[derive(Serialize)]
pub struct Cell {
    pub truth: usize,
    pub predicted: usize,
    /// What both are called.
    pub named: [String; 2],
    pub count: usize,
    pub shown: Vec<Shown>,
}

/// A sample that is shown.
#[derive(Clone, Serialize)]
pub struct Shown {
    /// Its place in the test set.
    pub picture: usize,
    /// Its tile on the sheet.
    pub tile: usize,
    pub truth: usize,
    pub predicted: usize,
    /// Of the predicted class.
    pub probability: f32,
}

impl Tested {
    /// Draws what the run recorded of its test, and the pictures behind it where they are there. A run of an early version
    /// recorded no more than its error: without its pictures there is nothing to draw.
    pub fn draw(
        record: &Record,
        pictures: Result<Examined<'_>, String>,
        number: usize,
    ) -> Result<Option<Tested>, Error> {
        let recorded = Known::of(record).confusion;
        let confusion = match (recorded, &pictures) {
            (Some(confusion), _) => confusion,
            (None, Ok(examined)) => examined.predictions.confusion()?,
            (None, Err(_)) => return Ok(None),
        };
        let names = names(record, confusion.classes());
        let pictures = match pictures {
            Ok(examined) => Pictures::draw(&examined, &names, record.identity.recipe.data.divisor, number)
                .map_err(|error| format!("they cannot be drawn: {error}")),
            Err(why) => Err(why),
        };
        Ok(Some(Tested { matrix: matrix(&confusion, &names)?, scores: confusion.per_class(), names, pictures }))
    }

    /// Pictures of the test set, where there are some to show.
    pub fn shown(&self) -> Option<&Pictures> {
        self.pictures.as_ref().ok()
    }
}

impl Pictures {
    fn draw(examined: &Examined<'_>, names: &[String], divisor: f64, number: usize) -> Result<Pictures, Error> {
        let Examined { split, predictions } = examined;
        let classes = predictions.confusion()?.classes();
        let pixels: usize = split.shape().iter().product::<i64>() as usize;
        let per_cell = (PIXELS / pixels / classes.pow(2)).clamp(1, MOST_OF_A_CELL);
        let cells = behind(predictions, names, per_cell);
        let mut all: Vec<&Shown> = cells.values().flat_map(|cell| &cell.shown).collect();
        all.sort_by_key(|shown| shown.tile);
        let chosen: Vec<i64> = all.iter().map(|shown| shown.picture as i64).collect();
        let mistakes = all.into_iter().filter(|shown| shown.truth != shown.predicted);
        let mut mistakes: Vec<Shown> = mistakes.cloned().collect();
        mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        mistakes.truncate(MISTAKES);
        let images = pictures(split, &chosen, divisor)?;
        let sheet = Sheet::draw(format!("test-{number}"), &images, Scaling::BYTES, Palette::Grey)?;
        Ok(Pictures { wrong: wrong(predictions), mistakes, behind: Behind { sheet, cells } })
    }
}

/// What to say where the best model does not give the error that was recorded: another device may round a handful of
/// pictures to another class.
pub fn disagreement(examined: &Examined<'_>, recorded: f64) -> Option<String> {
    let error = examined.predictions.confusion().ok()?.error()?;
    let (now, then) = (percent(error), percent(recorded));
    (now != then).then(|| {
        format!(
            "the best model now has a test error of {now} where {then} was recorded: another device, or another build of \
             libtorch"
        )
    })
}

/// Pictures of every cell that has samples, numbered by their tiles in the order of the cells.
fn behind(predictions: &Predictions, names: &[String], per_cell: usize) -> BTreeMap<String, Cell> {
    let mut samples: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (picture, (&truth, &predicted)) in predictions.labels().iter().zip(predictions.predicted()).enumerate() {
        samples.entry((truth, predicted)).or_default().push(picture);
    }
    let mut cells = BTreeMap::new();
    let mut tiles = 0..;
    for ((truth, predicted), mut pictures) in samples {
        let count = pictures.len();
        pictures.sort_by(|&a, &b| predictions.confidence(b).total_cmp(&predictions.confidence(a)));
        if truth == predicted {
            pictures.reverse();
        }
        let shown = pictures.into_iter().take(per_cell).zip(&mut tiles);
        let shown = shown.map(|(picture, tile)| Shown {
            picture,
            tile,
            truth,
            predicted,
            probability: predictions.confidence(picture),
        });
        let shown = shown.collect();
        let named = [truth, predicted].map(|class| names.get(class).cloned().unwrap_or_else(|| class.to_string()));
        let cell = Cell { truth, predicted, named, count, shown };
        cells.insert(format!("{truth}-{predicted}"), cell);
    }
    cells
}

fn wrong(predictions: &Predictions) -> usize {
    let pairs = predictions.labels().iter().zip(predictions.predicted());
    pairs.filter(|(truth, predicted)| truth != predicted).count()
}

/// What the run calls its classes; their numbers in runs of earlier versions.
fn names(record: &Record, classes: usize) -> Vec<String> {
    let recorded: Vec<String> =
        record.summary.iter().flat_map(|it| &it.per_class).map(|class| class.label.clone()).collect();
    if recorded.len() == classes { recorded } else { (0..classes).map(|class| class.to_string()).collect() }
}

fn matrix(confusion: &Confusion, names: &[String]) -> Result<String, Error> {
    let drawn = viz::Confusion::new(names.to_vec(), confusion.counts().to_vec())?;
    Ok(inline(&drawn.draw("Test set")))
}

/// Pictures of a split as the bytes that they were published as.
fn pictures(split: &Split, chosen: &[i64], divisor: f64) -> Result<Vec<FloatImage>, Error> {
    let host = || -> Result<Vec<f32>, TchError> {
        let places = Tensor::f_from_slice(chosen)?.f_to_device(split.device())?;
        let kept = split.images().f_index_select(0, &places)?; // [n, c, h, w], u8 or scaled f32
        let scale = if kept.kind() == Kind::Uint8 { 1.0 } else { divisor };
        let bytes = kept.f_to_kind(Kind::Float)?.f_mul_scalar(scale)?.f_round()?;
        Vec::try_from(bytes.f_to_device(Device::Cpu)?.f_reshape([-1])?)
    };
    let values =
        host().map_err(torch_ext::Error::doing("read pictures of the test set")).map_err(train::Error::from)?;
    Ok(FloatImage::rows(split.shape().map(|side| side as usize), &values)?)
}

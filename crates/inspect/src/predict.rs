//! The most probable classes of picture files. Each has its answer or says why not; none is lost for another.

use crate::asked::{Entry, Problem};
use crate::conversion::{self, Converted, Invert, doubt};
use crate::error::Error;
use models::{Mode, Model};
use serde::Serialize;
use tch::{Device, Kind};
use train::ModelMeta;

/// Pictures that are classified at once, and how many numbers they may have together: bounds on memory, not on the answers.
const MOST_PICTURES: usize = 256;
const MOST_NUMBERS: i64 = 1 << 22;

/// What a model says of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Of the file's picture, in pixels.
    pub width: u32,
    /// Of the file's picture, in pixels.
    pub height: u32,
    /// What was done to it before the model saw it, step by step.
    pub conversion: Vec<String>,
    /// Why the answer may mean nothing.
    pub doubt: Option<String>,
    /// The most probable first; of equals the lower class.
    pub classes: Vec<Class>,
}

/// A class and how probable it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// From 0.
    pub class: usize,
    /// What it is called; its number where the model does not say.
    pub name: String,
    /// From 0 to 1.
    pub probability: f64,
}

/// Why a picture has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused<'a> {
    /// It names no file.
    Asked(&'a Problem),
    /// Its file gives no picture.
    File(pictures::Error),
}

impl Refused<'_> {
    /// The message, with the path called `name`: programs have their own ways of printing what came from outside.
    pub fn told(&self, name: &str) -> String {
        match self {
            Refused::Asked(problem) => problem.told(name),
            Refused::File(error) => error.told(name),
        }
    }
}

/// How many pictures to give to one call of [`predict`], at least 1, so that they take little memory.
pub fn at_once(meta: &ModelMeta) -> usize {
    let numbers = meta.input.iter().fold(1i64, |numbers, &side| numbers.saturating_mul(side)).max(1);
    usize::try_from(MOST_NUMBERS / numbers).unwrap_or(MOST_PICTURES).clamp(1, MOST_PICTURES)
}

/// Answers pictures in one pass through the model, with the `top` most probable classes of each: a row for each entry, in
/// order. `device` is the model's.
///
/// # Errors
/// Those that would befall every picture: the model takes pictures that no file holds, or libtorch fails.
pub fn predict<'a>(
    model: &Model,
    meta: &ModelMeta,
    entries: &'a [Entry],
    invert: Invert,
    top: usize,
    device: Device,
) -> Result<Vec<Result<Prediction, Refused<'a>>>, Error> {
    let mut rows = Vec::with_capacity(entries.len());
    let mut converted: Vec<Converted> = Vec::with_capacity(entries.len());
    for entry in entries {
        rows.push(match &entry.problem {
            Some(problem) => Err(Refused::Asked(problem)),
            None => match conversion::convert_file(&entry.path, meta, invert) {
                Ok((mut picture, (width, height))) => {
                    let (conversion, doubt) = (std::mem::take(&mut picture.steps), picture.doubt.take());
                    converted.push(picture);
                    Ok(Prediction { width, height, conversion, doubt, classes: Vec::new() })
                }
                Err(Error::Picture(error)) => Err(Refused::File(error)),
                Err(error) => return Err(error),
            },
        });
    }
    if converted.is_empty() {
        return Ok(rows);
    }
    let mut probabilities = probabilities(model, meta, &converted, device)?.into_iter();
    for prediction in rows.iter_mut().flatten() {
        let probabilities = probabilities.next().unwrap_or_default();
        let doubts = prediction.doubt.take().into_iter().chain(doubt::of_answer(&probabilities));
        prediction.doubt = doubt::joined(doubts);
        prediction.classes = most_probable(&probabilities, &meta.class_names, top);
    }
    Ok(rows)
}

/// A row of probabilities for each picture, at the temperature that was fitted on the validation part, where there is one.
fn probabilities(
    model: &Model,
    meta: &ModelMeta,
    pictures: &[Converted],
    device: Device,
) -> Result<Vec<Vec<f64>>, Error> {
    let _guard = tch::no_grad_guard();
    let images = conversion::tensor(pictures, meta, device); // [n, c, h, w]
    let logits = model.forward(&images, Mode::Eval); // [n, classes]
    let temperature = meta.calibration.as_ref().map_or(1.0, |it| it.temperature.value());
    let probabilities = (logits / temperature).softmax(-1, Kind::Double); // f64 [n, classes]
    Vec::<Vec<f64>>::try_from(probabilities).map_err(Error::torch("give out probabilities"))
}

fn most_probable(probabilities: &[f64], names: &[String], top: usize) -> Vec<Class> {
    let class = |(class, &probability): (usize, &f64)| {
        let name = names.get(class).cloned().unwrap_or_else(|| class.to_string());
        Class { class, name, probability }
    };
    let mut classes: Vec<Class> = probabilities.iter().enumerate().map(class).collect();
    classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    classes.truncate(top);
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::Arch;

    #[test]
    fn the_most_probable_come_first_and_of_equals_the_lower() {
        let order = |top| -> Vec<usize> {
            most_probable(&[0.2, 0.3, 0.2, 0.3], &[], top).iter().map(|class| class.class).collect()
        };
        assert_eq!(order(9), [1, 3, 0, 2]);
        assert_eq!(order(1), [1]);
    }

    #[test]
    fn few_large_pictures_or_many_small_ones_are_answered_at_once() {
        let meta = |input| {
            let arch = Arch::Softmax;
            let (normalise, class_names, dataset) = (None, Vec::new(), "mnist".to_owned());
            ModelMeta {
                arch,
                input,
                classes: 10,
                divisor: 255.0,
                normalise,
                class_names,
                dataset,
                run: None,
                calibration: None,
            }
        };
        assert_eq!(at_once(&meta([1, 28, 28])), 256);
        assert_eq!(at_once(&meta([1, 512, 512])), 16); // 2^22 / 2^18
        assert_eq!(at_once(&meta([3, 4000, 4000])), 1);
    }
}

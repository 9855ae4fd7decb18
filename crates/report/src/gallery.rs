//! Test pictures that are worth a look: all mistakes of the runs that were tested on them, the least certain answers, and of each
//! class right ones that were nearly wrong. Runs on the same pictures share them, so that what one got right and another
//! wrong can be seen, and no picture stands in the page twice.

use crate::answered::Answered;
use crate::error::Error;
use crate::sprites::Sheet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use models::{Model, attribution};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::{Order, Split, Tail};
use viz::FloatImage;

/// Least certain answers of each run, and right ones of each class; of many classes fewer.
const LEAST_CERTAIN: usize = 48;
const RIGHT: usize = 120;
/// Bytes of a sheet, before base64 adds a third.
const BYTES: usize = 400_000;
const BYTES_OF_SEVERAL: usize = 900_000;
/// Bytes of the answers to the pictures, and of where the runs looked, in the page of one run and of several together.
const TEXT: usize = 140_000;
const TEXT_OF_SEVERAL: usize = 450_000;
const LOOKED: usize = 100_000;
const LOOKED_OF_SEVERAL: usize = 150_000;
/// Of a picture, and of a run's answer to it, about.
const TEXT_OF_A_PICTURE: usize = 40;
const TEXT_OF_AN_ANSWER: usize = 45;
/// Digits of a probability, after the point.
const DIGITS: f32 = 1e5;
/// Pictures of this side and above are photographs; no picture is smaller than this in a file, so more are not even read.
const PHOTOGRAPH: i64 = 64;
const LEAST_BYTES: usize = 64;
const LEAST_BYTES_OF_PHOTOGRAPH: usize = 1024;
/// Grad-CAM is computed for so many mistakes of a run, and for no more multiply-adds than this.
const EXPLAINED: usize = 240;
const MULTIPLY_ADDS: i64 = 10_000_000_000;
/// Pictures that are explained together.
const TOGETHER: usize = 16;
/// Mistakes that stand in the page itself, without any script.
const FIRST: usize = 24;

/// A run's part in a gallery.
pub struct Member<'a> {
    /// What the run is called.
    pub name: &'a str,
    pub answered: &'a Answered,
    pub model: Option<&'a Model>,
    /// The pictures, as this run's network takes them.
    pub split: &'a Split,
}

/// Pictures of one test set.
#[derive(Serialize)]
pub struct Gallery {
    pub sheet: Sheet,
    /// What the classes are called.
    pub classes: Vec<String>,
    /// What the runs are called.
    pub runs: Vec<String>,
    /// In the order of the sheet's tiles.
    pub pictures: Vec<Shown>,
    /// Mistakes of each run, of which the most confident are shown where not all fit.
    pub wrong: Vec<usize>,
    /// Where each run looked, by tile: for some of its mistakes.
    pub looked: Vec<BTreeMap<usize, Looked>>,
    /// Pictures of the test set.
    pub total: usize,
}

/// A picture that is shown.
#[derive(Serialize)]
pub struct Shown {
    /// Its place in the test set.
    pub picture: usize,
    pub truth: usize,
    /// Of each run: the most probable classes with their probabilities, the answer first.
    pub answers: Vec<Vec<(usize, f32)>>,
}

/// A Grad-CAM map, each value one byte from 0 to the map's greatest.
#[derive(Serialize)]
pub struct Looked {
    pub rows: usize,
    pub columns: usize,
    /// Base64.
    pub bytes: String,
}

impl Gallery {
    /// Draws the pictures that the answers of the members, one at least, make worth a look; `number` tells the galleries of a page apart.
    ///
    /// # Errors
    /// Where libtorch fails or a sheet cannot be drawn.
    pub fn draw(members: &[Member<'_>], classes: Vec<String>, divisor: f64, number: usize) -> Result<Gallery, Error> {
        let split = members[0].split;
        let [_, height, width] = split.shape();
        let [budget, text, sights] = match members.len() {
            1 => [BYTES, TEXT, LOOKED],
            _ => [BYTES_OF_SEVERAL, TEXT_OF_SEVERAL, LOOKED_OF_SEVERAL],
        };
        let said = TEXT_OF_A_PICTURE + TEXT_OF_AN_ANSWER * members.len();
        let least = if height.max(width) >= PHOTOGRAPH { LEAST_BYTES_OF_PHOTOGRAPH } else { LEAST_BYTES };
        let mut chosen: Vec<i64> = chosen(members).into_iter().map(|picture| picture as i64).collect();
        chosen.truncate((budget / least).min(text / said).max(1));
        let images = pixels(split, &chosen, divisor)?;
        let (sheet, count) = Sheet::within(format!("gallery-{number}"), &images, budget)?;
        chosen.truncate(count);
        let shown = |&picture: &i64| {
            let picture = picture as usize;
            let answers = members.iter().map(|member| rounded(member.answered.top(picture))).collect();
            let truth = members.first().map_or(0, |member| member.answered.truth(picture));
            Shown { picture, truth, answers }
        };
        Ok(Gallery {
            sheet,
            classes,
            runs: members.iter().map(|member| member.name.to_owned()).collect(),
            pictures: chosen.iter().map(shown).collect(),
            wrong: members.iter().map(|member| member.answered.mistakes().len()).collect(),
            looked: members
                .iter()
                .map(|member| within(sights / members.len(), looked(member, &chosen).unwrap_or_default()))
                .collect(),
            total: members.first().map_or(0, |member| member.answered.len()),
        })
    }

    /// How wide a picture is, in pixels of the page.
    pub fn tile_width(&self) -> usize {
        self.sheet.width
    }

    /// Whether a run was wrong about a picture.
    pub fn is_wrong(&self, shown: &Shown, run: usize) -> bool {
        shown.answers[run][0].0 != shown.truth
    }

    /// The mistakes that the page shows without any script: those of all runs where there are some, the most confident first.
    pub fn first(&self) -> Vec<(usize, &Shown)> {
        let by = |least: usize| -> Vec<(usize, &Shown)> {
            let count = |shown: &Shown| (0..self.runs.len()).filter(|&run| self.is_wrong(shown, run)).count();
            self.pictures.iter().enumerate().filter(|(_, shown)| count(shown) >= least).collect()
        };
        let mut wrong = by(self.runs.len());
        if wrong.is_empty() {
            wrong = by(1);
        }
        let confidence = |shown: &Shown| -> f32 { shown.answers.iter().map(|answer| answer[0].1).sum() };
        wrong.sort_by(|a, b| confidence(b.1).total_cmp(&confidence(a.1)));
        wrong.truncate(FIRST);
        wrong
    }

    /// How many mistakes of a run are among the pictures.
    pub fn wrong_shown(&self, run: &usize) -> usize {
        self.pictures.iter().filter(|shown| self.is_wrong(shown, *run)).count()
    }
}

/// What to show, the most important first: mistakes, least certain and right answers of all members in turn, each picture once.
fn chosen(members: &[Member<'_>]) -> Vec<usize> {
    let classes = members.first().map_or(1, |member| member.answered.confusion().classes());
    let right = (RIGHT / classes).clamp(1, 12);
    let of_each = |kind: &dyn Fn(&Answered) -> Vec<usize>| -> Vec<Vec<usize>> {
        members.iter().map(|member| kind(member.answered)).collect()
    };
    let least_certain = of_each(&|answered| answered.least_certain(LEAST_CERTAIN));
    let kinds = [of_each(&Answered::mistakes), least_certain, of_each(&|answered| answered.right(right))];
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    for lists in kinds {
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..longest {
            all.extend(lists.iter().filter_map(|list| list.get(place)).filter(|&&picture| seen.insert(picture)));
        }
    }
    all
}

/// An answer with no more digits than are shown or tell answers apart.
fn rounded(answer: &[(usize, f32)]) -> Vec<(usize, f32)> {
    answer.iter().map(|&(class, probability)| (class, (probability * DIGITS).round() / DIGITS)).collect()
}

/// The first maps that fit into about `budget` bytes; the first pictures are the most important.
fn within(budget: usize, mut all: BTreeMap<usize, Looked>) -> BTreeMap<usize, Looked> {
    let mut bytes = 0;
    all.retain(|_, map| {
        bytes += map.bytes.len() + TEXT_OF_AN_ANSWER;
        bytes <= budget
    });
    all
}

/// Grad-CAM of a run's mistakes among the `chosen` pictures, for the class that it took them for; nothing for a network without
/// convolutions.
fn looked(member: &Member<'_>, chosen: &[i64]) -> Result<BTreeMap<usize, Looked>, Error> {
    let mut all = BTreeMap::new();
    let Some(model) = member.model.filter(|model| attribution::convolution(model, None).is_ok()) else {
        return Ok(all);
    };
    let affordable = (MULTIPLY_ADDS / (3 * model.summary().multiply_adds).max(1)).max(1) as usize;
    let wrong = chosen.iter().enumerate().filter(|(_, picture)| member.answered.is_wrong(**picture as usize));
    let mut by_answer: BTreeMap<usize, Vec<(usize, i64)>> = BTreeMap::new();
    for (tile, &picture) in wrong.take(EXPLAINED.min(affordable)) {
        by_answer.entry(member.answered.predicted(picture as usize)).or_default().push((tile, picture));
    }
    for (answer, pictures) in by_answer {
        for some in pictures.chunks(TOGETHER) {
            let places: Vec<usize> = some.iter().map(|(_, picture)| *picture as usize).collect();
            let split = member.split.select(&places).map_err(train::Error::from)?;
            let batches = split.batches(places.len(), Order::Stored, Tail::Keep).map_err(train::Error::from)?;
            for batch in batches {
                let maps =
                    attribution::grad_cam(model, &batch.images, answer as i64, None).map_err(train::Error::from)?;
                for (number, (tile, _)) in some.iter().enumerate() {
                    all.insert(*tile, Looked::of(&maps.get(number as i64))?);
                }
            }
        }
    }
    Ok(all)
}

impl Looked {
    /// `map`: f32 `[rows, columns]`, at least 0.
    fn of(map: &Tensor) -> Result<Looked, Error> {
        let size = map.size();
        let values = host(|| map.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_reshape([-1]))?;
        let most = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let bytes: Vec<u8> = values.iter().map(|value| (255.0 * value / most).round() as u8).collect();
        Ok(Looked { rows: size[0] as usize, columns: size[1] as usize, bytes: STANDARD.encode(bytes) })
    }
}

/// Pictures of a split as the bytes that they were published as.
fn pixels(split: &Split, chosen: &[i64], divisor: f64) -> Result<Vec<FloatImage>, Error> {
    let values = host(|| {
        let places = Tensor::f_from_slice(chosen)?.f_to_device(split.device())?;
        let kept = split.images().f_index_select(0, &places)?; // [n, c, h, w], u8 or scaled f32
        let scale = if kept.kind() == Kind::Uint8 { 1.0 } else { divisor };
        let bytes = kept.f_to_kind(Kind::Float)?.f_mul_scalar(scale)?.f_round()?;
        bytes.f_to_device(Device::Cpu)?.f_reshape([-1])
    })?;
    Ok(FloatImage::rows(split.shape().map(|side| side as usize), &values)?)
}

/// Numbers of a flat tensor on the host.
fn host(tensor: impl FnOnce() -> Result<Tensor, TchError>) -> Result<Vec<f32>, Error> {
    let values = tensor().and_then(Vec::try_from).map_err(torch_ext::Error::doing("read pictures of the test set"));
    Ok(values.map_err(train::Error::from)?)
}

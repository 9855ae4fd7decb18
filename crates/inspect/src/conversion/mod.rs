//! From a picture of any size to the numbers that a model takes, made as its data set was, with a word on every step.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma, RgbImage};
use pictures::Background;
use std::path::Path;
use tch::{Device, Tensor};
use train::ModelMeta;
use train::recipe::{Filter, Fit, Pictures};

use self::fit::Form;
use self::ground::Polarity;
use self::ink::Ink;
use crate::error::Error;

pub mod doubt;
mod fit;
mod ground;
mod ink;
mod lines;
mod pieces;
mod plane;

/// Whether light and dark of a picture change places before a model sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invert {
    /// They do in a picture with dark ink on a light ground, for a grey data set.
    #[default]
    Auto,
    /// They do.
    Yes,
    /// They do not.
    No,
}

/// A picture as a model takes it.
#[derive(Clone, Debug)]
pub struct Converted {
    /// Bytes in the order (channel, row, column).
    pub pixels: Vec<u8>,
    /// What was done to the file's picture, step by step.
    pub steps: Vec<String>,
    /// Why the picture may be none that the model can answer, in words.
    pub doubt: Option<String>,
}

/// Brings a picture of any size to the form of the data set that `meta`'s model was trained on. For `mnist` and `glyphs` the
/// ink of one digit is found and fitted; other grey pictures are filled up with their ground; of coloured ones the middle is
/// taken.
///
/// # Errors
/// If the model takes pictures that are neither grey nor coloured, or of a size that no picture has.
pub fn convert(picture: &RgbImage, meta: &ModelMeta, invert: Invert) -> Result<Converted, Error> {
    if let Some(own) = own_pictures(meta) {
        let how = match own.fit {
            Fit::Crop => "the middle square".to_owned(),
            Fit::Squash => "the whole picture, its sides changed".to_owned(),
            Fit::Pad => format!("the whole picture, filled up with {}", colour_name(own.background)),
        };
        let steps = vec![format!("{how}, at {0} x {0} pixels", own.size)];
        return Ok(Converted { pixels: form(own).bytes(picture), steps, doubt: None });
    }
    let [channels, height, width] = meta.input;
    let side = |side| u32::try_from(side).ok().filter(|&side| side > 0);
    let (Some(wide), Some(high)) = (side(width), side(height)) else { return Err(Error::Size { height, width }) };
    let size = (wide, high);
    let form = match meta.dataset.as_str() {
        "mnist" => Some(Form::Fitted),
        "glyphs" => Some(Form::Loose),
        _ => None,
    };
    match (channels, form) {
        (1, Some(form)) => Ok(digit(picture, form, invert, size)),
        (1, None) => Ok(grey(picture, invert, size)),
        (3, _) => Ok(colour(picture, invert, size)),
        _ => Err(Error::Channels { channels }),
    }
}

/// How a picture of any size is brought to the size that `meta`'s model takes, in words, for programs that do it themselves.
pub fn rule(meta: &ModelMeta) -> String {
    let [channels, height, width] = meta.input;
    if let Some(own) = own_pictures(meta) {
        let ground = colour_name(own.background);
        let how = match own.fit {
            Fit::Crop => "bring the shorter side to size, keep the middle".to_owned(),
            Fit::Squash => "bring both sides to size".to_owned(),
            Fit::Pad => format!("bring the longer side to size, fill the rest with {ground}"),
        };
        let filter = match own.filter {
            Filter::Bilinear => "bilinear",
            Filter::Bicubic => "bicubic",
        };
        let colour = if own.colour { "RGB" } else { "grey" };
        return format!(
            "{how}: {width} x {height} pixels, {filter}, antialiased as torchvision does it on uint8, {colour}; transparent pictures on {ground}"
        );
    }
    match (channels, meta.dataset.as_str()) {
        (1, "mnist" | "glyphs") => format!(
            "grey, light ink on black: fit the ink of one digit into 20/28 of the side, its centre of mass in the middle of {width} x {height} pixels"
        ),
        (1, _) => format!(
            "grey, light on dark: fill up with the ground to the proportions, Lanczos to {width} x {height} pixels"
        ),
        _ => format!("RGB: cut to the middle of the proportions, Lanczos to {width} x {height} pixels"),
    }
}

/// Reads a picture file and brings it to the form of the data set, with the steps of both, and the width and height that the
/// picture had.
///
/// # Errors
/// [`Error::Picture`] if the file gives no picture, and those of [`convert`].
pub fn convert_file(path: &Path, meta: &ModelMeta, invert: Invert) -> Result<(Converted, (u32, u32)), Error> {
    let background = own_pictures(meta).map_or(Background::Telling, |own| Background::Colour(own.background));
    let decoded = pictures::read(path, background)?;
    let mut converted = convert(&decoded.pixels, meta, invert)?;
    let steps = [decoded.steps, std::mem::take(&mut converted.steps)].concat();
    let damage = decoded.facts.doubt.map(|doubt| format!("it may be damaged: {doubt}"));
    let doubt = doubt::joined(damage.into_iter().chain(converted.doubt.take()));
    Ok((Converted { steps, doubt, ..converted }, decoded.pixels.dimensions()))
}

/// The person's own pictures that a model was trained on, whose form every other picture gets; `None` for arrays, whose size is not the
/// recipe's.
fn own_pictures(meta: &ModelMeta) -> Option<&Pictures> {
    let own = meta.run.as_ref()?.recipe.pictures.as_ref()?;
    let size = i64::from(own.size);
    (meta.input == [if own.colour { 3 } else { 1 }, size, size]).then_some(own)
}

/// A colour in words: `white`, `black`, else `#rrggbb`.
fn colour_name(colour: [u8; 3]) -> String {
    match colour {
        [255, 255, 255] => "white".to_owned(),
        [0, 0, 0] => "black".to_owned(),
        [red, green, blue] => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// The form of a recipe's own pictures.
pub fn form(own: &Pictures) -> pictures::Form {
    let fit = match own.fit {
        Fit::Crop => pictures::Fit::Crop,
        Fit::Squash => pictures::Fit::Squash,
        Fit::Pad => pictures::Fit::Pad(own.background),
    };
    let filter = match own.filter {
        Filter::Bilinear => pictures::Filter::Bilinear,
        Filter::Bicubic => pictures::Filter::Bicubic,
    };
    pictures::Form { size: [own.size; 2], grey: Some(!own.colour), fit, filter }
}

/// Pictures as the model takes them: f32 `[n, channels, height, width]`, scaled as the data set was.
pub fn tensor(pictures: &[Converted], meta: &ModelMeta, device: Device) -> Tensor {
    let bytes: Vec<u8> = pictures.iter().flat_map(|picture| picture.pixels.iter().copied()).collect();
    let [channels, height, width] = meta.input;
    let images = Tensor::from_slice(&bytes).view([-1, channels, height, width]); // u8 [n, c, h, w]
    let scaled = images.to_kind(tch::Kind::Float).to_device(device) * (1.0 / meta.divisor); // f32 [n, c, h, w]
    match &meta.normalise {
        Some(normalise) => normalise.apply(&scaled),
        None => scaled,
    }
}

fn colour(picture: &RgbImage, invert: Invert, size: (u32, u32)) -> Converted {
    let mut steps = Vec::new();
    let mut picture = picture.clone();
    if invert == Invert::Yes {
        steps.push("inverted, as asked".into());
        imageops::invert(&mut picture);
    }
    if picture.dimensions() != size {
        steps.push(format!("cut to its middle and resized to {} x {}", size.0, size.1));
        // Cut first: resized first, a strip of 30,000 x 1 pixels would have a million columns.
        let (width, height) = picture.dimensions();
        let part = |side: u32, of: u32, to: u32| (u64::from(side) * u64::from(of) / u64::from(to)).max(1) as u32;
        let cut = (width.min(part(height, size.0, size.1)), height.min(part(width, size.1, size.0)));
        let (left, top) = ((width - cut.0) / 2, (height - cut.1) / 2);
        let middle = imageops::crop_imm(&picture, left, top, cut.0, cut.1).to_image();
        picture = imageops::resize(&middle, size.0, size.1, FilterType::Lanczos3);
    }
    let channel = |c: usize| picture.pixels().map(move |pixel| pixel.0[c]);
    Converted { pixels: (0..3).flat_map(channel).collect(), steps, doubt: None }
}

/// The whole picture in grey.
fn grey(picture: &RgbImage, invert: Invert, size: (u32, u32)) -> Converted {
    let mut steps = turned_to_grey(picture);
    let mut grey = imageops::grayscale(picture);
    let light = level_at_edge(&grey) > 127;
    match invert {
        Invert::Auto if light => steps.push(INVERTED.into()),
        Invert::Yes => steps.push("inverted, as asked".into()),
        Invert::No if light => steps.push(NOT_INVERTED.into()),
        _ => {}
    }
    if invert == Invert::Yes || (invert == Invert::Auto && light) {
        imageops::invert(&mut grey);
    }
    if grey.dimensions() != size {
        steps.push(format!("filled up with its ground and resized to {} x {}", size.0, size.1));
        grey = pad(&grey, size);
    }
    Converted { pixels: grey.into_raw(), steps, doubt: None }
}

/// The step that light and dark changed places, though nobody asked for it.
pub const INVERTED: &str = "inverted, because its ground is light and the model was trained on light on dark";

/// The step that they did not, where they should have.
const NOT_INVERTED: &str =
    "not inverted, though its ground is light and the model was trained on light on dark (--invert auto inverts it)";

fn turned_to_grey(picture: &RgbImage) -> Vec<String> {
    let coloured = picture.pixels().any(|pixel| pixel.0.iter().any(|&v| v != pixel.0[0]));
    if coloured { vec!["turned to grey".to_owned()] } else { Vec::new() }
}

/// A digit: as it is where it already looks like the data set's, else its ink alone, fitted as theirs was.
fn digit(picture: &RgbImage, form: Form, invert: Invert, size: (u32, u32)) -> Converted {
    let mut steps = turned_to_grey(picture);
    if picture.dimensions() == size {
        let mut grey = imageops::grayscale(picture);
        if invert != Invert::Yes && fit::looks_made(&grey, form) {
            return Converted { pixels: grey.into_raw(), steps, doubt: None };
        }
        imageops::invert(&mut grey);
        if invert != Invert::No && fit::looks_made(&grey, Form::Exchanged) {
            steps.push(if invert == Invert::Yes { "inverted, as asked" } else { INVERTED }.into());
            return Converted { pixels: grey.into_raw(), steps, doubt: None };
        }
    }
    let polarity = match invert {
        Invert::Auto => None,
        Invert::Yes => Some(Polarity::Dark),
        Invert::No => Some(Polarity::Light),
    };
    let ink = match ink::find(picture, polarity) {
        Ok(ink) => ink,
        Err(nothing) => {
            let whole = grey(picture, invert, size);
            return Converted { doubt: Some(nothing.to_string()), ..whole };
        }
    };
    let fitted = fit::fit(&ink, size);
    steps.extend(told(&ink, invert));
    let strokes = fitted.strokes.map_or(String::new(), |how| format!(", its strokes {how}"));
    let [width, height] = fitted.room;
    steps.push(format!(
        "ink fitted into {width} x {height}, its centre of mass in the middle of {} x {}{strokes}",
        size.0, size.1
    ));
    Converted { pixels: fitted.picture.into_raw(), steps, doubt: doubt::of_ink(&ink) }
}

/// What was done to find the ink, and what was left out.
fn told(ink: &Ink, invert: Invert) -> Vec<String> {
    let mut steps = Vec::new();
    match (ink.polarity, invert) {
        (Polarity::Dark, Invert::Yes) => steps.push("inverted, as asked".to_owned()),
        (Polarity::Dark, _) => steps.push(INVERTED.to_owned()),
        (Polarity::Light, Invert::No) => steps.push("not inverted, as asked".to_owned()),
        (Polarity::Light, _) => {}
    }
    steps.extend(ink.unevenness.clone());
    let counted = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    };
    let choice = &ink.choice;
    let left_out: Vec<String> = [
        counted(ink.lines, "ruled line", "ruled lines"),
        counted(choice.specks, "speck", "specks"),
        counted(choice.at_edge, "piece at the edge", "pieces at the edge"),
        counted(choice.others, "other piece of ink", "other pieces of ink"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some((last, first)) = left_out.split_last() {
        let all = if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) };
        steps.push(format!("{all} left out"));
    }
    steps
}

/// The level of the ground: the median along the edge.
fn level_at_edge(grey: &GrayImage) -> u8 {
    let (right, bottom) = (grey.width() - 1, grey.height() - 1);
    let edge = |(x, y, _): &(u32, u32, &Luma<u8>)| *x == 0 || *y == 0 || *x == right || *y == bottom;
    let mut levels: Vec<u8> = grey.enumerate_pixels().filter(edge).map(|(_, _, pixel)| pixel.0[0]).collect();
    levels.sort_unstable();
    levels[levels.len() / 2]
}

/// The whole picture, filled up with its ground to the proportions asked for, and resized.
fn pad(grey: &GrayImage, (width, height): (u32, u32)) -> GrayImage {
    let scale = (f64::from(width) / f64::from(grey.width())).min(f64::from(height) / f64::from(grey.height()));
    let side = |side: u32, most: u32| ((f64::from(side) * scale).round() as u32).clamp(1, most);
    let (w, h) = (side(grey.width(), width), side(grey.height(), height));
    let small = imageops::resize(grey, w, h, FilterType::Lanczos3);
    let mut canvas = GrayImage::from_pixel(width, height, Luma([level_at_edge(grey)]));
    imageops::replace(&mut canvas, &small, i64::from((width - w) / 2), i64::from((height - h) / 2));
    canvas
}

#[cfg(test)]
mod tests;

//! From a picture of any size to the numbers that a model takes, made as its data set was, with a word on every step.

use anyhow::{Result, bail};
use image::imageops::{self, FilterType};
use image::{GrayImage, Luma, RgbImage};
use tch::{Device, Tensor};
use train::Card;
use xtask::cli::Invert;

/// Data sets whose pictures were made by fitting the ink into a box and moving its centre of mass to the middle.
const CENTRED: [&str; 2] = ["mnist", "glyphs"];
/// Share of the side that the ink takes in such pictures: 20 of MNIST's 28 pixels.
const INK_SHARE: f64 = 20.0 / 28.0;
/// Paper is never quite even: the first eighth of the way from ground to full ink counts as ground.
const EVEN: u8 = 8;
/// What is at least this light, of 255, bounds the ink.
const INK_LEVEL: u8 = 48;

/// A picture as a model takes it.
pub struct Converted {
    /// Bytes in the order (channel, row, column).
    pub pixels: Vec<u8>,
    /// What was done to the file's picture, step by step.
    pub steps: Vec<String>,
}

/// Brings a picture to the form of the data set that `card`'s model was trained on.
pub fn convert(picture: &RgbImage, card: &Card, invert: Invert) -> Result<Converted> {
    let [channels, height, width] = card.input;
    let (width, height) = (u32::try_from(width)?, u32::try_from(height)?);
    let mut steps = Vec::new();
    let pixels = match channels {
        1 => to_grey(picture, card, invert, (width, height), &mut steps),
        3 => to_colour(picture, invert, (width, height), &mut steps),
        _ => bail!("the model takes pictures of {channels} channels: a picture file has 1 (grey) or 3 (colour)"),
    };
    Ok(Converted { pixels, steps })
}

/// Pictures as the model takes them: f32 `[n, channels, height, width]`, scaled as the data set was.
pub fn tensor(pictures: &[Converted], card: &Card, device: Device) -> Tensor {
    let bytes: Vec<u8> = pictures.iter().flat_map(|picture| picture.pixels.iter().copied()).collect();
    let [channels, height, width] = card.input;
    let images = Tensor::from_slice(&bytes).view([-1, channels, height, width]); // u8 [n, c, h, w]
    images.to_kind(tch::Kind::Float).to_device(device) * (1.0 / card.divisor) // f32 [n, c, h, w]
}

fn to_colour(picture: &RgbImage, invert: Invert, size: (u32, u32), steps: &mut Vec<String>) -> Vec<u8> {
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
    (0..3).flat_map(channel).collect()
}

fn to_grey(picture: &RgbImage, card: &Card, invert: Invert, size: (u32, u32), steps: &mut Vec<String>) -> Vec<u8> {
    let coloured = picture.pixels().any(|pixel| pixel.0.iter().any(|&v| v != pixel.0[0]));
    if coloured {
        steps.push("turned to grey".into());
    }
    let mut grey = imageops::grayscale(picture);
    let light = ground(&grey) > 127;
    match invert {
        Invert::Auto if light => steps.push("inverted, because its ground is light (--invert no keeps it)".into()),
        Invert::Yes => steps.push("inverted, as asked".into()),
        Invert::No if light => steps.push("not inverted, though its ground is light".into()),
        _ => {}
    }
    if invert == Invert::Yes || (invert == Invert::Auto && light) {
        imageops::invert(&mut grey);
    }
    if grey.dimensions() == size {
        return grey.into_raw();
    }
    let fitted = CENTRED.contains(&card.dataset.as_str()).then(|| fit_ink(&grey, size)).flatten();
    let fitted = match fitted {
        Some((fitted, (width, height))) => {
            steps.push(format!(
                "ink fitted into {width} x {height}, its centre of mass in the middle of {} x {}",
                size.0, size.1
            ));
            fitted
        }
        None => {
            steps.push(format!("filled up with its ground and resized to {} x {}", size.0, size.1));
            pad(&grey, size)
        }
    };
    fitted.into_raw()
}

/// The level of the ground: the median along the edge.
fn ground(grey: &GrayImage) -> u8 {
    let (right, bottom) = (grey.width() - 1, grey.height() - 1);
    let edge = |(x, y, _): &(u32, u32, &Luma<u8>)| *x == 0 || *y == 0 || *x == right || *y == bottom;
    let mut levels: Vec<u8> = grey.enumerate_pixels().filter(edge).map(|(_, _, pixel)| pixel.0[0]).collect();
    levels.sort_unstable();
    levels[levels.len() / 2]
}

/// The ink cut out, from ground to full ink stretched over 0 to 255, resized into the box that MNIST's digits have and
/// moved so that its centre of mass lies in the middle (LeCun et al. 1998, section III.A); with the size of the box.
/// None where hardly anything differs from the ground.
fn fit_ink(grey: &GrayImage, (width, height): (u32, u32)) -> Option<(GrayImage, (u32, u32))> {
    let ground = ground(grey);
    let range = grey.pixels().map(|pixel| pixel.0[0]).max()?.saturating_sub(ground);
    if range < 16 {
        return None;
    }
    let (ground, range) = (ground + range / EVEN, range - range / EVEN);
    let stretch = |level: u8| (u32::from(level.saturating_sub(ground)) * 255 / u32::from(range)) as u8;
    let ink = GrayImage::from_fn(grey.width(), grey.height(), |x, y| Luma([stretch(grey.get_pixel(x, y).0[0])]));
    let inked = || ink.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] >= INK_LEVEL);
    let (left, right) = (inked().map(|p| p.0).min()?, inked().map(|p| p.0).max()?);
    let (top, bottom) = (inked().map(|p| p.1).min()?, inked().map(|p| p.1).max()?);
    let cut = imageops::crop_imm(&ink, left, top, right - left + 1, bottom - top + 1).to_image();

    let room = [width, height].map(|side| (f64::from(side) * INK_SHARE).round().max(1.0));
    let scale = (room[0] / f64::from(cut.width())).min(room[1] / f64::from(cut.height()));
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let small = imageops::resize(&cut, side(cut.width()), side(cut.height()), FilterType::CatmullRom);
    let (x, y) = centre_of_mass(&small);
    let offset = |size: u32, part: u32, centre: f64| {
        (f64::from(size) / 2.0 - centre).round().clamp(0.0, f64::from(size - part)) as i64
    };
    let mut canvas = GrayImage::new(width, height);
    let (x, y) = (offset(width, small.width(), x), offset(height, small.height(), y));
    imageops::replace(&mut canvas, &small, x, y);
    Some((canvas, (room[0] as u32, room[1] as u32)))
}

/// Centre of mass, in pixels from the upper left corner.
fn centre_of_mass(grey: &GrayImage) -> (f64, f64) {
    let (mut mass, mut x, mut y) = (0.0, 0.0, 0.0);
    for (column, row, pixel) in grey.enumerate_pixels() {
        let weight = f64::from(pixel.0[0]);
        mass += weight;
        x += weight * (f64::from(column) + 0.5);
        y += weight * (f64::from(row) + 0.5);
    }
    if mass == 0.0 {
        return (f64::from(grey.width()) / 2.0, f64::from(grey.height()) / 2.0);
    }
    (x / mass, y / mass)
}

/// The whole picture, filled up with its ground to the proportions asked for, and resized.
fn pad(grey: &GrayImage, (width, height): (u32, u32)) -> GrayImage {
    let scale = (f64::from(width) / f64::from(grey.width())).min(f64::from(height) / f64::from(grey.height()));
    let side = |side: u32, most: u32| ((f64::from(side) * scale).round() as u32).clamp(1, most);
    let (w, h) = (side(grey.width(), width), side(grey.height(), height));
    let small = imageops::resize(grey, w, h, FilterType::Lanczos3);
    let mut canvas = GrayImage::from_pixel(width, height, Luma([ground(grey)]));
    imageops::replace(&mut canvas, &small, i64::from((width - w) / 2), i64::from((height - h) / 2));
    canvas
}

#[cfg(test)]
#[path = "conversion_tests.rs"]
mod tests;

//! Ink brought into the form that MNIST's digits have: a box of 20 x 20, its centre of mass in the middle of 28 x 28.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};

use super::ink::Ink;
use super::plane::{Plane, depth};

/// Share of the side that the ink takes: 20 of MNIST's 28 pixels.
const INK_SHARE: f64 = 20.0 / 28.0;
/// Strokes of MNIST's digits are 2 to 4 of 20 pixels wide; thinner ones are widened, thicker ones narrowed.
const STROKES: [f32; 2] = [2.0, 4.4];

/// A fitted picture.
pub struct Fitted {
    pub picture: GrayImage,
    /// Width and height of the box.
    pub room: [u32; 2],
    /// "widened" or "narrowed", where the strokes were.
    pub strokes: Option<&'static str>,
}

/// Fits ink into a picture of `width` x `height` (LeCun et al. 1998, section III.A).
pub fn fit(ink: &Ink, (width, height): (u32, u32)) -> Fitted {
    let room = [width, height].map(|side| (f64::from(side) * INK_SHARE).round().max(1.0));
    let scale = |plane: &Plane| (room[0] / plane.width as f64).min(room[1] / plane.height as f64);
    let wide = ink.stroke * scale(&ink.plane) as f32;
    let wanted = wide.clamp(STROKES[0], STROKES[1]);
    let change = (wanted - wide) / 2.0 / scale(&ink.plane) as f32;
    let (plane, strokes) = match change {
        _ if change.abs() < 0.5 => (cropped(&ink.plane), None),
        _ if change > 0.0 => (cropped(&moved(&ink.plane, change)), Some("widened")),
        _ => (cropped(&moved(&ink.plane, change)), Some("narrowed")),
    };
    let level = |x: u32, y: u32| Luma([(plane.at(x as usize, y as usize) * 255.0).round() as u8]);
    let ink = GrayImage::from_fn(plane.width as u32, plane.height as u32, level);
    let scale = scale(&plane);
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let small = imageops::resize(&ink, side(ink.width()), side(ink.height()), FilterType::CatmullRom);
    let picture = centred(&small, (width, height));
    Fitted { picture, room: room.map(|side| side as u32), strokes }
}

/// The ink's edge moved outwards by `change` pixels, or inwards.
fn moved(plane: &Plane, change: f32) -> Plane {
    let margin = change.max(0.0).ceil() as usize + 1;
    let (width, height) = (plane.width + 2 * margin, plane.height + 2 * margin);
    let inked = |i: usize| {
        let (x, y) = ((i % width).wrapping_sub(margin), (i / width).wrapping_sub(margin));
        x < plane.width && y < plane.height && plane.at(x, y) >= 0.5
    };
    let (inner, outer) = (depth(width, height, inked), depth(width, height, |i| !inked(i)));
    inner.zip(&outer, |inner, outer| (inner - outer + change + if inner > 0.0 { 0.0 } else { 1.0 }).clamp(0.0, 1.0))
}

/// Cut to what is at least a fifth of full ink.
fn cropped(plane: &Plane) -> Plane {
    let inked = |x: usize, y: usize| plane.at(x, y) >= 0.2;
    let column = |x: &usize| (0..plane.height).any(|y| inked(*x, y));
    let row = |y: &usize| (0..plane.width).any(|x| inked(x, *y));
    let across = (0..plane.width).find(column).zip((0..plane.width).rfind(column));
    let down = (0..plane.height).find(row).zip((0..plane.height).rfind(row));
    match across.zip(down) {
        Some(((left, right), (top, bottom))) => {
            Plane::from_fn(right - left + 1, bottom - top + 1, |x, y| plane.at(x + left, y + top))
        }
        None => plane.clone(),
    }
}

fn centred(small: &GrayImage, (width, height): (u32, u32)) -> GrayImage {
    let (x, y) = centre_of_mass(small);
    let offset = |size: u32, part: u32, centre: f64| {
        (f64::from(size) / 2.0 - centre).round().clamp(0.0, f64::from(size - part)) as i64
    };
    let mut canvas = GrayImage::new(width, height);
    imageops::replace(&mut canvas, small, offset(width, small.width(), x), offset(height, small.height(), y));
    canvas
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

/// How closely the pictures of a data set keep to the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// MNIST: all that `fit` makes.
    Fitted,
    /// Light and dark exchanged. A small drawing often looks nearly like it, and is better fitted.
    Exchanged,
    /// Glyphs: about as large, about in the middle.
    Loose,
}

impl Form {
    /// Least and greatest longer side of the ink, and how far its centre of mass may miss the middle, in pixels of 28. Of
    /// MNIST's 10,000 test digits the longer side is 14 to 20 pixels, 18 to 20 of all but ten, and the centre misses by less
    /// than 1.
    fn tolerance(self) -> ([f64; 2], f64) {
        match self {
            Self::Fitted => ([14.0, 21.0], 1.25),
            Self::Exchanged => ([18.0, 21.0], 1.25),
            Self::Loose => ([12.0, 27.0], 4.5),
        }
    }
}

/// Whether a picture, light ink on a dark ground, already looks like the data set's: a black edge, ink of the size of the
/// box, and its centre of mass about in the middle. Such a picture is taken as it is.
pub fn looks_made(grey: &GrayImage, form: Form) -> bool {
    /// Ground and noise of the data set.
    const BLACK: u8 = 48;
    let (width, height) = grey.dimensions();
    let at_edge = |x: u32, y: u32| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    let edge = grey.enumerate_pixels().filter(|&(x, y, _)| at_edge(x, y));
    let dark = edge.clone().filter(|(_, _, pixel)| pixel.0[0] < BLACK).count();
    if dark * 10 < edge.count() * 9 {
        return false;
    }
    let inked = || grey.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] >= 128);
    let extent = |places: &mut dyn Iterator<Item = u32>| {
        let (least, most) = places.fold((u32::MAX, 0), |(least, most), at| (least.min(at), most.max(at)));
        f64::from(most.saturating_sub(least) + 1)
    };
    if inked().next().is_none() {
        return false;
    }
    let ([least, most], missed) = form.tolerance();
    let (width, height) = (f64::from(width), f64::from(height));
    let longer = (extent(&mut inked().map(|p| p.0)) / width).max(extent(&mut inked().map(|p| p.1)) / height) * 28.0;
    let (x, y) = centre_of_mass(grey);
    let off = (x / width - 0.5).abs().max((y / height - 0.5).abs()) * 28.0;
    (least..=most).contains(&longer) && off <= missed
}

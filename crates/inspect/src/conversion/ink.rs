//! The ink of a digit on a page: found against its local ground, cleared of lines and of what does not belong to it.

use std::fmt;

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::ground::{self, Polarity};
use super::lines;
use super::pieces::{self, Choice, Piece, Pieces};
use super::plane::{Plane, depth, quantile};

/// Longer side at which the page is looked at, at most.
const LARGE: u32 = 640;
/// Longer side below which it is enlarged, so that a stroke is several pixels wide.
const SMALL: u32 = 224;
/// The window of the first look at the ground reaches this share of the shorter side.
const WIDE: f32 = 1.0 / 6.0;
/// Nearer to the ground than this share of full ink there is none.
const FAINTEST: f32 = 0.05;
/// How many times the noise ink stands out at least.
const CLEAR: f32 = 5.0;
/// Share of the darkest ink above which everything is ink.
const HALF: f32 = 0.6;
/// A page's own levels are noise where they differ by more than this, of 1.
const NOISY: f32 = 0.04;
/// What is thicker than the page's shorter side over this is more than a stroke, from its middle to its edge.
const BLOB: f32 = 20.0;
/// A shadow is lighter than this share of the darkest ink; of ink, the middle is about as dark as all of it.
const SHADOW: f32 = 0.8;
/// What runs from edge to edge is a shadow rather than ink, and weighs this much as ink.
const SPANNING: f32 = 0.3;
/// A stroke this many times longer than wide is as much of a stroke as one can be.
const SLENDER: f32 = 10.0;

/// A digit's ink, and what was seen around it.
pub struct Ink {
    /// 0 for ground to 1 for ink, cut out.
    pub plane: Plane,
    pub polarity: Polarity,
    /// Width of the strokes, in pixels of the plane.
    pub stroke: f32,
    /// Ruled lines taken out.
    pub lines: usize,
    /// What was chosen and left out.
    pub choice: Choice,
    /// Share of the page that stands out from its ground.
    pub covered: f32,
    /// How the ground is uneven, in words.
    pub unevenness: Option<String>,
}

/// Why no ink was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    Blank,
    Noise,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "a blank page: nothing stands out from its ground",
            Self::Noise => "no ink: noise or texture everywhere, and nothing stands out from it",
        })
    }
}

/// Finds the ink; `polarity` where it is known, else the one whose ink is more of a stroke.
pub fn find(picture: &RgbImage, polarity: Option<Polarity>) -> Result<Ink, Nothing> {
    let page = at_working_size(picture);
    let weights = ground::weights(&page);
    let signals =
        [Polarity::Dark, Polarity::Light].map(|polarity| (polarity, ground::signal(&page, weights, polarity)));
    let wanted = signals.iter().filter(|(each, _)| polarity.is_none_or(|polarity| polarity == *each));
    let looks = wanted.filter_map(|(polarity, signal)| Some((look_closely(signal)?, *polarity)));
    let best = looks.max_by(|(a, _), (b, _)| a.strokiness().total_cmp(&b.strokiness()));
    let nothing = || {
        let rough = |(_, signal): &(Polarity, Plane)| {
            ground::noise(&ground::contrast(signal, &ground::ground(signal, wide(signal))))
        };
        if signals.iter().map(rough).fold(0.0, f32::max) > NOISY { Nothing::Noise } else { Nothing::Blank }
    };
    best.map(|(look, polarity)| look.into_ink(polarity)).ok_or_else(nothing)
}

/// Reach of the first look's window.
fn wide(signal: &Plane) -> usize {
    ((signal.shorter_side() as f32 * WIDE).round() as usize).max(1)
}

/// With the width of the strokes known, the ground is looked at again more closely: a narrow shadow is ground too.
fn look_closely(signal: &Plane) -> Option<Look<'_>> {
    let wide = wide(signal);
    let first = Look::at(signal, wide)?;
    let close = (first.depth * 1.2).ceil() as usize + 2;
    let second = if close * 4 < wide * 3 { Look::at(signal, close) } else { None };
    Some(second.unwrap_or(first))
}

fn at_working_size(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer > LARGE {
        let side = |side: u32| ((u64::from(side) * u64::from(LARGE) / u64::from(longer)) as u32).max(1);
        return imageops::thumbnail(picture, side(width), side(height));
    }
    let times = SMALL.div_ceil(longer);
    if times == 1 {
        picture.clone()
    } else {
        imageops::resize(picture, width * times, height * times, FilterType::CatmullRom)
    }
}

/// What a window of one size shows.
struct Look<'a> {
    signal: &'a Plane,
    contrast: Plane,
    ground: Plane,
    lines: usize,
    pieces: Pieces,
    choice: Choice,
    /// Mean width of the strokes.
    stroke: f32,
    /// Half the width of the thickest part.
    depth: f32,
    covered: f32,
}

impl<'a> Look<'a> {
    fn at(signal: &'a Plane, reach: usize) -> Option<Self> {
        let ground = ground::ground(signal, reach);
        let mut contrast = ground::contrast(signal, &ground);
        let noise = ground::noise(&contrast);
        let lines = lines::remove(&mut contrast, noise);
        let floor = (CLEAR * noise).max(FAINTEST);
        let [parting, full] = threshold(&contrast, floor)?;
        // Where everything is about as dark, half of that parts it from the ground.
        let low = parting.min(HALF * full).max(floor);
        let mut look = Self::above(low, signal, contrast, ground)?;
        look.lines = lines;
        if look.depth * BLOB <= look.contrast.shorter_side() as f32 {
            return Some(look);
        }
        // Ink in a narrow shadow: what stands out most from what stands out.
        let shadow = quantile(look.within().map(|i| look.contrast.values[i]).collect(), 0.5);
        if shadow > SHADOW * full {
            return Some(look);
        }
        let parting = threshold(&look.contrast, low).map(|[parting, _]| parting);
        for high in parting.into_iter().chain([f32::midpoint(shadow, full)]).filter(|&high| high > low) {
            let darker = Self::above(high, signal, look.contrast.clone(), look.ground.clone());
            if let Some(darker) = darker.filter(|darker| darker.strokiness() > look.strokiness()) {
                look = Self { lines, ..darker };
            }
        }
        Some(look)
    }

    /// The pieces of what is at least `threshold`.
    fn above(threshold: f32, signal: &'a Plane, contrast: Plane, ground: Plane) -> Option<Self> {
        let pieces = pieces::pieces(&contrast, threshold);
        let choice = pieces::choose(&pieces, &contrast)?;
        let inside = |i: usize| choice.kept.contains(&pieces.labels[i]);
        let depths = depth(contrast.width, contrast.height, inside);
        let within: Vec<f32> = depths.values.iter().copied().filter(|&depth| depth > 0.0).collect();
        let stroke = 4.0 * within.iter().sum::<f32>() / within.len() as f32 - 1.0;
        let covered = pieces.pieces.iter().map(|piece| piece.area).sum::<usize>() as f32 / contrast.values.len() as f32;
        let depth = quantile(within, 1.0);
        Some(Self { signal, contrast, ground, lines: 0, pieces, choice, stroke, depth, covered })
    }

    fn chosen(&self) -> impl Iterator<Item = &Piece> {
        self.choice.kept.iter().filter_map(|&label| self.pieces.pieces.get(label as usize - 1))
    }

    /// The places of the ink.
    fn within(&self) -> impl Iterator<Item = usize> {
        (0..self.contrast.values.len()).filter(|&i| self.kept(i))
    }

    fn kept(&self, i: usize) -> bool {
        self.choice.kept.contains(&self.pieces.labels[i])
    }

    /// How far the ink differs from what lies around it, as a share of how far it differs from the ground beneath: about 1
    /// for ink; about 0 for the hole of a 0, which is of the colour of the page outside.
    fn standing(&self) -> f32 {
        let (width, height) = (self.contrast.width, self.contrast.height);
        let ([left, right], [top, bottom]) = self.extent();
        let (across, down) = (right - left + 1, bottom - top + 1);
        let (mut ink, mut beneath, mut around) = (Vec::new(), Vec::new(), Vec::new());
        for y in top.saturating_sub(down)..(bottom + down).min(height) {
            for i in y * width + left.saturating_sub(across)..y * width + (right + across).min(width) {
                if self.kept(i) {
                    ink.push(self.signal.values[i]);
                    beneath.push(self.ground.values[i]);
                } else {
                    around.push(self.signal.values[i]);
                }
            }
        }
        let [ink, beneath, around] = [ink, beneath, around].map(|levels| quantile(levels, 0.5));
        ((ink - around) / (ink - beneath).max(1.0)).clamp(0.0, 1.0)
    }

    /// First and last column, first and last row of the ink.
    fn extent(&self) -> ([usize; 2], [usize; 2]) {
        let (mut across, mut down) = ([usize::MAX, 0], [usize::MAX, 0]);
        for piece in self.chosen() {
            across = [across[0].min(piece.left), across[1].max(piece.right)];
            down = [down[0].min(piece.top), down[1].max(piece.bottom)];
        }
        (across, down)
    }

    /// How many times longer than wide the ink is, weighed by how dark it is: high for strokes, low for the holes that they
    /// enclose and for the rest of the page.
    fn strokiness(&self) -> f32 {
        let mass: f32 = self.chosen().map(|piece| piece.mass).sum();
        let length = self.chosen().map(Piece::length).max().unwrap_or(0) as f32;
        let spans = self.chosen().any(|piece| piece.spans(&self.contrast));
        let elongation = mass / self.stroke.max(length / SLENDER).powi(2);
        elongation * self.choice.share * self.standing().powi(2) * if spans { SPANNING } else { 1.0 }
    }

    fn into_ink(self, polarity: Polarity) -> Ink {
        let (width, height) = (self.contrast.width, self.contrast.height);
        let full = quantile(self.within().map(|i| self.contrast.values[i]).collect(), 0.7);
        let near = depth(width, height, |i| !self.kept(i));
        let level = |i: usize| {
            let share = self.contrast.values[i] / full;
            if near.values[i] <= 2.0 { ((share - 0.25) / 0.5).clamp(0.0, 1.0) } else { 0.0 }
        };
        let ([left, right], [top, bottom]) = self.extent();
        let plane = Plane::from_fn(right - left + 1, bottom - top + 1, |x, y| level((y + top) * width + x + left));
        Ink {
            plane,
            polarity,
            stroke: self.stroke,
            lines: self.lines,
            choice: self.choice,
            covered: self.covered,
            unevenness: ground::unevenness(&self.ground, polarity),
        }
    }
}

/// The level that best parts what lies above `floor` into two (Otsu 1979), and the darkest of it; none where nothing does.
fn threshold(contrast: &Plane, floor: f32) -> Option<[f32; 2]> {
    const BINS: usize = 64;
    let values: Vec<f32> = contrast.values.iter().copied().filter(|&value| value > floor).collect();
    let most = values.iter().copied().reduce(f32::max)?;
    let mut counts = [0u32; BINS];
    for value in &values {
        counts[((value / most * BINS as f32) as usize).min(BINS - 1)] += 1;
    }
    let centre = |bin: usize| bin as f64 + 0.5;
    let total: f64 = (0..BINS).map(|bin| f64::from(counts[bin]) * centre(bin)).sum();
    let (mut count, mut sum, mut best) = (0.0, 0.0, (-1.0, 0));
    for (bin, &inside) in counts[..BINS - 1].iter().enumerate() {
        count += f64::from(inside);
        sum += f64::from(inside) * centre(bin);
        let rest = values.len() as f64 - count;
        if count == 0.0 || rest == 0.0 {
            continue;
        }
        let between = count * rest * (sum / count - (total - sum) / rest).powi(2);
        if between > best.0 {
            best = (between, bin + 1);
        }
    }
    Some([most * best.1 as f32 / BINS as f32, quantile(values, 0.99)])
}

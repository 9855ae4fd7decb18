//! Ruled and squared paper: long thin lines are taken out, and the strokes that they cross are mended.

use super::pieces::{self, Piece, Pieces};
use super::plane::{Plane, Reach, quantile};

/// Thickest line, as a share of the picture's longer side.
const THICKEST: f32 = 0.014;
/// A line runs through at least this share of the picture.
const LONGEST: f32 = 0.55;
/// A gap in a line is at most this share of the picture.
const GAP: f32 = 0.025;
/// Columns in which a line may rise or fall by one pixel: a page turned by up to 18 degrees.
const RISE: usize = 3;
/// A bit of a line is shorter than the picture's side over this.
const BIT: usize = 10;
/// What is this many times as dark as the lines are is a stroke.
const DARKER: f32 = 1.3;

/// Takes the lines out, across and down, and gives back how many there were.
pub fn remove(contrast: &mut Plane, noise: f32) -> usize {
    let across = remove_across(contrast, noise);
    let mut turned = contrast.turned();
    let down = remove_across(&mut turned, noise);
    *contrast = turned.turned();
    across + down
}

fn remove_across(contrast: &mut Plane, noise: f32) -> usize {
    let (width, height) = (contrast.width, contrast.height);
    let floor = (3.0 * noise).max(0.03);
    let reach = ((contrast.longer_side() as f32 * THICKEST / 2.0).round() as usize).max(1);
    let thick = contrast.opened(Reach { across: 0, down: reach });
    let thin: Vec<bool> = contrast.values.iter().zip(&thick.values).map(|(all, thick)| all - thick > floor).collect();
    let ink: Vec<bool> = contrast.values.iter().map(|&value| value > floor).collect();
    let passable = bridged(&ink, width, (width as f32 * GAP).ceil() as usize);
    let left = lengths(&thin, &passable, width, false);
    let right = lengths(&thin, &passable, width, true);
    let least = width as f32 * LONGEST;
    let line: Vec<bool> =
        (0..width * height).map(|i| thin[i] && f32::from(left[i]) + f32::from(right[i]) - 1.0 >= least).collect();

    let mut counts = vec![0; width];
    for line in traced(contrast, &line) {
        let most = line.level * DARKER + 2.0 * noise;
        let mut last = None;
        for [x, from, to] in line.bands {
            mend(contrast, x, (from, to), most);
            if last != Some(x) {
                counts[x] += 1;
            }
            last = Some(x);
        }
    }
    counts.sort_unstable();
    let middle = counts[width / 2];
    if counts.last().is_some_and(|&most| most > 0) { middle.max(1) } else { 0 }
}

/// A line, or a bit of one that strokes cut off.
struct Line {
    /// How dark its middle is: a stroke on it or across it is darker, and stays.
    level: f32,
    /// Column, first row and the row after the last, from left to right.
    bands: Vec<[usize; 3]>,
}

/// Follows the lines that `marks` shows. Where a stroke runs into one, the line lies where it would without the stroke.
fn traced(contrast: &Plane, marks: &[bool]) -> Vec<Line> {
    let (width, height) = (contrast.width, contrast.height);
    let plane = Plane::from_fn(width, height, |x, y| f32::from(u8::from(marks[y * width + x])));
    let Pieces { labels, pieces } = pieces::pieces(&plane, 0.5);
    let mut runs: Vec<Vec<[usize; 3]>> = vec![Vec::new(); pieces.len()];
    let mut levels: Vec<Vec<f32>> = vec![Vec::new(); pieces.len()];
    for x in 0..width {
        let mut y = 0;
        while y < height {
            let label = labels[y * width + x];
            let end = (y..height).find(|&y| labels[y * width + x] != label).unwrap_or(height);
            if let Some(piece) = (label as usize).checked_sub(1) {
                runs[piece].push([x, y, end]);
                levels[piece].push((y..end).map(|y| contrast.at(x, y)).fold(0.0, f32::max));
            }
            y = end;
        }
    }
    let thickness = |runs: &mut dyn Iterator<Item = &[usize; 3]>| {
        quantile(runs.map(|[_, from, to]| (to - from) as f32).collect(), 0.5)
    };
    let usual = (thickness(&mut runs.iter().flatten()), quantile(levels.concat(), 0.5));
    let line = |((runs, levels), piece): ((Vec<[usize; 3]>, Vec<f32>), &Piece)| {
        let course = (piece.width() * BIT >= width).then(|| Course::through(&runs, piece));
        let (thickness, level) = match course {
            Some(_) => (thickness(&mut runs.iter()), quantile(levels, 0.5)),
            None => usual,
        };
        let astray = thickness / 2.0 + 1.0 + width as f32 / 200.0;
        let band = |[x, from, to]: [usize; 3]| {
            let thin = (to - from) as f32 <= 1.6 * thickness + 1.0;
            let Some(course) = &course else { return thin.then_some([x, from, to]) };
            let middle = course.at(x);
            if thin && ((from + to) as f32 / 2.0 - middle).abs() <= astray {
                return Some([x, from, to]);
            }
            let first = (middle - thickness / 2.0).round().clamp(0.0, height as f32 - 1.0);
            Some([x, first as usize, ((first + thickness) as usize).min(height)])
        };
        Line { level, bands: runs.iter().copied().filter_map(band).collect() }
    };
    runs.into_iter().zip(levels).zip(&pieces).map(line).collect()
}

/// A straight line through the middles of the outer thirds.
struct Course {
    left: [f32; 2],
    right: [f32; 2],
}

impl Course {
    fn through(runs: &[[usize; 3]], piece: &Piece) -> Self {
        let third = piece.width().div_ceil(3);
        let middle = |within: &dyn Fn(usize) -> bool| {
            let runs = || runs.iter().filter(|[x, ..]| within(*x));
            let x = quantile(runs().map(|[x, ..]| *x as f32).collect(), 0.5);
            [x, quantile(runs().map(|[_, from, to]| (from + to) as f32 / 2.0).collect(), 0.5)]
        };
        Self { left: middle(&|x| x < piece.left + third), right: middle(&|x| x + third > piece.right) }
    }

    fn at(&self, x: usize) -> f32 {
        let [[left, high], [right, low]] = [self.left, self.right];
        high + (x as f32 - left) * (low - high) / (right - left).max(1.0)
    }
}

/// Puts what lies above and below a line into its place: ground where there is ground, a stroke where one crosses.
fn mend(contrast: &mut Plane, x: usize, (from, to): (usize, usize), most: f32) {
    // Lines have soft edges.
    let soft = 1 + (to - from) / 4;
    let above = from.checked_sub(soft + 1);
    let below = (to + soft < contrast.height).then_some(to + soft);
    let value = |y: Option<usize>| y.map_or(0.0, |y| contrast.at(x, y));
    let (high, low) = (value(above), value(below));
    let (first, last) = (above.map_or(0, |y| y + 1), below.unwrap_or(contrast.height));
    let steps = (last - first + 1) as f32;
    for y in first..last {
        let weight = (y - first + 1) as f32 / steps;
        let i = y * contrast.width + x;
        if contrast.values[i] <= most {
            contrast.values[i] = contrast.values[i].min(high * (1.0 - weight) + low * weight);
        }
    }
}

/// The marks, and gaps of up to `gap` between marks of a row.
fn bridged(marks: &[bool], width: usize, gap: usize) -> Vec<bool> {
    let mut bridged = marks.to_vec();
    for row in bridged.chunks_exact_mut(width) {
        let mut last = None;
        for x in 0..width {
            if row[x] {
                if let Some(last) = last.filter(|last| x - last <= gap + 1) {
                    row[last..x].fill(true);
                }
                last = Some(x);
            }
        }
    }
    bridged
}

/// How many thin pixels the best path holds that ends at each pixel, coming from the left (or the right) by passable
/// pixels only.
fn lengths(thin: &[bool], passable: &[bool], width: usize, from_right: bool) -> Vec<u16> {
    let height = passable.len() / width;
    let mut lengths = vec![0u16; passable.len()];
    for step in 0..width {
        let x = if from_right { width - 1 - step } else { step };
        for y in 0..height {
            let i = y * width + x;
            if !passable[i] {
                continue;
            }
            let before = |y: usize| {
                let from = if from_right { x + 1 } else { x.wrapping_sub(1) };
                if from < width { lengths[y * width + from] } else { 0 }
            };
            let mut best = before(y);
            if step.is_multiple_of(RISE) {
                best = best.max(y.checked_sub(1).map_or(0, before));
                best = best.max(if y + 1 < height { before(y + 1) } else { 0 });
            }
            lengths[i] = best.saturating_add(u16::from(thin[i]));
        }
    }
    lengths
}

//! Ruled and squared paper: long thin lines are taken out, and the strokes that they cross are mended.

use super::plane::{Plane, Reach, quantile};

/// Thickest line, as a share of the picture's longer side.
const THICKEST: f32 = 0.014;
/// A line runs through at least this share of the picture.
const LONGEST: f32 = 0.55;
/// A gap in a line is at most this share of the picture.
const GAP: f32 = 0.025;
/// Columns in which a line may rise or fall by one pixel: a page turned by up to 18 degrees.
const RISE: usize = 3;
/// What is this many times as dark as the lines are is a stroke.
const DARKER: f32 = 1.5;

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

    // A stroke on a line or across it is darker than the line, and stays.
    let level = quantile((0..width * height).filter(|&i| line[i]).map(|i| contrast.values[i]).collect(), 0.5);
    let most = level * DARKER + 2.0 * noise;
    let mut counts = Vec::with_capacity(width);
    for x in 0..width {
        let mut count = 0;
        let mut y = 0;
        while y < height {
            if !line[y * width + x] {
                y += 1;
                continue;
            }
            let end = (y..height).find(|&y| !line[y * width + x]).unwrap_or(height);
            mend(contrast, x, (y, end), most);
            count += 1;
            y = end;
        }
        counts.push(count);
    }
    counts.sort_unstable();
    let middle = counts.get(width / 2).copied().unwrap_or(0);
    if counts.last().is_some_and(|&most| most > 0) { middle.max(1) } else { 0 }
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

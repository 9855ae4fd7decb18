//! Rectangles at random: parts to enlarge, to cover, or to take from another picture.

use rand::Rng;

/// Draws of a rectangle before another way is taken.
const TRIES: usize = 10;

/// A rectangle of whole pixels, from its first row and column to those behind its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub top: i64,
    pub left: i64,
    pub bottom: i64,
    pub right: i64,
}

impl Area {
    /// Of no pixels.
    pub const NONE: Area = Area { top: 0, left: 0, bottom: 0, right: 0 };

    /// Its corners as numbers of a row: first row and column, those behind the last.
    pub fn corners(self) -> [f32; 4] {
        [self.top, self.left, self.bottom, self.right].map(|it| it as f32)
    }

    /// Its share of a picture of `[height, width]`.
    pub fn share(self, [height, width]: [i64; 2]) -> f64 {
        ((self.bottom - self.top) * (self.right - self.left)) as f64 / (height * width) as f64
    }

    fn of_size(rng: &mut impl Rng, [height, width]: [i64; 2], [rows, columns]: [i64; 2]) -> Area {
        let (top, left) = (rng.random_range(0..=height - rows), rng.random_range(0..=width - columns));
        Area { top, left, bottom: top + rows, right: left + columns }
    }

    /// Rows up to `reach[0]` above and below, and columns likewise, of a pixel that is drawn; cut off at the edges.
    fn about(rng: &mut impl Rng, [height, width]: [i64; 2], [before, behind]: [[i64; 2]; 2]) -> Area {
        let (y, x) = (rng.random_range(0..height), rng.random_range(0..width));
        Area {
            top: (y - before[0]).max(0),
            left: (x - before[1]).max(0),
            bottom: (y + behind[0]).min(height),
            right: (x + behind[1]).min(width),
        }
    }
}

/// A part of a picture whose area is uniform in `scale` and whose width over height is log-uniform in `ratio`, or after ten tries that
/// do not fit the largest in the middle: torchvision's `RandomResizedCrop`.
pub(crate) fn crop(rng: &mut impl Rng, size: [i64; 2], scale: [f64; 2], ratio: [f64; 2]) -> Area {
    let [height, width] = size;
    for _ in 0..TRIES {
        let (area, aspect) = shape(rng, size, scale, ratio);
        let [rows, columns] = [(area / aspect).sqrt(), (area * aspect).sqrt()].map(whole);
        if (1..=height).contains(&rows) && (1..=width).contains(&columns) {
            return Area::of_size(rng, size, [rows, columns]);
        }
    }
    let aspect = (width as f64 / height as f64).clamp(ratio[0], ratio[1]);
    let rows = whole(width as f64 / aspect).clamp(1, height);
    let columns = whole(height as f64 * aspect).clamp(1, width);
    let (top, left) = ((height - rows) / 2, (width - columns) / 2);
    Area { top, left, bottom: top + rows, right: left + columns }
}

/// A part smaller than the picture whose area is uniform in `scale` and whose height over width is log-uniform in `ratio`, none after ten
/// tries that do not fit: torchvision's `RandomErasing`.
pub(crate) fn erased(rng: &mut impl Rng, size: [i64; 2], scale: [f64; 2], ratio: [f64; 2]) -> Area {
    for _ in 0..TRIES {
        let (area, aspect) = shape(rng, size, scale, ratio);
        let [rows, columns] = [(area * aspect).sqrt(), (area / aspect).sqrt()].map(whole);
        if rows < size[0] && columns < size[1] {
            return Area::of_size(rng, size, [rows, columns]);
        }
    }
    Area::NONE
}

/// A square of `side` about a pixel, cut off at the edges.
pub(crate) fn square(rng: &mut impl Rng, size: [i64; 2], side: i64) -> Area {
    Area::about(rng, size, [[side / 2; 2], [side - side / 2; 2]])
}

/// The rectangle of cutmix about a pixel, of `1 - lambda` of the picture's area and of its shape, cut off at the edges.
pub(crate) fn patch(rng: &mut impl Rng, size: [i64; 2], lambda: f64) -> Area {
    let reach = size.map(|side| (0.5 * (1.0 - lambda).sqrt() * side as f64) as i64);
    Area::about(rng, size, [reach, reach])
}

fn shape(rng: &mut impl Rng, [height, width]: [i64; 2], scale: [f64; 2], ratio: [f64; 2]) -> (f64, f64) {
    let area = (height * width) as f64 * rng.random_range(scale[0]..=scale[1]);
    let aspect = rng.random_range(ratio[0].ln()..=ratio[1].ln()).exp();
    (area, aspect)
}

fn whole(length: f64) -> i64 {
    length.round_ties_even() as i64
}

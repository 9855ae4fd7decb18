//! The tiling of the classic deep-learning tutorials, bit for bit: what their readers compare with.

use crate::colour::NOT_FINITE;
use crate::grid::span;
use crate::{Error, FloatImage, Picture};

/// Keeps the scale of a constant picture finite.
const EPSILON: f32 = 1e-8;

/// Lays each row of a matrix, as a small grey picture, like tiles on a floor.
///
/// `matrix` holds rows of `tile_height * tile_width` numbers one after the other; row `i` goes to tile
/// `(i / columns, i % columns)`. Rows beyond the floor are left out; tiles without a row stay black, as does the spacing.
/// The result has the shape
/// `((tile_height + spacing_y) * floor_rows - spacing_y, (tile_width + spacing_x) * floor_columns - spacing_x)`.
///
/// With `to_unit_interval` each row is scaled by itself in `f32`: `x - min`, times `1 / (max + 1e-8)` where `max` is the
/// largest of the differences. Then a pixel is `255 * x` with its fraction cut off. Without it, numbers are taken as
/// they are and should lie in 0..=1; those beyond are clamped. A row with NaN or infinities is scaled by its finite
/// numbers, and the others are drawn in [`NOT_FINITE`].
///
/// All pairs are (rows, columns).
///
/// # Errors
/// An empty matrix, rows that do not fill their tiles, a floor without tiles, or too many pixels.
pub fn tile_raster_images(
    matrix: &[f32],
    tile: (usize, usize),
    floor: (usize, usize),
    spacing: (usize, usize),
    to_unit_interval: bool,
) -> Result<Picture, Error> {
    let rows = FloatImage::rows([1, tile.0, tile.1], matrix)?;
    if floor.0 == 0 || floor.1 == 0 {
        return Err(Error::Shape {
            what: "the floor",
            shape: vec![floor.0, floor.1],
            rule: "it has at least one row and one column of tiles",
        });
    }
    let height = span(tile.0, spacing.0, floor.0);
    let width = span(tile.1, spacing.1, floor.1);
    let mut sheet = Picture::filled(height, width, [0; 3])?;
    for (i, row) in rows.iter().take(floor.0.saturating_mul(floor.1)).enumerate() {
        let top = (i / floor.1) * tile.0.saturating_add(spacing.0);
        let left = (i % floor.1) * tile.1.saturating_add(spacing.1);
        sheet.paste(top, left, &drawn(row, to_unit_interval)?);
    }
    Ok(sheet)
}

fn drawn(row: &FloatImage, to_unit_interval: bool) -> Result<Picture, Error> {
    let finite = || row.values().iter().copied().filter(|x| x.is_finite());
    let (shift, factor) = if to_unit_interval {
        let min = finite().fold(f32::INFINITY, f32::min);
        let max = finite().map(|x| x - min).fold(0.0, f32::max);
        (min, 1.0 / (max + EPSILON))
    } else {
        (0.0, 1.0)
    };
    let pixel = |&x: &f32| {
        if x.is_finite() {
            // A cast from float to u8 cuts off the fraction and clamps to 0..=255.
            [((x - shift) * factor * 255.0) as u8; 3]
        } else {
            NOT_FINITE
        }
    };
    let [_, height, width] = row.shape();
    Picture::rgb(height, width, row.values().iter().flat_map(pixel).collect())
}

//! The bar beneath a sheet that says which colour stands for which number.

use crate::grid::{Background, GridOptions};
use crate::numbers::brief;
use crate::scaling::Range;
use crate::text::{self, Ink, Size};
use crate::{Error, Palette, Picture};

const LENGTH: usize = 160;
const THICKNESS: usize = 12;
const GAP: usize = 8;

/// A bar of the palette between the two numbers at its ends.
pub(crate) fn bar(range: Range, palette: Palette, options: &GridOptions) -> Result<Picture, Error> {
    let (low, high) = (brief(range.low), brief(range.high));
    let ink = Ink::Muted.colour(options.background == Background::Dark);
    let (low_width, high_width) = (Size::Caption.width(&low), Size::Caption.width(&high));
    let line = Size::Caption.line();
    let width = options.margin * 2 + low_width + GAP + LENGTH + GAP + high_width;
    let mut bar = Picture::filled(line + options.margin.max(1), width, options.background.colour())?;
    text::draw(&mut bar, 0, options.margin, &low, Size::Caption, ink);
    let left = options.margin + low_width + GAP;
    let top = (line - THICKNESS) / 2;
    for column in 0..LENGTH {
        let colour = palette.colour(column as f64 / (LENGTH - 1) as f64);
        for row in top..top + THICKNESS {
            bar.tint(row, left + column, colour, 1.0);
        }
    }
    text::draw(&mut bar, 0, left + LENGTH + GAP, &high, Size::Caption, ink);
    Ok(bar)
}

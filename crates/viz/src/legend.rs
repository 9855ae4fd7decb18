//! The bar beneath a sheet that says which colour stands for which number.

use crate::colour::Rgb;
use crate::grid::{Background, GridOptions};
use crate::numbers::brief;
use crate::scaling::Range;
use crate::text::{self, Ink, Size};
use crate::{Error, Palette, Picture};

const LENGTH: usize = 160;
const THICKNESS: usize = 12;
/// Between the bar and its numbers.
pub(crate) const GAP: usize = 8;

/// A bar of the palette between the two numbers at its ends.
pub(crate) fn bar(range: Range, palette: Palette, options: &GridOptions) -> Result<Picture, Error> {
    let ends = [brief(range.low), brief(range.high)];
    let paper = options.background.colour();
    let ink = Ink::Muted.colour(options.background == Background::Dark);
    let drawn = between(&ends, LENGTH, |part| palette.colour(part), paper, ink)?;
    let margin = options.margin;
    let (height, width) = (drawn.height() + margin.max(1), drawn.width() + margin * 2);
    let mut bar = Picture::filled(height, width, paper)?;
    bar.paste(0, margin, &drawn);
    Ok(bar)
}

/// A bar between two texts, `colour` going from 0 to 1 along its `length`.
pub(crate) fn between(
    [low, high]: &[String; 2],
    length: usize,
    colour: impl Fn(f64) -> Rgb,
    paper: Rgb,
    ink: Rgb,
) -> Result<Picture, Error> {
    let line = Size::Caption.line();
    let left = Size::Caption.width(low) + GAP;
    let mut bar = Picture::filled(line, left + length + GAP + Size::Caption.width(high), paper)?;
    text::draw(&mut bar, 0, 0, low, Size::Caption, ink);
    let top = (line - THICKNESS) / 2;
    for column in 0..length {
        let colour = colour(column as f64 / (length - 1).max(1) as f64);
        for row in top..top + THICKNESS {
            bar.tint(row, left + column, colour, 1.0);
        }
    }
    text::draw(&mut bar, 0, left + length + GAP, high, Size::Caption, ink);
    Ok(bar)
}

//! Captions in raster pictures, from glyphs compiled into the program: no font is looked for on the machine.

use crate::Picture;
use crate::colour::{INK, MUTED, Rgb, WRONG};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width};

/// The two sizes of text that pictures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Caption,
    Title,
}

impl Size {
    fn font(self) -> (FontWeight, RasterHeight) {
        match self {
            Size::Caption => (FontWeight::Regular, RasterHeight::Size16),
            Size::Title => (FontWeight::Bold, RasterHeight::Size20),
        }
    }

    /// Height of a line, in pixels.
    pub(crate) fn line(self) -> usize {
        self.font().1.val()
    }

    /// Width of `text`, in pixels: all letters are equally wide.
    pub(crate) fn width(self, text: &str) -> usize {
        let (weight, height) = self.font();
        text.chars().count() * get_raster_width(weight, height)
    }
}

/// What a line of text is about, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ink {
    /// Plain.
    #[default]
    Plain,
    /// Of second rank.
    Muted,
    /// Something that went wrong, such as a mistaken class.
    Wrong,
}

impl Ink {
    pub(crate) fn colour(self, dark: bool) -> Rgb {
        match (self, dark) {
            (Ink::Plain, false) => INK,
            (Ink::Muted, false) => MUTED,
            (Ink::Wrong, false) => WRONG,
            (Ink::Plain, true) => [235, 235, 235],
            (Ink::Muted, true) => [165, 165, 165],
            (Ink::Wrong, true) => [230, 159, 0],
        }
    }
}

/// Draws `text` with its upper left corner at (`top`, `left`). Letters outside Latin are drawn as `?`.
pub(crate) fn draw(on: &mut Picture, top: usize, left: usize, text: &str, size: Size, ink: Rgb) {
    let (weight, height) = size.font();
    let mut pen = left;
    for letter in text.chars() {
        if let Some(glyph) = glyph(letter, weight, height) {
            for (row, line) in glyph.rows().enumerate() {
                for (column, &cover) in line.iter().enumerate().filter(|(_, cover)| **cover > 0) {
                    on.tint(top + row, pen + column, ink, f64::from(cover) / 255.0);
                }
            }
        }
        pen += get_raster_width(weight, height);
    }
}

fn glyph(letter: char, weight: FontWeight, height: RasterHeight) -> Option<RasterizedChar> {
    let simple = match letter {
        '\u{2212}' | '\u{2013}' => '-',
        '\u{00a0}' | '\u{2009}' | '\u{202f}' => ' ',
        other => other,
    };
    get_raster(simple, weight, height).or_else(|| get_raster('?', weight, height))
}

/// `text` cut to at most `limit` letters, the last of them a sign that something is missing.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(2)).collect();
    kept + ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::PAPER;

    #[test]
    fn letters_leave_ink_within_their_line_and_beyond_the_edge_nothing_happens() {
        let mut sheet = Picture::filled(24, 40, PAPER).unwrap();
        draw(&mut sheet, 2, 4, "7 %", Size::Caption, INK);
        let inked = |row: usize| (0..40).any(|column| sheet.at(row, column) != PAPER);
        assert!((2..18).any(inked) && !(18..24).any(inked));
        draw(&mut sheet, 20, 36, "beyond", Size::Title, INK);
    }

    #[test]
    fn letters_without_a_glyph_become_question_marks() {
        let drawn = |text| {
            let mut sheet = Picture::filled(16, 8, PAPER).unwrap();
            draw(&mut sheet, 0, 0, text, Size::Caption, INK);
            sheet
        };
        assert_eq!(drawn("\u{732b}"), drawn("?"));
        assert_ne!(drawn("é"), drawn("?"));
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(shortened("automobile", 10), "automobile");
        assert_eq!(shortened("automobiles", 10), "automobi..");
    }
}

//! Finished pictures laid out in rows and columns, each with lines of text beneath: the frame that every sheet shares.

use crate::colour::{PAPER, Rgb};
use crate::text::{self, Ink, Size};
use crate::{Error, Picture};

/// Captions are cut to this many letters.
const LONGEST_LINE: usize = 40;
/// Empty pixels between a picture and its caption, and the least between captions side by side.
const CAPTION_GAP: usize = 3;
const CAPTION_SPACING: usize = 10;
/// Empty pixels beneath the title.
const TITLE_GAP: usize = 8;

/// One picture of a grid and what is written beneath it, line by line.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The picture. Smaller ones are centred in their cell.
    pub picture: Picture,
    /// Lines of text, cut to 40 letters each; may be empty.
    pub caption: Vec<(String, Ink)>,
}

impl Cell {
    /// A picture with one line of plain text for each line of `caption`; none when it is empty.
    pub fn new(picture: Picture, caption: &str) -> Cell {
        let caption = caption.lines().map(|line| (line.into(), Ink::Plain)).collect();
        Cell { picture, caption }
    }
}

/// How many pictures stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Columns {
    /// So many that the whole is somewhat wider than high.
    #[default]
    Auto,
    /// This many, at least 1.
    Exactly(usize),
}

/// The colour around the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Background {
    /// White with dark text.
    #[default]
    Light,
    /// Black with light text.
    Dark,
}

impl Background {
    /// The colour itself.
    pub fn colour(self) -> Rgb {
        match self {
            Background::Light => PAPER,
            Background::Dark => [0; 3],
        }
    }
}

/// How a grid is laid out. Lengths are in pixels of the finished picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridOptions {
    /// How many pictures stand side by side.
    pub columns: Columns,
    /// Between two pictures, in both directions (default 4). Where there are captions, at least 10.
    pub spacing: usize,
    /// Around the whole (default 10).
    pub margin: usize,
    /// The colour around the pictures.
    pub background: Background,
    /// A line above the grid.
    pub title: Option<String>,
}

impl Default for GridOptions {
    fn default() -> Self {
        GridOptions { columns: Columns::Auto, spacing: 4, margin: 10, background: Background::Light, title: None }
    }
}

impl GridOptions {
    /// Bare tiles: no margin, no title, black between the tiles, `spacing` pixels apart.
    /// The result is `(tile height + spacing) * rows - spacing` pixels high, and likewise wide.
    pub fn bare(spacing: usize) -> Self {
        GridOptions { spacing, margin: 0, background: Background::Dark, ..Self::default() }
    }
}

/// Lays pictures out row by row. All cells are as large as the largest picture and its caption.
///
/// # Errors
/// No cells, no columns, or more pixels than a picture may have.
pub fn grid(cells: &[Cell], options: &GridOptions) -> Result<Picture, Error> {
    let layout = Layout::of(cells, options)?;
    let colour = options.background.colour();
    let dark = options.background == Background::Dark;
    let mut sheet = Picture::filled(layout.height(), layout.width(), colour)?;
    if let Some(title) = &options.title {
        let ink = Ink::Plain.colour(dark);
        text::draw(&mut sheet, options.margin, options.margin, title, Size::Title, ink);
    }
    for (i, cell) in cells.iter().enumerate() {
        let (top, left) = layout.corner(i);
        let inset = |room: usize, size: usize| (room - size) / 2;
        sheet.paste(
            top + inset(layout.picture.0, cell.picture.height()),
            left + inset(layout.cell.1, cell.picture.width()),
            &cell.picture,
        );
        for (n, (line, ink)) in cell.caption.iter().enumerate() {
            let line = text::shortened(line, LONGEST_LINE);
            let left = left + inset(layout.cell.1, Size::Caption.width(&line));
            let top = top + layout.picture.0 + CAPTION_GAP + n * Size::Caption.line();
            text::draw(&mut sheet, top, left, &line, Size::Caption, ink.colour(dark));
        }
    }
    Ok(sheet)
}

/// Where everything goes. All pairs are (vertical, horizontal).
struct Layout {
    picture: (usize, usize),
    cell: (usize, usize),
    spacing: usize,
    count: (usize, usize),
    margin: usize,
    title: (usize, usize),
}

impl Layout {
    fn of(cells: &[Cell], options: &GridOptions) -> Result<Layout, Error> {
        let largest = |size: fn(&Cell) -> usize| cells.iter().map(size).max().unwrap_or(0);
        let picture = (largest(|c| c.picture.height()), largest(|c| c.picture.width()));
        let lines = largest(|c| c.caption.len());
        let caption_width = largest(|c| c.caption.iter().map(|(l, _)| line_width(l)).max().unwrap_or(0));
        let (caption_height, spacing) = match lines {
            0 => (0, options.spacing),
            n => (CAPTION_GAP + n * Size::Caption.line(), options.spacing.max(CAPTION_SPACING)),
        };
        let cell = (picture.0 + caption_height, picture.1.max(caption_width));
        let columns = match options.columns {
            _ if cells.is_empty() => return Err(Error::Empty { what: "picture" }),
            Columns::Exactly(0) => {
                return Err(Error::Value {
                    what: "the number of columns".into(),
                    value: "0".into(),
                    rule: "it is at least 1",
                });
            }
            Columns::Exactly(n) => n,
            Columns::Auto => auto_columns(cells.len(), cell, spacing),
        };
        let title =
            options.title.as_deref().map_or((0, 0), |title| (Size::Title.line() + TITLE_GAP, Size::Title.width(title)));
        Ok(Layout {
            picture,
            cell,
            spacing,
            count: (cells.len().div_ceil(columns), columns),
            margin: options.margin,
            title,
        })
    }

    fn height(&self) -> usize {
        let grid = span(self.cell.0, self.spacing, self.count.0);
        grid.saturating_add(self.title.0).saturating_add(self.margin.saturating_mul(2))
    }

    fn width(&self) -> usize {
        let grid = span(self.cell.1, self.spacing, self.count.1);
        grid.max(self.title.1).saturating_add(self.margin.saturating_mul(2))
    }

    fn corner(&self, i: usize) -> (usize, usize) {
        let (row, column) = (i / self.count.1, i % self.count.1);
        (
            self.margin + self.title.0 + row * self.cell.0.saturating_add(self.spacing),
            self.margin + column * self.cell.1.saturating_add(self.spacing),
        )
    }
}

/// The pixels that `count` cells in a line take up: `(cell + spacing) * count - spacing`, or far too many.
pub(crate) fn span(cell: usize, spacing: usize, count: usize) -> usize {
    let gaps = spacing.saturating_mul(count.saturating_sub(1));
    cell.saturating_mul(count).saturating_add(gaps)
}

fn line_width(line: &str) -> usize {
    Size::Caption.width(&text::shortened(line, LONGEST_LINE))
}

/// So many columns that the grid is about 3 wide for 2 high, spread evenly over the rows that this takes.
fn auto_columns(count: usize, cell: (usize, usize), spacing: usize) -> usize {
    let side = |side: usize| side.saturating_add(spacing) as f64;
    let (height, width) = (side(cell.0), side(cell.1));
    let ideal = (count as f64 * 1.5 * height / width).sqrt().round();
    let columns = (ideal as usize).clamp(1, count);
    count.div_ceil(count.div_ceil(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(count: usize, height: usize, width: usize, caption: &str) -> Vec<Cell> {
        let picture = Picture::filled(height, width, [9; 3]).unwrap();
        vec![Cell::new(picture, caption); count]
    }

    #[test]
    fn bare_tiles_take_up_tile_and_spacing_times_rows_less_one_spacing() {
        let check = |count, columns, spacing, height, width| {
            let options = GridOptions { columns: Columns::Exactly(columns), ..GridOptions::bare(spacing) };
            let sheet = grid(&cells(count, 5, 7, ""), &options).unwrap();
            assert_eq!((sheet.height(), sheet.width()), (height, width));
        };
        check(6, 3, 1, 11, 23);
        check(7, 3, 2, 19, 25);
        check(1, 1, 9, 5, 7);
        check(2, 4, 0, 5, 28);
    }

    #[test]
    fn tiles_stand_row_by_row_and_the_rest_is_background() {
        let tile = |grey| Cell::new(Picture::filled(1, 1, [grey; 3]).unwrap(), "");
        let options = GridOptions { columns: Columns::Exactly(2), ..GridOptions::bare(1) };
        let sheet = grid(&[tile(1), tile(2), tile(3)], &options).unwrap();
        assert_eq!(sheet.grey_bytes().unwrap(), [1, 0, 2, 0, 0, 0, 3, 0, 0]);
    }

    #[test]
    fn a_smaller_picture_is_centred_in_its_cell() {
        let mut both = cells(1, 3, 3, "");
        both.extend(cells(1, 1, 1, ""));
        let options = GridOptions { columns: Columns::Exactly(2), ..GridOptions::bare(0) };
        let sheet = grid(&both, &options).unwrap();
        assert_eq!((sheet.at(1, 4), sheet.at(0, 3)), ([9; 3], [0; 3]));
    }

    #[test]
    fn captions_and_titles_make_room_for_themselves() {
        let options = GridOptions::default();
        let plain = grid(&cells(1, 20, 20, ""), &options).unwrap();
        let captioned = grid(&cells(1, 20, 20, "a rather long caption\nand another"), &options).unwrap();
        assert_eq!(captioned.height(), plain.height() + 3 + 2 * 16);
        assert!(captioned.width() > plain.width());
        let title = Some("A title that is wider than the grid".to_owned());
        let titled = grid(&cells(1, 20, 20, ""), &GridOptions { title, ..options }).unwrap();
        assert!(titled.width() > plain.width() && titled.height() > plain.height());
    }

    #[test]
    fn automatic_columns_fill_their_rows_evenly() {
        let check = |count, want| assert_eq!(auto_columns(count, (28, 28), 4), want, "{count}");
        check(1, 1);
        check(3, 2);
        check(20, 5);
        check(100, 12);
    }

    #[test]
    fn nothing_no_columns_and_absurd_sizes_are_refused() {
        let message = |cells: &[Cell], columns, spacing| {
            let options = GridOptions { columns, ..GridOptions::bare(spacing) };
            grid(cells, &options).unwrap_err().to_string()
        };
        assert!(message(&[], Columns::Auto, 1).contains("no picture to draw"));
        assert!(message(&cells(1, 2, 2, ""), Columns::Exactly(0), 1).contains("at least 1"));
        assert!(message(&cells(2, 2, 2, ""), Columns::Auto, usize::MAX).contains("too large"));
        let wide = GridOptions { margin: usize::MAX, title: Some("title".into()), ..GridOptions::default() };
        assert!(grid(&cells(1, 2, 2, ""), &wide).is_err());
    }
}

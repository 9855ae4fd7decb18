//! Arrays as tiles: filters, feature maps, samples. From numbers to a sheet of captioned pictures.

use crate::grid::{Cell, Columns, GridOptions, grid};
use crate::scaling::{Range, pixels, ranges};
use crate::text::Ink;
use crate::{Error, FloatImage, Palette, Picture, Scaling, float_image, legend, stack};

/// How far small pictures are enlarged, each pixel becoming a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoom {
    /// Every pixel as a square of this many pixels, at least 1.
    Factor(usize),
    /// The smallest whole factor that makes the longer side at least this long. Larger pictures stay as they are.
    AtLeast(usize),
}

impl Default for Zoom {
    fn default() -> Self {
        Zoom::AtLeast(56)
    }
}

impl Zoom {
    fn factor(self, height: usize, width: usize) -> usize {
        match self {
            Zoom::Factor(factor) => factor,
            Zoom::AtLeast(side) => side.div_ceil(height.max(width)).max(1),
        }
    }
}

/// How arrays are drawn as tiles.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TileOptions {
    /// Which numbers the ends of the palette stand for.
    pub scaling: Scaling,
    /// The colours of one-channel pictures.
    pub palette: Palette,
    /// How far tiles are enlarged.
    pub zoom: Zoom,
    /// Whether a bar beneath the tiles says which colour stands for which number. Only one-channel tiles that share one
    /// scale have such a bar.
    pub legend: bool,
    /// Columns, spacing, margin, background and title.
    pub grid: GridOptions,
}

impl TileOptions {
    /// For filters with a sign: blue below zero, red above, one scale for all, and a legend.
    pub fn signed() -> Self {
        TileOptions { scaling: Scaling::Common, palette: Palette::Diverging, legend: true, ..Self::default() }
    }

    /// For samples that come as bytes: each byte as itself, and pictures about as wide as a short caption.
    pub fn samples() -> Self {
        TileOptions { scaling: Scaling::BYTES, zoom: Zoom::AtLeast(84), ..Self::default() }
    }
}

/// Draws arrays of one shape as tiles. `captions` holds one text for each (several lines allowed), or is empty.
///
/// ```
/// use viz::{FloatImage, TileOptions, tiles};
/// let filters = FloatImage::rows([1, 5, 5], &vec![0.25; 20 * 25])?;
/// let sheet = tiles(&filters, &[], &TileOptions::signed())?;
/// assert!(sheet.width() > sheet.height());
/// # Ok::<(), viz::Error>(())
/// ```
///
/// # Errors
/// No pictures, pictures of different shapes, captions that do not match, a scale that is no range, a zoom or column
/// number of 0, or more pixels than a picture may have.
pub fn tiles(images: &[FloatImage], captions: &[String], options: &TileOptions) -> Result<Picture, Error> {
    if !captions.is_empty() && captions.len() != images.len() {
        return Err(Error::Count { what: "captions", got: captions.len(), with: "pictures", want: images.len() });
    }
    let lines = |caption: &String| {
        let lines = caption.lines();
        lines.map(|line| (line.to_owned(), Ink::Plain)).collect()
    };
    let captions = captions.iter().map(lines).collect();
    captioned(images, captions, options)
}

/// As [`tiles`], with captions whose lines have colours; `captions` may be shorter than `images`.
pub(crate) fn captioned(
    images: &[FloatImage],
    captions: Vec<Vec<(String, Ink)>>,
    options: &TileOptions,
) -> Result<Picture, Error> {
    let [channels, height, width] = float_image::common_shape(images)?;
    let ranges = ranges(images, options.scaling, options.palette)?;
    let factor = options.zoom.factor(height, width);
    let mut captions = captions.into_iter();
    let cell = |(image, &range): (&FloatImage, &Range)| {
        Ok(Cell {
            picture: pixels(image, range, options.palette)?.enlarged(factor)?,
            caption: captions.next().unwrap_or_default(),
        })
    };
    let cells: Vec<Cell> = images.iter().zip(&ranges).map(cell).collect::<Result<_, Error>>()?;
    let sheet = grid(&cells, &options.grid)?;
    let shared = options.scaling != Scaling::Each && channels == 1;
    if !(options.legend && shared) {
        return Ok(sheet);
    }
    let bar = legend::bar(ranges[0], options.palette, &options.grid)?;
    stack(&[sheet, bar], 0, options.grid.background)
}

/// A named list of arrays of one shape: the feature maps of a layer, or the filters of one moment of training.
#[derive(Clone, Debug)]
pub struct Section {
    /// The heading.
    pub name: String,
    /// The arrays, at least one.
    pub images: Vec<FloatImage>,
}

/// Draws sections one beneath the other, each with its name as heading: what each layer makes of a picture, or how
/// filters grew over training. [`Scaling::Common`] scales each section by itself; for one scale over all of them use
/// [`Scaling::spanning`].
///
/// # Errors
/// No section, or what [`tiles`] refuses.
pub fn sections(sections: &[Section], options: &TileOptions) -> Result<Picture, Error> {
    let draw = |section: &Section| {
        let mut options = options.clone();
        options.grid.title = Some(section.name.clone());
        // A short section should not reserve the width of a long one.
        if let Columns::Exactly(columns) = &mut options.grid.columns {
            *columns = (*columns).min(section.images.len());
        }
        tiles(&section.images, &[], &options)
    };
    let sheets: Vec<Picture> = sections.iter().map(draw).collect::<Result<_, Error>>()?;
    let sheet = stack(&sheets, 0, options.grid.background)?;
    match &options.grid.title {
        None => Ok(sheet),
        Some(title) => {
            let heading = GridOptions {
                title: Some(title.clone()),
                margin: options.grid.margin,
                background: options.grid.background,
                ..GridOptions::bare(0)
            };
            grid(&[Cell::new(sheet, "")], &heading)
        }
    }
}

/// The class that a network gave a sample, beside the true one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Name of the true class.
    pub truth: String,
    /// Name of the class with the highest probability.
    pub predicted: String,
    /// That probability, 0 to 1.
    pub probability: f64,
}

impl Verdict {
    fn caption(&self) -> Vec<(String, Ink)> {
        let right = self.truth == self.predicted;
        let predicted = format!("predicted {}", self.predicted);
        vec![
            (format!("true {}", self.truth), Ink::Plain),
            (predicted, if right { Ink::Plain } else { Ink::Wrong }),
            (format!("{:.1} %", self.probability * 100.0), Ink::Muted),
        ]
    }
}

/// Draws samples with the true class, the predicted one (coloured where it is wrong) and its probability beneath each.
///
/// # Errors
/// As [`tiles`]; also a probability that is NaN or outside 0..=1.
pub fn verdicts(images: &[FloatImage], verdicts: &[Verdict], options: &TileOptions) -> Result<Picture, Error> {
    if verdicts.len() != images.len() {
        return Err(Error::Count { what: "verdicts", got: verdicts.len(), with: "pictures", want: images.len() });
    }
    for (i, verdict) in verdicts.iter().enumerate() {
        if !(0.0..=1.0).contains(&verdict.probability) {
            return Err(Error::Value {
                what: format!("the probability of verdict {i}"),
                value: verdict.probability.to_string(),
                rule: "it lies between 0 and 1",
            });
        }
    }
    let captions = verdicts.iter().map(Verdict::caption).collect();
    captioned(images, captions, options)
}

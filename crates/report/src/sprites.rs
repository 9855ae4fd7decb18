//! Many small pictures in one file: a sheet without gaps, embedded once, of which the page shows a tile at a time. The
//! page lays the tiles out itself, so that their surroundings follow its colours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ExtendedColorType::Rgb8;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use viz::{Columns, FloatImage, GridOptions, Palette, Picture, Scaling, TileOptions, Zoom, tiles};

/// Tiles are shown at least this large, in pixels of the page, by a whole factor, and at most so large.
const LEAST_SIDE: usize = 56;
const MOST_SIDE: usize = 112;
const COLUMNS: usize = 40;
/// Of JPEG, 1 to 100: photographs are shown small.
const QUALITY: u8 = 82;
/// Sides that photographs are reduced to, until all fit.
const PHOTOGRAPHS: [usize; 4] = [224, 160, 128, LEAST_PHOTOGRAPH];
const LEAST_PHOTOGRAPH: usize = 96;
/// JPEG keeps colours in blocks of this side; tiles of other sides would run into each other.
const BLOCK: usize = 16;

/// A sheet of equally large tiles; lengths are in pixels of the page.
#[derive(serde::Serialize)]
pub struct Sheet {
    /// Names the sheet's style class; unique in a page.
    pub id: String,
    #[serde(skip)]
    pub uri: String,
    pub columns: usize,
    pub rows: usize,
    pub width: usize,
    pub height: usize,
    /// Whether they are photographs, which are not shown as squares of pixels.
    pub smooth: bool,
}

impl Sheet {
    /// Draws `images`, of one shape and at least one, in their order.
    pub fn draw(id: String, images: &[FloatImage], scaling: Scaling, palette: Palette) -> Result<Sheet, viz::Error> {
        let (drawn, columns) = drawn(images, scaling, palette)?;
        Ok(Sheet::of(id, images, columns, "png", &drawn.png()?, side(images) > MOST_SIDE))
    }

    /// Draws the first of `images` that fit into about `budget` bytes, and says how many those are: without loss where all
    /// fit, colours by JPEG where they do not, and photographs smaller before any is left out.
    pub fn within(id: String, images: &[FloatImage], budget: usize) -> Result<(Sheet, usize), viz::Error> {
        let smooth = side(images) > MOST_SIDE;
        let mut reduced = None;
        for side in PHOTOGRAPHS.into_iter().filter(|_| smooth) {
            let smaller = images.iter().map(|image| smaller(image, side)).collect::<Result<Vec<_>, _>>()?;
            let fits = encoded(&smaller, budget)?.1.len() <= budget;
            reduced = Some(smaller);
            if fits {
                break;
            }
        }
        let images = reduced.as_deref().unwrap_or(images);
        let mut count = images.len();
        loop {
            let some = &images[..count];
            let (kind, file, columns) = encoded(some, budget)?;
            if file.len() <= budget || count == 1 {
                return Ok((Sheet::of(id, some, columns, kind, &file, smooth), count));
            }
            let fits = count as f64 * budget as f64 / file.len() as f64 * 0.97;
            count = (fits as usize).clamp(1, count - 1);
        }
    }

    fn of(id: String, images: &[FloatImage], columns: usize, kind: &str, file: &[u8], smooth: bool) -> Sheet {
        let [_, height, width] = images.first().map_or([1, 1, 1], FloatImage::shape);
        let side = height.max(width);
        let shown = if smooth { MOST_SIDE } else { side * LEAST_SIDE.div_ceil(side) };
        Sheet {
            id,
            uri: format!("data:image/{kind};base64,{}", STANDARD.encode(file)),
            columns,
            rows: images.len().div_ceil(columns),
            width: (width * shown / side).max(1),
            height: (height * shown / side).max(1),
            smooth,
        }
    }

    /// Width of the whole sheet.
    pub fn across(&self) -> usize {
        self.columns * self.width
    }

    /// Height of the whole sheet.
    pub fn down(&self) -> usize {
        self.rows * self.height
    }

    /// How far tile `number` lies from the left edge.
    pub fn left(&self, number: &usize) -> usize {
        number % self.columns * self.width
    }

    /// How far tile `number` lies from the upper edge.
    pub fn top(&self, number: &usize) -> usize {
        number / self.columns * self.height
    }
}

/// The longer side of the images.
fn side(images: &[FloatImage]) -> usize {
    images.first().map_or(0, |image| image.shape()[1].max(image.shape()[2]))
}

/// An image of bytes with three channels, reduced until its longer side is `side` and both are whole blocks of JPEG; others,
/// and smaller ones, as they are.
fn smaller(image: &FloatImage, side: usize) -> Result<FloatImage, viz::Error> {
    let [channels, height, width] = image.shape();
    if channels != 3 || height.max(width) <= side {
        return Ok(image.clone());
    }
    let size = |length: usize| ((length * side / height.max(width)) / BLOCK).max(1) * BLOCK;
    let pixel = |x: u32, y: u32| {
        let place = y as usize * width + x as usize;
        Rgb([0, 1, 2].map(|channel| image.values()[channel * height * width + place] as u8))
    };
    let whole = RgbImage::from_fn(width as u32, height as u32, pixel);
    let (across, down) = (size(width), size(height));
    let small = image::imageops::thumbnail(&whole, across as u32, down as u32);
    let values = (0..3).flat_map(|channel| small.pixels().map(move |pixel| f32::from(pixel.0[channel])));
    FloatImage::new([3, down, across], values.collect())
}

/// A sheet as a file that need not fit, its kind, and how many tiles stand in a row.
fn encoded(images: &[FloatImage], budget: usize) -> Result<(&'static str, Vec<u8>, usize), viz::Error> {
    let (drawn, columns) = drawn(images, Scaling::BYTES, Palette::Grey)?;
    let png = drawn.png()?;
    let [channels, height, width] = images.first().map_or([1, 1, 1], FloatImage::shape);
    let lossy = png.len() > budget && channels == 3 && height % BLOCK == 0 && width % BLOCK == 0;
    let (kind, file) = if lossy { ("jpeg", jpeg(&drawn).unwrap_or(png)) } else { ("png", png) };
    Ok((kind, file, columns))
}

/// The tiles of a sheet, and how many stand in a row.
fn drawn(images: &[FloatImage], scaling: Scaling, palette: Palette) -> Result<(Picture, usize), viz::Error> {
    let columns = COLUMNS.min(images.len());
    let options = TileOptions {
        scaling,
        palette,
        zoom: Zoom::Factor(1),
        legend: false,
        grid: GridOptions { columns: Columns::Exactly(columns), ..GridOptions::bare(0) },
    };
    Ok((tiles(images, &[], &options)?, columns))
}

/// `None` where the sheet is too large for the format.
fn jpeg(picture: &Picture) -> Option<Vec<u8>> {
    let (width, height) = (u32::try_from(picture.width()).ok()?, u32::try_from(picture.height()).ok()?);
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, QUALITY).encode(picture.bytes(), width, height, Rgb8).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures that no coder makes smaller: noise of a linear congruential generator.
    fn noise(count: usize, shape: [usize; 3]) -> Vec<FloatImage> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32
        };
        let size = shape.iter().product();
        (0..count).map(|_| FloatImage::new(shape, (0..size).map(|_| next()).collect()).unwrap()).collect()
    }

    #[test]
    fn a_sheet_stays_within_its_bytes() {
        let check = |images: &[FloatImage], budget: usize, kind: &str, at_least: usize, at_most: usize| {
            let (sheet, count) = Sheet::within("a".into(), images, budget).unwrap();
            assert!(sheet.uri.starts_with(&format!("data:image/{kind};base64,")), "{:.30}", sheet.uri);
            assert!((at_least..=at_most).contains(&count), "{count}");
            assert!(sheet.uri.len() <= budget * 4 / 3 + 100);
        };
        let grey = noise(100, [1, 28, 28]);
        check(&grey, 100_000, "png", 100, 100);
        check(&grey, 40_000, "png", 40, 51);
        check(&noise(50, [3, 32, 32]), 160_000, "png", 50, 50);
        check(&noise(50, [3, 32, 32]), 90_000, "jpeg", 20, 50);
        check(&noise(50, [3, 30, 30]), 60_000, "png", 15, 23);
    }

    #[test]
    fn photographs_become_smaller_before_any_is_left_out() {
        let images = noise(12, [3, 224, 224]);
        let (sheet, count) = Sheet::within("a".into(), &images, 200_000).unwrap();
        assert_eq!((count, sheet.width, sheet.height, sheet.smooth), (12, 112, 112, true));
        assert!(sheet.uri.len() <= 200_000 * 4 / 3 + 100);
        // The mean of a picture is kept, and its shape.
        let grey = smaller(&FloatImage::new([3, 224, 112], vec![100.0; 3 * 224 * 112]).unwrap(), 96).unwrap();
        assert_eq!((grey.shape(), grey.values()[0], grey.values()[96 * 48]), ([3, 96, 48], 100.0, 100.0));
    }

    #[test]
    fn tiles_are_enlarged_by_whole_factors_and_large_ones_reduced() {
        let shown = |shape| {
            let sheet = Sheet::draw("a".into(), &noise(1, shape), Scaling::BYTES, Palette::Grey).unwrap();
            (sheet.width, sheet.height)
        };
        assert_eq!([shown([1, 28, 28]), shown([3, 32, 32]), shown([3, 224, 112])], [(56, 56), (64, 64), (56, 112)]);
    }
}

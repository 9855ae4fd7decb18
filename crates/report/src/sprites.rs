//! Many small pictures in one file: a sheet without gaps, embedded once, of which the page shows a tile at a time. The
//! page lays the tiles out itself, so that their surroundings follow its colours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use viz::{Columns, FloatImage, GridOptions, Palette, Scaling, TileOptions, Zoom, tiles};

/// Tiles are shown at least this large, in pixels of the page, and always enlarged by a whole factor.
const LEAST_SIDE: usize = 56;
const COLUMNS: usize = 40;

/// A sheet of equally large tiles; lengths are in pixels of the page.
#[derive(serde::Serialize)]
pub struct Sheet {
    /// Names the sheet's style class; unique in a page.
    pub id: String,
    #[serde(skip)]
    pub uri: String,
    pub columns: usize,
    pub width: usize,
    pub height: usize,
}

impl Sheet {
    /// Draws `images`, of one shape and at least one, in their order.
    pub fn draw(id: String, images: &[FloatImage], scaling: Scaling, palette: Palette) -> Result<Sheet, viz::Error> {
        let columns = COLUMNS.min(images.len());
        let options = TileOptions {
            scaling,
            palette,
            zoom: Zoom::Factor(1),
            legend: false,
            grid: GridOptions { columns: Columns::Exactly(columns), ..GridOptions::bare(0) },
        };
        let file = tiles(images, &[], &options)?.png()?;
        let [_, height, width] = images.first().map_or([1, 1, 1], FloatImage::shape);
        let factor = LEAST_SIDE.div_ceil(height.max(width));
        Ok(Sheet {
            id,
            uri: format!("data:image/png;base64,{}", STANDARD.encode(file)),
            columns,
            width: width * factor,
            height: height * factor,
        })
    }

    /// Width of the whole sheet.
    pub fn across(&self) -> usize {
        self.columns * self.width
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

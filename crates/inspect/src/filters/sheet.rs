//! The weights of one layer as tiles: which numbers make a tile, and how tiles lie on a sheet.

use crate::error::Error;
use crate::host::values;
use models::{Model, Role};
use tch::Tensor;
use viz::{Columns, FloatImage, GridOptions, Palette, Picture, Scaling, TileOptions, Zoom, tile_raster_images, tiles};

/// More tiles than this are drawn smaller.
const MANY: usize = 64;

/// What a tile is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tile {
    /// A filter or unit over the picture itself.
    Picture,
    /// The part of a filter that looks at one map of the layer before.
    Map,
    /// The weights of a unit over the units before, as a line.
    Line,
}

/// The weights of a layer, cut into tiles.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The layer's name, such as `conv1`.
    pub layer: String,
    /// Shape of its weights.
    pub shape: Vec<i64>,
    tile: Tile,
    images: Vec<FloatImage>,
    /// Filters or units.
    count: usize,
    captions: Vec<String>,
}

impl Sheet {
    /// Cuts `weight` of the layer into tiles; `input` is the shape of a picture where the layer looks at one.
    pub(crate) fn new(layer: &str, weight: &Tensor, input: Option<[i64; 3]>) -> Result<Sheet, Error> {
        let shape = weight.size();
        let side = |size: i64| size.max(0) as usize;
        let count = side(shape[0]);
        let drawable = input.filter(|input| matches!(input[0], 1 | 3));
        let (tile, images) = match (shape.as_slice(), drawable) {
            (&[_, c, h, w], Some(_)) | (&[_, _], Some([c, h, w])) => {
                let size = [side(c), side(h), side(w)];
                (Tile::Picture, FloatImage::rows(size, &values(weight)?)?)
            }
            (&[_, _, h, w], None) => {
                // A row for each map of the layer before, a column for each filter.
                let maps = values(&weight.transpose(0, 1))?;
                (Tile::Map, FloatImage::rows([1, side(h), side(w)], &maps)?)
            }
            _ => {
                let height = (240 / count).clamp(1, 16);
                let lines = values(&weight.flatten(1, -1))?;
                let length = lines.len() / count;
                let line = |line: &[f32]| FloatImage::grey(height, length, line.repeat(height));
                (Tile::Line, lines.chunks(length).map(line).collect::<Result<_, _>>()?)
            }
        };
        let templates = layer == "output" && tile == Tile::Picture;
        let captions = if templates { (0..count).map(|class| format!("class {class}")).collect() } else { Vec::new() };
        Ok(Sheet { layer: layer.to_owned(), shape, tile, images, count, captions })
    }

    /// All tiles.
    pub(crate) fn images(&self) -> &[FloatImage] {
        &self.images
    }

    /// What fits side by side in a strip: some filters, or some lines of a matrix.
    pub(crate) fn row(&self) -> Sheet {
        self.first(if self.tile == Tile::Line { 100 } else { self.count.min(20) })
    }

    /// What fits into each frame of an animation whose file stays small.
    pub(crate) fn frame(&self) -> Sheet {
        self.first(if self.tile == Tile::Map { usize::MAX } else { 100 })
    }

    fn first(&self, most: usize) -> Sheet {
        let shown = self.images.len().min(most);
        Sheet {
            layer: self.layer.clone(),
            shape: self.shape.clone(),
            tile: self.tile,
            images: self.images[..shown].to_vec(),
            count: self.count,
            captions: self.captions.clone(),
        }
    }

    /// What the tiles are, for a title.
    pub fn about(&self) -> String {
        let (layer, all, shown) = (&self.layer, self.count, self.images.len());
        let units = if shown < all { format!("{shown} of {all}") } else { all.to_string() };
        match self.tile {
            Tile::Picture if !self.captions.is_empty() => format!("{layer}: the template of each class"),
            Tile::Picture if self.shape.len() == 2 => format!("{layer}: {units} units"),
            Tile::Picture => format!("{layer}: {units} filters"),
            Tile::Map if shown <= all => format!("{layer}: {units} filters on the first of {} maps", self.shape[1]),
            Tile::Map => format!("{layer}: {units} filters (across) on {} maps (down)", self.shape[1]),
            Tile::Line => {
                let inputs = self.images[0].shape()[2];
                format!("{layer}: {units} units (down) on {inputs} inputs (across)")
            }
        }
    }

    /// The sheet, on the scale given or else on its own.
    ///
    /// # Errors
    /// If the picture would be too large.
    pub fn draw(&self, title: &str, scaling: Option<Scaling>) -> Result<Picture, Error> {
        let mut options = self.options(scaling.unwrap_or_else(|| symmetric(&self.images)));
        options.grid.title = Some(title.to_owned());
        match self.tile {
            Tile::Map => options.grid.columns = Columns::Exactly(self.count),
            Tile::Picture if !self.captions.is_empty() => options.grid.columns = Columns::Exactly(5.min(self.count)),
            Tile::Picture | Tile::Line => {}
        }
        Ok(tiles(&self.images, &self.captions, &options)?)
    }

    /// How its tiles are drawn as a row of a strip.
    pub(crate) fn row_options(&self, scaling: Scaling) -> TileOptions {
        let mut options = self.options(scaling);
        if self.tile != Tile::Line {
            options.grid.columns = Columns::Exactly(self.images.len());
        }
        TileOptions { legend: false, ..options }
    }

    fn options(&self, scaling: Scaling) -> TileOptions {
        let count = self.images.len();
        let (zoom, spacing, columns) = match self.tile {
            Tile::Picture if count > MANY => (Zoom::AtLeast(56), 2, Columns::Auto),
            Tile::Picture => (Zoom::AtLeast(84), 4, Columns::Auto),
            Tile::Map if count > MANY => (Zoom::AtLeast(20), 2, Columns::Auto),
            Tile::Map => (Zoom::AtLeast(56), 2, Columns::Auto),
            Tile::Line => (Zoom::Factor(1), 0, Columns::Exactly(1)),
        };
        let grey = self.images[0].shape()[0] == 1;
        TileOptions {
            scaling,
            // In colour there is no diverging palette: zero is mid grey.
            palette: if grey { Palette::Diverging } else { Palette::Grey },
            zoom,
            legend: grey,
            grid: GridOptions { spacing, columns, ..GridOptions::default() },
        }
    }

    /// The tiling of the classic tutorials: each tile scaled to the unit interval by itself, one black pixel between.
    /// Each channel of a colour filter has its own tile.
    ///
    /// # Errors
    /// If the picture would be too large.
    pub fn classic(&self) -> Result<Picture, Error> {
        let [channels, height, width] = self.images[0].shape();
        let matrix: Vec<f32> = self.images.iter().flat_map(|image| image.values()).copied().collect();
        let count = self.images.len() * channels;
        let floor = match self.tile {
            Tile::Picture if channels == 1 => {
                let rows = count.isqrt();
                (rows, count.div_ceil(rows))
            }
            Tile::Picture => (self.images.len(), channels),
            Tile::Map => (count / self.count, self.count),
            Tile::Line => (count, 1),
        };
        Ok(tile_raster_images(&matrix, (height, width), floor, (1, 1), true)?)
    }
}

/// The sheets of a model's layers, first to last, or of the one called `layer`.
///
/// # Errors
/// If no layer with weights is called so.
pub fn sheets(model: &Model, layer: Option<&str>) -> Result<Vec<Sheet>, Error> {
    let weights: Vec<_> = model.parameters().iter().filter(|parameter| parameter.role == Role::Weight).collect();
    let names: Vec<&str> = weights.iter().map(|parameter| parameter.name.trim_end_matches(".weight")).collect();
    if let Some(asked) = layer.filter(|asked| !names.contains(asked)) {
        return Err(Error::NoFilters { layer: asked.to_owned(), layers: names.join(", ") });
    }
    let wanted = |name: &str| layer.is_none_or(|asked| asked == name);
    let chosen = weights.iter().zip(&names).enumerate().filter(|(_, (_, name))| wanted(name));
    chosen.map(|(i, (parameter, name))| Sheet::new(name, &parameter.tensor, (i == 0).then(|| model.input()))).collect()
}

/// A range with zero in its middle for the numbers of `images`. Of many numbers the outermost are left out, one in 500,
/// because a few of them would make all others pale; they are drawn in the colours of the ends.
pub(crate) fn symmetric<'a>(images: impl IntoIterator<Item = &'a FloatImage>) -> Scaling {
    let values = images.into_iter().flat_map(|image| image.values());
    let mut sizes: Vec<f32> = values.map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    if sizes.is_empty() {
        return Scaling::Each;
    }
    let last = sizes.len() - 1 - if sizes.len() > 10_000 { sizes.len() / 500 } else { 0 };
    let (_, most, _) = sizes.select_nth_unstable_by(last, f32::total_cmp);
    match f64::from(*most) {
        0.0 => Scaling::Each,
        most => Scaling::Fixed { low: -most, high: most },
    }
}

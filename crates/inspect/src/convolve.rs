//! What convolution and pooling do to a picture. Filters at random act much like edge detectors already;
//! those of a trained run show what training makes of them.

use crate::error::Error;
use crate::host::values;
use image::imageops::{self, FilterType};
use image::{GrayImage, RgbImage};
use models::Model;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};
use viz::{Cell, Columns, FloatImage, GridOptions, Picture, TileOptions, Zoom, grid, tiles};

/// Biases lie between -BIAS and BIAS: at random, because nothing is learned here.
const BIAS: f32 = 0.5;
/// Pixels, 0 to 255, are divided by this.
const DIVISOR: f64 = 256.0;
/// Numbers in all maps together, 1 GiB of them.
const MOST_NUMBERS: i64 = 1 << 28;
/// About as wide as a figure is drawn.
const FIGURE: usize = 1600;

/// What convolution and pooling make of a picture.
#[derive(Debug)]
pub struct Convolved {
    /// The picture, f32 `[1, channels, height, width]`, pixels divided by 256.
    pub image: Tensor,
    /// f32 `[1, filters, height - size + 1, width - size + 1]`
    pub maps: Tensor,
    /// f32 `[1, filters, ...]`, half as high and wide as the maps.
    pub pooled: Tensor,
    /// The picture and its maps after the convolution; beneath, the same after pooling, drawn as large.
    pub figure: Picture,
}

/// Convolves, takes the sigmoid, pools by 2x2, and draws. A last row or column that does not fill a window of the pooling is
/// dropped unless `keep_border`.
///
/// # Errors
/// If the picture is too small for the filters or too large for the memory, or if libtorch fails.
pub fn convolve(picture: &RgbImage, filters: &Filters, keep_border: bool) -> Result<Convolved, Error> {
    let _guard = tch::no_grad_guard();
    let image = tensor(picture, filters.channels(), filters.weight.device()); // [1, c, h, w]
    let maps = maps(&image, filters)?;
    let pooled = pool(&maps, keep_border)?;
    let figure = figure(picture, &image, &maps, &pooled)?;
    Ok(Convolved { image, maps, pooled, figure })
}

/// Filters and their biases.
#[derive(Debug)]
pub struct Filters {
    /// f32 `[filters, channels, size, size]`
    pub weight: Tensor,
    /// f32 `[filters]`
    pub bias: Tensor,
}

impl Filters {
    /// Filters uniform in ±1 / sqrt(channels * size * size), biases uniform in ±0.5.
    pub fn random(count: usize, channels: usize, size: usize, seed: u64, device: Device) -> Filters {
        let bound = 1.0 / ((channels * size * size) as f32).sqrt();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw =
            |n: usize, bound: f32| -> Vec<f32> { (0..n).map(|_| rng.random_range(-bound..=bound)).collect() };
        let weight = draw(count * channels * size * size, bound);
        let bias = draw(count, BIAS);
        let shape = [count, channels, size, size].map(|n| n as i64);
        Filters {
            weight: Tensor::from_slice(&weight).view(shape).to_device(device),
            bias: Tensor::from_slice(&bias).to_device(device),
        }
    }

    /// The first `count` filters of a model's first layer; units that see the whole picture count as filters of its size.
    ///
    /// # Errors
    /// If the model has no such layer, not so many filters, or filters for pictures of other than 1 or 3 channels.
    pub fn learned(model: &Model, count: i64) -> Result<Filters, Error> {
        let [channels, height, width] = model.input();
        if !matches!(channels, 1 | 3) {
            return Err(Error::FilterChannels { channels });
        }
        let [weight, bias, ..] = model.parameters() else { return Err(Error::NoFirstLayer) };
        let (weight, bias) = (weight.tensor.detach(), bias.tensor.detach());
        let there = weight.size()[0];
        if count > there {
            return Err(Error::TooManyFilters { asked: count, there });
        }
        let weight = if weight.dim() == 2 { weight.view([there, channels, height, width]) } else { weight };
        Ok(Filters { weight: weight.narrow(0, 0, count), bias: bias.narrow(0, 0, count) })
    }

    fn channels(&self) -> i64 {
        self.weight.size()[1]
    }
}

/// f32 `[1, channels, height, width]`, pixels divided by 256; grey for one channel.
fn tensor(picture: &RgbImage, channels: i64, device: Device) -> Tensor {
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let bytes = if channels == 1 {
        Tensor::from_slice(imageops::grayscale(picture).as_raw()).view([1, height, width, 1])
    } else {
        Tensor::from_slice(picture.as_raw()).view([1, height, width, 3])
    }; // u8 [1, h, w, c]
    let planes = bytes.permute([0, 3, 1, 2]).contiguous().to_device(device); // u8 [1, c, h, w]
    planes.to_kind(Kind::Float) / DIVISOR // f32 [1, c, h, w]
}

/// `sigmoid(conv + b)`, without padding: `[1, filters, height - size + 1, width - size + 1]`.
fn maps(image: &Tensor, filters: &Filters) -> Result<Tensor, Error> {
    let (picture, filter) = (image.size(), filters.weight.size());
    // The maps must fill one window of the pooling.
    if picture[2] <= filter[2] || picture[3] <= filter[3] {
        return Err(Error::TooSmall { filter: [filter[3], filter[2]], picture: [picture[3], picture[2]] });
    }
    if picture[2] * picture[3] * filter[0] > MOST_NUMBERS {
        return Err(Error::TooLarge { maps: filter[0], picture: [picture[3], picture[2]] });
    }
    let sums = image.f_conv2d(&filters.weight, Some(&filters.bias), [1, 1], [0, 0], [1, 1], 1); // [1, n, h', w']
    sums.and_then(|sums| sums.f_sigmoid()).map_err(Error::torch("convolve a picture")) // [1, n, h', w']
}

/// 2x2 max-pooling; a last row or column that does not fill a window is dropped unless `keep_border`.
fn pool(maps: &Tensor, keep_border: bool) -> Result<Tensor, Error> {
    let pooled = maps.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], keep_border); // [1, n, h' / 2, w' / 2]
    pooled.map_err(Error::torch("pool maps"))
}

/// The picture and its maps after the convolution; beneath, the same after pooling, drawn as large.
fn figure(picture: &RgbImage, image: &Tensor, maps: &Tensor, pooled: &Tensor) -> Result<Picture, Error> {
    let count = maps.size()[1];
    let (width, height) = panel(picture.dimensions(), count as usize + 1);
    let colour = imageops::resize(picture, width, height, filter(picture.height(), height));
    let original = if image.size()[1] == 1 {
        Picture::grey(height as usize, width as usize, imageops::grayscale(&colour).as_raw())?
    } else {
        Picture::rgb(height as usize, width as usize, colour.into_raw())?
    };
    let size = |(w, h): (i64, i64)| format!("{w} x {h}");
    let mut cells = Vec::new();
    for (tensor, after) in [(maps, "convolved"), (pooled, "pooled")] {
        let own = size((image.size()[3], image.size()[2]));
        cells.push(Cell::new(original.clone(), &format!("picture, {own}")));
        for map in 0..count {
            let plane = tensor.select(1, map).squeeze_dim(0); // [h', w']
            let caption = format!("map {}, {after}, {}", map + 1, size((plane.size()[1], plane.size()[0])));
            cells.push(Cell::new(map_picture(&plane, width, height)?, &caption));
        }
    }
    let columns = Columns::Exactly(count as usize + 1);
    let options = GridOptions { columns, spacing: 12, margin: 16, ..GridOptions::default() };
    Ok(grid(&cells, &options)?)
}

/// Width and height of each panel, in proportion to the picture.
fn panel((width, height): (u32, u32), columns: usize) -> (u32, u32) {
    let most = ((FIGURE / columns).max(160) as f64, 640.0);
    let scale = (most.0 / f64::from(width)).min(most.1 / f64::from(height));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (side(width), side(height))
}

/// Smaller pictures are means of pixels, larger ones show each pixel as a square.
fn filter(from: u32, to: u32) -> FilterType {
    if from > to { FilterType::Triangle } else { FilterType::Nearest }
}

/// A map in grey from its lowest to its highest number.
fn map_picture(plane: &Tensor, width: u32, height: u32) -> Result<Picture, Error> {
    let (rows, columns) = (plane.size()[0] as usize, plane.size()[1] as usize);
    let bare = TileOptions { zoom: Zoom::Factor(1), grid: GridOptions::bare(0), ..TileOptions::default() };
    let drawn = tiles(&[FloatImage::grey(rows, columns, values(plane)?)?], &[], &bare)?;
    let bytes = drawn.grey_bytes().and_then(|bytes| GrayImage::from_raw(columns as u32, rows as u32, bytes));
    let Some(grey) = bytes else {
        // Numbers that are not finite have a colour of their own.
        return Ok(drawn.resized(height as usize, width as usize)?);
    };
    let resized = imageops::resize(&grey, width, height, filter(grey.height(), height));
    Ok(Picture::grey(height as usize, width as usize, resized.as_raw())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_filters_keep_to_their_bounds_and_come_again_with_their_seed() {
        let filters = Filters::random(40, 3, 9, 1, Device::Cpu);
        assert_eq!(filters.weight.size(), [40, 3, 9, 9]);
        let check = |tensor: &Tensor, bound: f32| {
            let values = values(tensor).unwrap();
            let most = values.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
            assert!(most <= bound && most > 0.9 * bound, "{most} of {bound}");
            assert!(values.iter().any(|&value| value < 0.0) && values.iter().any(|&value| value > 0.0));
        };
        check(&filters.weight, 0.064_150_03); // 1 / sqrt(243)
        check(&filters.bias, 0.5);
        assert!(filters.weight.equal(&Filters::random(40, 3, 9, 1, Device::Cpu).weight));
        assert!(!filters.weight.equal(&Filters::random(40, 3, 9, 2, Device::Cpu).weight));
    }

    #[test]
    fn convolution_and_pooling_have_the_published_shapes() {
        let image = Tensor::zeros([1, 3, 639, 516], (Kind::Float, Device::Cpu));
        let maps = super::maps(&image, &Filters::random(2, 3, 9, 0, Device::Cpu)).unwrap();
        assert_eq!(maps.size(), [1, 2, 631, 508]);
        assert_eq!(pool(&maps, false).unwrap().size(), [1, 2, 315, 254]);
        assert_eq!(pool(&maps, true).unwrap().size(), [1, 2, 316, 254]);
    }

    #[test]
    fn a_map_is_the_sigmoid_of_sum_and_bias_and_a_pixel_the_256th_of_its_byte() {
        let picture = RgbImage::from_fn(2, 2, |x, y| image::Rgb([(x * 128) as u8, (y * 64) as u8, 32]));
        let image = tensor(&picture, 3, Device::Cpu);
        assert_eq!(values(&image).unwrap(), [0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125]);
        let filters = Filters {
            weight: Tensor::from_slice(&[2.0f32, -4.0, 8.0]).view([1, 3, 1, 1]),
            bias: Tensor::from_slice(&[-1.0f32]),
        };
        // Sums before the sigmoid: 2 r - 4 g + 8 b - 1.
        let expected = [0.0f32, 1.0, -1.0, 0.0].map(|sum| 1.0 / (1.0 + (-sum).exp()));
        for (value, expected) in values(&maps(&image, &filters).unwrap()).unwrap().iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
        }
    }
}

//! Finished pixels: what every raster drawing ends as, and how it reaches the disk.

use crate::colour::{Rgb, mix};
use crate::{Error, save};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use std::path::Path;

/// The most pixels that one picture may have; far more than any screen or page shows.
pub(crate) const LIMIT: usize = 1 << 27;

/// A finished picture: rows of pixels, 8 bits for each of red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// A picture from bytes in the order (row, column, channel), three channels.
    ///
    /// # Errors
    /// A height or width of 0, too many pixels, or bytes that do not fill the shape.
    pub fn rgb(height: usize, width: usize, bytes: Vec<u8>) -> Result<Self, Error> {
        let pixels = checked_size(height, width)?;
        if bytes.len() != pixels * 3 {
            return Err(Error::Length {
                what: "a colour picture",
                shape: vec![height, width, 3],
                want: pixels * 3,
                got: bytes.len(),
            });
        }
        Ok(Picture { height, width, rgb: bytes })
    }

    /// A grey picture from bytes in the order (row, column).
    ///
    /// # Errors
    /// As [`Picture::rgb`].
    pub fn grey(height: usize, width: usize, bytes: &[u8]) -> Result<Self, Error> {
        let pixels = checked_size(height, width)?;
        if bytes.len() != pixels {
            return Err(Error::Length {
                what: "a grey picture",
                shape: vec![height, width],
                want: pixels,
                got: bytes.len(),
            });
        }
        Self::rgb(height, width, bytes.iter().flat_map(|&b| [b; 3]).collect())
    }

    /// A picture of one colour.
    ///
    /// # Errors
    /// A height or width of 0, or too many pixels.
    pub fn filled(height: usize, width: usize, colour: Rgb) -> Result<Self, Error> {
        let pixels = checked_size(height, width)?;
        Self::rgb(height, width, colour.repeat(pixels))
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All bytes, in the order (row, column, channel).
    pub fn bytes(&self) -> &[u8] {
        &self.rgb
    }

    /// One byte for each pixel, in the order (row, column), when the whole picture is without colour.
    pub fn grey_bytes(&self) -> Option<Vec<u8>> {
        let (pixels, _) = self.rgb.as_chunks::<3>();
        let grey = |&[r, g, b]: &Rgb| (r == g && g == b).then_some(r);
        pixels.iter().map(grey).collect()
    }

    /// The colour in `row` and `column`.
    pub(crate) fn at(&self, row: usize, column: usize) -> Rgb {
        let i = (row * self.width + column) * 3;
        [self.rgb[i], self.rgb[i + 1], self.rgb[i + 2]]
    }

    /// Lays `ink` over one pixel, `weight` from 0 (unseen) to 1 (opaque). Pixels beyond the edge are left out.
    pub(crate) fn tint(&mut self, row: usize, column: usize, ink: Rgb, weight: f64) {
        if row < self.height && column < self.width {
            let mixed = mix(self.at(row, column), ink, weight);
            let i = (row * self.width + column) * 3;
            self.rgb[i..i + 3].copy_from_slice(&mixed);
        }
    }

    /// Copies `other` into this picture with its corner at `top` and `left`. What does not fit is left out.
    pub(crate) fn paste(&mut self, top: usize, left: usize, other: &Picture) {
        if left >= self.width {
            return;
        }
        let length = other.width.min(self.width - left) * 3;
        let rows = other.height.min(self.height.saturating_sub(top));
        for row in 0..rows {
            let to = ((top + row) * self.width + left) * 3;
            let from = row * other.width * 3;
            self.rgb[to..to + length].copy_from_slice(&other.rgb[from..from + length]);
        }
    }

    /// The picture with every pixel as a square of `factor` by `factor` pixels (nearest neighbour).
    ///
    /// # Errors
    /// A factor of 0, or too many pixels.
    pub fn enlarged(&self, factor: usize) -> Result<Picture, Error> {
        self.resized(self.height.saturating_mul(factor), self.width.saturating_mul(factor))
    }

    /// The picture at another size, each pixel taken from the nearest one of the old.
    ///
    /// # Errors
    /// A height or width of 0, or too many pixels.
    pub fn resized(&self, height: usize, width: usize) -> Result<Picture, Error> {
        checked_size(height, width)?;
        let mut rgb = Vec::with_capacity(height * width * 3);
        for row in 0..height {
            for column in 0..width {
                rgb.extend(self.at(row * self.height / height, column * self.width / width));
            }
        }
        Self::rgb(height, width, rgb)
    }

    /// The picture with `other` laid over it, `opacity` from 0 (unseen) to 1 (only `other`): for heat maps over photographs.
    ///
    /// # Errors
    /// Pictures of different sizes, or an opacity outside 0..=1.
    pub fn overlaid(&self, other: &Picture, opacity: f64) -> Result<Picture, Error> {
        if (self.height, self.width) != (other.height, other.width) {
            return Err(Error::Shape {
                what: "an overlay",
                shape: vec![other.height, other.width],
                rule: "it has the size of the picture beneath; resize it first",
            });
        }
        if !(0.0..=1.0).contains(&opacity) {
            return Err(Error::Value {
                what: "opacity".into(),
                value: opacity.to_string(),
                rule: "it lies between 0 and 1",
            });
        }
        let mut mixed = self.clone();
        for row in 0..self.height {
            for column in 0..self.width {
                mixed.tint(row, column, other.at(row, column), opacity);
            }
        }
        Ok(mixed)
    }

    /// The picture as a PNG file's bytes; one channel when it is without colour, three otherwise.
    ///
    /// # Errors
    /// When the encoder refuses it.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let grey = self.grey_bytes();
        let (bytes, colour) = match &grey {
            Some(bytes) => (bytes.as_slice(), ExtendedColorType::L8),
            None => (self.rgb.as_slice(), ExtendedColorType::Rgb8),
        };
        let encoded = |filter| {
            let mut file = Vec::new();
            PngEncoder::new_with_quality(&mut file, CompressionType::Best, filter)
                .write_image(bytes, self.width as u32, self.height as u32, colour)
                .map(|()| file)
                .map_err(|reason| Error::Encode { format: "PNG", reason: reason.to_string() })
        };
        // Sharp-edged tiles are smaller unfiltered, photographs filtered.
        let (sharp, smooth) = (encoded(FilterType::NoFilter)?, encoded(FilterType::Adaptive)?);
        Ok(if sharp.len() <= smooth.len() { sharp } else { smooth })
    }

    /// Saves the picture as PNG, making missing folders; an older file is replaced in one step.
    ///
    /// # Errors
    /// A name that does not end in `.png`, or a folder that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save::check_ending(path, &["png"], ".png")?;
        save::write(path, &self.png()?)
    }
}

fn checked_size(height: usize, width: usize) -> Result<usize, Error> {
    if height == 0 || width == 0 {
        return Err(Error::Shape {
            what: "a picture",
            shape: vec![height, width],
            rule: "height and width are at least 1",
        });
    }
    match height.checked_mul(width) {
        Some(pixels) if pixels <= LIMIT => Ok(pixels),
        _ => Err(Error::TooLarge { width, height, limit: LIMIT }),
    }
}

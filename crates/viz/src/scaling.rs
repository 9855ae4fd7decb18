//! From numbers to colours: which number is the darkest and which the lightest, for each tile or for all.

use crate::colour::{self, NOT_FINITE, Palette};
use crate::{Error, FloatImage, Picture};

/// Which range of numbers is spread over the palette. NaN and infinities never count towards it.
///
/// With a centred palette ([`Palette::Diverging`]) the range is widened to `[-m, m]`, `m` being the larger magnitude of
/// its two ends, so that zero stays in the middle. A three-channel picture is scaled over all its channels together.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Scaling {
    /// Each picture by its own extremes: `(x - min) / (max - min)`. A constant picture becomes 0 throughout.
    #[default]
    Each,
    /// All pictures by the extremes over all of them, so that tiles can be compared with each other.
    Common,
    /// From `low` to `high`; numbers beyond are clamped. Both finite, `low < high`.
    Fixed {
        /// Drawn as the palette's lower end.
        low: f64,
        /// Drawn as the palette's upper end.
        high: f64,
    },
}

impl Scaling {
    /// For pictures that come as bytes: 0 to 255, so that each byte is drawn as itself.
    pub const BYTES: Scaling = Scaling::Fixed { low: 0.0, high: 255.0 };

    /// The fixed range that spans all `images`: for several sheets (the frames of an animation) that share one scale.
    /// Falls back to [`Scaling::Each`] where they hold no two different finite numbers.
    pub fn spanning<'a>(images: impl IntoIterator<Item = &'a FloatImage>) -> Scaling {
        match span(images) {
            Some((low, high)) if low < high => Scaling::Fixed { low, high },
            _ => Scaling::Each,
        }
    }
}

/// The numbers drawn as the two ends of a palette.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    fn new(extent: Option<(f64, f64)>, palette: Palette) -> Range {
        let (low, high) = extent.unwrap_or((0.0, 0.0));
        if palette.is_centred() {
            let magnitude = low.abs().max(high.abs());
            return Range { low: -magnitude, high: magnitude };
        }
        Range { low, high }
    }

    /// Where `value` lies between the ends, 0 to 1; NaN for what is not finite.
    fn unit(self, value: f32, palette: Palette) -> f64 {
        let value = f64::from(value);
        if !value.is_finite() {
            f64::NAN
        } else if self.high > self.low {
            ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
        } else if palette.is_centred() {
            0.5
        } else {
            0.0
        }
    }
}

/// One range for each picture.
pub(crate) fn ranges(images: &[FloatImage], scaling: Scaling, palette: Palette) -> Result<Vec<Range>, Error> {
    let same = |extent| vec![Range::new(extent, palette); images.len()];
    Ok(match scaling {
        Scaling::Each => images.iter().map(|image| Range::new(image.extent(), palette)).collect(),
        Scaling::Common => same(span(images)),
        Scaling::Fixed { low, high } => {
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(Error::Value {
                    what: "the fixed scale".into(),
                    value: format!("{low} to {high}"),
                    rule: "both ends are finite and the first is the smaller",
                });
            }
            same(Some((low, high)))
        }
    })
}

/// The numbers of one picture as pixels.
pub(crate) fn pixels(image: &FloatImage, range: Range, palette: Palette) -> Result<Picture, Error> {
    let [channels, height, width] = image.shape();
    let mut rgb = Vec::with_capacity(height * width * 3);
    for row in 0..height {
        for column in 0..width {
            let mut units = [0.0; 3];
            for (unit, value) in units.iter_mut().zip(image.pixel(row, column)) {
                *unit = range.unit(value, palette);
            }
            rgb.extend(if channels == 1 {
                palette.colour(units[0])
            } else if units.iter().any(|unit| unit.is_nan()) {
                NOT_FINITE
            } else {
                units.map(colour::byte)
            });
        }
    }
    Picture::rgb(height, width, rgb)
}

fn span<'a>(images: impl IntoIterator<Item = &'a FloatImage>) -> Option<(f64, f64)> {
    images.into_iter().filter_map(FloatImage::extent).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: &[f32]) -> FloatImage {
        FloatImage::grey(1, values.len(), values.to_vec()).unwrap()
    }

    fn drawn(images: &[FloatImage], scaling: Scaling, palette: Palette) -> Vec<Vec<u8>> {
        let ranges = ranges(images, scaling, palette).unwrap();
        let draw = |(image, range)| pixels(image, range, palette).unwrap();
        let red = |picture: Picture| picture.bytes().iter().step_by(3).copied().collect();
        images.iter().zip(ranges).map(draw).map(red).collect()
    }

    #[test]
    fn each_scales_tiles_apart_and_common_scales_them_together() {
        let images = [grey(&[0.0, 1.0, 2.0]), grey(&[0.0, 2.0, 4.0])];
        let each = drawn(&images, Scaling::Each, Palette::Grey);
        assert_eq!(each, [[0, 128, 255], [0, 128, 255]]);
        let common = drawn(&images, Scaling::Common, Palette::Grey);
        assert_eq!(common, [[0, 64, 128], [0, 128, 255]]);
    }

    #[test]
    fn a_fixed_scale_clamps_and_bytes_come_out_as_they_went_in() {
        let clamped = drawn(&[grey(&[-5.0, 0.0, 0.5, 9.0])], Scaling::Fixed { low: 0.0, high: 1.0 }, Palette::Grey);
        assert_eq!(clamped, [[0, 0, 128, 255]]);
        let bytes: Vec<u8> = (0..=255).collect();
        let image = FloatImage::from_bytes([1, 16, 16], &bytes).unwrap();
        assert_eq!(drawn(&[image], Scaling::BYTES, Palette::Grey), [bytes]);
    }

    #[test]
    fn zero_has_the_middle_colour_of_the_diverging_palette_whatever_the_extremes() {
        for values in [[-1.0, 0.0, 8.0], [0.0, 0.0, 0.0], [-3e30, 0.0, 1e-30]] {
            let image = grey(&values);
            for scaling in [Scaling::Each, Scaling::Common] {
                let range = ranges(std::slice::from_ref(&image), scaling, Palette::Diverging);
                let picture = pixels(&image, range.unwrap()[0], Palette::Diverging).unwrap();
                assert_eq!(picture.at(0, 1), Palette::Diverging.colour(0.5), "{values:?}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_marked_and_leaves_the_scale_alone() {
        let image = grey(&[f32::NAN, 0.0, 1.0, f32::INFINITY]);
        let range = ranges(std::slice::from_ref(&image), Scaling::Each, Palette::Grey).unwrap();
        let picture = pixels(&image, range[0], Palette::Grey).unwrap();
        assert_eq!(picture.at(0, 0), NOT_FINITE);
        assert_eq!(picture.at(0, 2), [255; 3]);
        assert_eq!(picture.at(0, 3), NOT_FINITE);
    }

    #[test]
    fn a_constant_picture_is_black_and_a_fixed_scale_must_be_a_range() {
        assert_eq!(drawn(&[grey(&[7.0, 7.0])], Scaling::Each, Palette::Grey), [[0, 0]]);
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(ranges(&[grey(&[0.0])], Scaling::Fixed { low, high }, Palette::Grey).is_err());
        }
    }
}

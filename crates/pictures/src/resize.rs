//! Smaller and larger pictures: antialiased as torchvision does it on uint8 tensors, bit by bit, so that imported models
//! see the pictures that they were made for. Weights are whole numbers of 16 bits, rows come before columns, and each pass
//! rounds to bytes.

use image::{Rgb, RgbImage};

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// A triangle; torchvision's default.
    #[default]
    Bilinear,
    /// A cubic of four pixels (a = -0.5); sharper, may overshoot.
    Bicubic,
}

/// How a picture of another form becomes one of the size that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// The shorter side is brought to size, the middle of the longer one is kept: what lies at its ends is lost.
    #[default]
    Crop,
    /// Both sides are brought to size: forms change.
    Squash,
    /// The longer side is brought to size, and the rest has one colour (red, green, blue).
    Pad([u8; 3]),
}

/// Brings a picture to a height and a width in pixels, each at least 1.
pub fn fit(picture: &RgbImage, [height, width]: [u32; 2], fit: Fit, filter: Filter) -> RgbImage {
    let (wide, high) = (f64::from(width) / f64::from(picture.width()), f64::from(height) / f64::from(picture.height()));
    let scaled = |scale: f64| {
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        resize(picture, [side(picture.height()), side(picture.width())], filter)
    };
    match fit {
        Fit::Squash => resize(picture, [height, width], filter),
        Fit::Crop => {
            let covering = scaled(wide.max(high));
            let (spare_x, spare_y) = (covering.width().saturating_sub(width), covering.height().saturating_sub(height));
            image::imageops::crop_imm(&covering, spare_x / 2, spare_y / 2, width, height).to_image()
        }
        Fit::Pad(colour) => {
            let inner = scaled(wide.min(high));
            let mut padded = RgbImage::from_pixel(width, height, Rgb(colour));
            let (x, y) = ((width.saturating_sub(inner.width())) / 2, (height.saturating_sub(inner.height())) / 2);
            image::imageops::replace(&mut padded, &inner, x.into(), y.into());
            padded
        }
    }
}

/// Exactly torchvision's `resize(picture, [height, width], antialias=True)` of a uint8 tensor.
pub fn resize(picture: &RgbImage, [height, width]: [u32; 2], filter: Filter) -> RgbImage {
    let mut result = picture.clone();
    if width != result.width() {
        let taps = Taps::new(result.width(), width, filter);
        result = RgbImage::from_fn(width, result.height(), |x, y| taps.sum(x, |i| result.get_pixel(i, y).0));
    }
    if height != result.height() {
        let taps = Taps::new(result.height(), height, filter);
        result = RgbImage::from_fn(result.width(), height, |x, y| taps.sum(y, |i| result.get_pixel(x, i).0));
    }
    result
}

/// For each place of a resized line, where its pixels begin and their weights.
struct Taps {
    rows: Vec<(u32, Vec<i32>)>,
    /// Bits behind the point of a weight.
    bits: u32,
}

impl Taps {
    fn new(before: u32, after: u32, filter: Filter) -> Taps {
        let scale = f64::from(before) / f64::from(after);
        let reach = if filter == Filter::Bilinear { 1.0 } else { 2.0 };
        let (support, inverse) = if scale >= 1.0 { (reach * scale, 1.0 / scale) } else { (reach, 1.0) };
        let real: Vec<(u32, Vec<f64>)> = (0..after)
            .map(|i| {
                let centre = scale * (f64::from(i) + 0.5);
                let first = ((centre - support + 0.5) as i64).max(0) as u32;
                let end = ((centre + support + 0.5) as i64).clamp(0, i64::from(before)) as u32;
                let weight = |j: u32| weight((f64::from(j) - centre + 0.5) * inverse, filter);
                let weights: Vec<f64> = (first..end).map(weight).collect();
                let sum: f64 = weights.iter().sum();
                (first, weights.into_iter().map(|weight| weight / sum).collect())
            })
            .collect();
        let most = real.iter().flat_map(|(_, weights)| weights).fold(0.0, |most: f64, &weight| most.max(weight));
        // As many bits as leave the greatest weight within 16.
        let fits = |bits: &u32| (0.5 + most * f64::from(1u32 << (bits + 1))) as i64 >= 1 << 15;
        let bits = (0..22).find(fits).unwrap_or(22);
        let whole = |weight: f64| (weight * f64::from(1u32 << bits)).round() as i32;
        let rows = real.into_iter().map(|(first, weights)| (first, weights.into_iter().map(whole).collect())).collect();
        Taps { rows, bits }
    }

    fn sum(&self, place: u32, pixel: impl Fn(u32) -> [u8; 3]) -> Rgb<u8> {
        let (first, weights) = &self.rows[place as usize];
        let mut sums = [1 << (self.bits - 1); 3];
        for (i, weight) in (*first..).zip(weights) {
            let values = pixel(i);
            (0..3).for_each(|c| sums[c] += weight * i32::from(values[c]));
        }
        Rgb(sums.map(|sum| (sum >> self.bits).clamp(0, 255) as u8))
    }
}

fn weight(x: f64, filter: Filter) -> f64 {
    let x = x.abs();
    match filter {
        Filter::Bilinear => (1.0 - x).max(0.0),
        Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        Filter::Bicubic if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        Filter::Bicubic => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resized_as_torchvision_does_it() {
        for row in include_str!("../tests/golden/resize.csv").lines() {
            let cells: Vec<&str> = row.split(',').collect();
            let filter = if cells[0] == "bilinear" { Filter::Bilinear } else { Filter::Bicubic };
            let [rows, columns, height, width] = [1, 2, 3, 4].map(|i| cells[i].parse::<u32>().unwrap());
            let value = |x: u32, y: u32, c: u32| ((x * 37 + y * 91 + c * 53 + x * y * (c + 1)) % 256) as u8;
            let picture = RgbImage::from_fn(columns, rows, |x, y| Rgb([0, 1, 2].map(|c| value(x, y, c))));
            let result = resize(&picture, [height, width], filter);
            let planes = (0..3).flat_map(|c| result.pixels().map(move |pixel| pixel.0[c]));
            let found: String = planes.map(|value| format!("{value:02x}")).collect();
            assert_eq!(found, cells[5], "{}", &row[..40]);
        }
    }

    #[test]
    fn other_forms_are_cropped_squashed_or_padded() {
        // Thirds of red, green and blue, 30 x 10.
        let thirds = RgbImage::from_fn(30, 10, |x, _| {
            let mut pixel = [0; 3];
            pixel[(x / 10) as usize] = 255;
            Rgb(pixel)
        });
        let at = |fitted: &RgbImage, x, y| fitted.get_pixel(x, y).0;
        let cropped = fit(&thirds, [10, 10], Fit::Crop, Filter::Bilinear);
        assert!(cropped.pixels().all(|pixel| pixel.0 == [0, 255, 0]));
        let squashed = fit(&thirds, [9, 9], Fit::Squash, Filter::Bilinear);
        assert_eq!(
            [at(&squashed, 0, 4), at(&squashed, 4, 4), at(&squashed, 8, 4)],
            [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
        );
        let padded = fit(&thirds, [30, 30], Fit::Pad([9, 8, 7]), Filter::Bilinear);
        assert_eq!(
            [at(&padded, 5, 9), at(&padded, 5, 10), at(&padded, 5, 19), at(&padded, 5, 20)],
            [[9, 8, 7], [255, 0, 0], [255, 0, 0], [9, 8, 7]]
        );
        for form in [Fit::Crop, Fit::Squash, Fit::Pad([0; 3])] {
            for (width, height) in [(1, 1), (1, 500), (333, 2)] {
                assert_eq!(fit(&RgbImage::new(width, height), [7, 11], form, Filter::Bicubic).dimensions(), (11, 7));
            }
        }
    }
}

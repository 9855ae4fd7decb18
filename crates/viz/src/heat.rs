//! Heat maps: numbers drawn as colour over the picture that they are about, and the bar that says which colour stands
//! for which number.

use crate::colour::{MUTED, NOT_FINITE, PAPER, Rgb, byte, mix};
use crate::numbers::{brief, precise};
use crate::text::Size;
use crate::{Error, FloatImage, Picture, Unit, legend};

/// Above and below what is clear.
const COLOURS: [Rgb; 2] = [[230, 159, 0], [86, 180, 233]];
/// Brightness of the picture beneath the colours, so that they stand out.
const DIMMED: f64 = 0.55;
/// Opacity where a heat map is strongest.
const OPACITY: f64 = 0.9;

/// Which numbers are drawn how strongly: orange above `clear` and blue below it, the more opaque the further from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatScale {
    /// The number that is not drawn.
    pub clear: f64,
    /// How far from it the colour is strongest; where this is 0, nothing is drawn.
    pub full: f64,
}

impl HeatScale {
    fn over(self, ground: Rgb, value: f64) -> Rgb {
        if !value.is_finite() {
            return NOT_FINITE;
        }
        if self.full <= 0.0 {
            return ground;
        }
        let unit = ((value - self.clear) / self.full).clamp(-1.0, 1.0);
        mix(ground, COLOURS[usize::from(unit < 0.0)], unit.abs() * OPACITY)
    }
}

/// Draws `heat`, of one channel, over a picture of numbers from 0 (black) to 1, which is dimmed and in grey beneath it.
/// The result has the size of `heat`; each of its pixels lies over the nearest one of the picture.
///
/// ```
/// use viz::{FloatImage, HeatScale, heat_map};
/// let picture = FloatImage::grey(1, 2, vec![0.0, 0.0])?;
/// let heat = FloatImage::grey(1, 2, vec![0.0, 3.0])?;
/// let drawn = heat_map(&picture, &heat, HeatScale { clear: 0.0, full: 3.0 })?;
/// assert_eq!(drawn.bytes()[..3], [0, 0, 0]);
/// assert!(drawn.bytes()[3] > drawn.bytes()[5], "orange");
/// # Ok::<(), viz::Error>(())
/// ```
///
/// # Errors
/// A heat map of three channels, or too many pixels.
pub fn heat_map(picture: &FloatImage, heat: &FloatImage, scale: HeatScale) -> Result<Picture, Error> {
    let [channels, rows, columns] = picture.shape();
    let [one, height, width] = heat.shape();
    if one != 1 {
        return Err(Error::Shape {
            what: "a heat map",
            shape: heat.shape().to_vec(),
            rule: "it has one number for each pixel",
        });
    }
    let mut rgb = Vec::with_capacity(heat.values().len() * 3);
    for row in 0..height {
        for column in 0..width {
            let pixel = picture.pixel(row * rows / height, column * columns / width);
            let grey = pixel.map(|value| f64::from(value).clamp(0.0, 1.0)).sum::<f64>() / channels as f64;
            let value = heat.values()[row * width + column];
            rgb.extend(scale.over([byte(grey * DIMMED); 3], value.into()));
        }
    }
    Picture::rgb(height, width, rgb)
}

/// A bar from the number `low` to `high` in the colours that they have over black, between the two numbers: `width`
/// pixels in all, for beneath a heat map of that width.
///
/// # Errors
/// A width of 0, or too many pixels.
pub fn heat_bar(scale: HeatScale, [low, high]: [f64; 2], unit: Unit, width: usize) -> Result<Picture, Error> {
    let written = |value: f64| match unit {
        Unit::Plain => brief(value),
        // A hundredth of a per cent is as fine as a bar can be read.
        Unit::Percent => precise((value * 1e4).round() / 1e4, unit),
    };
    let ends = [low, high].map(written);
    let numbers: usize = ends.iter().map(|end| Size::Caption.width(end) + legend::GAP).sum();
    let colour = |part: f64| scale.over([0; 3], low + (high - low) * part);
    let length = width.saturating_sub(numbers).max(1);
    let drawn = legend::between(&ends, length, colour, PAPER, MUTED)?;
    let mut bar = Picture::filled(drawn.height(), width, PAPER)?;
    bar.paste(0, 0, &drawn);
    Ok(bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: HeatScale = HeatScale { clear: 1.0, full: 2.0 };

    /// Orange is (230, 159, 0) and blue (86, 180, 233); nine tenths of them over black, half as much halfway.
    #[test]
    fn colours_grow_with_the_distance_from_what_is_clear() {
        let check = |value, want: Rgb| assert_eq!(SCALE.over([0; 3], value), want, "{value}");
        check(1.0, [0, 0, 0]);
        check(3.0, [207, 143, 0]);
        check(9.0, [207, 143, 0]);
        check(2.0, [104, 72, 0]);
        check(-1.0, [77, 162, 210]);
        check(f64::NAN, NOT_FINITE);
    }

    #[test]
    fn without_a_scale_only_the_dimmed_picture_is_left() {
        let picture = FloatImage::new([3, 1, 1], vec![1.0, 0.5, 0.0]).unwrap();
        let heat = FloatImage::grey(2, 2, vec![5.0; 4]).unwrap();
        let drawn = heat_map(&picture, &heat, HeatScale { clear: 0.0, full: 0.0 }).unwrap();
        // 255 x 0.55 x 0.5
        assert_eq!(drawn.grey_bytes(), Some(vec![70; 4]));
    }

    #[test]
    fn a_heat_map_of_three_channels_is_refused() {
        let picture = FloatImage::grey(1, 1, vec![0.0]).unwrap();
        let heat = FloatImage::new([3, 1, 1], vec![0.0; 3]).unwrap();
        assert!(heat_map(&picture, &heat, SCALE).unwrap_err().to_string().contains("one number for each pixel"));
    }

    #[test]
    fn the_bar_runs_through_the_colours_of_its_numbers() {
        let bar = heat_bar(SCALE, [-1.0, 3.0], Unit::Plain, 252).unwrap();
        let middle = bar.height() / 2;
        let [left, right] = [Size::Caption.width("-1.00"), Size::Caption.width("3.00")].map(|text| text + legend::GAP);
        assert_eq!(
            (bar.width(), bar.at(middle, left), bar.at(middle, 251 - right)),
            (252, [77, 162, 210], [207, 143, 0])
        );
        assert!(heat_bar(SCALE, [0.0, 1.0], Unit::Percent, 3).is_ok(), "too narrow for its numbers");
    }
}

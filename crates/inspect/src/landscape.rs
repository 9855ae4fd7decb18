//! A picture to try filters on, drawn from formulas: gradients in the sky, soft and hard edges, stripes of several
//! widths and directions, round and pointed shapes. The same pixels on every machine.

use image::{Rgb, RgbImage};

type Colour = [f64; 3];

const WIDTH: u32 = 516;
const HEIGHT: u32 = 388;
/// Each pixel is the mean of so many samples in either direction.
const SAMPLES: u32 = 3;

/// Sun, mountains and a sailing boat on a lake; 516 wide and 388 high.
pub fn draw() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |column, row| {
        let mut sum = [0.0; 3];
        for i in 0..SAMPLES * SAMPLES {
            let at = |pixel: u32, part: u32| {
                (f64::from(pixel) + (f64::from(part) + 0.5) / f64::from(SAMPLES)) / f64::from(HEIGHT)
            };
            let colour = colour(at(column, i % SAMPLES), at(row, i / SAMPLES));
            sum = [0, 1, 2].map(|c| sum[c] + colour[c]);
        }
        let count = f64::from(SAMPLES * SAMPLES);
        Rgb(sum.map(|value| (255.0 * (value / count).clamp(0.0, 1.0)).round() as u8))
    })
}

/// The colour at a point; `x` and `y` in heights of the picture from its upper left corner.
fn colour(x: f64, y: f64) -> Colour {
    const SHORE: f64 = 0.68;
    if let Some(colour) = boat(x, y) {
        return colour;
    }
    if y < SHORE {
        return land(x, y);
    }
    // The lake mirrors the land, darker, in waves that grow towards the viewer.
    let depth = (y - SHORE) / (1.0 - SHORE);
    let wave = (70.0 * depth.powf(0.6) + 2.0 * (9.0 * x).sin()).sin();
    let mirrored = land(x + 0.02 * depth * wave, SHORE - 0.9 * (y - SHORE) - 0.01 * wave);
    let water = mix(mirrored, [0.05, 0.22, 0.35], 0.35 + 0.3 * depth);
    mix(water, [0.95, 0.85, 0.7], (0.25 * wave).max(0.0) * depth)
}

/// Sky, sun and three ridges, the nearest in front.
fn land(x: f64, y: f64) -> Colour {
    const SUN: (f64, f64) = (0.93, 0.3);
    let ridge = |base: f64, height: f64, phase: f64| {
        let peaks =
            (1.0 - (3.1 * x + phase).sin().abs()).powf(0.7) + 0.2 * (1.0 - (11.3 * x + 2.0 * phase).sin().abs());
        base - height * peaks
    };
    if y > ridge(0.68, 0.12, 2.2) {
        let stripe = if (60.0 * (x + 0.6 * y)).sin() > 0.0 { 0.03 } else { 0.0 };
        return [0.08 + stripe, 0.2 + stripe, 0.19];
    }
    if y > ridge(0.62, 0.2, 0.6) {
        let snow = y < ridge(0.62, 0.2, 0.6) + 0.04 + 0.015 * (90.0 * x).sin() && y < 0.46;
        return if snow { [0.93, 0.93, 0.97] } else { [0.25, 0.3, 0.42] };
    }
    if y > ridge(0.55, 0.16, 3.4) {
        return [0.52, 0.47, 0.58];
    }
    let sky = mix([0.16, 0.32, 0.62], [0.98, 0.72, 0.48], (y / 0.6).powf(0.8));
    let distance = (x - SUN.0).hypot(y - SUN.1);
    if distance < 0.085 {
        return [1.0, 0.93, 0.7];
    }
    mix(sky, [1.0, 0.85, 0.6], 0.7 * (-(distance - 0.085) / 0.12).exp())
}

/// A boat with two sails, one of them striped; none beside it.
fn boat(x: f64, y: f64) -> Option<Colour> {
    let (x, y) = (x - 0.42, y - 0.86);
    let mast = x.abs() < 0.004 && (-0.45..0.0).contains(&y);
    let hull = (0.0..0.055).contains(&y) && (-0.17 + y..0.2 - 1.8 * y).contains(&x);
    let height = (y + 0.44) / 0.42;
    let inside = (0.0..1.0).contains(&height);
    if hull {
        return Some(if y < 0.012 { [0.95, 0.95, 0.92] } else { [0.55, 0.14, 0.12] });
    }
    if mast {
        return Some([0.2, 0.13, 0.1]);
    }
    if inside && (0.01..0.01 + 0.17 * height).contains(&x) {
        let red = (y * 70.0).sin() > 0.0;
        return Some(if red { [0.82, 0.2, 0.16] } else { [0.98, 0.97, 0.93] });
    }
    let jib = inside && (-0.01 - 0.13 * height..-0.01).contains(&x);
    jib.then(|| mix([0.99, 0.95, 0.8], [0.8, 0.72, 0.6], height))
}

fn mix(from: Colour, to: Colour, weight: f64) -> Colour {
    [0, 1, 2].map(|c| from[c] + (to[c] - from[c]) * weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_landscape_uses_the_range_of_light_and_all_channels() {
        let picture = draw();
        assert_eq!(picture.dimensions(), (WIDTH, HEIGHT));
        for channel in 0..3 {
            let level = |pixel: &Rgb<u8>| pixel.0[channel];
            let (low, high) = (picture.pixels().map(level).min(), picture.pixels().map(level).max());
            assert!(low < Some(60) && high > Some(220), "channel {channel}: {low:?} to {high:?}");
        }
    }
}

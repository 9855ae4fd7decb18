//! How far each pixel is from the ground around it: the ground is local, as light falls off and shadows lie on paper.

use image::RgbImage;
use image::imageops;

use super::plane::{Plane, Reach, quantile};

/// Which of the two is the ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// Pen or pencil on paper.
    Dark,
    /// Chalk on a board, or a picture of MNIST.
    Light,
}

/// Longer side of the small picture in which colours are compared.
const SMALL: u32 = 96;
/// Samples along each side of the window whose median is the ground there.
const SAMPLES: i32 = 13;
/// Full ink is at least this far from the ground, of 255.
const LEAST_RANGE: f32 = 32.0;

/// The picture as one number a pixel, 0 to 255, ink high: the colours weigh as much as they tell ink from ground.
pub fn signal(picture: &RgbImage, weights: [f32; 3], polarity: Polarity) -> Plane {
    let (width, height) = picture.dimensions();
    let value = |x: usize, y: usize| {
        let pixel = picture.get_pixel(x as u32, y as u32).0;
        let level: f32 = pixel.iter().zip(weights).map(|(&v, weight)| f32::from(v) * weight).sum();
        if polarity == Polarity::Dark { 255.0 - level } else { level }
    };
    Plane::from_fn(width as usize, height as usize, value)
}

/// Weights of red, green and blue, which sum to 1: the squared differences from the median around. Yellow ink on white is
/// seen in blue alone.
pub fn weights(picture: &RgbImage) -> [f32; 3] {
    let even = [1.0 / 3.0; 3];
    if picture.pixels().all(|pixel| pixel.0.iter().all(|&v| v == pixel.0[0])) {
        return even;
    }
    let (width, height) = picture.dimensions();
    let shrink = f64::from(SMALL) / f64::from(width.max(height).max(SMALL));
    let side = |side: u32| ((f64::from(side) * shrink).round() as u32).max(1);
    let small = imageops::thumbnail(picture, side(width), side(height));
    let reach = (small.width().min(small.height()) as i32 / 4).max(1);
    let mut energy = [0.0f32; 3];
    for (x, y, pixel) in small.enumerate_pixels() {
        for (c, energy) in energy.iter_mut().enumerate() {
            let near = |at: u32, step: i32, side: u32| {
                (at as i32 + step * reach / (SAMPLES / 2)).clamp(0, side as i32 - 1) as u32
            };
            let steps = -SAMPLES / 2..=SAMPLES / 2;
            let sample = |dx: i32, dy: i32| {
                f32::from(small.get_pixel(near(x, dx, small.width()), near(y, dy, small.height())).0[c])
            };
            let window = steps.clone().flat_map(|dy| steps.clone().map(move |dx| (dx, dy)));
            let median = quantile(window.map(|(dx, dy)| sample(dx, dy)).collect(), 0.5);
            *energy += (f32::from(pixel.0[c]) - median).powi(2);
        }
    }
    let sum: f32 = energy.iter().sum();
    if sum == 0.0 { even } else { energy.map(|energy| energy / sum) }
}

/// The ground beneath the ink: what stays of the signal when everything thinner than the window is taken away.
pub fn ground(signal: &Plane, reach: usize) -> Plane {
    signal.opened(Reach { across: reach, down: reach })
}

/// The share of the way from the ground to full ink; a shadow weakens ink as much as paper, and is divided out. The ground
/// itself lies around 0, as the least of a window lies below it by what the noise makes.
pub fn contrast(signal: &Plane, ground: &Plane) -> Plane {
    let share = signal.zip(ground, |value, ground| (value - ground) / (255.0 - ground).max(LEAST_RANGE));
    let middle = share.quantile(0.5);
    share.map(|value| value - middle)
}

/// How far the ground's noise reaches, as a standard deviation: from neighbours' differences, and from how far what is
/// darker than the middle lies from it. Both ignore the ink, which is the smaller part and on the other side.
pub fn noise(contrast: &Plane) -> f32 {
    let pairs = contrast.values.chunks_exact(contrast.width).flat_map(|row| row.windows(2));
    let grain =
        quantile(pairs.map(|pair| (pair[1] - pair[0]).abs()).collect(), 0.5) * 1.4826 / std::f32::consts::SQRT_2;
    grain.max(contrast.quantile(0.5) - contrast.quantile(0.16))
}

/// In words, where the ground is uneven: towards which side the light falls off, or that it does.
pub fn unevenness(ground: &Plane, polarity: Polarity) -> Option<String> {
    const UNEVEN: f32 = 24.0;
    if polarity == Polarity::Dark {
        return unevenness(&ground.map(|value| 255.0 - value), Polarity::Light);
    }
    if ground.quantile(0.95) - ground.quantile(0.05) < UNEVEN {
        return None;
    }
    let mean = |inside: &dyn Fn(usize, usize) -> bool| {
        let (mut sum, mut count) = (0.0f64, 0u32);
        for (i, &value) in ground.values.iter().enumerate() {
            if inside(i % ground.width, i / ground.width) {
                (sum, count) = (sum + f64::from(value), count + 1);
            }
        }
        sum / f64::from(count.max(1))
    };
    let (w, h) = (ground.width, ground.height);
    let differences = [
        mean(&|x, _| x < w / 3) - mean(&|x, _| x >= w - w / 3),
        mean(&|_, y| y < h / 3) - mean(&|_, y| y >= h - h / 3),
    ];
    let [across, down] = differences;
    if across.abs().max(down.abs()) < f64::from(UNEVEN) / 2.0 {
        return Some("uneven ground evened out".to_owned());
    }
    let towards = match (across.abs() >= down.abs(), across > 0.0, down > 0.0) {
        (true, true, _) => "to the right",
        (true, false, _) => "to the left",
        (false, _, true) => "to the bottom",
        (false, _, false) => "to the top",
    };
    Some(format!("light falling off {towards} evened out"))
}

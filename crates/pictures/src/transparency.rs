//! What lies beneath a picture with transparent parts: the ground on which its visible parts can be seen.

use image::{Rgb, RgbImage, RgbaImage};

/// Above this lightness, of 255, visible parts are nearly white.
const NEARLY_WHITE: u64 = 224;

/// Lays a picture over white; over black where what is visible is nearly white and could not be seen otherwise. Says which
/// where anything is transparent.
pub fn over_ground(picture: &RgbaImage, steps: &mut Vec<String>) -> RgbImage {
    let ground = if shows_on_black_alone(picture) {
        steps.push("laid over black, because what is visible is nearly white".to_owned());
        0
    } else {
        if picture.pixels().any(|pixel| pixel.0[3] < 255) {
            steps.push("laid over white where it is transparent".to_owned());
        }
        255
    };
    let over = |pixel: &image::Rgba<u8>| {
        let [r, g, b, alpha] = pixel.0.map(u32::from);
        Rgb([r, g, b].map(|v| ((v * alpha + ground * (255 - alpha) + 127) / 255) as u8))
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| over(picture.get_pixel(x, y)))
}

/// Whether the visible parts, weighed by how visible they are, are nearly white, and a part of the picture is transparent.
fn shows_on_black_alone(picture: &RgbaImage) -> bool {
    let (mut visible, mut light, mut hidden) = (0u64, 0u64, false);
    for pixel in picture.pixels() {
        let [r, g, b, alpha] = pixel.0.map(u64::from);
        visible += alpha;
        light += alpha * r.min(g).min(b);
        hidden |= alpha < 128;
    }
    hidden && visible > 0 && light > NEARLY_WHITE * visible
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    fn check(pixels: &[[u8; 4]], expected: &[u8]) {
        let picture = RgbaImage::from_fn(pixels.len() as u32, 1, |x, _| Rgba(pixels[x as usize]));
        let mut steps = Vec::new();
        assert_eq!(over_ground(&picture, &mut steps).as_raw(), expected, "{pixels:?}");
        let says_black = steps.iter().any(|step| step.contains("over black"));
        let is_transparent = pixels.iter().any(|pixel| pixel[3] < 255);
        assert_eq!((steps.len(), says_black), (usize::from(is_transparent), expected[0] == 0), "{steps:?}");
    }

    #[test]
    fn what_is_transparent_lies_over_a_ground_that_shows_it() {
        // Dark, coloured and middling strokes lie over white.
        check(&[[0, 0, 0, 0], [10, 20, 30, 255]], &[255, 255, 255, 10, 20, 30]);
        check(&[[255, 255, 255, 0], [255, 255, 0, 255]], &[255, 255, 255, 255, 255, 0]);
        check(&[[0, 0, 0, 0], [200, 200, 200, 255]], &[255, 255, 255, 200, 200, 200]);
        // White strokes lie over black, half visible ones half as light: 255 * 51 / 255 = 51.
        check(&[[0, 0, 0, 0], [255, 255, 255, 255], [255, 255, 255, 51]], &[0, 0, 0, 255, 255, 255, 51, 51, 51]);
        // With nothing transparent, or nothing visible, there is nothing to choose.
        check(&[[255, 255, 255, 255]], &[255, 255, 255]);
        check(&[[255, 255, 255, 0]], &[255, 255, 255]);
    }
}

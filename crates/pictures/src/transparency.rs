//! What lies beneath a picture with transparent parts: the ground on which its visible parts can be seen.

use image::{Rgb, RgbImage, RgbaImage};

/// What is seen through the transparent parts of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// White; black where what is visible is nearly white and could not be seen otherwise. For single pictures, such as
    /// strokes on a browser's canvas.
    #[default]
    Telling,
    /// One colour (red, green, blue) for every picture of a set, so that the background tells nothing of the class.
    Colour([u8; 3]),
}

/// Above this lightness, of 255, visible parts are nearly white.
const NEARLY_WHITE: u64 = 224;

/// Lays a picture over its background, and says over which where anything is transparent.
pub fn over_ground(picture: &RgbaImage, background: Background, steps: &mut Vec<String>) -> RgbImage {
    let is_transparent = picture.pixels().any(|pixel| pixel.0[3] < 255);
    let ground = match background {
        Background::Telling if shows_on_black_alone(picture) => {
            steps.push("laid over black, because what is visible is nearly white".to_owned());
            [0; 3]
        }
        Background::Telling | Background::Colour([255, 255, 255]) => {
            if is_transparent {
                steps.push("laid over white where it is transparent".to_owned());
            }
            [255; 3]
        }
        Background::Colour(colour) => {
            if is_transparent {
                steps.push(format!("laid over the colour {colour:?} where it is transparent"));
            }
            colour
        }
    };
    let over = |pixel: &image::Rgba<u8>| {
        let alpha = u32::from(pixel.0[3]);
        let mixed = |c: usize| (u32::from(pixel.0[c]) * alpha + u32::from(ground[c]) * (255 - alpha) + 127) / 255;
        Rgb([0, 1, 2].map(|c| mixed(c) as u8))
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
        assert_eq!(over_ground(&picture, Background::Telling, &mut steps).as_raw(), expected, "{pixels:?}");
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

    #[test]
    fn a_stated_colour_lies_below_every_picture() {
        let picture = RgbaImage::from_fn(2, 1, |x, _| Rgba([[255, 255, 255, 51], [10, 20, 30, 255]][x as usize]));
        let mut steps = Vec::new();
        let read = over_ground(&picture, Background::Colour([0, 100, 255]), &mut steps);
        // 255 / 5 + 4 * colour / 5
        assert_eq!(read.as_raw(), &[51, 131, 255, 10, 20, 30]);
        assert_eq!(steps, ["laid over the colour [0, 100, 255] where it is transparent"]);
    }
}

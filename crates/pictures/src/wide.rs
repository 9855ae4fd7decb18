//! Values of 16 bits that a camera or scanner filled with fewer: 10 bits in a 16-bit file are nearly black unless they are
//! scaled by what they really hold.

use image::{DynamicImage, ImageBuffer, Pixel};
use values::thousands;

/// Fewer bits than this are not taken for a narrower range: 8 are what is left in the end.
const FEWEST: u32 = 8;

/// Scales 16-bit values by the bits of the greatest among them.
pub fn own_range(mut picture: DynamicImage, steps: &mut Vec<String>) -> DynamicImage {
    let scaled = match &mut picture {
        DynamicImage::ImageLuma16(pixels) => scale(pixels),
        DynamicImage::ImageLumaA16(pixels) => scale(pixels),
        DynamicImage::ImageRgb16(pixels) => scale(pixels),
        DynamicImage::ImageRgba16(pixels) => scale(pixels),
        _ => None,
    };
    if let Some((bits, most)) = scaled {
        steps.push(format!("16-bit values up to {} scaled from their {bits} bits", thousands(f64::from(most))));
    }
    picture
}

/// The bits found and the greatest value, where something was scaled. Alpha has the same range as the colours if it fits.
fn scale<P: Pixel<Subpixel = u16>>(picture: &mut ImageBuffer<P, Vec<u16>>) -> Option<(u32, u16)> {
    let channels = usize::from(P::CHANNEL_COUNT);
    let colours = if channels.is_multiple_of(2) { channels - 1 } else { channels };
    let most_of = |range: std::ops::Range<usize>| {
        picture
            .as_raw()
            .chunks_exact(channels)
            .flat_map(|pixel| pixel[range.clone()].iter().copied())
            .max()
            .unwrap_or(0)
    };
    let (most, alpha) = (most_of(0..colours), most_of(colours..channels));
    let bits = (u16::BITS - most.leading_zeros()).max(FEWEST);
    if most == 0 || bits == u16::BITS {
        return None;
    }
    let full = (1u32 << bits) - 1;
    let scaled = if u32::from(alpha) <= full { channels } else { colours };
    for pixel in picture.chunks_exact_mut(channels) {
        for value in &mut pixel[..scaled] {
            *value = ((u32::from(*value) * u32::from(u16::MAX) + full / 2) / full) as u16;
        }
    }
    Some((bits, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, LumaA, Rgb, Rgba};

    #[test]
    fn values_are_scaled_by_the_bits_that_they_have() {
        let check = |values: [u16; 3], expected: [u8; 3], said: &str| {
            let picture = ImageBuffer::from_fn(3, 1, |x, _| Luma([values[x as usize]]));
            let mut steps = Vec::new();
            let read = own_range(DynamicImage::ImageLuma16(picture), &mut steps).into_luma8();
            assert_eq!(read.as_raw(), &expected, "{values:?}");
            assert!(steps.join("").contains(said), "{steps:?}");
            assert_eq!(steps.is_empty(), said.is_empty());
        };
        check([0, 512, 1023], [0, 128, 255], "up to 1,023 scaled from their 10 bits");
        check([0, 2048, 4095], [0, 128, 255], "12 bits");
        check([0, 8192, 16383], [0, 128, 255], "14 bits");
        // The brightest of a 10-bit picture need not be 1023.
        check([0, 512, 900], [0, 128, 224], "10 bits");
        check([0, 100, 255], [0, 100, 255], "8 bits");
        check([0, 1, 3], [0, 1, 3], "8 bits");
        check([0, 32768, 65535], [0, 128, 255], "");
        check([0, 0, 0], [0, 0, 0], "");
    }

    #[test]
    fn alpha_is_scaled_only_where_it_has_the_same_range() {
        let read = |pixel: [u16; 4]| {
            let picture = ImageBuffer::from_fn(1, 1, |_, _| Rgba(pixel));
            own_range(DynamicImage::ImageRgba16(picture), &mut Vec::new()).into_rgba8().into_raw()
        };
        assert_eq!(read([1023, 0, 0, 1023]), [255, 0, 0, 255]);
        assert_eq!(read([1023, 0, 0, 65535]), [255, 0, 0, 255]);
        let picture = ImageBuffer::from_fn(1, 1, |_, _| LumaA([4095u16, 0]));
        let read = own_range(DynamicImage::ImageLumaA16(picture), &mut Vec::new()).into_luma_alpha8().into_raw();
        assert_eq!(read, [255, 0]);
        let picture = ImageBuffer::from_fn(1, 1, |_, _| Rgb([1023u16, 512, 0]));
        assert_eq!(own_range(DynamicImage::ImageRgb16(picture), &mut Vec::new()).into_rgb8().into_raw(), [255, 128, 0]);
    }
}

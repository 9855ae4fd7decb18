//! JPEG files, right or not at all. The decoder that `image` has (zune-jpeg 0.5.15) fills in what is missing with grey without
//! a word, and mixes up pictures whose colours are subsampled and come in scans of their own; jpeg-decoder, image's own
//! until it grew fast rather than strict, refuses the former and reads the latter as libjpeg does.

use crate::orientation;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, RgbImage};
use jpeg_decoder::{Decoder, Error, PixelFormat, UnsupportedFeature};
use std::io;

/// Decodes; `check` is asked about width and height first.
pub fn decode(
    bytes: &[u8],
    most_memory: u64,
    check: impl FnOnce(u32, u32) -> Result<(), String>,
) -> Result<(DynamicImage, Orientation), String> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(most_memory).unwrap_or(usize::MAX));
    decoder.read_info().map_err(|error| problem(&error))?;
    let info = decoder.info().ok_or_else(damaged)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check(width, height)?;
    let pixels = decoder.decode().map_err(|error| problem(&error))?;
    let picture = match info.pixel_format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        PixelFormat::CMYK32 => RgbImage::from_raw(width, height, rgb_of_cmyk(&pixels)).map(DynamicImage::from),
        PixelFormat::L16 => {
            let values = pixels.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect();
            ImageBuffer::<Luma<u16>, _>::from_raw(width, height, values).map(DynamicImage::from)
        }
    };
    let orientation = orientation::of(decoder.exif_data(), decoder.xmp_data());
    Ok((picture.ok_or_else(damaged)?, orientation))
}

fn damaged() -> String {
    "the JPEG is damaged".to_owned()
}

/// What is wrong, in our words; codings that are not decoded are named.
fn problem(error: &Error) -> String {
    let again = "save it as PNG or as an ordinary JPEG";
    let what = match error {
        Error::Io(failed) if failed.kind() == io::ErrorKind::UnexpectedEof => return "the JPEG is cut off".to_owned(),
        Error::Unsupported(UnsupportedFeature::ArithmeticEntropyCoding) => {
            return format!(
                "it is a JPEG with arithmetic coding, which is not decoded here: {again} (`jpegtran -optimize IN > OUT` \
                 recodes it without loss)"
            );
        }
        Error::Unsupported(UnsupportedFeature::Hierarchical) => "of several resolutions".to_owned(),
        Error::Unsupported(UnsupportedFeature::SamplePrecision(bits)) => format!("of {bits} bits a value"),
        Error::Unsupported(_) => "coded in an uncommon way".to_owned(),
        _ => return damaged(),
    };
    format!("it is a JPEG {what}, which is not decoded here: {again}")
}

/// Ink on white paper, without a colour profile, as Pillow does it.
fn rgb_of_cmyk(pixels: &[u8]) -> Vec<u8> {
    let mixed = |&[c, m, y, k]: &[u8; 4]| {
        let light = |ink: u8| ((255 - u32::from(ink)) * (255 - u32::from(k)) + 127) / 255;
        [c, m, y].map(|ink| light(ink) as u8)
    };
    pixels.as_chunks().0.iter().flat_map(mixed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Vec<u8> {
        let photo = RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, (x * y) as u8]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        photo.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    fn read(bytes: &[u8]) -> Result<DynamicImage, String> {
        decode(bytes, 1 << 20, |_, _| Ok(())).map(|(picture, _)| picture)
    }

    #[test]
    fn a_jpeg_is_read_whole_or_not_at_all() {
        let jpeg = photo();
        for cut in (2..jpeg.len()).step_by(7).chain([jpeg.len() - 2, jpeg.len() - 1]) {
            assert_eq!(read(&jpeg[..cut]).unwrap_err(), "the JPEG is cut off", "{cut} of {} bytes", jpeg.len());
        }
        let whole = read(&jpeg).unwrap();
        assert_eq!((whole.width(), whole.height()), (64, 48));
        // A phone's moving picture: bytes that look like the start of another scan follow the end.
        let mut moving = jpeg.clone();
        moving.extend(b"\0\0\0\x18ftypmp42 \xff\xda more \xff\xd9 and \xff\xda");
        assert_eq!(read(&moving).unwrap(), whole);
    }

    #[test]
    fn codings_that_are_not_decoded_are_named() {
        let jpeg = photo();
        let at = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let check = |marker: u8, bits: u8, said: &str| {
            let mut other = jpeg.clone();
            (other[at + 1], other[at + 4]) = (marker, bits);
            let problem = read(&other).unwrap_err();
            assert!(problem.contains(said) && problem.contains("save it as PNG"), "{problem}");
        };
        check(0xc9, 8, "arithmetic coding");
        check(0xca, 8, "arithmetic coding");
        check(0xc5, 8, "several resolutions");
        check(0xc1, 12, "12 bits a value");
    }

    #[test]
    fn ink_lies_on_white() {
        let cmyk = [[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 51]].concat();
        assert_eq!(rgb_of_cmyk(&cmyk), [255, 255, 255, 0, 255, 255, 0, 0, 0, 204, 0, 0]);
    }
}

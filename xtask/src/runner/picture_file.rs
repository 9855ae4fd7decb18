//! Reading picture files: whatever is wrong with one becomes a sentence.

use crate::conversion::transparency::over_ground;
use anyhow::{Context, Result, anyhow, bail};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use std::io::Cursor;
use std::path::Path;

/// Millions of pixels; more than a good camera's picture has.
const MOST_MEGAPIXELS: u64 = 64;

/// Reads a picture of any size, turned as its EXIF data say, what is transparent laid over white.
pub fn read(path: &Path) -> Result<RgbImage> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    decode(&bytes).map_err(|problem| anyhow!("{} is no picture that can be read: {problem}", path.display()))
}

fn decode(bytes: &[u8]) -> Result<RgbImage> {
    let format = image::guess_format(bytes)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg))
        .ok_or_else(|| anyhow!("it holds neither PNG nor JPEG"))?;
    if format == ImageFormat::Jpeg && !has_jpeg_end(bytes) {
        bail!("the JPEG is cut off");
    }
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder()?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        bail!("it is {width} x {height} pixels");
    }
    if u64::from(width) * u64::from(height) > MOST_MEGAPIXELS * 1_000_000 {
        bail!("it is {width} x {height} pixels, more than {MOST_MEGAPIXELS} million: make it smaller first");
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    if !picture.color().has_alpha() {
        return Ok(picture.into_rgb8());
    }
    Ok(over_ground(&picture.into_rgba8(), &mut Vec::new()))
}

/// Whether the marker that ends a JPEG is there; the decoder fills a missing rest with grey without a word. Bytes may
/// follow it, but then they follow the picture's data and not, as a thumbnail does, precede them.
fn has_jpeg_end(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    // Start of scan, end of image. Inside a scan's data, 0xFF is never followed by 0xD9 or 0xDA.
    last([0xff, 0xd9]) > last([0xff, 0xda])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn check(bytes: &[u8], message: &str) {
        let error = decode(bytes).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    #[test]
    fn files_that_are_no_pictures_are_named_as_what_they_are() {
        let grey = DynamicImage::new_luma8(40, 30);
        check(b"", "neither PNG nor JPEG");
        check(b"hello", "neither PNG nor JPEG");
        check(&encoded(grey.to_rgb8().into(), ImageFormat::Gif), "neither PNG nor JPEG");
        let png = encoded(grey, ImageFormat::Png);
        check(&png[..png.len() / 2], "");
        // Width and height lie at bytes 16 to 23, and the CRC of their chunk after it.
        let sized = |width: u32, height: u32, crc: u32| {
            let mut png = png.clone();
            for (at, number) in [(16, width), (20, height), (29, crc)] {
                png[at..at + 4].copy_from_slice(&number.to_be_bytes());
            }
            png
        };
        check(&sized(0, 30, 0x273c_4025), "imension");
        check(&sized(60_000, 60_000, 0xa5b9_2a9e), "more than 64 million");
    }

    #[test]
    fn a_jpeg_is_read_whole_or_not_at_all() {
        let photo = RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, (x * y) as u8]));
        let mut jpeg = encoded(photo.into(), ImageFormat::Jpeg);
        for cut in [3, jpeg.len() / 2, jpeg.len() - 1] {
            check(&jpeg[..cut], "");
        }
        check(&jpeg[..jpeg.len() / 2], "cut off");
        jpeg.extend(b"bytes that some cameras add");
        assert_eq!(decode(&jpeg).unwrap().dimensions(), (64, 48));
    }

    #[test]
    fn what_is_transparent_lies_over_white() {
        let pixel = |alpha| image::Rgba([10, 20, 30, alpha]);
        let picture = image::RgbaImage::from_fn(2, 1, |x, _| pixel(if x == 0 { 0 } else { 255 }));
        let read = decode(&encoded(picture.into(), ImageFormat::Png)).unwrap();
        assert_eq!(read.as_raw(), &[255, 255, 255, 10, 20, 30]);
    }
}

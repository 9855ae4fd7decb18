//! From a file's bytes to a picture: asked for its size before anything is decoded, within a bound on memory, the right
//! way up, and with a word on everything that a person might not expect.

use crate::kind::Format;
use crate::transparency::{Background, over_ground};
use crate::{damage, jpeg, orientation, wide};
use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, Limits, RgbImage};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::io::{self, Cursor};

/// Millions of pixels; more than a good camera's picture has.
pub const MOST_MEGAPIXELS: u64 = 64;
/// Bytes that a decoder may allocate: pictures of as many pixels at 8 bytes each, the most that PNG has.
const MOST_MEMORY: u64 = MOST_MEGAPIXELS * 1_000_000 * 8;

/// A picture as its file holds it.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Red, green and blue, laid over the background where it is transparent.
    pub pixels: RgbImage,
    /// What was done on the way.
    pub steps: Vec<String>,
    /// What the file was.
    pub facts: Facts,
}

/// What a file's picture was before it became plain red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// By its content.
    pub format: Format,
    /// 1 (grey) or 3 (colour); transparency is not counted.
    pub channels: u8,
    /// Whether its data (EXIF, XMP, TIFF) say that it is to be turned or mirrored, and it was.
    pub turned: bool,
    /// Whether it is the first of several frames or pages.
    pub animated: bool,
    /// Whether any pixel was less than opaque.
    pub transparent: bool,
    /// Why the picture may be damaged although it could be decoded, such as "the lower 60 % are one grey".
    pub doubt: Option<String>,
}

/// Decodes the bytes of a whole file.
///
/// # Errors
/// What is wrong, as a clause such as "the PNG is cut off": the caller knows the file's name.
pub fn decode(bytes: &[u8], format: Format, background: Background) -> Result<Decoded, String> {
    let mut steps = Vec::new();
    let (picture, orientation) = turned(bytes, format, &mut steps).map_err(|failure| match failure {
        Failure::Said(problem) => problem,
        Failure::Decoder(error) => problem(format, &error),
    })?;
    // So far the steps are the first frame or page alone.
    let animated = !steps.is_empty();
    let channels = if picture.color().has_color() { 3 } else { 1 };
    let mut doubt = damage::grey_below(&picture);
    if format == Format::Jpeg {
        doubt = damage::in_jpeg(bytes).or(doubt);
        steps.extend(damage::video_behind(bytes).then(|| "the still picture of a motion photo".to_owned()));
    }
    let mut picture = wide::own_range(picture, &mut steps);
    let turned = orientation != Orientation::NoTransforms;
    if turned {
        steps.push("turned the right way up, as its data say".to_owned());
        picture.apply_orientation(orientation);
    }
    let (pixels, transparent) = opaque(picture, background, &mut steps);
    Ok(Decoded { pixels, steps, facts: Facts { format, channels, turned, animated, transparent, doubt } })
}

fn check_size(width: u32, height: u32) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("it is {width} x {height} pixels"));
    }
    if u64::from(width) * u64::from(height) > MOST_MEGAPIXELS * 1_000_000 {
        return Err(format!(
            "it is {width} x {height} pixels, more than {MOST_MEGAPIXELS} million: make it smaller first"
        ));
    }
    Ok(())
}

enum Failure {
    Said(String),
    Decoder(ImageError),
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Failure {
        Failure::Decoder(error)
    }
}

/// The picture as it is stored, and how it is to be turned.
fn turned(bytes: &[u8], format: Format, steps: &mut Vec<String>) -> Result<(DynamicImage, Orientation), Failure> {
    let file = || Cursor::new(bytes);
    match format {
        Format::Jpeg => jpeg::decode(bytes, MOST_MEMORY, check_size).map_err(Failure::Said),
        Format::Png => {
            let decoder = PngDecoder::with_limits(file(), limits())?;
            if decoder.is_apng()? {
                steps.push("the first frame of an animation".to_owned());
            }
            read(decoder, |decoder| {
                let exif = decoder.exif_metadata().ok().flatten().or_else(|| orientation::exif_in_png_text(bytes));
                orientation::of(exif.as_deref(), xmp(decoder).as_deref())
            })
        }
        Format::Gif => {
            let first = read(GifDecoder::new(file())?, |decoder| orientation::of(None, xmp(decoder).as_deref()))?;
            if GifDecoder::new(file())?.into_frames().take(2).filter(Result::is_ok).count() > 1 {
                steps.push("the first frame of an animation".to_owned());
            }
            Ok(first)
        }
        Format::WebP => {
            let decoder = WebPDecoder::new(file())?;
            if decoder.has_animation() {
                steps.push("the first frame of an animation".to_owned());
            }
            read(decoder, |decoder| {
                orientation::of(decoder.exif_metadata().ok().flatten().as_deref(), xmp(decoder).as_deref())
            })
        }
        Format::Bmp => read(BmpDecoder::new(file())?, |_| Orientation::NoTransforms),
        Format::Tiff => {
            let decoder = TiffDecoder::new(file())?;
            if tiff::decoder::Decoder::new(file()).is_ok_and(|decoder| decoder.more_images()) {
                steps.push("the first of several pages".to_owned());
            }
            read(decoder, |decoder| decoder.orientation().unwrap_or(Orientation::NoTransforms))
        }
    }
}

fn xmp(decoder: &mut impl ImageDecoder) -> Option<Vec<u8>> {
    decoder.xmp_metadata().ok().flatten()
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

fn read<D: ImageDecoder>(
    mut decoder: D,
    orientation: impl FnOnce(&mut D) -> Orientation,
) -> Result<(DynamicImage, Orientation), Failure> {
    let (width, height) = decoder.dimensions();
    check_size(width, height).map_err(Failure::Said)?;
    let mut limits = limits();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = orientation(&mut decoder);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// What is wrong, in our words: those of the decoders are made for their authors.
fn problem(format: Format, error: &ImageError) -> String {
    let name = format.name();
    match error {
        ImageError::Limits(_) => format!("the {name} takes more than {} MB to decode", MOST_MEMORY / 1_000_000),
        ImageError::Unsupported(_) => format!(
            "the {name} holds colours or a compression that are not decoded here: save it as PNG or as an ordinary JPEG"
        ),
        _ if is_cut_off(error) => format!("the {name} is cut off"),
        _ => format!("the {name} is damaged"),
    }
}

fn is_cut_off(error: &ImageError) -> bool {
    let own: &(dyn Error + 'static) = error;
    std::iter::successors(Some(own), |error| (*error).source()).any(|error| {
        let failed = match error.downcast_ref::<ImageError>() {
            Some(ImageError::IoError(failed)) => Some(failed),
            _ => error.downcast_ref::<io::Error>(),
        };
        failed.is_some_and(|failed| failed.kind() == io::ErrorKind::UnexpectedEof)
    })
}

/// The picture over its background, and whether any of that shows.
fn opaque(picture: DynamicImage, background: Background, steps: &mut Vec<String>) -> (RgbImage, bool) {
    if !picture.color().has_alpha() {
        return (picture.into_rgb8(), false);
    }
    let rgba = picture.into_rgba8();
    let transparent = rgba.pixels().any(|pixel| pixel.0[3] < 255);
    (over_ground(&rgba, background, steps), transparent)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;

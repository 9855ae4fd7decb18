//! JPEG files, read whole or not at all. `image` fills what is missing with grey without a word, so its decoder is called
//! directly in its strict mode, after a look at the file's markers.

use crate::orientation;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use std::borrow::Cow;
use std::ops::Range;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The most pixels that a side of a JPEG can have.
const LONGEST: usize = u16::MAX as usize;
/// Bytes that the Adobe segment has behind its marker. Shorter ones are passed over, as libjpeg does.
const ADOBE: usize = 14;

/// Decodes; `check` is asked about width and height first.
pub fn decode(
    bytes: &[u8],
    check: impl FnOnce(u32, u32) -> Result<(), String>,
) -> Result<(DynamicImage, Orientation), String> {
    let markers = Markers::of(bytes);
    if let Some(frame) = markers.frame {
        frame.check()?;
    }
    if !markers.ended {
        return Err("the JPEG is cut off".to_owned());
    }
    let damaged = |_| "the JPEG is damaged".to_owned();
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(LONGEST).set_max_height(LONGEST);
    let bytes = markers.without_short_adobe(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = (width as u32, height as u32); // at most 65,535 each
    check(width, height)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let colours = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let pixels = decoder.decode().map_err(damaged)?;
    let picture = if grey {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::from)
    };
    let orientation = orientation::of(decoder.exif().map(Vec::as_slice), decoder.xmp().map(Vec::as_slice));
    Ok((picture.ok_or_else(|| "the JPEG is damaged".to_owned())?, orientation))
}

/// How the picture's data are coded: the number of the SOF marker, and the bits of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    marker: u8,
    bits: u8,
}

impl Frame {
    /// Refuses what the decoder does not know, by its name.
    fn check(self) -> Result<(), String> {
        let what = match (self.marker, self.bits) {
            (0xc0..=0xc2, 8) => return Ok(()),
            (0xc9..=0xcb | 0xcd..=0xcf, _) => "with arithmetic coding".to_owned(),
            (0xc3, _) => "without loss".to_owned(),
            (0xc0..=0xc2, bits) => format!("of {bits} bits a value"),
            _ => "of several resolutions".to_owned(),
        };
        Err(format!("it is a JPEG {what}, which is not decoded here: save it as PNG or as an ordinary JPEG"))
    }
}

/// What is known of a JPEG without decoding it.
#[derive(Debug, Default)]
struct Markers {
    frame: Option<Frame>,
    /// An Adobe segment that is too short, marker and all.
    short_adobe: Option<Range<usize>>,
    /// Whether the picture's end is there. What follows it (a video, a second picture) is not looked at, and neither is
    /// the end of a thumbnail within a segment.
    ended: bool,
}

impl Markers {
    fn of(bytes: &[u8]) -> Markers {
        let mut found = Markers::default();
        let mut at = 2;
        while let Some(&byte) = bytes.get(at) {
            let marker = bytes.get(at + 1).copied();
            let segment = marker.filter(|_| byte == 0xff);
            at = match segment {
                Some(0xd9) => {
                    found.ended = true;
                    return found;
                }
                // Stray and filling bytes, data of a scan, and markers without a length.
                None | Some(0x00 | 0xff) => at + 1,
                Some(0x01 | 0xd0..=0xd8) => at + 2,
                Some(marker) => {
                    let Some(length) = bytes.get(at + 2..at + 4) else { return found };
                    let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                    let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
                    if let Some(&bits) = bytes.get(at + 4).filter(|_| is_frame) {
                        found.frame.get_or_insert(Frame { marker, bits });
                    }
                    if marker == 0xee && end - at - 2 < ADOBE {
                        found.short_adobe = Some(at..end);
                    }
                    end
                }
            };
        }
        found
    }

    fn without_short_adobe<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.short_adobe {
            Some(range) if range.end <= bytes.len() => {
                Cow::Owned([&bytes[..range.start], &bytes[range.end..]].concat())
            }
            _ => Cow::Borrowed(bytes),
        }
    }
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
        decode(bytes, |_, _| Ok(())).map(|(picture, _)| picture)
    }

    #[test]
    fn a_jpeg_is_read_whole_or_not_at_all() {
        let jpeg = photo();
        for cut in (2..jpeg.len()).step_by(7).chain([jpeg.len() - 2, jpeg.len() - 1]) {
            assert_eq!(read(&jpeg[..cut]).unwrap_err(), "the JPEG is cut off", "{cut} of {} bytes", jpeg.len());
        }
        let whole = read(&jpeg).unwrap();
        assert_eq!((whole.width(), whole.height()), (64, 48));
        // Half of the data, with an end behind it.
        let mut half = jpeg[..jpeg.len() / 2].to_vec();
        half.extend([0xff, 0xd9]);
        assert_eq!(read(&half).unwrap_err(), "the JPEG is damaged");
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
        check(0xc3, 8, "without loss");
        check(0xc5, 8, "several resolutions");
        check(0xc1, 12, "12 bits a value");
    }
}

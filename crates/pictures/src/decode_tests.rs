//! Pictures of all kinds, whole and broken, and what Pillow makes of the same files.

use super::*;
use crate::kind::Kind;
use image::codecs::gif::GifEncoder;
use image::{Frame, ImageFormat, RgbaImage};
use std::path::PathBuf;

const FORMATS: [(Format, ImageFormat); 6] = [
    (Format::Png, ImageFormat::Png),
    (Format::Jpeg, ImageFormat::Jpeg),
    (Format::Gif, ImageFormat::Gif),
    (Format::WebP, ImageFormat::WebP),
    (Format::Bmp, ImageFormat::Bmp),
    (Format::Tiff, ImageFormat::Tiff),
];

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn refuse(bytes: &[u8], format: Format, message: &str) {
    let problem = decode(bytes, format, Background::Telling).err().unwrap();
    assert!(problem.contains(message), "{problem}");
    assert_eq!(problem.lines().count(), 1, "{problem}");
}

/// Two colours of many pixels each, so that no format's losses matter.
fn halves() -> RgbImage {
    RgbImage::from_fn(48, 32, |x, _| image::Rgb(if x < 24 { [200, 40, 40] } else { [40, 40, 200] }))
}

#[test]
fn every_format_is_read_or_called_broken() {
    for (format, written) in FORMATS {
        let bytes = encoded(halves(), written);
        assert_eq!(Kind::of(&bytes), Kind::Decoded(format));
        let Decoded { pixels, steps, .. } =
            decode(&bytes, format, Background::Telling).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        assert_eq!(pixels.dimensions(), (48, 32));
        assert!(steps.is_empty(), "{steps:?}");
        for (x, expected) in [(5, [200i32, 40, 40]), (40, [40, 40, 200])] {
            let found = pixels.get_pixel(x, 16).0.map(i32::from);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 6), "{format:?}: {found:?}");
        }
        let name = format.name();
        for cut in [bytes.len() / 2, bytes.len() * 9 / 10] {
            refuse(&bytes[..cut], format, name);
        }
    }
}

#[test]
fn damage_is_told_in_our_own_words() {
    let png = encoded(halves(), ImageFormat::Png);
    refuse(&png[..png.len() / 2], Format::Png, "the PNG is cut off");
    let mut damaged = png.clone();
    damaged[png.len() / 2] ^= 0xff;
    refuse(&damaged, Format::Png, "the PNG is damaged");
    refuse(b"BMnonsense", Format::Bmp, "the BMP is");
    // A TIFF with one entry, a compression that nobody knows.
    let mut tiff = encoded(halves(), ImageFormat::Tiff);
    let entry = tiff.windows(4).position(|bytes| bytes == [0x03, 0x01, 0x03, 0x00]).unwrap();
    tiff[entry + 8..entry + 10].copy_from_slice(&60_000u16.to_le_bytes());
    refuse(&tiff, Format::Tiff, "not decoded here: save it as PNG");
}

#[test]
fn the_size_is_looked_at_before_anything_is_decoded() {
    let png = encoded(DynamicImage::new_luma8(40, 30), ImageFormat::Png);
    // Width and height lie at bytes 16 to 23, and the CRC of their chunk after it.
    let sized = |width: u32, height: u32, crc: u32| {
        let mut png = png.clone();
        for (at, number) in [(16, width), (20, height), (29, crc)] {
            png[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        png
    };
    refuse(&sized(0, 30, 0x273c_4025), Format::Png, "the PNG is damaged");
    refuse(&sized(60_000, 60_000, 0xa5b9_2a9e), Format::Png, "60000 x 60000 pixels, more than 64 million");
    let mut bmp = encoded(halves(), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    refuse(&bmp, Format::Bmp, "more than 64 million");
    let mut jpeg = encoded(halves(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    refuse(&jpeg, Format::Jpeg, "65535 x 65535 pixels, more than 64 million");
    let mut gif = encoded(halves(), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    refuse(&gif, Format::Gif, "more than 64 million");
}

#[test]
fn what_is_transparent_lies_over_white() {
    let pixel = |alpha| image::Rgba([10, 20, 30, alpha]);
    let picture = RgbaImage::from_fn(2, 1, |x, _| pixel(if x == 0 { 0 } else { 255 }));
    for (format, written) in [(Format::Png, ImageFormat::Png), (Format::WebP, ImageFormat::WebP)] {
        let read = decode(&encoded(picture.clone(), written), format, Background::Telling).unwrap();
        assert_eq!(read.pixels.as_raw(), &[255, 255, 255, 10, 20, 30]);
        assert_eq!(read.steps, ["laid over white where it is transparent"]);
    }
    let opaque = RgbaImage::from_pixel(2, 1, pixel(255));
    assert!(decode(&encoded(opaque, ImageFormat::Png), Format::Png, Background::Telling).unwrap().steps.is_empty());
}

#[test]
fn the_first_frame_or_page_is_named_as_such() {
    let frames = [[255, 0, 0, 255], [0, 0, 255, 255]].map(|colour| RgbaImage::from_pixel(8, 8, image::Rgba(colour)));
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    frames.clone().into_iter().for_each(|frame| encoder.encode_frame(Frame::new(frame)).unwrap());
    drop(encoder);
    let mut tiff = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
    for frame in &frames {
        encoder.write_image::<tiff::encoder::colortype::RGBA8>(8, 8, frame).unwrap();
    }
    let mut apng = Vec::new();
    let mut encoder = png::Encoder::new(&mut apng, 8, 8);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    frames.iter().for_each(|frame| writer.write_image_data(frame).unwrap());
    writer.finish().unwrap();
    let check = |bytes: &[u8], format: Format, said: &str| {
        let Decoded { pixels, steps, .. } = decode(bytes, format, Background::Telling).unwrap();
        assert_eq!(pixels.get_pixel(4, 4).0, [255, 0, 0], "{format:?}");
        assert_eq!(steps, [said]);
    };
    check(&gif, Format::Gif, "the first frame of an animation");
    check(&apng, Format::Png, "the first frame of an animation");
    check(tiff.get_ref(), Format::Tiff, "the first of several pages");
}

#[test]
fn ten_bits_in_sixteen_use_their_own_range() {
    let picture = image::ImageBuffer::from_fn(3, 1, |x, _| image::Luma([[0u16, 512, 1023][x as usize]]));
    let read = decode(&encoded(picture, ImageFormat::Png), Format::Png, Background::Telling).unwrap();
    assert_eq!(read.pixels.as_raw(), &[0, 0, 0, 128, 128, 128, 255, 255, 255]);
    assert_eq!(read.steps, ["16-bit values up to 1,023 scaled from their 10 bits"]);
}

/// Where the files of the table lie, if they are on this machine.
fn odd_pictures() -> Vec<PathBuf> {
    let Some(data) = std::env::var_os("MINIBATCH_DATA").map(PathBuf::from) else { return Vec::new() };
    let cases = data.parent().map(|shared| shared.join("cases/predict"));
    [Some(data.join("odd")), cases].into_iter().flatten().filter(|folder| folder.is_dir()).collect()
}

#[test]
fn odd_pictures_are_read_as_pillow_reads_them() {
    let folders = odd_pictures();
    if folders.is_empty() {
        eprintln!("SKIPPED: there are no odd pictures in $MINIBATCH_DATA/odd");
        return;
    }
    // arith.jpg is coded in a way that is refused by name.
    let stricter = ["arith.jpg"];
    // Zeros in the middle of its data: behind the damage there is nothing right to compare with.
    let damaged = ["zeros_middle.jpg"];
    let (mut good, mut wrong) = (0, Vec::new());
    for row in include_str!("../tests/golden/pictures.csv").lines() {
        let (name, expected) = row.split_once(',').unwrap();
        let Some(path) = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists()) else { continue };
        match (crate::file::read(&path, Background::Telling), expected) {
            (Ok(_), "refused") => wrong.push(format!("{name} was read")),
            (Err(_), "refused") => {}
            (Err(_), _) if stricter.contains(&name) => {}
            (Err(error), _) => wrong.push(format!("{error:#}")),
            (Ok(read), _) => {
                good += 1;
                let expected: Vec<f64> = expected.split(',').map(|number| number.parse().unwrap()).collect();
                let found = quarters(&read.pixels);
                // Decoders of JPEG and WebP differ by a few levels in single pixels, CMYK is no exact matter.
                let same =
                    found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 2.0);
                if !same && !damaged.contains(&name) {
                    wrong.push(format!("{name}: {found:.1?}, not {expected:.1?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(good > 30, "{good}");
}

/// Width, height, and of each quarter the mean of red, green and blue and how far they spread, as `pictures.py` has them.
fn quarters(picture: &RgbImage) -> Vec<f64> {
    let (width, height) = picture.dimensions();
    let (x, y) = (width / 2, height / 2);
    let mut found = vec![f64::from(width), f64::from(height)];
    for (left, top, columns, rows) in
        [(0, 0, x, y), (x, 0, width - x, y), (0, y, x, height - y), (x, y, width - x, height - y)]
    {
        let part = image::imageops::crop_imm(picture, left, top, columns, rows).to_image();
        let count = f64::from((columns * rows).max(1));
        let mean =
            |c: usize, power: i32| part.pixels().map(|pixel| f64::from(pixel.0[c]).powi(power)).sum::<f64>() / count;
        found.extend((0..3).map(|c| mean(c, 1)));
        found.extend((0..3).map(|c| (mean(c, 2) - mean(c, 1).powi(2)).max(0.0).sqrt()));
    }
    found
}

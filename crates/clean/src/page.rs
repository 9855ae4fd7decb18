//! The page on which suspects are judged: one offline file, pictures inside.

use crate::error::Error;
use crate::table::Row;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use std::io::Cursor;
use viz::page::May;

/// Bytes of pictures on a page at most; all suspects stand in the table.
const MOST_BYTES: usize = 4_000_000;
const QUALITY: u8 = 85;
/// Pictures up to this side are kept without loss and enlarged by whole pixels.
const SMALL: usize = 64;

/// A picture as a network takes it: channels (1 or 3), height and width, and bytes in the order channel, row, column.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// The pixels.
    pub pixels: &'a [u8],
}

/// What a page says beside its pictures.
#[derive(Debug, Clone)]
pub struct Page {
    /// The set that was looked at.
    pub name: String,
    /// Pictures that were looked at.
    pub pictures: usize,
    /// How the suspects were found, a sentence.
    pub how: String,
    /// What to do with them, a line each.
    pub next: Vec<String>,
}

#[derive(Template)]
#[template(path = "suspects.html")]
struct Html<'a> {
    page: &'a Page,
    suspects: usize,
    cards: Vec<Card<'a>>,
    pixelated: bool,
}

struct Card<'a> {
    row: &'a Row,
    uri: String,
}

impl Page {
    /// The page of `rows`, the first of them shown until the pictures take 4 MB; `picture` gives that of a row by its place.
    ///
    /// # Errors
    /// [`Error::Page`] where a picture cannot be encoded.
    pub fn html<'a>(&self, rows: &[Row], picture: impl Fn(usize) -> Shown<'a>) -> Result<String, Error> {
        let (mut cards, mut bytes, mut pixelated) = (Vec::new(), 0, false);
        for (place, row) in rows.iter().enumerate() {
            let shown = picture(place);
            pixelated = is_small(shown);
            let uri = uri(shown)?;
            bytes += uri.len();
            if bytes > MOST_BYTES {
                break;
            }
            cards.push(Card { row, uri });
        }
        let html = Html { page: self, suspects: rows.len(), cards, pixelated };
        html.render().map_err(|error| Error::Page(error.to_string()))
    }
}

impl Html<'_> {
    fn head(&self) -> String {
        viz::page::head(&format!("Doubtful labels: {}", self.page.name), &[May::ShowPictures])
    }

    fn percent(&self, share: &f64) -> String {
        format!("{:.0} %", 100.0 * share)
    }
}

fn is_small(picture: Shown<'_>) -> bool {
    picture.shape[1].max(picture.shape[2]) <= SMALL
}

fn uri(picture: Shown<'_>) -> Result<String, Error> {
    let [channels, height, width] = picture.shape;
    let area = height * width;
    let wrong = || Error::Page(format!("{} bytes are no picture of {:?}", picture.pixels.len(), picture.shape));
    let (columns, rows) = (u32::try_from(width).map_err(|_| wrong())?, u32::try_from(height).map_err(|_| wrong())?);
    let drawn = match channels {
        1 => GrayImage::from_raw(columns, rows, picture.pixels.to_vec()).map(DynamicImage::from),
        3 if picture.pixels.len() == 3 * area => {
            let pixels =
                (0..area).flat_map(|at| (0..3).map(move |channel| picture.pixels[channel * area + at])).collect();
            RgbImage::from_raw(columns, rows, pixels).map(DynamicImage::from)
        }
        _ => None,
    };
    let drawn = drawn.ok_or_else(wrong)?;
    let mut bytes = Cursor::new(Vec::new());
    let (written, kind) = if is_small(picture) {
        (drawn.write_to(&mut bytes, ImageFormat::Png), "png")
    } else {
        (drawn.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)), "jpeg")
    };
    written.map_err(|error| Error::Page(error.to_string()))?;
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes.into_inner())))
}

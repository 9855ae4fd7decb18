//! Signs that a picture is damaged although a decoder found nothing wrong: what no decoder can know, because any bits are
//! some picture.

use image::DynamicImage;

/// Zero bytes in a row that no picture's coded data hold, unless its tables make a flat area of zeros.
const LONGEST_ZEROS: usize = 32;
/// What a decoder puts where data are missing.
const MISSING: u8 = 128;

/// Whether the lower half or more is the grey that stands for missing data: it was cut off before somebody saved it again.
pub fn grey_below(picture: &DynamicImage) -> Option<String> {
    let rgb = match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.as_raw().chunks_exact(3 * rgb.width().max(1) as usize),
        DynamicImage::ImageLuma8(grey) => grey.as_raw().chunks_exact(grey.width().max(1) as usize),
        _ => return None,
    };
    let height = rgb.len();
    let grey = rgb.rev().take_while(|row| row.iter().all(|&value| value.abs_diff(MISSING) <= 1)).count();
    let percent = grey * 100 / height.max(1);
    (percent >= 50 && grey < height).then(|| format!("the lower {percent} % are one grey, as where data are missing"))
}

/// What in the data of a JPEG cannot come from an encoder: long runs of zeros, restart marks out of their order.
pub fn in_jpeg(bytes: &[u8]) -> Option<String> {
    // Which tables (their class above their number) make flat areas of zeros.
    let mut flat = [true; 256];
    for segment in Segments::new(bytes) {
        match segment {
            Segment::Tables(tables) => note_flat(tables, &mut flat),
            // Later scans of a progressive picture hold plain bits, which may be zeros.
            Segment::Frame(kind) if kind > 1 => return None,
            Segment::Scan(header, data) => {
                if !zeros_are_flat(header, &flat) && longest_zeros(data) >= LONGEST_ZEROS {
                    return Some("a part of its data is zeros: what lies below is wrong".to_owned());
                }
                if !restarts_in_order(data) {
                    return Some("a part of its data is missing: what lies below is shifted".to_owned());
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a video stands behind the picture, as phones save a moving one.
pub fn video_behind(bytes: &[u8]) -> bool {
    let mut segments = Segments::new(bytes);
    let ended = segments.by_ref().any(|segment| matches!(segment, Segment::End));
    let rest = &bytes[segments.at.min(bytes.len())..];
    ended && rest.windows(4).any(|four| four == b"ftyp")
}

enum Segment<'a> {
    /// One or more Huffman tables.
    Tables(&'a [u8]),
    /// The header of the picture: 0 and 1 are sequential.
    Frame(u8),
    /// A scan's header, and its coded data with stuffed bytes and restart marks.
    Scan(&'a [u8], &'a [u8]),
    End,
    Other,
}

/// The parts of a JPEG, as far as they can be followed.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Segments<'a> {
        Segments { bytes, at: 2 }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let marker = match rest {
            // Fill bytes may stand before a marker.
            [0xff, 0xff, ..] => {
                self.at += 1;
                return Some(Segment::Other);
            }
            [0xff, marker, ..] => *marker,
            _ => return None,
        };
        if marker == 0xd9 {
            self.at += 2;
            return Some(Segment::End);
        }
        let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
        let content = rest.get(4..2 + length)?;
        self.at += 2 + length;
        Some(match marker {
            0xc4 => Segment::Tables(content),
            0xc0..=0xcf if !matches!(marker, 0xc8 | 0xcc) => Segment::Frame(marker - 0xc0),
            0xda => {
                let data = self.bytes.get(self.at..)?;
                let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
                let length = data.windows(2).position(ends).unwrap_or(data.len());
                self.at += length;
                Segment::Scan(content, &data[..length])
            }
            _ => Segment::Other,
        })
    }
}

/// Of each table, whether its first symbol, whose code is zeros alone, means "no difference" or "nothing more in this block".
fn note_flat(mut tables: &[u8], flat: &mut [bool; 256]) {
    while let [name, rest @ ..] = tables {
        let Some((counts, symbols)) = rest.split_at_checked(16) else { return };
        flat[usize::from(*name)] = symbols.first() == Some(&0);
        let count: usize = counts.iter().map(|&count| usize::from(count)).sum();
        tables = symbols.get(count..).unwrap_or_default();
    }
}

/// Whether zero bits are a flat area for every component of a scan.
fn zeros_are_flat(header: &[u8], flat: &[bool; 256]) -> bool {
    let components = usize::from(header.first().copied().unwrap_or(0));
    let tables = header.iter().skip(1).take(2 * components).skip(1).step_by(2);
    tables.into_iter().all(|table| flat[usize::from(table >> 4)] && flat[usize::from(0x10 | table & 0xf)])
}

fn longest_zeros(data: &[u8]) -> usize {
    data.split(|&byte| byte != 0).map(<[u8]>::len).max().unwrap_or(0)
}

/// Restart marks count from 0 to 7 and begin again.
fn restarts_in_order(data: &[u8]) -> bool {
    let marks = data.windows(2).filter(|pair| pair[0] == 0xff && matches!(pair[1], 0xd0..=0xd7));
    marks.map(|pair| pair[1] & 7).zip((0..8).cycle()).all(|(mark, expected)| mark == expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, RgbImage};

    fn jpeg(picture: RgbImage) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn zeros_within_the_data_are_noticed() {
        let whole = jpeg(RgbImage::from_fn(200, 100, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])));
        assert_eq!(in_jpeg(&whole), None);
        let mut damaged = whole.clone();
        let middle = whole.len() / 2;
        damaged[middle..middle + 64].fill(0);
        assert!(in_jpeg(&damaged).unwrap().contains("zeros"));
        // Zeros in what an application adds are its own affair, and a flat picture is no damage.
        let note = [&whole[..2], &[0xff, 0xe5, 1, 0], &[0; 254], &whole[2..]].concat();
        assert_eq!(in_jpeg(&note), None);
        assert_eq!(in_jpeg(&jpeg(RgbImage::from_pixel(200, 100, image::Rgb([255; 3])))), None);
    }

    #[test]
    fn restart_marks_are_counted() {
        assert!(restarts_in_order(&[1, 0xff, 0xd0, 2, 0xff, 0xd1, 3, 0xff, 0]));
        assert!(!restarts_in_order(&[1, 0xff, 0xd0, 2, 0xff, 0xd2, 3]));
        let all: Vec<u8> = (0..20).flat_map(|n| [7, 0xff, 0xd0 + n % 8]).collect();
        assert!(restarts_in_order(&all));
    }

    #[test]
    fn a_grey_lower_half_is_noticed() {
        let grey_from = |row| {
            let picture = GrayImage::from_fn(10, 100, |x, y| Luma([if y < row { (x * 20) as u8 } else { 128 }]));
            grey_below(&DynamicImage::ImageLuma8(picture))
        };
        assert_eq!(grey_from(40).unwrap(), "the lower 60 % are one grey, as where data are missing");
        assert_eq!(grey_from(60), None);
        // All of one grey is a picture of one grey.
        assert_eq!(grey_from(0), None);
    }

    #[test]
    fn a_video_behind_a_picture_is_found() {
        let still = jpeg(RgbImage::new(8, 8));
        assert!(!video_behind(&still));
        assert!(video_behind(&[&still[..], b"\0\0\0\x18ftypmp42"].concat()));
        assert!(!video_behind(&[&still[..], b"other"].concat()));
    }
}

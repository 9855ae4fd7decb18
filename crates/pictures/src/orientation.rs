//! Which way up a picture is, wherever its file says so. `image` reads the plain EXIF block of a JPEG alone; WebP files put
//! a few letters before theirs, and PNG files may carry it as text (ImageMagick) or in XMP (Adobe).

use image::metadata::Orientation;

/// What EXIF says; without it, what XMP says.
pub fn of(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    let exif = exif.map(|chunk| chunk.strip_prefix(b"Exif\0\0").unwrap_or(chunk));
    exif.and_then(Orientation::from_exif_chunk).or_else(|| from_xmp(xmp?)).unwrap_or(Orientation::NoTransforms)
}

/// `tiff:Orientation="6"` or `<tiff:Orientation>6</tiff:Orientation>`.
fn from_xmp(xmp: &[u8]) -> Option<Orientation> {
    let text = String::from_utf8_lossy(xmp);
    let (_, value) = text.split_once("tiff:Orientation")?;
    let digit = value.trim_start_matches(['=', '>', '"', '\'', ' ']).chars().next()?.to_digit(10)?;
    Orientation::from_exif(u8::try_from(digit).ok()?)
}

/// The EXIF block that ImageMagick writes into a text chunk of a PNG: a name, a length, and hexadecimal digits.
pub fn exif_in_png_text(png: &[u8]) -> Option<Vec<u8>> {
    let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().ok()?;
    let info = reader.info();
    let is_exif = |keyword: &str| matches!(keyword, "Raw profile type exif" | "Raw profile type APP1");
    let plain = info.uncompressed_latin1_text.iter().find(|chunk| is_exif(&chunk.keyword));
    let packed = || info.compressed_latin1_text.iter().find(|chunk| is_exif(&chunk.keyword))?.get_text().ok();
    let text = plain.map(|chunk| chunk.text.clone()).or_else(packed)?;
    let digits: Vec<u8> = text.split_ascii_whitespace().skip(2).flat_map(str::bytes).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF header and one directory with one entry: tag 0x112, a short.
    fn exif(value: u8) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        block.extend([value, 0, 0, 0, 0, 0, 0, 0]);
        block
    }

    #[test]
    fn exif_comes_first_and_xmp_second() {
        let check =
            |exif: Option<&[u8]>, xmp: Option<&[u8]>, expected: Orientation| assert_eq!(of(exif, xmp), expected);
        check(Some(&exif(6)), None, Orientation::Rotate90);
        check(Some(&[b"Exif\0\0", &exif(8)[..]].concat()), None, Orientation::Rotate270);
        check(Some(&exif(3)), Some(b"tiff:Orientation=\"6\""), Orientation::Rotate180);
        check(None, Some(b"<rdf tiff:Orientation='5'/>"), Orientation::Rotate90FlipH);
        check(Some(b"nonsense"), Some(b"<tiff:Orientation>3</tiff:Orientation>"), Orientation::Rotate180);
        check(None, Some(b"tiff:Orientation=\"9\""), Orientation::NoTransforms);
        check(None, None, Orientation::NoTransforms);
    }

    #[test]
    fn exif_in_a_png_is_found_as_text() {
        for packed in [false, true] {
            let hex: String = [b"Exif\0\0", &exif(6)[..]].concat().iter().map(|byte| format!("{byte:02x}")).collect();
            let text = format!("\nexif\n      32\n{}\n{}\n", &hex[..20], &hex[20..]);
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
            if packed {
                encoder.add_ztxt_chunk("Raw profile type exif".to_owned(), text).unwrap();
            } else {
                encoder.add_text_chunk("Raw profile type exif".to_owned(), text).unwrap();
            }
            encoder.write_header().unwrap().write_image_data(&[0]).unwrap();
            assert_eq!(of(exif_in_png_text(&bytes).as_deref(), None), Orientation::Rotate90, "packed: {packed}");
        }
    }
}

//! What a file is, by its first bytes: never by its name, which anybody may have chosen.

use image::ImageFormat;
use infer::MatcherType;
use serde::{Deserialize, Serialize};

/// So many bytes tell what a file is.
pub const HEAD: usize = 4096;

/// Pictures that are decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Portable Network Graphics, animated ones (APNG) included.
    Png,
    /// JFIF and EXIF files, baseline and progressive.
    Jpeg,
    /// Graphics Interchange Format.
    Gif,
    /// WebP, with or without loss.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
}

impl Format {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::Gif => "GIF",
            Format::WebP => "WebP",
            Format::Bmp => "BMP",
            Format::Tiff => "TIFF",
        }
    }

    fn of(format: ImageFormat) -> Option<Format> {
        match format {
            ImageFormat::Png => Some(Format::Png),
            ImageFormat::Jpeg => Some(Format::Jpeg),
            ImageFormat::Gif => Some(Format::Gif),
            ImageFormat::WebP => Some(Format::WebP),
            ImageFormat::Bmp => Some(Format::Bmp),
            ImageFormat::Tiff => Some(Format::Tiff),
            _ => None,
        }
    }
}

/// What a file's first bytes say that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There are none.
    Empty,
    /// A picture that is decoded here.
    Decoded(Format),
    /// A picture of a kind that is not, such as "HEIC".
    Picture(String),
    /// Something that pictures can be made from, such as "a PDF document".
    Pages(&'static str),
    /// No picture, such as "a video (mp4)".
    Other(String),
    /// Nothing that is known here.
    Unknown,
}

impl Kind {
    /// Looks at the first [`HEAD`] bytes, or at all of a shorter file.
    pub fn of(head: &[u8]) -> Kind {
        if head.is_empty() {
            return Kind::Empty;
        }
        if let Some(name) = container(head).or_else(|| raw(head)) {
            return Kind::Picture(name.to_owned());
        }
        let guessed = image::guess_format(head).ok();
        if let Some(format) = guessed.and_then(Format::of) {
            return Kind::Decoded(format);
        }
        if let Some(kind) = document(head) {
            return kind;
        }
        let extension = |format: ImageFormat| format.extensions_str().first().map(|name| name.to_uppercase());
        match (infer::get(head), guessed.and_then(extension)) {
            (Some(known), _) => inferred(known.matcher_type(), known.extension()),
            (None, Some(name)) => Kind::Picture(name),
            (None, None) => text(head).unwrap_or(Kind::Unknown),
        }
    }

    /// Why a file of this kind is no picture for us and how to mend it; `None` where it is decoded.
    pub fn problem(&self) -> Option<String> {
        match self {
            Kind::Decoded(_) => None,
            Kind::Empty => Some("it is empty (0 bytes)".to_owned()),
            Kind::Picture(name) => Some(format!(
                "it is a picture of the kind {name}, which is not decoded here: convert it to PNG or JPEG first, for instance with `magick IN OUT.png`"
            )),
            Kind::Pages(what) => Some(format!("it is {what}: export it as PNG first")),
            Kind::Other(what) => Some(format!("it is {what}, no picture")),
            Kind::Unknown => Some("its first bytes are those of no picture".to_owned()),
        }
    }

    /// Whether it is a picture of any kind.
    pub fn is_picture(&self) -> bool {
        matches!(self, Kind::Decoded(_) | Kind::Picture(_))
    }
}

/// Pictures in the containers of ISO 14496-12: bytes 4 to 7 are `ftyp`, then the brand, a version and compatible brands.
fn container(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    let length = u32::from_be_bytes(*head.first_chunk()?) as usize;
    let brands = || head.get(8..length.min(head.len())).unwrap_or_default().chunks_exact(4);
    let has = |wanted: &[&[u8]]| brands().any(|brand| wanted.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Some("AVIF")
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Some("HEIC")
    } else if has(&[b"crx "]) {
        Some("Canon raw (CR3)")
    } else {
        None
    }
}

/// Raw pictures of cameras that begin as a TIFF does, and hold a small preview where a TIFF has its picture.
fn raw(head: &[u8]) -> Option<&'static str> {
    infer::image::is_cr2(head).then_some("Canon raw (CR2)")
}

fn document(head: &[u8]) -> Option<Kind> {
    let first = &head[..head.len().min(1024)];
    if first.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Some(Kind::Pages("a PDF document"));
    }
    if head.starts_with(b"version https://git-lfs") {
        return Some(Kind::Other("a pointer of Git LFS (`git lfs pull` fetches the file itself)".to_owned()));
    }
    let text = str_of(head)?.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let markup = text.starts_with('<');
    match () {
        () if markup && text.contains("<svg") => Some(Kind::Pages("an SVG drawing")),
        () if markup && (text.contains("<html") || text.contains("<!doctype html")) => {
            Some(Kind::Other("an HTML page".to_owned()))
        }
        () if text.starts_with("<?xml") => Some(Kind::Other("an XML document".to_owned())),
        () => None,
    }
}

fn inferred(kind: MatcherType, extension: &str) -> Kind {
    let article = |what: &str| Kind::Other(format!("{what} ({extension})"));
    match kind {
        MatcherType::Image => Kind::Picture(match extension {
            "jp2" => "JPEG 2000".to_owned(),
            "jxl" => "JPEG XL".to_owned(),
            "jxr" => "JPEG XR".to_owned(),
            "psd" => "Photoshop (PSD)".to_owned(),
            other => other.to_uppercase(),
        }),
        MatcherType::Video => article("a video"),
        MatcherType::Audio => article("a sound"),
        MatcherType::Archive => article("an archive"),
        MatcherType::App => article("a program"),
        MatcherType::Font => article("a font"),
        MatcherType::Text => article("text"),
        MatcherType::Doc | MatcherType::Book => article("a document"),
        MatcherType::Custom => Kind::Unknown,
    }
}

fn text(head: &[u8]) -> Option<Kind> {
    let plain = |c: char| !c.is_control() || c.is_ascii_whitespace();
    str_of(head)?.chars().all(plain).then(|| Kind::Other("text".to_owned()))
}

/// The first bytes as text; they may end within a character.
fn str_of(head: &[u8]) -> Option<&str> {
    match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(cut) if cut.error_len().is_none() => std::str::from_utf8(&head[..cut.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        let check = |head: &[u8], said: &str| {
            let problem = Kind::of(head).problem().unwrap_or_default();
            assert!(problem.contains(said), "{head:?}: {problem}");
        };
        check(b"", "it is empty");
        check(b"hello", "it is text");
        check("gr\u{fc}n".as_bytes().split_last().unwrap().1, "it is text");
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC");
        check(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC");
        check(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF");
        check(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3");
        check(b"\0\0\0\x18ftypisom\0\0\x02\0isommp42", "a video (mp4)");
        check(b"\xff\x0a\xfa\x7f\0\0\0\0\0\0\0\0", "JPEG XL");
        check(b"8BPS\0\x01\0\0\0\0\0\0\0\x03", "PSD");
        check(b"II*\0\x10\0\0\0CR\x02\0", "CR2");
        check(b"P5\n28 28\n255\n....", "PBM");
        check(b"qoif\0\0\0\x1c\0\0\0\x1c\x03\0", "QOI");
        check(b"\xef\xbb\xbf<?xml version='1.0'?><SVG xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing");
        check(b"<!doctype html><title>404</title>", "an HTML page");
        check(b"\r\n%PDF-1.7", "a PDF document");
        check(b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull");
        check(b"PK\x03\x04\x14\0\0\0", "an archive (zip)");
        check(b"\x1f\x8b\x08\0\0\0\0\0", "an archive (gz)");
        check(&[0; 64], "those of no picture");
        assert_eq!(Kind::of(b"\x89PNG\r\n\x1a\n....").problem(), None);
        assert_eq!(Kind::of(b"\xff\xd8\xff\xe0...."), Kind::Decoded(Format::Jpeg));
        assert_eq!(Kind::of(b"GIF89a....."), Kind::Decoded(Format::Gif));
        assert_eq!(Kind::of(b"RIFF....WEBPVP8 "), Kind::Decoded(Format::WebP));
        assert_eq!(Kind::of(b"MM\0*\0\0\0\x08"), Kind::Decoded(Format::Tiff));
    }
}

//! Whatever bytes a file holds, reading it ends in a picture or in one line, within bounds.

use crate::messy::{encoded, scene};
use image::ImageFormat;
use pictures::{Background, Format, Kind, decode};
use proptest::prelude::*;

const FORMATS: [(Format, ImageFormat); 6] = [
    (Format::Png, ImageFormat::Png),
    (Format::Jpeg, ImageFormat::Jpeg),
    (Format::Gif, ImageFormat::Gif),
    (Format::WebP, ImageFormat::WebP),
    (Format::Bmp, ImageFormat::Bmp),
    (Format::Tiff, ImageFormat::Tiff),
];

fn harmless(bytes: &[u8], format: Format) {
    match decode(bytes, format, Background::Telling) {
        Ok(read) => assert!(u64::from(read.pixels.width()) * u64::from(read.pixels.height()) <= 64_000_000),
        Err(problem) => assert!(problem.lines().count() == 1 && problem.len() < 300, "{problem}"),
    }
}

proptest! {
    // More with PROPTEST_CASES.
    #[test]
    fn changed_files_are_read_or_refused(
        which in 0..FORMATS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (format, written) = FORMATS[which];
        let mut bytes = encoded(scene(3), written);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        harmless(&bytes, format);
    }

    #[test]
    fn any_bytes_have_a_kind(which in 0..FORMATS.len(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let kind = Kind::of(&bytes);
        prop_assert_eq!(kind.problem().is_none(), matches!(kind, Kind::Decoded(_)));
        let (format, written) = FORMATS[which];
        let head = &encoded(scene(3), written)[..40];
        harmless(&bytes, format);
        harmless(&[head, &bytes].concat(), format);
    }
}

//! Pictures that are nearly the same: saved again, made smaller, a little brighter. A 64-bit hash finds candidates, and a
//! small copy of each decides.

use image::RgbImage;
use image::imageops::{self, FilterType};

/// Bits in which the hashes of near copies may differ, of 64.
pub const NEAR_BITS: u32 = 4;
/// The least correlation of near copies' small pictures.
const NEAR_CORRELATION: f64 = 0.985;
/// Rows and columns of the small copy.
const SIDE: u32 = 16;
/// Hashes are cut into so many pieces: two that differ in [`NEAR_BITS`] bits have at least one piece in common.
const PIECES: u32 = NEAR_BITS + 1;
/// A picture whose values spread less is nearly of one colour, and no other's copy.
const FLAT: f64 = 4.0;

/// What near copies have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// A bit for each of 8 x 8 places: whether it is lighter than the one to its right.
    pub hash: u64,
    /// Red, green and blue of 16 x 16 places, less their mean, over their spread; empty for a flat picture.
    small: Vec<f32>,
}

impl Likeness {
    /// Of a picture of any size.
    pub fn of(picture: &RgbImage) -> Likeness {
        let small = shrunk(picture);
        let rows = imageops::resize(&small, 9, 8, FilterType::Triangle);
        let light = |x: u32, y: u32| {
            let [r, g, b] = rows.get_pixel(x, y).0.map(u32::from);
            299 * r + 587 * g + 114 * b
        };
        let places = (0..8).flat_map(|y| (0..8).map(move |x| (x, y)));
        let hash = places.fold(0, |hash, (x, y)| hash << 1 | u64::from(light(x, y) > light(x + 1, y)));
        Likeness { hash, small: standard(small.as_raw()) }
    }

    /// Whether one is a near copy of the other.
    pub fn is_near(&self, other: &Likeness) -> bool {
        (self.hash ^ other.hash).count_ones() <= NEAR_BITS
            && !self.small.is_empty()
            && self.small.len() == other.small.len()
            && correlation(&self.small, &other.small) >= NEAR_CORRELATION
    }
}

/// Calls `found` with the indices of every two of the pictures that are near copies.
pub fn near(all: &[(usize, &Likeness)], mut found: impl FnMut(usize, usize)) {
    let width = u64::BITS.div_ceil(PIECES);
    for piece in 0..PIECES {
        let key = |likeness: &Likeness| (likeness.hash >> (piece * width)) & ((1 << width) - 1);
        let mut sorted: Vec<&(usize, &Likeness)> = all.iter().filter(|(_, it)| !it.small.is_empty()).collect();
        sorted.sort_by_key(|(index, likeness)| (key(likeness), *index));
        for same in sorted.chunk_by(|(_, a), (_, b)| key(a) == key(b)) {
            for (i, (first, a)) in same.iter().enumerate() {
                same[i + 1..].iter().filter(|(_, b)| a.is_near(b)).for_each(|(second, _)| found(*first, *second));
            }
        }
    }
}

/// Large pictures are thinned out first, for speed.
fn shrunk(picture: &RgbImage) -> RgbImage {
    if picture.width() > 8 * SIDE && picture.height() > 8 * SIDE {
        let rough = imageops::thumbnail(picture, 4 * SIDE, 4 * SIDE);
        return imageops::resize(&rough, SIDE, SIDE, FilterType::Triangle);
    }
    imageops::resize(picture, SIDE, SIDE, FilterType::Triangle)
}

fn standard(values: &[u8]) -> Vec<f32> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let spread = (values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count).sqrt();
    if spread < FLAT {
        return Vec::new();
    }
    values.iter().map(|&value| ((f64::from(value) - mean) / spread) as f32).collect()
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let sum: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    f64::from(sum) / a.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn scene(seed: u32) -> RgbImage {
        RgbImage::from_fn(200, 160, |x, y| {
            let wave = |k: u32| ((f64::from(x * k + y * seed) / 40.0).sin() * 60.0 + 128.0) as u8;
            Rgb([wave(1), wave(seed), wave(2 + seed)])
        })
    }

    fn jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
        picture.write_with_encoder(encoder).unwrap();
        image::load_from_memory(&bytes).unwrap().into_rgb8()
    }

    #[test]
    fn copies_that_were_saved_again_or_shrunk_are_near() {
        let one = scene(3);
        let likeness = Likeness::of(&one);
        assert!(likeness.is_near(&Likeness::of(&jpeg(&one, 60))));
        assert!(likeness.is_near(&Likeness::of(&imageops::resize(&one, 90, 72, FilterType::Lanczos3))));
        assert!(likeness.is_near(&Likeness::of(&imageops::brighten(&one, 12))));
        assert!(!likeness.is_near(&Likeness::of(&scene(5))));
        assert!(!likeness.is_near(&Likeness::of(&imageops::flip_horizontal(&one))));
    }

    #[test]
    fn pictures_of_one_colour_are_no_copies() {
        let flat = |level: u8| Likeness::of(&RgbImage::from_pixel(40, 40, Rgb([level; 3])));
        assert!(!flat(255).is_near(&flat(255)) && !flat(0).is_near(&flat(1)));
    }

    #[test]
    fn pairs_are_found_among_many() {
        let mut all: Vec<Likeness> = (1..40).map(|seed| Likeness::of(&scene(seed))).collect();
        all.push(Likeness::of(&jpeg(&scene(7), 70)));
        let indexed: Vec<(usize, &Likeness)> = all.iter().enumerate().collect();
        let mut pairs = std::collections::BTreeSet::new();
        near(&indexed, |a, b| _ = pairs.insert((a, b)));
        // Every pair that a comparison of all with all finds, and the copy among them.
        let every = (0..all.len()).flat_map(|a| (a + 1..all.len()).map(move |b| (a, b)));
        let expected: std::collections::BTreeSet<_> = every.filter(|&(a, b)| all[a].is_near(&all[b])).collect();
        assert_eq!(pairs, expected);
        assert!(pairs.contains(&(6, 39)));
    }
}

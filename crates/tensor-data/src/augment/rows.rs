//! The draws: a row of numbers for each picture, from seed, epoch and the picture's place alone.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};

use super::affine::Map;
use super::boxes::{self, Area};
use super::policy::{NUMBERS, Space};
use super::{Affine, ColourJitter, Operation, Shift};
use crate::random::{Purpose, nth_generator};

/// 32-bit words of the generator's stream from one picture's draw to the next one's; more than a draw takes.
const WORDS: u128 = 256;

/// What the draws of an operation depend on besides the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the epoch, from 0.
    pub epoch: u64,
    /// Place of the operation in its list, from 0: operations of one kind draw differently.
    pub position: usize,
    /// Channels, height and width of the pictures.
    pub shape: [i64; 3],
}

/// A row of numbers for each of some pictures.
///
/// | operation | numbers of a row |
/// | --- | --- |
/// | `flip` | 1 to be mirrored, else 0 |
/// | `shift` | where the window begins, in pixels from the corner of the padded picture |
/// | `resized-crop`, `erase`, `cutout` | first row and column of the rectangle, and those behind its last; all 0 for none |
/// | `rotate`, `affine` | a, b, c, d, e, f: pixel (x, y) from the centre shows what was at (ax + by + c, dx + ey + f) |
/// | `colour-jitter` | factors of brightness, contrast and saturation, and the turn of the hue |
/// | `rand-augment`, `trivial-augment` | 14 for each change |
/// | `mixup` | the own share |
/// | `cutmix` | the rectangle, then the own share |
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    width: usize,
    numbers: Vec<f32>,
}

impl Rows {
    /// Numbers of a row, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers, row by row.
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// The rows one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.width)
    }
}

impl Operation {
    /// The rows of pictures 0 to `count - 1`. A row depends on its picture's number, on `draw` and on the options, and not on
    /// `count`.
    pub fn rows(&self, draw: &Draw, count: usize) -> Rows {
        if let Operation::Shift(shift) = self {
            return shift.corners(draw, count);
        }
        // What is drawn once for the whole run is drawn for the first epoch.
        let epoch = if self.alternates() { 0 } else { draw.epoch };
        let mut rng = nth_generator(Purpose::Augment, draw.seed, epoch, draw.position);
        let width = self.width();
        let mut numbers = Vec::with_capacity(count * width);
        for index in 0..count {
            rng.set_word_pos(index as u128 * WORDS);
            self.row(draw, &mut rng, &mut numbers);
        }
        Rows { width, numbers }
    }

    fn width(&self) -> usize {
        match self {
            Operation::Flip(_) | Operation::Shift(_) | Operation::Mixup(_) => 1,
            Operation::ResizedCrop(_) | Operation::ColourJitter(_) | Operation::Erase(_) | Operation::Cutout(_) => 4,
            Operation::Cutmix(_) => 5,
            Operation::Rotate(_) | Operation::Affine(_) => 6,
            Operation::TrivialAugment(_) => NUMBERS,
            Operation::RandAugment(it) => NUMBERS * it.operations,
        }
    }

    fn row(&self, draw: &Draw, rng: &mut ChaCha8Rng, row: &mut Vec<f32>) {
        let [_, height, width] = draw.shape;
        let size = [height, width];
        match self {
            Operation::Flip(flip) => {
                let is_mirrored = rng.random_bool(flip.probability) ^ (flip.alternating && draw.epoch % 2 == 1);
                row.push(f32::from(u8::from(is_mirrored)));
            }
            Operation::Shift(_) => {}
            Operation::ResizedCrop(it) => row.extend(boxes::crop(rng, size, it.scale, it.ratio).corners()),
            Operation::Rotate(it) => {
                let angle = about(rng, it.degrees);
                row.extend(Map { angle, ..Map::NONE }.inverse().map(|it| it as f32));
            }
            Operation::Affine(affine) => row.extend(affine.draw(rng, size).inverse().map(|it| it as f32)),
            Operation::ColourJitter(ColourJitter { brightness, contrast, saturation, hue }) => {
                let factors =
                    [brightness, contrast, saturation].map(|&by| rng.random_range((1.0 - by).max(0.0)..=1.0 + by));
                row.extend(factors.map(|it| it as f32));
                row.push(about(rng, *hue) as f32);
            }
            Operation::Erase(it) => {
                let is_covered = rng.random_bool(it.probability);
                let area = if is_covered { boxes::erased(rng, size, it.scale, it.ratio) } else { Area::NONE };
                row.extend(area.corners());
            }
            Operation::Cutout(it) => {
                let is_covered = rng.random_bool(it.probability);
                let area = if is_covered { boxes::square(rng, size, it.size as i64) } else { Area::NONE };
                row.extend(area.corners());
            }
            Operation::RandAugment(it) => {
                (0..it.operations).for_each(|_| row.extend(Space::Rand.draw(rng, Some(it.magnitude), size)));
            }
            Operation::TrivialAugment(_) => row.extend(Space::Wide.draw(rng, None, size)),
            Operation::Mixup(it) => row.push(own_share(rng, it.alpha, it.probability) as f32),
            Operation::Cutmix(it) => {
                let area = match own_share(rng, it.alpha, it.probability) {
                    1.0 => Area::NONE,
                    lambda => boxes::patch(rng, size, lambda),
                };
                row.extend(area.corners());
                row.push((1.0 - area.share(size)) as f32);
            }
        }
    }
}

impl Shift {
    /// All moves of an epoch come from one stream, one after the other.
    fn corners(&self, draw: &Draw, count: usize) -> Rows {
        let [_, height, width] = draw.shape;
        let farthest = i64::try_from(self.pixels).unwrap_or(i64::MAX);
        let pad = self.pad([height, width]);
        let mut rng = nth_generator(Purpose::Shift, draw.seed, draw.epoch, draw.position);
        let mut corner = || {
            let [top, left] = pad.map(|pad| pad - rng.random_range(-farthest..=farthest).clamp(-pad, pad));
            (top * (width + 2 * pad[1]) + left) as f32 // below 2^24, where f32 counts one by one
        };
        Rows { width: 1, numbers: (0..count).map(|_| corner()).collect() }
    }

    /// Rows and columns added on either side: a picture moved by its own size is gone, and farther makes no difference.
    pub(super) fn pad(&self, size: [i64; 2]) -> [i64; 2] {
        size.map(|side| side.min(i64::try_from(self.pixels).unwrap_or(i64::MAX)))
    }
}

impl Affine {
    fn draw(&self, rng: &mut impl Rng, [height, width]: [i64; 2]) -> Map {
        let angle = about(rng, self.degrees);
        let translate = [width, height].map(|side| about(rng, self.translate * side as f64).round_ties_even());
        let scale = rng.random_range(self.scale[0]..=self.scale[1]);
        Map { angle, translate, scale, shear: [about(rng, self.shear), 0.0], centre: [0.0; 2] }
    }
}

/// Uniform in plus and minus `most`.
fn about(rng: &mut impl Rng, most: f64) -> f64 {
    rng.random_range(-most..=most)
}

/// A picture's own share of a mixture, 0 to 1; 1 where it is not mixed.
fn own_share(rng: &mut impl Rng, alpha: f64, probability: f64) -> f64 {
    if !rng.random_bool(probability) {
        return 1.0;
    }
    // The options' range keeps alpha positive and finite.
    Beta::new(alpha, alpha).map_or(1.0, |beta| beta.sample(rng).clamp(0.0, 1.0))
}

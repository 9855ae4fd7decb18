//! What is done to training pictures, by chance, before a model sees them: a list of operations, in the order of the list.
//!
//! Each [`Operation`] is two things. A *draw*: a pure function of seed, epoch and picture gives a row of numbers, on the host
//! ([`Operation::rows`]), so that every device and every resumed run sees the same. And a *transform* of a whole minibatch on its
//! device, which takes those rows and nothing else by chance. The rows of an epoch are sent to the device when it begins;
//! a captured CUDA graph finds those of another epoch in the same memory.
//!
//! | `kind` | options | what it does |
//! | --- | --- | --- |
//! | `flip` | [`Flip`] | mirrors |
//! | `shift` | [`Shift`] | moves by whole pixels: a crop of the padded picture |
//! | `resized-crop` | [`ResizedCrop`] | enlarges a part to the whole |
//! | `rotate` | [`Rotate`] | turns about the centre |
//! | `affine` | [`Affine`] | turns, moves, scales, shears |
//! | `colour-jitter` | [`ColourJitter`] | changes brightness, contrast, saturation, hue |
//! | `erase` | [`Erase`] | covers a rectangle of random size and shape |
//! | `cutout` | [`Cutout`] | covers a square of one size |
//! | `rand-augment` | [`RandAugment`] | some operations of one strength out of a fixed set |
//! | `trivial-augment` | [`TrivialAugment`] | one operation of any strength out of a fixed set |
//! | `mixup` | [`Mixup`] | blends two pictures and their classes |
//! | `cutmix` | [`Cutmix`] | puts a rectangle of another picture in, and mixes the classes |
//!
//! Pixels are those of the data set, 0 to 255, before division and normalisation. Operations that only move or cover pixels
//! leave bytes as they are; all others compute in `f32` and round nowhere, except the two policies, which work on whole numbers
//! as torchvision does on bytes. Pixels that come from outside are black (0) unless `padding` says otherwise.

mod affine;
mod boxes;
mod options;
mod policy;
mod rows;

#[cfg(feature = "tch")]
mod colour;
#[cfg(all(test, feature = "tch"))]
mod golden_tests;
#[cfg(feature = "tch")]
mod list;
#[cfg(feature = "tch")]
mod resample;
#[cfg(feature = "tch")]
mod shift;
#[cfg(feature = "tch")]
mod transform;

use serde::{Deserialize, Serialize};
use values::OutOfRange;

use crate::Error;

pub use options::{
    Affine, ColourJitter, Cutmix, Cutout, Direction, Erase, Flip, Mixup, Padding, RandAugment, ResizedCrop, Rotate,
    Shift, TrivialAugment,
};
pub use rows::{Draw, Rows};

#[cfg(feature = "tch")]
pub(crate) use list::{Augmentation, copied};

/// Operations that a list may hold.
pub const MOST_OPERATIONS: usize = 32;

/// One operation. In a recipe: a table whose `kind` names it, with its options beside it.
///
/// ```
/// use tensor_data::augment::{Flip, Operation};
/// let flip: Operation = toml::from_str("kind = 'flip'").unwrap();
/// assert_eq!(flip, Operation::Flip(Flip::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// Mirrors.
    Flip(Flip),
    /// Moves by whole pixels.
    Shift(Shift),
    /// Enlarges a part to the whole.
    ResizedCrop(ResizedCrop),
    /// Turns about the centre.
    Rotate(Rotate),
    /// Turns, moves, scales, shears.
    Affine(Affine),
    /// Changes brightness, contrast, saturation, hue.
    ColourJitter(ColourJitter),
    /// Covers a rectangle of random size and shape.
    Erase(Erase),
    /// Covers a square of one size.
    Cutout(Cutout),
    /// Some operations of one strength out of a fixed set.
    RandAugment(RandAugment),
    /// One operation of any strength out of a fixed set.
    TrivialAugment(TrivialAugment),
    /// Blends two pictures and their classes.
    Mixup(Mixup),
    /// Puts a rectangle of another picture in, and mixes the classes.
    Cutmix(Cutmix),
}

impl Operation {
    /// Every operation with its defaults, in the order of the table.
    pub fn all() -> [Operation; 12] {
        [
            Operation::Flip(Flip::default()),
            Operation::Shift(Shift::default()),
            Operation::ResizedCrop(ResizedCrop::default()),
            Operation::Rotate(Rotate::default()),
            Operation::Affine(Affine::default()),
            Operation::ColourJitter(ColourJitter::default()),
            Operation::Erase(Erase::default()),
            Operation::Cutout(Cutout::default()),
            Operation::RandAugment(RandAugment::default()),
            Operation::TrivialAugment(TrivialAugment::default()),
            Operation::Mixup(Mixup::default()),
            Operation::Cutmix(Cutmix::default()),
        ]
    }

    /// Whether what a picture undergoes hangs on how often it came before.
    pub fn alternates(&self) -> bool {
        matches!(self, Operation::Flip(Flip { alternating: true, .. }))
    }

    /// The name that `kind` has in a recipe.
    pub fn kind(&self) -> &'static str {
        match self {
            Operation::Flip(_) => "flip",
            Operation::Shift(_) => "shift",
            Operation::ResizedCrop(_) => "resized-crop",
            Operation::Rotate(_) => "rotate",
            Operation::Affine(_) => "affine",
            Operation::ColourJitter(_) => "colour-jitter",
            Operation::Erase(_) => "erase",
            Operation::Cutout(_) => "cutout",
            Operation::RandAugment(_) => "rand-augment",
            Operation::TrivialAugment(_) => "trivial-augment",
            Operation::Mixup(_) => "mixup",
            Operation::Cutmix(_) => "cutmix",
        }
    }

    /// Whether it mixes pictures of two classes.
    pub fn mixes(&self) -> bool {
        matches!(self, Operation::Mixup(_) | Operation::Cutmix(_))
    }

    /// Whether it mirrors, so that writing can no longer be read.
    pub fn mirrors(&self) -> bool {
        matches!(self, Operation::Flip(_))
    }

    /// Checks every value's range.
    ///
    /// # Errors
    /// The first option whose value lies outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        match self {
            Operation::Flip(it) => it.check(),
            Operation::Shift(it) => it.check(),
            Operation::ResizedCrop(it) => it.check(),
            Operation::Rotate(it) => it.check(),
            Operation::Affine(it) => it.check(),
            Operation::ColourJitter(it) => it.check(),
            Operation::Erase(it) => it.check(),
            Operation::Cutout(it) => it.check(),
            Operation::RandAugment(it) => it.check(),
            Operation::TrivialAugment(_) => Ok(()),
            Operation::Mixup(it) => it.check(),
            Operation::Cutmix(it) => it.check(),
        }
    }

    /// Why it, or one of its options, would do nothing to pictures of `shape` (channels, height, width), or cannot be done.
    fn misfit(&self, shape: [i64; 3]) -> Option<String> {
        let [channels, height, width] = shape;
        let side = height.min(width);
        match self {
            Operation::Shift(it) if it.pixels as i64 >= side => Some(format!(
                "`pixels` is {}, and the pictures are {height} x {width}: a picture moved so far would be gone",
                it.pixels
            )),
            Operation::Cutout(it) if it.size as i64 >= side => Some(format!(
                "`size` is {}, and the pictures are {height} x {width}: it would cover the whole of some",
                it.size
            )),
            Operation::ColourJitter(it) if channels != 3 && (it.saturation != 0.0 || it.hue != 0.0) => Some(format!(
                "`saturation` and `hue` have no effect on pictures of {channels} {}: leave them out",
                if channels == 1 { "channel" } else { "channels" }
            )),
            Operation::RandAugment(_) | Operation::TrivialAugment(_) if channels != 3 && channels != 1 => {
                Some(format!("it is defined for 1 or 3 channels, and the pictures have {channels}"))
            }
            _ => None,
        }
    }
}

/// Checks a list against pictures of `shape` (channels, height, width) in minibatches of `size`.
///
/// # Errors
/// [`Error::Augment`] for an operation or an option that would do nothing to such pictures, more than one operation that mixes
/// classes, and more than [`MOST_OPERATIONS`] in all.
pub fn check_list(list: &[Operation], shape: [i64; 3], size: usize) -> Result<(), Error> {
    let refuse = |kind, problem| Err(Error::Augment { kind, problem });
    if let Some(last) = list.get(MOST_OPERATIONS) {
        return refuse(last.kind(), format!("a list holds at most {MOST_OPERATIONS} operations"));
    }
    for operation in list {
        if let Some(problem) = operation.misfit(shape) {
            return refuse(operation.kind(), problem);
        }
    }
    let mut mixing = list.iter().filter(|operation| operation.mixes());
    match (mixing.next(), mixing.next()) {
        (Some(it), Some(other)) => {
            let problem = format!("{} mixes classes already, and a target holds two: keep one of them", it.kind());
            refuse(other.kind(), problem)
        }
        (Some(it), None) if size < 2 => refuse(
            it.kind(),
            "it mixes the pictures of a minibatch, and there is one in each: set the size to 2 or more".to_owned(),
        ),
        _ => Ok(()),
    }
}

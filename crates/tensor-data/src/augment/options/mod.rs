//! The options of the operations, with their defaults and ranges.

mod changed;
mod moved;

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};
use values::{OutOfRange, Range};

pub use changed::{ColourJitter, Cutmix, Cutout, Erase, Mixup, RandAugment, TrivialAugment};
pub use moved::{Affine, Flip, ResizedCrop, Rotate, Shift};

pub(super) const PROBABILITY: Range = Range::new("probability", Excluded(0.0), Included(1.0));
pub(super) const RATIO: Range = Range::new("ratio", Included(0.1), Included(10.0)).noted("");

/// What lies outside a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// Black: 0.
    #[default]
    Zero,
    /// The nearest pixel of the edge.
    Edge,
    /// The picture mirrored: about its outermost pixels in `shift` (as torchvision's `reflect`), about its edge in `rotate` and `affine`
    /// (as `grid_sample`'s `reflection`).
    Reflect,
}

/// Which way a picture is mirrored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Left and right change places.
    #[default]
    Horizontal,
    /// Up and down change places.
    Vertical,
}

/// Both ends of an interval in their range, the least first.
pub(super) fn ordered(row: Range, [least, greatest]: [f64; 2]) -> Result<(), OutOfRange> {
    row.check(least)?;
    row.check(greatest)?;
    if least <= greatest {
        return Ok(());
    }
    Err(OutOfRange {
        key: row.key().to_owned(),
        value: format!("[{}, {}]", values::short(least), values::short(greatest)),
        allowed: "the least first, then the greatest".to_owned(),
    })
}

/// Options that leave every picture as it is.
pub(super) fn idle(key: &str, others: &str) -> OutOfRange {
    let allowed = format!("above 0, {others}: as it stands the operation does nothing");
    OutOfRange { key: key.to_owned(), value: "0".to_owned(), allowed }
}

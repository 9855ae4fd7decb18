//! Options of the operations that move pixels.

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};
use values::{OutOfRange, Range, Whole};

use super::{Direction, PROBABILITY, Padding, RATIO, idle, ordered};

const PIXELS: Whole = Whole::new("pixels", 1, 256).noted(" pixels");
const CROP_SCALE: Range = Range::new("scale", Excluded(0.0), Included(1.0)).noted(", of the picture's area");
const DEGREES: Range = Range::new("degrees", Excluded(0.0), Included(180.0));
const AFFINE_DEGREES: Range = Range::new("degrees", Included(0.0), Included(180.0));
const TRANSLATE: Range = Range::new("translate", Included(0.0), Included(1.0)).noted(", of the side");
const AFFINE_SCALE: Range = Range::new("scale", Included(0.1), Included(10.0));
const SHEAR: Range = Range::new("shear", Included(0.0), Included(80.0)).noted(" degrees");

/// `flip`: mirrors a picture, or not.
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `direction` | `horizontal` | `horizontal`, `vertical` | |
/// | `probability` | 0.5 | `(0, 1]` | of being mirrored |
/// | `alternating` | false | | drawn once for the whole run, and turned round every second epoch: in any two epochs a picture is seen both ways |
///
/// Source of `alternating`: K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flip {
    /// Which way.
    pub direction: Direction,
    /// Of being mirrored.
    pub probability: f64,
    /// Whether every second epoch shows the other way.
    pub alternating: bool,
}

impl Default for Flip {
    fn default() -> Self {
        Self { direction: Direction::Horizontal, probability: 0.5, alternating: false }
    }
}

impl Flip {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        PROBABILITY.check(self.probability).map(|_| ())
    }
}

/// `shift`: moves a picture by whole pixels, each distance up to `pixels` up or down and left or right being equally likely.
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `pixels` | 4 | 1 to 256, less than the shorter side | farthest move in each axis |
/// | `padding` | `zero` | `zero`, `edge`, `reflect` | what comes in at the edges |
///
/// The same as torchvision's `RandomCrop(size, padding=pixels)`. As the first of a list it draws what the recipe's key
/// `minibatch.shift` draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// Farthest move.
    pub pixels: usize,
    /// What comes in.
    pub padding: Padding,
}

impl Default for Shift {
    fn default() -> Self {
        Self { pixels: 4, padding: Padding::Zero }
    }
}

impl Shift {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        PIXELS.check(self.pixels).map(|_| ())
    }
}

/// `resized-crop`: a rectangle of the picture, enlarged to the whole, bilinear (torchvision's `RandomResizedCrop`).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `scale` | `[0.08, 1]` | `(0, 1]` | least and greatest area, as a part of the picture's |
/// | `ratio` | `[0.75, 1.3333]` | 0.1 to 10 | least and greatest width over height, uniform in its logarithm |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResizedCrop {
    /// Least and greatest area.
    pub scale: [f64; 2],
    /// Least and greatest width over height.
    pub ratio: [f64; 2],
}

impl Default for ResizedCrop {
    fn default() -> Self {
        Self { scale: [0.08, 1.0], ratio: [0.75, 4.0 / 3.0] }
    }
}

impl ResizedCrop {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        ordered(CROP_SCALE, self.scale)?;
        ordered(RATIO, self.ratio)
    }
}

/// `rotate`: turns a picture about its centre, bilinear.
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `degrees` | 15 | `(0, 180]` | the angle is uniform in plus and minus so many |
/// | `padding` | `zero` | `zero`, `edge`, `reflect` | what comes in at the corners |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate {
    /// Greatest angle.
    pub degrees: f64,
    /// What comes in.
    pub padding: Padding,
}

impl Default for Rotate {
    fn default() -> Self {
        Self { degrees: 15.0, padding: Padding::Zero }
    }
}

impl Rotate {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        DEGREES.check(self.degrees).map(|_| ())
    }
}

/// `affine`: turns, moves, scales and shears at once, bilinear (torchvision's `RandomAffine`).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `degrees` | 10 | 0 to 180 | the angle is uniform in plus and minus so many |
/// | `translate` | 0.1 | 0 to 1 | farthest move in each axis, as a part of the side, rounded to pixels |
/// | `scale` | `[0.9, 1.1]` | 0.1 to 10 | least and greatest factor |
/// | `shear` | 0 | 0 to 80 degrees | of x, uniform in plus and minus so many |
/// | `padding` | `zero` | `zero`, `edge`, `reflect` | what comes in |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// Greatest angle.
    pub degrees: f64,
    /// Farthest move.
    pub translate: f64,
    /// Least and greatest factor.
    pub scale: [f64; 2],
    /// Greatest shear.
    pub shear: f64,
    /// What comes in.
    pub padding: Padding,
}

impl Default for Affine {
    fn default() -> Self {
        Self { degrees: 10.0, translate: 0.1, scale: [0.9, 1.1], shear: 0.0, padding: Padding::Zero }
    }
}

impl Affine {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        AFFINE_DEGREES.check(self.degrees)?;
        TRANSLATE.check(self.translate)?;
        ordered(AFFINE_SCALE, self.scale)?;
        SHEAR.check(self.shear)?;
        let moves = self.degrees != 0.0 || self.translate != 0.0 || self.scale != [1.0, 1.0] || self.shear != 0.0;
        if moves { Ok(()) } else { Err(idle("degrees", "or `translate`, `shear` or `scale` other than it is")) }
    }
}

//! Options of the operations that change pixels, or mix pictures.

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};
use values::{OutOfRange, Range, Whole};

use super::{PROBABILITY, RATIO, idle, ordered};

const BRIGHTNESS: Range = Range::new("brightness", Included(0.0), Included(10.0));
const CONTRAST: Range = Range::new("contrast", Included(0.0), Included(10.0));
const SATURATION: Range = Range::new("saturation", Included(0.0), Included(10.0));
const HUE: Range = Range::new("hue", Included(0.0), Included(0.5)).noted(", a part of the circle of colours");
const ERASE_SCALE: Range = Range::new("scale", Excluded(0.0), Excluded(1.0)).noted(", of the picture's area");
const VALUE: Whole = Whole::new("value", 0, 255);
const SIZE: Whole = Whole::new("size", 1, 1024).noted(" pixels");
const OPERATIONS: Whole = Whole::new("operations", 1, 8);
const MAGNITUDE: Whole = Whole::new("magnitude", 0, 30);
const ALPHA: Range = Range::new("alpha", Included(0.01), Included(100.0));

/// `colour-jitter`: changes brightness, then contrast, saturation and hue, each by a factor of its own (torchvision's
/// `ColorJitter`, which draws the order as well).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `brightness` | 0.2 | 0 to 10 | the factor is uniform in 1 plus and minus so much, and not below 0 |
/// | `contrast` | 0.2 | 0 to 10 | likewise, towards the picture's mean |
/// | `saturation` | 0 | 0 to 10 | likewise, towards grey; colour pictures alone |
/// | `hue` | 0 | 0 to 0.5 | turns the circle of colours by plus and minus such a part; colour pictures alone |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColourJitter {
    /// How far the brightness varies.
    pub brightness: f64,
    /// How far the contrast varies.
    pub contrast: f64,
    /// How far the saturation varies.
    pub saturation: f64,
    /// How far the hue varies.
    pub hue: f64,
}

impl Default for ColourJitter {
    fn default() -> Self {
        Self { brightness: 0.2, contrast: 0.2, saturation: 0.0, hue: 0.0 }
    }
}

impl ColourJitter {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        BRIGHTNESS.check(self.brightness)?;
        CONTRAST.check(self.contrast)?;
        SATURATION.check(self.saturation)?;
        HUE.check(self.hue)?;
        let varies = [self.brightness, self.contrast, self.saturation, self.hue].iter().any(|&it| it != 0.0);
        if varies { Ok(()) } else { Err(idle("brightness", "or `contrast`, `saturation` or `hue`")) }
    }
}

/// `erase`: covers a rectangle (torchvision's `RandomErasing`, before normalisation).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `probability` | 0.5 | `(0, 1]` | of being covered |
/// | `scale` | `[0.02, 0.33]` | `(0, 1)` | least and greatest area, as a part of the picture's |
/// | `ratio` | `[0.3, 3.3]` | 0.1 to 10 | least and greatest height over width, uniform in its logarithm |
/// | `value` | 0 | 0 to 255 | what covers it, in all channels |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Erase {
    /// Of being covered.
    pub probability: f64,
    /// Least and greatest area.
    pub scale: [f64; 2],
    /// Least and greatest height over width.
    pub ratio: [f64; 2],
    /// What covers it.
    pub value: u16,
}

impl Default for Erase {
    fn default() -> Self {
        Self { probability: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0 }
    }
}

impl Erase {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        PROBABILITY.check(self.probability)?;
        ordered(ERASE_SCALE, self.scale)?;
        ordered(RATIO, self.ratio)?;
        VALUE.check(self.value).map(|_| ())
    }
}

/// `cutout`: covers a square about a random pixel; what lies beyond the edge is lost (DeVries and Taylor 2017).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `size` | 8 | 1 to 1024, less than the shorter side | pixels |
/// | `probability` | 1 | `(0, 1]` | of being covered |
/// | `value` | 0 | 0 to 255 | what covers it, in all channels |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cutout {
    /// Side of the square.
    pub size: usize,
    /// Of being covered.
    pub probability: f64,
    /// What covers it.
    pub value: u16,
}

impl Default for Cutout {
    fn default() -> Self {
        Self { size: 8, probability: 1.0, value: 0 }
    }
}

impl Cutout {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        SIZE.check(self.size)?;
        PROBABILITY.check(self.probability)?;
        VALUE.check(self.value).map(|_| ())
    }
}

/// `rand-augment`: so many operations, each drawn from 14 with equal chance: none, shear and translation in x and y, rotation,
/// brightness, colour, contrast, sharpness, posterising, solarising, autocontrast, equalising (torchvision's `RandAugment`,
/// nearest pixels, black outside; Cubuk et al. 2020).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `operations` | 2 | 1 to 8 | one after the other |
/// | `magnitude` | 9 | 0 to 30 | their strength, in 30ths of the greatest |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandAugment {
    /// One after the other.
    pub operations: usize,
    /// Their strength.
    pub magnitude: u8,
}

impl Default for RandAugment {
    fn default() -> Self {
        Self { operations: 2, magnitude: 9 }
    }
}

impl RandAugment {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        OPERATIONS.check(self.operations)?;
        MAGNITUDE.check(self.magnitude).map(|_| ())
    }
}

/// `trivial-augment`: one operation of the same 14 with equal chance, of any strength and over wider ranges (torchvision's
/// `TrivialAugmentWide`; Müller and Hutter 2021). It has no options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrivialAugment {}

/// `mixup`: each picture is blended with the one before it in the minibatch (the first with the last), and so are their
/// classes (Zhang et al. 2018).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `alpha` | 0.2 | 0.01 to 100 | the own share is drawn from Beta(alpha, alpha), for each picture |
/// | `probability` | 1 | `(0, 1]` | of being mixed |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixup {
    /// Of the Beta distribution.
    pub alpha: f64,
    /// Of being mixed.
    pub probability: f64,
}

impl Default for Mixup {
    fn default() -> Self {
        Self { alpha: 0.2, probability: 1.0 }
    }
}

impl Mixup {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        ALPHA.check(self.alpha)?;
        PROBABILITY.check(self.probability).map(|_| ())
    }
}

/// `cutmix`: a rectangle of the picture before it in the minibatch is put in, and the classes are mixed by area (Yun et al. 2019).
///
/// | option | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `alpha` | 1 | 0.01 to 100 | the rectangle's area is 1 less a draw from Beta(alpha, alpha), cut off at the edges |
/// | `probability` | 1 | `(0, 1]` | of being mixed |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cutmix {
    /// Of the Beta distribution.
    pub alpha: f64,
    /// Of being mixed.
    pub probability: f64,
}

impl Default for Cutmix {
    fn default() -> Self {
        Self { alpha: 1.0, probability: 1.0 }
    }
}

impl Cutmix {
    pub(in crate::augment) fn check(&self) -> Result<(), OutOfRange> {
        ALPHA.check(self.alpha)?;
        PROBABILITY.check(self.probability).map(|_| ())
    }
}

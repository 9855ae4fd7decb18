//! RandAugment and TrivialAugment: which of 14 changes a picture undergoes, how strongly, and the numbers that say so to the device.

use rand::Rng;

use super::affine::Map;

/// Numbers of a row for one change.
pub(crate) const NUMBERS: usize = 14;
/// Steps of strength: 0 to 30.
const GREATEST: u8 = 30;

/// A change, in torchvision's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Colour,
    Contrast,
    Sharpness,
    Posterise,
    Solarise,
    AutoContrast,
    Equalise,
}

impl Change {
    pub const ALL: [Change; 14] = [
        Change::Identity,
        Change::ShearX,
        Change::ShearY,
        Change::TranslateX,
        Change::TranslateY,
        Change::Rotate,
        Change::Brightness,
        Change::Colour,
        Change::Contrast,
        Change::Sharpness,
        Change::Posterise,
        Change::Solarise,
        Change::AutoContrast,
        Change::Equalise,
    ];

    /// Whether its strength has a sign.
    fn is_signed(self) -> bool {
        use Change::{AutoContrast, Equalise, Identity, Posterise, Solarise};
        !matches!(self, Identity | Posterise | Solarise | AutoContrast | Equalise)
    }
}

/// How strong each change can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// That of RandAugment.
    Rand,
    /// That of TrivialAugment (wide).
    Wide,
}

impl Space {
    /// The strength of step `bin`, 0 to 30, in the change's own unit, for a picture of `[height, width]`.
    pub fn strength(self, change: Change, bin: u8, [height, width]: [i64; 2]) -> f64 {
        let part = f64::from(bin) / f64::from(GREATEST);
        let of = |rand: f64, wide: f64| part * if self == Space::Rand { rand } else { wide };
        match change {
            Change::Identity | Change::AutoContrast | Change::Equalise => 0.0,
            Change::ShearX | Change::ShearY => of(0.3, 0.99),
            Change::TranslateX => of(150.0 / 331.0 * width as f64, 32.0),
            Change::TranslateY => of(150.0 / 331.0 * height as f64, 32.0),
            Change::Rotate => of(30.0, 135.0),
            Change::Brightness | Change::Colour | Change::Contrast | Change::Sharpness => of(0.9, 0.99),
            Change::Posterise => (8.0 - of(4.0, 6.0)).round_ties_even(),
            Change::Solarise => 1.0 - part,
        }
    }

    /// One of the changes with equal chance, of strength `bin` or, without, of any; of either sign.
    pub fn draw(self, rng: &mut impl Rng, bin: Option<u8>, size: [i64; 2]) -> [f32; NUMBERS] {
        let change = Change::ALL[rng.random_range(0..Change::ALL.len())];
        let bin = bin.unwrap_or_else(|| rng.random_range(0..=GREATEST));
        let sign = if change.is_signed() && rng.random_bool(0.5) { -1.0 } else { 1.0 };
        numbers(change, sign * self.strength(change, bin, size), size)
    }
}

/// What a change is to the device: an inverse affine map (6), factors of brightness, colour, contrast and sharpness (1 each for as it is),
/// the step of posterising (1), the threshold of solarising (256), and whether autocontrast and equalising are wanted (0).
pub(crate) fn numbers(change: Change, strength: f64, [height, width]: [i64; 2]) -> [f32; NUMBERS] {
    let corner = [-0.5 * width as f64, -0.5 * height as f64];
    let shear = strength.atan().to_degrees();
    let map = match change {
        Change::ShearX => Map { shear: [shear, 0.0], centre: corner, ..Map::NONE },
        Change::ShearY => Map { shear: [0.0, shear], centre: corner, ..Map::NONE },
        Change::TranslateX => Map { translate: [strength.trunc(), 0.0], ..Map::NONE },
        Change::TranslateY => Map { translate: [0.0, strength.trunc()], ..Map::NONE },
        Change::Rotate => Map { angle: -strength, ..Map::NONE },
        _ => Map::NONE,
    };
    let mut row = [1.0; NUMBERS];
    for (number, value) in row.iter_mut().zip(map.inverse()) {
        *number = value as f32;
    }
    row[11..].copy_from_slice(&[256.0, 0.0, 0.0]);
    let factor = (1.0 + strength) as f32;
    match change {
        Change::Brightness => row[6] = factor,
        Change::Colour => row[7] = factor,
        Change::Contrast => row[8] = factor,
        Change::Sharpness => row[9] = factor,
        Change::Posterise => row[10] = (8.0 - strength).exp2() as f32,
        Change::Solarise => row[11] = (255.0 * strength) as f32,
        Change::AutoContrast => row[12] = 1.0,
        Change::Equalise => row[13] = 1.0,
        _ => {}
    }
    row
}

//! The device side of one operation: a minibatch and its rows in, a minibatch of the same shape out. Nothing here comes from the
//! host but what stays the same from minibatch to minibatch.

use tch::{Device, Kind, Tensor};

use super::colour::{self, Values};
use super::policy::NUMBERS;
use super::resample::{Frame, Interpolation};
use super::shift::Mover;
use super::{Direction, Operation, Padding};

/// An operation made ready for pictures of one shape on one device.
#[derive(Debug)]
pub(super) enum Transform {
    /// Mirrors along this dimension.
    Flip(i64),
    Shift(Mover),
    Enlarge(Frame),
    Map(Frame, Padding),
    Colour {
        /// Whether there are saturation and hue to change.
        is_vivid: bool,
    },
    /// Covers with this value, 0 to 255.
    Cover(Frame, f64),
    /// Changes of a policy, one after the other.
    Policy(Frame),
    Blend,
    Patch(Frame),
}

impl Transform {
    /// For minibatches of `size` pictures at most.
    pub fn new(operation: &Operation, shape: [i64; 3], size: usize, device: Device) -> Self {
        let frame = || Frame::new(shape, device);
        match operation {
            Operation::Flip(it) => Self::Flip(if it.direction == Direction::Horizontal { 3 } else { 2 }),
            Operation::Shift(it) => Self::Shift(Mover::new(it, shape, size, device)),
            Operation::ResizedCrop(_) => Self::Enlarge(frame()),
            Operation::Rotate(it) => Self::Map(frame(), it.padding),
            Operation::Affine(it) => Self::Map(frame(), it.padding),
            Operation::ColourJitter(it) => Self::Colour { is_vivid: it.saturation != 0.0 || it.hue != 0.0 },
            Operation::Erase(it) => Self::Cover(frame(), f64::from(it.value)),
            Operation::Cutout(it) => Self::Cover(frame(), f64::from(it.value)),
            Operation::RandAugment(_) | Operation::TrivialAugment(_) => Self::Policy(frame()),
            Operation::Mixup(_) => Self::Blend,
            Operation::Cutmix(_) => Self::Patch(frame()),
        }
    }

    /// The kind that its rows have on the device.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Flip(_) => Kind::Bool,
            Self::Shift(_) => Kind::Int64,
            _ => Kind::Float,
        }
    }

    /// Whether it computes with pixels, in `f32` and from 0 to 255, and does not only move or cover them.
    pub fn computes(&self) -> bool {
        !matches!(self, Self::Flip(_) | Self::Shift(_) | Self::Cover(..) | Self::Patch(_))
    }

    /// `images` `[m, channels, height, width]` changed as `rows` `[m, width]` say; `unit` is what a pixel of 1 is in them.
    pub fn apply(&self, images: &Tensor, rows: &Tensor, unit: f64) -> Tensor {
        let number = |column: i64| rows.narrow(1, column, 1).view([-1, 1, 1, 1]);
        match self {
            Self::Flip(dim) => images.flip([*dim]).where_self(&rows.view([-1, 1, 1, 1]), images),
            Self::Shift(mover) => mover.apply(images, rows),
            Self::Enlarge(frame) => frame.enlarged(images, rows),
            Self::Map(frame, padding) => frame.mapped(images, rows, Interpolation::Bilinear, *padding),
            Self::Colour { is_vivid } => {
                let images = colour::brightness(images, &number(0), Values::Real);
                let images = colour::contrast(&images, &number(1), Values::Real);
                if !is_vivid {
                    return images;
                }
                colour::hue(&colour::saturation(&images, &number(2), Values::Real), &number(3))
            }
            // In f32, so that a covered pixel has the bits of a pixel of that value.
            Self::Cover(frame, value) => {
                images.masked_fill(&frame.inside(rows), f64::from(*value as f32 * unit as f32))
            }
            Self::Policy(frame) => {
                let changes = rows.size()[1] / NUMBERS as i64;
                (0..changes).fold(images.shallow_clone(), |images, change| {
                    changed(frame, &images, &rows.narrow(1, change * NUMBERS as i64, NUMBERS as i64))
                })
            }
            Self::Blend => images * number(0) + images.roll([1], [0]) * (1.0 - number(0)),
            Self::Patch(frame) => images.roll([1], [0]).where_self(&frame.inside(&rows.narrow(1, 0, 4)), images),
        }
    }

    /// The own shares of mixed pictures, `f32 [m]`; None of an operation that does not mix.
    pub fn own_shares(&self, rows: &Tensor) -> Option<Tensor> {
        match self {
            Self::Blend => Some(rows.select(1, 0)),
            Self::Patch(_) => Some(rows.select(1, 4)),
            _ => None,
        }
    }
}

/// One change of a policy. All are computed for all pictures, and those that a picture is not to undergo leave it as it is.
fn changed(frame: &Frame, images: &Tensor, rows: &Tensor) -> Tensor {
    let number = |column: i64| rows.narrow(1, column, 1).view([-1, 1, 1, 1]);
    let maps = rows.narrow(1, 0, 6);
    let images = frame.mapped(images, &maps, Interpolation::Nearest, Padding::Zero);
    let images = colour::brightness(&images, &number(6), Values::Whole);
    let images = colour::saturation(&images, &number(7), Values::Whole);
    let images = colour::contrast(&images, &number(8), Values::Whole);
    let images = colour::sharpness(&images, &number(9), Values::Whole);
    let images = colour::posterise(&images, &number(10));
    let images = colour::solarise(&images, &number(11));
    let images = colour::autocontrast(&images, &number(12));
    colour::equalise(&images, &number(13))
}

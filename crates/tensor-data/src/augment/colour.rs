//! Changes of values: pixels `f32 [m, channels, height, width]` of 0 to 255, one factor `f32 [m, 1, 1, 1]` for each picture.

use tch::{Kind, Tensor};

/// The greatest value of a pixel.
const WHITE: f64 = 255.0;
/// Shares of red, green and blue in grey (ITU-R 601).
const SHARES: [f64; 3] = [0.2989, 0.587, 0.114];

/// Whether values become whole numbers at each step, as they do in arithmetic with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Real,
    Whole,
}

impl Values {
    fn of(self, tensor: Tensor) -> Tensor {
        if self == Values::Whole { tensor.floor() } else { tensor }
    }
}

/// Towards black (0) or beyond white.
pub(super) fn brightness(images: &Tensor, factor: &Tensor, values: Values) -> Tensor {
    values.of((images * factor).clamp(0.0, WHITE))
}

/// Towards each picture's mean grey (factor 0) or away from it.
pub(super) fn contrast(images: &Tensor, factor: &Tensor, values: Values) -> Tensor {
    let mean = values.of(grey(images)).mean_dim([1i64, 2, 3].as_slice(), true, Kind::Float); // [m, 1, 1, 1]
    blend(images, &mean, factor, values)
}

/// Towards grey (factor 0) or away from it.
pub(super) fn saturation(images: &Tensor, factor: &Tensor, values: Values) -> Tensor {
    blend(images, &values.of(grey(images)), factor, values)
}

/// Towards the mean of each pixel and its neighbours (factor 0) or away from it; the outermost pixels stay.
pub(super) fn sharpness(images: &Tensor, factor: &Tensor, values: Values) -> Tensor {
    let size = images.size();
    let (height, width) = (size[2], size[3]);
    if height <= 2 || width <= 2 {
        return images.shallow_clone();
    }
    let three = |of: &Tensor, dim: i64, side: i64| {
        of.narrow(dim, 0, side - 2) + of.narrow(dim, 1, side - 2) + of.narrow(dim, 2, side - 2)
    };
    let inner = images.narrow(2, 1, height - 2).narrow(3, 1, width - 2);
    // A kernel of ones with a 5 in the middle, divided by its sum, 13.
    let smooth = (three(&three(images, 2, height), 3, width) + &inner * 4.0) / 13.0;
    let smooth = if values == Values::Whole { smooth.round() } else { smooth };
    let smooth = smooth.constant_pad_nd([1, 1, 1, 1]);
    let is_inner = inner.ones_like().constant_pad_nd([1, 1, 1, 1]);
    // Outside of the inner part the other picture is the picture itself.
    let other = smooth + images * (1.0 - is_inner);
    blend(images, &other, factor, values)
}

/// Turns the circle of colours by a part of it; three channels alone.
pub(super) fn hue(images: &Tensor, turn: &Tensor) -> Tensor {
    let most = images.amax([1i64].as_slice(), true); // [m, 1, height, width]
    let range = &most - images.amin([1i64].as_slice(), true);
    let divisor = range.where_self(&range.gt(0.0), &range.ones_like());
    let distance = (&most - images) / &divisor; // [m, 3, height, width]
    let [r, g, b] = [0, 1, 2].map(|channel| distance.narrow(1, channel, 1));
    let is = |channel: i64| images.narrow(1, channel, 1).eq_tensor(&most);
    // The sixth of the circle that the greatest channel lies in; of equal ones the first counts.
    let sixth = (&b - &g).where_self(&is(0), &(&r - &b + 2.0).where_self(&is(1), &(&g - &r + 4.0)));
    let turned = (sixth / 6.0 + turn).remainder(1.0) * 6.0;
    // Of value v and range s v, a channel is v - s v max(0, min(k, 4 - k, 1)) with k = n + h mod 6.
    let channel = |n: f64| {
        let k = (&turned + n).remainder(6.0);
        &most - &range * k.minimum(&(4.0 - &k)).clamp(0.0, 1.0)
    };
    Tensor::cat(&[channel(5.0), channel(3.0), channel(1.0)], 1)
}

/// Keeps multiples of `step` `f32 [m, 1, 1, 1]`, rounding down.
pub(super) fn posterise(images: &Tensor, step: &Tensor) -> Tensor {
    (images / step).floor() * step
}

/// Inverts values from `threshold` `f32 [m, 1, 1, 1]` on.
pub(super) fn solarise(images: &Tensor, threshold: &Tensor) -> Tensor {
    (WHITE - images).where_self(&images.ge_tensor(threshold), images)
}

/// Stretches each channel's values over 0 to 255 where `wanted` (1, else 0), as whole numbers; a channel of one value stays.
pub(super) fn autocontrast(images: &Tensor, wanted: &Tensor) -> Tensor {
    let least = images.amin([2i64, 3].as_slice(), true); // [m, channels, 1, 1]
    let range = images.amax([2i64, 3].as_slice(), true) - &least;
    let varies = range.gt(0.0).logical_and(&wanted.gt(0.0));
    let scale = range * (1.0 / WHITE);
    let scale = scale.where_self(&varies, &scale.ones_like());
    let stretched = ((images - &least) / scale).clamp(0.0, WHITE).floor();
    stretched.where_self(&varies, images)
}

/// Spreads each channel's values so that all are about as frequent where `wanted` (1, else 0), as Pillow's `equalize` does.
pub(super) fn equalise(images: &Tensor, wanted: &Tensor) -> Tensor {
    let size = images.size();
    let pixels = size[2] * size[3];
    let flat = images.clamp(0.0, WHITE).to_kind(Kind::Int64).flatten(2, 3); // [m, channels, pixels]
    let counts = Tensor::zeros([size[0], size[1], 256], (Kind::Int64, images.device()));
    let counts = counts.scatter_add(2, &flat, &flat.ones_like());
    let up_to = counts.cumsum(2, Kind::Int64);
    // The greatest value is the first that all pixels lie up to.
    let greatest = up_to.lt(pixels).sum_dim_intlist([2i64].as_slice(), true, Kind::Int64);
    let step = (pixels - counts.gather(2, &greatest, false)).divide_scalar_mode(255, "floor"); // [m, channels, 1]
    let table =
        (up_to + step.divide_scalar_mode(2, "floor")).divide_tensor_mode(&step.clamp_min(1), "floor").clamp(0, 255);
    let table = Tensor::cat(&[step.zeros_like(), table.narrow(2, 0, 255)], 2); // [m, channels, 256]
    let equal = table.gather(2, &flat, false).view(size.as_slice()).to_kind(Kind::Float);
    let is_wanted = step.ne(0).unsqueeze(3).logical_and(&wanted.gt(0.0));
    equal.where_self(&is_wanted, images)
}

/// Grey of each pixel, `[m, 1, height, width]`; the mean of the channels where they are not three.
fn grey(images: &Tensor) -> Tensor {
    if images.size()[1] != 3 {
        return images.mean_dim([1i64].as_slice(), true, Kind::Float);
    }
    let [r, g, b] = [0, 1, 2].map(|channel| images.narrow(1, channel, 1) * SHARES[channel as usize]);
    r + g + b
}

/// `factor * images + (1 - factor) * other`, within black and white.
fn blend(images: &Tensor, other: &Tensor, factor: &Tensor, values: Values) -> Tensor {
    let rest: Tensor = 1.0 - factor;
    let mixed: Tensor = images * factor + other * rest;
    values.of(mixed.clamp(0.0, WHITE))
}

//! Arithmetic of shapes. It saturates, so that absurd sizes end at the limit on parameters instead of wrapping round.

/// The most parameters a model may have (4 GiB of f32), so that a slip in a recipe is a message rather than a
/// machine out of memory.
pub const MAX_PARAMETERS: i64 = 1 << 30;

/// How many values a tensor of this shape has.
pub(crate) fn product(shape: &[i64]) -> i64 {
    shape.iter().fold(1, |product, &size| product.saturating_mul(size))
}

/// Channels, height and width, where the shape is a picture's.
pub(crate) fn picture(shape: &[i64]) -> Result<[i64; 3], String> {
    <[i64; 3]>::try_from(shape).map_err(|_| {
        format!("it takes channels, height and width, not {}: nothing may be flattened before it", shape_text(shape))
    })
}

/// How many tokens there are, and the values of each.
pub(crate) fn tokens(shape: &[i64]) -> Result<[i64; 2], String> {
    <[i64; 2]>::try_from(shape).map_err(|_| {
        format!("it takes tokens, a row of values each, not {}: put `Tokens` before it", shape_text(shape))
    })
}

/// Positions of a window along a side of `size` values; 0 where it does not fit.
pub(crate) fn windows(size: i64, kernel: i64, stride: i64, padding: i64) -> i64 {
    let room = size.saturating_add(padding.saturating_mul(2)).saturating_sub(kernel);
    room.div_euclid(stride).saturating_add(1).max(0)
}

/// The same, with a last window that sticks out at the end, if it begins inside the side or its leading padding.
pub(crate) fn windows_with_border(size: i64, kernel: i64, stride: i64, padding: i64) -> i64 {
    let room = size.saturating_add(padding.saturating_mul(2)).saturating_sub(kernel);
    let count = room.saturating_add(stride - 1).div_euclid(stride).saturating_add(1).max(0);
    let begins_outside = (count - 1).saturating_mul(stride) >= size.saturating_add(padding);
    if begins_outside { count - 1 } else { count }
}

/// `(1, 20, 24, 24)`
pub(crate) fn shape_text(shape: &[i64]) -> String {
    let sizes: Vec<String> = shape.iter().map(i64::to_string).collect();
    format!("({})", sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected sizes are those of `torch.nn.functional.max_pool2d` in PyTorch's documentation of `ceil_mode`, by hand.
    #[test]
    fn windows_along_a_side() {
        for (size, kernel, stride, padding, inside, with_border) in [
            (28, 5, 1, 0, 24, 24),
            (5, 2, 2, 0, 2, 3),
            (4, 2, 2, 0, 2, 2),
            (1, 2, 2, 0, 0, 1),
            (4, 5, 1, 0, 0, 0),
            (32, 3, 2, 1, 16, 17),
            (112, 3, 2, 1, 56, 57),
            (7, 1, 2, 0, 4, 4),
            (i64::MAX, 3, 1, 1, i64::MAX - 2, i64::MAX - 2),
        ] {
            assert_eq!(windows(size, kernel, stride, padding), inside, "{size} {kernel} {stride} {padding}");
            let found = windows_with_border(size, kernel, stride, padding);
            assert_eq!(found, with_border, "{size} {kernel} {stride} {padding}, border kept");
        }
    }
}

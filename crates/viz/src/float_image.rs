//! Numbers that are to become pixels: the checked form of a plain `f32` array of shape (channels, height, width).

use crate::Error;

/// A picture of numbers: one channel (a filter, a feature map, a grey photograph) or three (red, green, blue),
/// in the order (channel, row, column). NaN and infinities are allowed; they are drawn in a colour of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatImage {
    shape: [usize; 3],
    values: Vec<f32>,
}

impl FloatImage {
    /// A picture from `values` in the order (channel, row, column).
    ///
    /// # Errors
    /// Channels other than 1 or 3, a height or width of 0, or `values` that do not fill the shape.
    pub fn new(shape: [usize; 3], values: Vec<f32>) -> Result<Self, Error> {
        let want = checked_size(shape)?;
        if values.len() != want {
            return Err(Error::Length { what: "a picture", shape: shape.to_vec(), want, got: values.len() });
        }
        Ok(FloatImage { shape, values })
    }

    /// A picture of one channel, in the order (row, column).
    ///
    /// # Errors
    /// As [`FloatImage::new`].
    pub fn grey(height: usize, width: usize, values: Vec<f32>) -> Result<Self, Error> {
        Self::new([1, height, width], values)
    }

    /// A picture from bytes in the order (channel, row, column), each kept as its number, 0 to 255.
    ///
    /// # Errors
    /// As [`FloatImage::new`].
    pub fn from_bytes(shape: [usize; 3], bytes: &[u8]) -> Result<Self, Error> {
        Self::new(shape, bytes.iter().map(|&b| f32::from(b)).collect())
    }

    /// Each row of a matrix as a picture of `shape`: `matrix` holds the rows one after the other, so its length is a
    /// whole multiple of `channels * height * width`.
    ///
    /// # Errors
    /// As [`FloatImage::new`], or a matrix without rows.
    pub fn rows(shape: [usize; 3], matrix: &[f32]) -> Result<Vec<Self>, Error> {
        let size = checked_size(shape)?;
        if matrix.is_empty() {
            return Err(Error::Empty { what: "row" });
        }
        matrix.chunks(size).map(|row| Self::new(shape, row.to_vec())).collect()
    }

    /// Channels (1 or 3), height and width.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// All numbers, in the order (channel, row, column).
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers of the pixel in `row` and `column`, one for each channel.
    pub(crate) fn pixel(&self, row: usize, column: usize) -> impl Iterator<Item = f32> {
        let [_, height, width] = self.shape;
        let first = row * width + column;
        self.values[first..].iter().step_by(height * width).copied()
    }

    /// The smallest and the largest finite number; none when no number is finite.
    pub(crate) fn extent(&self) -> Option<(f64, f64)> {
        let finite = self.values.iter().filter(|v| v.is_finite());
        finite.map(|&v| f64::from(v)).fold(None, |extent, v| {
            let (low, high) = extent.unwrap_or((v, v));
            Some((v.min(low), v.max(high)))
        })
    }
}

/// The number of values of a shape that a picture can have.
fn checked_size(shape: [usize; 3]) -> Result<usize, Error> {
    let fail = |rule| Err(Error::Shape { what: "a picture", shape: shape.to_vec(), rule });
    if !matches!(shape[0], 1 | 3) {
        return fail("it has 1 channel (grey) or 3 (red, green, blue)");
    }
    if shape[1] == 0 || shape[2] == 0 {
        return fail("height and width are at least 1");
    }
    match shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side)) {
        Some(size) => Ok(size),
        None => fail("it is larger than memory"),
    }
}

/// The one shape that all pictures share.
pub(crate) fn common_shape(images: &[FloatImage]) -> Result<[usize; 3], Error> {
    let Some(first) = images.first() else {
        return Err(Error::Empty { what: "picture" });
    };
    let want = first.shape;
    match images.iter().position(|image| image.shape != want) {
        Some(index) => Err(Error::Mixed { index, got: images[index].shape, want }),
        None => Ok(want),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_refuses_shapes_and_lengths_that_do_not_fit() {
        let check = |shape, len, message: &str| {
            let error = FloatImage::new(shape, vec![0.0; len]).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        };
        check([2, 1, 1], 2, "1 channel (grey) or 3");
        check([1, 0, 4], 0, "height and width are at least 1");
        check([1, 2, 3], 5, "5 values do not fill a picture of shape [1, 2, 3], which holds 6");
        check([3, usize::MAX, 2], 0, "larger than memory");
    }

    #[test]
    fn rows_of_a_matrix_become_pictures_and_a_short_last_row_is_refused() {
        let rows = FloatImage::rows([1, 1, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(rows[1].values(), [3.0, 4.0]);
        assert!(FloatImage::rows([1, 1, 2], &[1.0, 2.0, 3.0]).is_err());
        assert!(FloatImage::rows([1, 1, 2], &[]).is_err());
    }

    #[test]
    fn a_pixel_reads_across_channels() {
        let image = FloatImage::new([3, 1, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!(image.pixel(0, 1).collect::<Vec<_>>(), [2.0, 4.0, 6.0]);
    }

    #[test]
    fn the_extent_leaves_out_what_is_not_finite() {
        let image = FloatImage::grey(1, 4, vec![f32::NAN, 2.0, f32::INFINITY, -1.0]).unwrap();
        assert_eq!(image.extent(), Some((-1.0, 2.0)));
        let none = FloatImage::grey(1, 1, vec![f32::NAN]).unwrap();
        assert_eq!(none.extent(), None);
    }
}

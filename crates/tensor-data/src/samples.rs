//! Labelled pictures on the host. Everything later rests on what [`Samples::new`] has checked.

use crate::{Error, Fault};

/// Labelled pictures in host memory: `u8` pixels in the order picture, channel, row, column, and one label each.
///
/// Always true: at least one picture; each picture has at least one pixel; every label is below [`classes`](Self::classes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    shape: [usize; 3],
    classes: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// A data set as published: training and test pictures, before any are held out for validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, as in `data/<name>/`.
    pub name: String,
    /// The pictures to train on, those of the later validation set included.
    pub train: Samples,
    /// The pictures to test with.
    pub test: Samples,
}

impl Samples {
    /// Checks that pictures and labels fit together.
    ///
    /// `shape` is (channels, height, width), each at least 1; `classes` between 1 and 256; `pixels` holds
    /// `labels.len() * channels * height * width` bytes.
    ///
    /// # Errors
    /// [`Error::Samples`] when there is no picture, the lengths do not agree, or a label is not below `classes`.
    ///
    /// ```
    /// use tensor_data::Samples;
    /// let wrong = Samples::new([1, 1, 2], 10, vec![0, 255], vec![10]);
    /// assert!(wrong.unwrap_err().to_string().contains("label 10 at index 0"));
    /// ```
    pub fn new(shape: [usize; 3], classes: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, Error> {
        check(shape, classes, pixels.len(), &labels).map_err(Error::Samples)?;
        Ok(Self { shape, classes, pixels, labels })
    }

    /// Number of pictures, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: samples are never empty.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels, height and width of each picture.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of classes; labels run from 0 to one below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All pixels, 0 to 255, in the order picture, channel, row, column.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels, one per picture.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Pixels (channel, row, column) and label of one picture.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len), as slices do.
    pub fn picture(&self, index: usize) -> (&[u8], u8) {
        let size = self.picture_size();
        (&self.pixels[index * size..(index + 1) * size], self.labels[index])
    }

    /// A copy of the pictures at `indices`, in that order; an index may come more than once.
    ///
    /// # Errors
    /// [`Error::Index`] when an index is out of range, [`Error::Samples`] when `indices` is empty.
    pub fn select(&self, indices: &[usize]) -> Result<Self, Error> {
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(Error::Index { index, available: self.len() });
        }
        let mut pixels = Vec::with_capacity(indices.len() * self.picture_size());
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            let (picture, label) = self.picture(index);
            pixels.extend_from_slice(picture);
            labels.push(label);
        }
        Self::new(self.shape, self.classes, pixels, labels)
    }

    fn picture_size(&self) -> usize {
        self.shape.iter().product()
    }
}

pub(crate) fn check(shape: [usize; 3], classes: usize, pixels: usize, labels: &[u8]) -> Result<(), Fault> {
    if labels.is_empty() {
        return Err(Fault::NoPictures);
    }
    if shape.contains(&0) {
        return Err(Fault::NoPixels(shape));
    }
    if !(1..=256).contains(&classes) {
        return Err(Fault::Classes(classes));
    }
    let expected = shape.iter().try_fold(labels.len(), |product, &n| product.checked_mul(n));
    if expected != Some(pixels) {
        let expected = expected.map_or("too many to count".to_owned(), |n| n.to_string());
        return Err(Fault::Pixels { labels: labels.len(), shape, expected, found: pixels });
    }
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(index) => Err(Fault::Label { index, label: labels[index], classes }),
        None => Ok(()),
    }
}

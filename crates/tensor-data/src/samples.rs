//! Labelled pictures on the host. Everything later rests on what [`Samples::new`] has checked.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Error, Fault, Pixels};

/// The most classes that a data set may have.
pub const MOST_CLASSES: usize = 100_000;

/// Labelled pictures on the host: `u8` pixels in the order picture, channel, row, column, one label each, and the classes'
/// names.
///
/// Always true: at least one picture; each picture has at least one pixel; every label is below [`classes`](Self::classes);
/// names are distinct and not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    shape: [usize; 3],
    names: Arc<[String]>,
    pixels: Pixels,
    labels: Vec<u32>,
}

/// A data set as published: training and test pictures, and validation pictures where it brings its own. All parts have the
/// same shape and classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, as in `data/<name>/`.
    pub name: String,
    /// The pictures to train on; without validation pictures of the set's own, those of the later validation set included.
    pub train: Samples,
    /// The validation pictures that the set brings. Where there are some, none of `train` are held out.
    pub valid: Option<Samples>,
    /// The pictures to test with.
    pub test: Samples,
}

impl Source {
    /// A data set of training and test pictures, from the first of which the validation pictures are held out later.
    pub fn new(name: impl Into<String>, train: Samples, test: Samples) -> Self {
        Self { name: name.into(), train, valid: None, test }
    }

    /// What the labels 0, 1, ... mean: the training pictures' class names.
    pub fn classes(&self) -> &[String] {
        self.train.class_names()
    }

    /// Checks that all parts are of one kind.
    ///
    /// # Errors
    /// [`Error::Unlike`] when shape or number of classes differ, [`Error::OtherNames`] when the classes are called otherwise.
    pub fn check(&self) -> Result<(), Error> {
        let kind = |samples: &Samples| (samples.shape(), samples.classes());
        let parts = self.valid.iter().map(|valid| ("validation", valid)).chain([("test", &self.test)]);
        for (part, other) in parts {
            if kind(&self.train) != kind(other) {
                let name = self.name.clone();
                return Err(Error::Unlike { name, part, train: kind(&self.train), other: kind(other) });
            }
            let mut pairs = self.classes().iter().zip(other.class_names()).enumerate();
            if let Some((label, (train, other))) = pairs.find(|(_, (train, other))| train != other) {
                let (train, other) = (train.clone(), other.clone());
                return Err(Error::OtherNames { name: self.name.clone(), part, label, train, other });
            }
        }
        Ok(())
    }
}

impl Samples {
    /// Checks that pictures and labels fit together.
    ///
    /// `shape` is (channels, height, width), each at least 1; `classes` between 1 and [`MOST_CLASSES`]; `pixels` holds
    /// `labels.len() * channels * height * width` bytes. The classes are called "0", "1", ... until they are
    /// [`named`](Self::named).
    ///
    /// # Errors
    /// [`Error::Samples`] when there is no picture, the lengths do not agree, or a label is not below `classes`.
    ///
    /// ```
    /// use tensor_data::Samples;
    /// let wrong = Samples::new([1, 1, 2], 10, vec![0, 255], vec![10]);
    /// assert!(wrong.unwrap_err().to_string().contains("label 10 at index 0"));
    /// ```
    pub fn new(shape: [usize; 3], classes: usize, pixels: Vec<u8>, labels: Vec<u32>) -> Result<Self, Error> {
        Self::of_pixels(shape, classes, Pixels::Owned(pixels), labels)
    }

    /// As [`new`](Self::new), of pixels that may lie in a mapped file.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn of_pixels(shape: [usize; 3], classes: usize, pixels: Pixels, labels: Vec<u32>) -> Result<Self, Error> {
        check(shape, classes, pixels.len(), &labels).map_err(Error::Samples)?;
        let names = (0..classes).map(|class| class.to_string()).collect();
        Ok(Self { shape, names, pixels, labels })
    }

    /// The same pictures with names for their classes: `names[label]`, one per class.
    ///
    /// # Errors
    /// [`Error::Samples`] when there are not as many names as classes, a name is blank, or two are the same.
    ///
    /// ```
    /// use tensor_data::Samples;
    /// let samples = Samples::new([1, 1, 1], 2, vec![0, 255], vec![0, 1])?.named(["dark", "light"])?;
    /// assert_eq!(samples.class_names(), ["dark", "light"]);
    /// # Ok::<(), tensor_data::Error>(())
    /// ```
    pub fn named<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let names: Arc<[String]> = names.into_iter().map(Into::into).collect();
        check_names(&names, self.classes()).map_err(Error::Samples)?;
        self.names = names;
        Ok(self)
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
        self.names.len()
    }

    /// What the labels 0, 1, ... mean.
    pub fn class_names(&self) -> &[String] {
        &self.names
    }

    /// All pixels, 0 to 255, in the order picture, channel, row, column.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Whether the pixels lie in a mapped file.
    pub fn is_mapped(&self) -> bool {
        self.pixels.is_mapped()
    }

    /// All labels, one per picture.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The labels as bytes; `None` where there are more classes than a byte has values.
    pub(crate) fn label_bytes(&self) -> Option<Vec<u8>> {
        // The labels are below the number of classes.
        (self.classes() <= 256).then(|| self.labels.iter().map(|&label| label as u8).collect())
    }

    /// Pixels (channel, row, column) and label of one picture.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len), as slices do.
    pub fn picture(&self, index: usize) -> (&[u8], u32) {
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
        check(self.shape, self.classes(), pixels.len(), &labels).map_err(Error::Samples)?;
        Ok(Self { shape: self.shape, names: self.names.clone(), pixels: pixels.into(), labels })
    }

    fn picture_size(&self) -> usize {
        self.shape.iter().product()
    }
}

pub(crate) fn check(shape: [usize; 3], classes: usize, pixels: usize, labels: &[u32]) -> Result<(), Fault> {
    if labels.is_empty() {
        return Err(Fault::NoPictures);
    }
    if shape.contains(&0) {
        return Err(Fault::NoPixels(shape));
    }
    if !(1..=MOST_CLASSES).contains(&classes) {
        return Err(Fault::Classes(classes));
    }
    let expected = shape.iter().try_fold(labels.len(), |product, &n| product.checked_mul(n));
    if expected != Some(pixels) {
        let expected = expected.map_or("too many to count".to_owned(), |n| n.to_string());
        return Err(Fault::Pixels { labels: labels.len(), shape, expected, found: pixels });
    }
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(index) => Err(Fault::Label { index, label: labels[index], classes }),
        None => Ok(()),
    }
}

fn check_names(names: &[String], classes: usize) -> Result<(), Fault> {
    if names.len() != classes {
        return Err(Fault::Names { found: names.len(), classes });
    }
    let mut seen = HashMap::with_capacity(names.len());
    for (label, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Fault::BlankName { label });
        }
        if let Some(first) = seen.insert(name.as_str(), label) {
            return Err(Fault::SameName { name: name.clone(), first, second: label });
        }
    }
    Ok(())
}

//! What a classifier answered on labelled pictures: checked once, so that every figure can rest on it.

use crate::Confusion;

/// Logits of n pictures over k classes, with the class of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    classes: usize,
    logits: Vec<f64>,
    labels: Vec<usize>,
}

/// Why figures cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No pictures or no classes.
    #[error(
        "figures of no answers: there are {pictures} pictures and {classes} classes, but at least one of each is needed"
    )]
    Empty {
        /// How many pictures.
        pictures: usize,
        /// How many classes.
        classes: usize,
    },
    /// Another number of logits than pictures times classes.
    #[error("{found} logits for {pictures} pictures and {classes} classes, which have {}", pictures * classes)]
    Logits {
        /// How many there are.
        found: usize,
        /// How many pictures.
        pictures: usize,
        /// How many classes.
        classes: usize,
    },
    /// A label that is no class.
    #[error("picture {picture} has the label {label}, but there are {classes} classes, numbered from 0")]
    Label {
        /// Which, from 0.
        picture: usize,
        /// Its label.
        label: usize,
        /// How many classes.
        classes: usize,
    },
    /// A sample whose true or predicted class does not exist.
    #[error("sample {sample} has class {class}, but there are {classes} classes, numbered from 0")]
    Class {
        /// Which sample, from 0.
        sample: usize,
        /// Its true or predicted class.
        class: usize,
        /// How many classes.
        classes: usize,
    },
    /// A logit that is no finite number.
    #[error("the logits of picture {picture} are not all finite: the model diverged or its file is damaged")]
    NotFinite {
        /// Which, from 0.
        picture: usize,
    },
}

impl Answers {
    /// Checks that logits, `[n, classes]` row by row, and labels fit together.
    ///
    /// # Errors
    /// Each variant of [`Error`] where its text says.
    pub fn new(classes: usize, logits: Vec<f64>, labels: Vec<usize>) -> Result<Answers, Error> {
        let pictures = labels.len();
        if pictures == 0 || classes == 0 {
            return Err(Error::Empty { pictures, classes });
        }
        if Some(logits.len()) != pictures.checked_mul(classes) {
            return Err(Error::Logits { found: logits.len(), pictures, classes });
        }
        if let Some(picture) = labels.iter().position(|&label| label >= classes) {
            return Err(Error::Label { picture, label: labels[picture], classes });
        }
        if let Some(place) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite { picture: place / classes });
        }
        Ok(Answers { classes, logits, labels })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of each picture.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The logits of each picture.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.logits.chunks_exact(self.classes)
    }

    /// The most probable class of each picture; of equal ones the lowest.
    pub fn predicted(&self) -> Vec<usize> {
        self.rows().map(argmax).collect()
    }

    /// Counts by true and predicted class.
    ///
    /// # Errors
    /// None: labels were checked.
    pub fn confusion(&self) -> Result<Confusion, Error> {
        Confusion::count_pairs(self.classes, self.labels.iter().copied().zip(self.predicted()))
    }

    /// Probabilities of each picture's classes: the softmax of its logits divided by `temperature`, which is above 0.
    pub fn probabilities(&self, temperature: f64) -> Vec<Vec<f64>> {
        self.rows().map(|row| softmax(row, temperature)).collect()
    }
}

pub(crate) fn argmax(row: &[f64]) -> usize {
    let mut best = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = class;
        }
    }
    best
}

/// `exp(x / t)` over its sum, without overflow.
pub(crate) fn softmax(row: &[f64], temperature: f64) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponents: Vec<f64> = row.iter().map(|x| ((x - largest) / temperature).exp()).collect();
    let sum: f64 = exponents.iter().sum();
    exponents.into_iter().map(|x| x / sum).collect()
}

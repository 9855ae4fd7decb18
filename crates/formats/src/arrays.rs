//! From named arrays to pictures and labels: which name is which part, which dimension is which.

use crate::{Error, TestPart};
use std::collections::BTreeMap;
use std::path::Path;
use tensor_data::{Holdout, Samples, Source, hold_out};

/// A data set, and what a person should know of how it was read.
#[derive(Debug)]
pub struct Read {
    /// The data set, called like the file without its ending.
    pub source: Source,
    /// Lines that tell what was taken for what.
    pub remarks: Vec<String>,
}

/// An array of whole numbers, the last dimension varying fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub values: Values,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Bytes(Vec<u8>),
    Numbers(Vec<i64>),
}

/// Names of pictures and labels of training, validation and test part; what is absent is empty. The first that fits is taken.
const NAMES: [[[&str; 2]; 3]; 5] = [
    [["x_train", "y_train"], ["x_val", "y_val"], ["x_test", "y_test"]],
    [["train_images", "train_labels"], ["val_images", "val_labels"], ["test_images", "test_labels"]],
    [["train.images", "train.labels"], ["valid.images", "valid.labels"], ["test.images", "test.labels"]],
    [["images", "labels"], ["", ""], ["", ""]],
    [["x", "y"], ["", ""], ["", ""]],
];

/// The names that are looked for, for messages.
const LOOKED_FOR: &str = "x_train, y_train, x_test, y_test (with x_val, y_val where there are some); train_images, train_labels, ...; \
                          train.images, train.labels, ...; images, labels; or x, y";

/// Makes a data set of the arrays of the file at `path`; one that cannot be read, with what is wrong with it, matters where it is needed.
pub(crate) fn source(
    path: &Path,
    mut arrays: BTreeMap<String, Result<Array, String>>,
    test: TestPart,
) -> Result<Read, Error> {
    let present: Vec<String> = arrays.keys().cloned().collect();
    let fits = |names: &&[[&str; 2]; 3]| names[0].iter().all(|name| arrays.contains_key(*name));
    let names = NAMES.iter().find(fits).ok_or_else(|| {
        let problem =
            format!("holds no pictures with labels: it has {}, and looked for are {LOOKED_FOR}", listed(&present));
        Error::content(path, problem)
    })?;
    let mut take = |[pictures, labels]: [&str; 2]| match (arrays.remove(pictures), arrays.remove(labels)) {
        (Some(images), Some(classes)) => {
            let good = |name: &str, array: Result<Array, String>| {
                array.map_err(|problem| Error::content(path, format!("array {name} {problem}")))
            };
            part(path, [pictures, labels], good(pictures, images)?, good(labels, classes)?).map(Some)
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::content(path, format!("has {pictures} and no {labels}: add the labels"))),
        (None, Some(_)) => Err(Error::content(path, format!("has {labels} and no {pictures}: add the pictures"))),
    };
    let (train, valid, own_test) = (take(names[0])?, take(names[1])?, take(names[2])?);
    let train = train.ok_or_else(|| Error::content(path, "holds no training pictures"))?;
    let mut remarks = Vec::new();
    if !arrays.is_empty() {
        let unused: Vec<String> = arrays.into_keys().collect();
        remarks.push(format!("not used: {}", listed(&unused)));
    }
    let parts = [Some(&train), valid.as_ref(), own_test.as_ref()];
    let largest = parts.into_iter().flatten().flat_map(|part| &part.labels).max();
    let classes = largest.map_or(0, |&label| label as usize + 1);
    let samples =
        |part: Part| Samples::new(part.shape, classes, part.pixels, part.labels).map_err(Error::samples(path));
    let train = samples(train)?;
    let valid = valid.map(samples).transpose()?;
    let (train, own_test) = match own_test {
        Some(own_test) => (train, samples(own_test)?),
        None => {
            let (train, tested) = test_part(&train, test).map_err(Error::samples(path))?;
            let share = format!("{:.0} %", 100.0 * test.share);
            remarks.push(format!(
                "no test pictures of its own: {} ({share} of every class) were drawn for it",
                tested.len()
            ));
            (train, tested)
        }
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let source = Source { valid, ..Source::new(name, train, own_test) };
    source.check().map_err(Error::samples(path))?;
    Ok(Read { source, remarks })
}

/// Parts test pictures from the rest, every class in its proportion.
fn test_part(all: &Samples, test: TestPart) -> Result<(Samples, Samples), tensor_data::Error> {
    let count = ((all.len() as f64 * test.share).round() as usize).clamp(1, all.len().saturating_sub(1).max(1));
    hold_out(all, Holdout::Stratified { count, seed: test.seed })
}

struct Part {
    shape: [usize; 3],
    pixels: Vec<u8>,
    labels: Vec<u32>,
}

/// Checks pictures and labels of a part, and brings channels before rows and columns.
fn part(path: &Path, [pictures, labels]: [&str; 2], images: Array, classes: Array) -> Result<Part, Error> {
    let wrong = |name: &str, problem: String| Error::content(path, format!("array {name} {problem}"));
    let Values::Bytes(bytes) = images.values else {
        let problem = "does not hold bytes (uint8): store pixels as 0 to 255, one byte each".to_owned();
        return Err(wrong(pictures, problem));
    };
    let is_channels = |n: usize| n == 1 || n == 3;
    let (shape, interleaved) = match images.shape[..] {
        [_, height, width] => ([1, height, width], false),
        [_, height, width, channels] if is_channels(channels) => ([channels, height, width], channels > 1),
        [_, channels, height, width] if is_channels(channels) => ([channels, height, width], false),
        _ => {
            let problem = format!(
                "has shape {:?}: pictures are [n, height, width], [n, height, width, channels] or [n, channels, height, width] with 1 \
                 or 3 channels",
                images.shape
            );
            return Err(wrong(pictures, problem));
        }
    };
    let count = images.shape[0];
    if !matches!(classes.shape[..], [n] | [n, 1] if n == count) {
        let problem =
            format!("has shape {:?}, but {pictures} holds {count} pictures: give one label each", classes.shape);
        return Err(wrong(labels, problem));
    }
    let numbers: Vec<i64> = match classes.values {
        Values::Bytes(bytes) => bytes.into_iter().map(i64::from).collect(),
        Values::Numbers(numbers) => numbers,
    };
    let label = |(place, number): (usize, i64)| {
        let problem = || format!("holds {number} at {place}: labels are whole numbers from 0 to 99999");
        u32::try_from(number).ok().filter(|&it| it < 100_000).ok_or_else(|| wrong(labels, problem()))
    };
    let labels = numbers.into_iter().enumerate().map(label).collect::<Result<_, _>>()?;
    let pixels = if interleaved { planar(&bytes, shape) } else { bytes };
    Ok(Part { shape, pixels, labels })
}

/// `[n, height, width, channels]` to `[n, channels, height, width]`.
fn planar(bytes: &[u8], [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let area = height * width;
    let mut planar = Vec::with_capacity(bytes.len());
    for picture in bytes.chunks_exact((area * channels).max(1)) {
        for channel in 0..channels {
            planar.extend(picture.iter().skip(channel).step_by(channels));
        }
    }
    planar
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    match (names.len(), more) {
        (0, _) => "no arrays".to_owned(),
        (_, 0) => shown,
        _ => format!("{shown} and {more} more"),
    }
}

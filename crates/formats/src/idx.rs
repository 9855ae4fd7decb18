//! The IDX files of MNIST's relatives in a folder: Fashion-MNIST, KMNIST, EMNIST, or a person's own four files.
//!
//! Fashion-MNIST and MNIST are known by their content, KMNIST by its folder's name, EMNIST by its files' (`emnist-letters-train-...`);
//! elsewhere classes are called by their labels. Only labels that a picture has become classes. EMNIST stores pictures with rows and
//! columns exchanged; they are put right.
//!
//! Sources: T. Clanuwat et al., "Deep learning for classical Japanese literature", arXiv:1812.01718, 2018 (KMNIST);
//! G. Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", arXiv:1702.05373, 2017.

use crate::{Error, Read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tensor_data::files::{Folder, NAMES};
use tensor_data::{Samples, Source, catalog, idx, load_any};

/// Romanised readings, in the order of KMNIST's labels.
const KMNIST: [&str; 10] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];
/// EMNIST's merged classes: capitals stand for small letters of the same form; these are the small ones that are told apart.
const SMALL: &str = "abdefghnqrt";
/// A byte of labels tells so many classes apart.
const LABELS: usize = 256;

/// How the names of EMNIST's files end, behind `emnist-` and the name of the set.
const ENDS: [&str; 4] =
    ["-train-images-idx3-ubyte", "-train-labels-idx1-ubyte", "-test-images-idx3-ubyte", "-test-labels-idx1-ubyte"];

/// Four paths: images and labels to train on, images and labels to test with.
type Four = [Option<PathBuf>; 4];

/// Whether a folder has such files, by their names; [`read`] says which of the four are missing.
pub fn is_known(folder: &Path) -> bool {
    !emnist(folder).is_empty() || Folder::own(folder).missing().len() < NAMES.len()
}

/// Reads the data set of a folder; `None` where there are no such files.
///
/// # Errors
/// [`Error`] where one of the four files is missing, for files that are damaged or do not fit together, and for a folder with several of
/// EMNIST's sets.
pub fn read(folder: &Path) -> Result<Option<Read>, Error> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sets = emnist(folder);
    if let Some((set, files)) = sets.iter().next() {
        if sets.len() > 1 {
            let sets: Vec<&str> = sets.keys().map(String::as_str).collect();
            let problem =
                format!("holds {} of EMNIST's sets ({}): give each a folder of its own", sets.len(), sets.join(", "));
            return Err(Error::content(folder, problem));
        }
        let [Some(images), Some(labels), Some(test_images), Some(test_labels)] = files else {
            let missing = ENDS.iter().zip(files).filter(|(_, file)| file.is_none());
            let missing: Vec<String> = missing.map(|(end, _)| format!("emnist-{set}{end}")).collect();
            let problem = format!("has files of EMNIST's set {set}, but not {}", missing.join(", "));
            return Err(Error::content(folder, problem));
        };
        let part =
            |images: &Path, labels: &Path| idx::read_samples(images, labels, LABELS).map_err(Error::samples(folder));
        let source = Source::new(format!("emnist-{set}"), part(images, labels)?, part(test_images, test_labels)?);
        let source = named(source, |label| emnist_name(set, label), true).map_err(Error::samples(folder))?;
        return Ok(Some(Read { source, remarks: Vec::new() }));
    }
    let files = Folder::own(folder);
    if files.missing().len() == NAMES.len() {
        return Ok(None);
    }
    let loaded = load_any(&files, &name).map_err(Error::samples(folder))?;
    let published = catalog::published(&loaded.source);
    let is_kmnist = folder.components().any(|part| {
        let plain = part.as_os_str().to_string_lossy().to_ascii_lowercase().replace(['-', '_', ' '], "");
        plain == "kmnist" || plain == "kuzushijimnist"
    });
    let class = |label: usize| match published {
        Some(entry) => entry.classes.get(label).map(|&name| name.to_owned()),
        None if is_kmnist => KMNIST.get(label).map(|&name| name.to_owned()),
        None => None,
    };
    let source = named(loaded.source, class, false).map_err(Error::samples(folder))?;
    Ok(Some(Read { source, remarks: loaded.remarks }))
}

/// The sets of EMNIST of which files lie in a folder, by name.
fn emnist(folder: &Path) -> BTreeMap<String, Four> {
    let mut sets: BTreeMap<String, Four> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let place = ENDS.iter().position(|end| stem.ends_with(end));
        if let Some((place, set)) = place.zip(stem.strip_prefix("emnist-")) {
            let set = set.strip_suffix(ENDS[place]).unwrap_or(set).to_owned();
            sets.entry(set).or_default()[place] = Some(entry.path());
        }
    }
    sets
}

/// What a label of one of EMNIST's sets stands for; `None` for one that has no name there.
fn emnist_name(set: &str, label: usize) -> Option<String> {
    let digits_and_capitals = ('0'..='9').chain('A'..='Z');
    let name = match set {
        "letters" => ('A'..='Z').nth(label.checked_sub(1)?),
        "byclass" => digits_and_capitals.chain('a'..='z').nth(label),
        "balanced" | "bymerge" => digits_and_capitals.chain(SMALL.chars()).nth(label),
        _ => None,
    };
    name.map(String::from)
}

/// The same pictures with those labels alone that occur, called as `name` says or else by their number; `exchanged` puts
/// rows and columns into each other's place.
fn named(
    source: Source,
    name: impl Fn(usize) -> Option<String>,
    exchanged: bool,
) -> Result<Source, tensor_data::Error> {
    let mut is_there = [false; LABELS];
    source.train.labels().iter().chain(source.test.labels()).for_each(|&label| is_there[label as usize] = true);
    let labels: Vec<usize> = (0..LABELS).filter(|&label| is_there[label]).collect();
    let names: Vec<String> = labels.iter().map(|&label| name(label).unwrap_or_else(|| label.to_string())).collect();
    let part = |samples: &Samples| {
        let numbers = samples.labels().iter();
        let numbers = numbers.map(|&label| labels.binary_search(&(label as usize)).unwrap_or(0) as u32).collect();
        let [channels, height, width] = samples.shape();
        let (shape, pixels) = if exchanged {
            let pictures = samples.pixels().chunks_exact(height * width);
            let turned = |picture: &[u8]| -> Vec<u8> {
                (0..height * width).map(|i| picture[i % height * width + i / height]).collect()
            };
            ([channels, width, height], pictures.flat_map(turned).collect())
        } else {
            (samples.shape(), samples.pixels().to_vec())
        };
        Samples::new(shape, labels.len(), pixels, numbers)?.named(names.iter().cloned())
    };
    Ok(Source::new(source.name, part(&source.train)?, part(&source.test)?))
}

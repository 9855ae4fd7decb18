//! CIFAR-10 and CIFAR-100 in their binary releases: records of labels and 3072 bytes, red, green and blue one after the other.
//!
//! | set | training files | test file | record |
//! | --- | --- | --- | --- |
//! | CIFAR-10 | `data_batch_1.bin` to `data_batch_5.bin` | `test_batch.bin` | label, pixels |
//! | CIFAR-100 | `train.bin` | `test.bin` | coarse label, fine label, pixels |
//!
//! Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and the release's own page. Class names are
//! those of `batches.meta.txt` and `fine_label_names.txt`; CIFAR-10's are known without the file.

use crate::{Error, Read};
use std::path::Path;
use tensor_data::{Samples, Source};

const PIXELS: usize = 3 * 32 * 32;
const SHAPE: [usize; 3] = [3, 32, 32];
const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// No release holds more in a file: 50,000 records.
const MOST: u64 = 50_000 * (PIXELS as u64 + 2);

/// Whether a folder has such files.
pub fn is_known(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    has("data_batch_1.bin") || (has("train.bin") && has("test.bin"))
}

/// Reads the data set of a folder; `None` where there are no such files.
///
/// # Errors
/// [`Error`] for a file that is missing, damaged, or whose labels do not fit.
pub fn read(folder: &Path) -> Result<Option<Read>, Error> {
    if folder.join("data_batch_1.bin").is_file() {
        let parts: Vec<String> = (1..=5).map(|n| format!("data_batch_{n}.bin")).collect();
        let names = names(folder, "batches.meta.txt")?;
        let named = names.unwrap_or_else(|| CIFAR10.map(str::to_owned).to_vec());
        let train = records(folder, &parts, 1, &named)?;
        let test = records(folder, &["test_batch.bin".to_owned()], 1, &named)?;
        return Ok(Some(Read { source: Source::new("cifar10", train, test), remarks: Vec::new() }));
    }
    if folder.join("train.bin").is_file() && folder.join("test.bin").is_file() {
        let named = names(folder, "fine_label_names.txt")?;
        let mut remarks = Vec::new();
        if named.is_none() {
            remarks.push("no fine_label_names.txt: the classes are called 0 to 99".to_owned());
        }
        let named = named.unwrap_or_else(|| (0..100).map(|class| class.to_string()).collect());
        let train = records(folder, &["train.bin".to_owned()], 2, &named)?;
        let test = records(folder, &["test.bin".to_owned()], 2, &named)?;
        return Ok(Some(Read { source: Source::new("cifar100", train, test), remarks }));
    }
    Ok(None)
}

/// Class names, one a line; `None` where the file is not there.
fn names(folder: &Path, file: &str) -> Result<Option<Vec<String>>, Error> {
    let path = folder.join(file);
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    Ok(Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()))
}

/// The records of files, one after the other; the last of `labels` bytes before the pixels is the class.
fn records(folder: &Path, files: &[String], labels: usize, names: &[String]) -> Result<Samples, Error> {
    let (mut pixels, mut classes) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(file);
        let bytes = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
        if bytes > MOST {
            return Err(Error::content(&path, format!("has {bytes} bytes, more than any release's {MOST}")));
        }
        let content = std::fs::read(&path).map_err(Error::io(&path))?;
        let size = PIXELS + labels;
        if content.is_empty() || !content.len().is_multiple_of(size) {
            let problem =
                format!("has {} bytes, which is no whole number of records of {size}: fetch it again", content.len());
            return Err(Error::content(&path, problem));
        }
        for (place, record) in content.chunks_exact(size).enumerate() {
            let class = record[labels - 1];
            if usize::from(class) >= names.len() {
                let problem = format!("record {place} has label {class}, but there are {} classes", names.len());
                return Err(Error::content(&path, problem));
            }
            classes.push(u32::from(class));
            pixels.extend_from_slice(&record[labels..]);
        }
    }
    let samples = Samples::new(SHAPE, names.len(), pixels, classes).and_then(|samples| samples.named(names));
    samples.map_err(Error::samples(folder))
}

//! MNIST's IDX files: pictures f32, divided by 256, and labels.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;

/// Pixels of a picture.
const SIZE: usize = 28 * 28;
/// The last so many of the 60,000 pictures validate.
const VALIDATION: usize = 10_000;

/// Pictures with their labels.
pub struct Split {
    /// f32, `[n, 1, 28, 28]`.
    pub images: Vec<f32>,
    /// One of 0 to 9 for each picture.
    pub labels: Vec<u8>,
}

/// What is trained on, and what validates.
pub struct Mnist {
    pub train: Split,
    pub valid: Split,
}

impl Mnist {
    /// Reads the first `pictures` of `folder` to train on, and the last 10,000 of the 60,000.
    pub fn load(folder: &Path, pictures: usize) -> Result<Mnist> {
        let images = read(&folder.join("train-images-idx3-ubyte"), 16)?;
        let labels = read(&folder.join("train-labels-idx1-ubyte"), 8)?;
        let count = labels.len();
        ensure!(images.len() == count * SIZE, "{} labels do not go with {} bytes of pictures", count, images.len());
        ensure!(pictures + VALIDATION <= count, "{pictures} pictures and {VALIDATION} more are not in {count}");
        let split = |from: usize, to: usize| Split {
            images: images[from * SIZE..to * SIZE].iter().map(|&pixel| f32::from(pixel) / 256.0).collect(),
            labels: labels[from..to].to_vec(),
        };
        Ok(Mnist { train: split(0, pictures), valid: split(count - VALIDATION, count) })
    }
}

impl Split {
    /// Whole minibatches of `size`: pixels and labels of each.
    pub fn minibatches(&self, size: usize) -> impl Iterator<Item = (&[f32], &[u8])> {
        self.images.chunks_exact(size * SIZE).zip(self.labels.chunks_exact(size))
    }
}

/// What stands behind a file's header, packed by gzip or not.
fn read(path: &Path, header: usize) -> Result<Vec<u8>> {
    let packed = path.with_extension("gz");
    let mut bytes = Vec::new();
    if packed.exists() {
        GzDecoder::new(File::open(&packed)?)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot unpack {}", packed.display()))?;
    } else {
        bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    ensure!(bytes.len() > header, "{} is no IDX file", path.display());
    Ok(bytes.split_off(header))
}

//! MNIST: 60,000 handwritten digits to train on and 10,000 to test with, 28x28 pixels of grey, ten classes.
//!
//! Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
//! Proceedings of the IEEE 86(11), 1998. The published training files hold the pictures of a validation set as well:
//! [`hold_out`](crate::hold_out) parts it from them.

use std::path::{Path, PathBuf};

use crate::fetch::{self, Progress, Remote, Settings};
use crate::{Error, Source, idx};

/// Ten digits.
pub const CLASSES: usize = 10;

/// The four files. SHA-256 is that of the uncompressed content: the gzip wrappers in circulation differ.
const FILES: [File; 4] = [
    File {
        name: "train-images-idx3-ubyte",
        bytes: 47_040_016,
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    File {
        name: "train-labels-idx1-ubyte",
        bytes: 60_008,
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    File {
        name: "t10k-images-idx3-ubyte",
        bytes: 7_840_016,
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    File {
        name: "t10k-labels-idx1-ubyte",
        bytes: 10_008,
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

/// Asked in this order, each as `<mirror>/<name>.gz`.
const MIRRORS: [&str; 3] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "http://yann.lecun.com/exdb/mnist",
];

struct File {
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
}

impl File {
    /// The file in `dir`, under its canonical or its dotted name, plain or gzip.
    fn find(&self, dir: &Path) -> Option<PathBuf> {
        let dotted = self.name.replacen("-idx", ".idx", 1);
        let names = [self.name.to_owned(), format!("{}.gz", self.name), dotted.clone(), format!("{dotted}.gz")];
        names.iter().map(|name| dir.join(name)).find(|path| path.is_file())
    }

    fn remote(&self) -> Remote {
        Remote {
            name: format!("{}.gz", self.name),
            mirrors: MIRRORS.iter().map(|mirror| format!("{mirror}/{}.gz", self.name)).collect(),
            bytes: self.bytes,
            sha256: self.sha256.to_owned(),
        }
    }
}

/// Reads the four files from `dir`: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each plain or with `.gz`, with `-idx` or `.idx` in its name.
///
/// Their content need not be that of MNIST: any pictures of ten classes in these files are read, whatever their number
/// and size. [`fetch()`] is what makes sure of MNIST itself.
///
/// # Errors
/// [`Error::Missing`] naming all files that are not there, and those of [`idx::read_samples`].
pub fn load(dir: &Path) -> Result<Source, Error> {
    let found = FILES.each_ref().map(|file| file.find(dir));
    let [Some(train_images), Some(train_labels), Some(test_images), Some(test_labels)] = found else {
        let names = FILES.iter().filter(|file| file.find(dir).is_none()).map(|file| file.name.to_owned()).collect();
        return Err(Error::Missing { dir: dir.to_owned(), names });
    };
    Ok(Source {
        name: "mnist".to_owned(),
        train: idx::read_samples(&train_images, &train_labels, CLASSES)?,
        test: idx::read_samples(&test_images, &test_labels, CLASSES)?,
    })
}

/// Whether all four files are in `dir`, so that [`load`] can try them.
pub fn is_present(dir: &Path) -> bool {
    FILES.iter().all(|file| file.find(dir).is_some())
}

/// Makes sure that `dir` holds MNIST itself: fetches the files that are not there (11.6 MB in all) and verifies the
/// content of all four. The folder is made when it does not exist. See [the module `fetch`](mod@crate::fetch) for how.
///
/// # Errors
/// [`Error::Fetch`] with every mirror's reason, [`Error::Different`] when a file is there whose content is another, and
/// [`Error::Write`] when the folder cannot be written.
pub fn fetch(dir: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
    for file in &FILES {
        let remote = file.remote();
        match file.find(dir) {
            Some(path) => fetch::verify(&path, &remote, progress)?,
            None => {
                fetch::fetch(&remote, dir, &Settings::default(), progress)?;
            }
        }
    }
    Ok(())
}

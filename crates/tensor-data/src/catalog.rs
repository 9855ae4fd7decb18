//! The data sets that have a name here, in one table: what they hold, where they come from, and by which content they
//! are known. A folder's name says what somebody meant to put there; only the content says what is there.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::fetch::{self, Progress, Remote, Settings};
use crate::files::{self, NAMES};
use crate::{Error, Samples, Source, glyphs, idx};

/// A data set with a name.
#[derive(Debug)]
pub struct Entry {
    /// Its name in recipes, and that of its folder.
    pub name: &'static str,
    /// Its name in prose.
    pub title: &'static str,
    /// What it holds, in a few words.
    pub about: &'static str,
    /// Channels, height and width of a picture.
    pub shape: [usize; 3],
    /// What the labels 0, 1, ... mean.
    pub classes: &'static [&'static str],
    /// Pictures to train on, those of a later validation set included.
    pub train: usize,
    /// Pictures to test with.
    pub test: usize,
    /// Where its pictures come from.
    pub origin: Origin,
}

/// Where pictures come from.
#[derive(Debug)]
pub enum Origin {
    /// This crate draws them.
    Drawn(fn() -> Source),
    /// Four IDX files, published on the web.
    Files(Published),
}

/// Four published IDX files.
#[derive(Debug)]
pub struct Published {
    /// In the order of [`files::NAMES`].
    pub parts: [Part; 4],
    /// Asked in this order, each as `<mirror>/<name>.gz`.
    pub mirrors: &'static [&'static str],
}

/// The content of one published file. Gzip wrappers in circulation differ, so both numbers are of the uncompressed bytes.
#[derive(Debug)]
pub struct Part {
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: &'static str,
}

/// A file recognised by its content.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The data set that it belongs to.
    pub entry: &'static Entry,
    /// Its place in [`files::NAMES`].
    pub part: usize,
}

/// All of them.
pub static ALL: [&Entry; 3] = [&MNIST, &FASHION_MNIST, &GLYPHS];

/// Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings of
/// the IEEE 86(11), 1998.
pub static MNIST: Entry = Entry {
    name: "mnist",
    title: "MNIST",
    about: "handwritten digits",
    shape: [1, 28, 28],
    classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    train: 60_000,
    test: 10_000,
    origin: Origin::Files(Published {
        parts: [
            Part { bytes: 47_040_016, sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
            Part { bytes: 60_008, sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
            Part { bytes: 7_840_016, sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
            Part { bytes: 10_008, sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
        ],
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
            "http://yann.lecun.com/exdb/mnist",
        ],
    }),
};

/// H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
/// arXiv:1708.07747, 2017 (MIT licence).
pub static FASHION_MNIST: Entry = Entry {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    about: "pieces of clothing",
    shape: [1, 28, 28],
    classes: &[
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    train: 60_000,
    test: 10_000,
    origin: Origin::Files(Published {
        parts: [
            Part { bytes: 47_040_016, sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888" },
            Part { bytes: 60_008, sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9" },
            Part { bytes: 7_840_016, sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b" },
            Part { bytes: 10_008, sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34" },
        ],
        mirrors: &[
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        ],
    }),
};

/// Drawn by this crate; see [`glyphs`].
pub static GLYPHS: Entry = Entry {
    name: "glyphs",
    title: "glyphs",
    about: "drawn digits",
    shape: [1, 28, 28],
    classes: MNIST.classes,
    train: 60_000,
    test: 10_000,
    // One data set, whatever the seed of a run.
    origin: Origin::Drawn(|| glyphs::load(0)),
};

/// The data set of this name.
///
/// ```
/// use tensor_data::catalog;
/// assert_eq!(catalog::find("fashion-mnist").map(|entry| entry.classes[9]), Some("Ankle boot"));
/// assert!(catalog::find("mnits").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.into_iter().find(|entry| entry.name == name)
}

/// All names as prose: `mnist, fashion-mnist and glyphs`.
pub fn names() -> String {
    files::prose(&ALL.map(|entry| entry.name.to_owned()))
}

/// The published data set that `source` is, all four files of it, whatever the source calls itself.
pub fn published(source: &Source) -> Option<&'static Entry> {
    whole(&recognise(source))
}

/// The data set whose four files these are, each in its place.
pub(crate) fn whole(known: &[Option<Known>; 4]) -> Option<&'static Entry> {
    let entry = known[0]?.entry;
    let is_in_place = |(part, known): (usize, &Option<Known>)| {
        known.is_some_and(|known| known.part == part && known.entry.name == entry.name)
    };
    known.iter().enumerate().all(is_in_place).then_some(entry)
}

/// Of each of the four files that `source` was read from, or would be written as: the published file of this content.
/// Only pictures of a published file's very size are hashed.
pub fn recognise(source: &Source) -> [Option<Known>; 4] {
    let [train_images, train_labels] = recognise_pair(&source.train);
    let [test_images, test_labels] = recognise_pair(&source.test);
    [train_images, train_labels, test_images, test_labels]
}

fn recognise_pair(samples: &Samples) -> [Option<Known>; 2] {
    let [images, labels] = idx::headers(samples);
    [lookup(&images, samples.pixels()), samples.label_bytes().and_then(|bytes| lookup(&labels, &bytes))]
}

/// The published file that consists of this header and content.
fn lookup(header: &[u8], content: &[u8]) -> Option<Known> {
    let bytes = (header.len() + content.len()) as u64;
    let parts = ALL.into_iter().filter_map(|entry| Some((entry, entry.published()?)));
    let parts = parts.flat_map(|(entry, files)| files.parts.iter().enumerate().map(move |it| (entry, it)));
    let mut alike = parts.filter(|(_, (_, file))| file.bytes == bytes).peekable();
    alike.peek()?;
    let sha256 = format!("{:x}", Sha256::new().chain_update(header).chain_update(content).finalize());
    let found = alike.find(|(_, (_, file))| file.sha256 == sha256);
    found.map(|(entry, (part, _))| Known { entry, part })
}

impl Entry {
    /// Its four files, unless it is drawn.
    pub fn published(&self) -> Option<&Published> {
        match &self.origin {
            Origin::Drawn(_) => None,
            Origin::Files(files) => Some(files),
        }
    }
}

impl Published {
    /// Makes sure that `dir` holds these files: fetches those that are not there and verifies the content of all four.
    /// The folder is made when it does not exist. See [the module `fetch`](mod@crate::fetch) for how.
    ///
    /// # Errors
    /// [`Error::Fetch`] with every mirror's reason, [`Error::Different`] when a file is there whose content is another,
    /// and [`Error::Write`] when the folder cannot be written.
    pub fn fetch(&self, dir: &Path, settings: &Settings, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        for (part, remote) in self.remotes().into_iter().enumerate() {
            match files::usual(dir, part) {
                Some(path) => fetch::verify(&path, &remote, progress)?,
                None => {
                    fetch::fetch(&remote, dir, settings, progress)?;
                }
            }
        }
        Ok(())
    }

    /// The four files as they are fetched.
    pub fn remotes(&self) -> Vec<Remote> {
        let remote = |(name, part): (&str, &Part)| Remote {
            name: format!("{name}.gz"),
            mirrors: self.mirrors.iter().map(|mirror| format!("{mirror}/{name}.gz")).collect(),
            bytes: part.bytes,
            sha256: part.sha256.to_owned(),
        };
        NAMES.into_iter().zip(&self.parts).map(remote).collect()
    }
}

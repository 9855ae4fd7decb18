//! What can go wrong, in words: each message names the file or value at fault and how to mend it.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::io;
use std::path::PathBuf;

use crate::catalog::Entry;
use crate::fetch::Tried;
use crate::samples::MOST_CLASSES;

/// Why a data set could not be read, split, fetched or put on a device.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened or read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file or folder could not be made, locked, written or renamed.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file's content is not what its format or its data set demands.
    #[error("{}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Samples made in memory do not fit together.
    #[error("these samples cannot be used: {0}")]
    Samples(Fault),
    /// The files of a data set are not in its folder.
    #[error(
        "{} lacks {} (plain, or with .gz), it holds {holds}; fetch the data set, or copy the files into that folder",
        dir.display(), names.join(", ")
    )]
    Missing {
        /// The folder looked into.
        dir: PathBuf,
        /// The canonical names of the files that are not there.
        names: Vec<String>,
        /// What the folder holds instead, in a few words.
        holds: String,
    },
    /// Files of one data set were found where another one was asked for.
    #[error(
        "{} holds {}{} ({}), and {} was asked for: ask for the data set {}, or put the files of {} in their place",
        dir.display(), if files.len() < 4 { format!("{} of ", files.join(", ")) } else { String::new() },
        found.title, found.about, asked.title, found.name, asked.title
    )]
    Another {
        /// The folder.
        dir: PathBuf,
        /// The data set that was asked for.
        asked: &'static Entry,
        /// The data set that is there.
        found: &'static Entry,
        /// Those of the four files, by their canonical names, that belong to the one that is there.
        files: Vec<String>,
    },
    /// Files are there in several copies that differ, and one of the copies is incomplete.
    #[error(
        "{} differ, and not every copy of the pictures has its own labels: which belong together cannot be told; keep \
         the pair that is right and move the other files away",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" and ")
    )]
    MixedCopies {
        /// The files that should be alike.
        files: Vec<PathBuf>,
    },
    /// A file is there already, and its content is not the published one. It is left untouched.
    #[error("{}: {reason}; nothing was overwritten: move the file away to have it fetched again", path.display())]
    Different {
        /// The file.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// No mirror gave the file.
    #[error(
        "{name} could not be fetched:\n{}run it again to continue from what is there, or put the file into {} by hand",
        tried.iter().map(|t| format!("  {}: {}\n", t.url, t.reason)).collect::<String>(), dir.display()
    )]
    Fetch {
        /// The file's name.
        name: String,
        /// The folder where it belongs.
        dir: PathBuf,
        /// Every mirror asked, in order, with the reason that it failed.
        tried: Vec<Tried>,
    },
    /// The hold-out leaves no picture on one side.
    #[error("holding out {count} of {available} pictures leaves none for {left_empty}; hold out between 1 and {}", available.saturating_sub(1))]
    HoldOut {
        /// Pictures to hold out.
        count: usize,
        /// Pictures there are.
        available: usize,
        /// `training` or `validation`.
        left_empty: &'static str,
    },
    /// A fold that does not exist, or one of more folds than there are different pictures.
    #[error(
        "{fold} cannot be drawn from {different} different pictures: folds are numbered from 1, and each tests one picture at least; take 2 to {different} folds"
    )]
    Fold {
        /// The fold.
        fold: crate::Fold,
        /// Different pictures there are.
        different: usize,
    },
    /// Picture indices reach beyond the samples.
    #[error("picture {index} was selected, but there are only {available} (0 to {})", available.saturating_sub(1))]
    Index {
        /// The first index out of range.
        index: usize,
        /// Pictures there are.
        available: usize,
    },
    /// Two parts of a data set are of different kinds.
    #[error(
        "training and {part} pictures of {name} differ: {}x{}x{} in {} classes against {}x{}x{} in {} classes",
        train.0[0], train.0[1], train.0[2], train.1, other.0[0], other.0[1], other.0[2], other.1
    )]
    Unlike {
        /// The data set's name.
        name: String,
        /// The other part: `validation` or `test`.
        part: &'static str,
        /// Shape (channels, height, width) and number of classes of the training pictures.
        train: ([usize; 3], usize),
        /// The same of the other part.
        other: ([usize; 3], usize),
    },
    /// Two parts of a data set call a class differently.
    #[error(
        "class {label} of {name} is \"{train}\" among the training pictures and \"{other}\" among the {part} pictures; give \
         all parts the same class names, in the same order"
    )]
    OtherNames {
        /// The data set's name.
        name: String,
        /// The other part: `validation` or `test`.
        part: &'static str,
        /// The first class that differs.
        label: usize,
        /// Its name among the training pictures.
        train: String,
        /// Its name in the other part.
        other: String,
    },
    /// A pixel scale that is not a positive finite number.
    #[error("the pixel scale is {0}; it must be a positive finite number such as 1/255")]
    Scale(f64),
    /// Means and deviations that do not fit the pictures.
    #[error(
        "mean {mean:?} and std {std:?} do not fit pictures of {channels} channels: give {channels} finite means and {channels} \
         positive finite deviations"
    )]
    Normalise {
        /// The means given.
        mean: Vec<f64>,
        /// The standard deviations given.
        std: Vec<f64>,
        /// Channels of a picture.
        channels: usize,
    },
    /// An operation that pictures cannot be augmented with.
    #[error("augment operation {kind}: {problem}")]
    Augment {
        /// The operation's `kind`.
        kind: &'static str,
        /// Why not, and what to do about it.
        problem: String,
    },
    /// A class without pictures, where each is to come equally often.
    #[error(
        "class {class} has no picture to train on, and balanced sampling shows each class equally often: leave the class out, or hold out fewer pictures"
    )]
    EmptyClass {
        /// The class.
        class: usize,
    },
    /// A minibatch of no pictures.
    #[error("the minibatch size is 0; it must be at least 1")]
    EmptyBatch,
    /// Incomplete minibatches are dropped, and not one is complete.
    #[error(
        "the minibatch size {size} is larger than the split's {available} pictures, and incomplete minibatches are dropped: \
         not one would be left; use a size of at most {available}, or keep the last minibatch"
    )]
    BatchTooLarge {
        /// Pictures per minibatch.
        size: usize,
        /// Pictures in the split.
        available: usize,
    },
    /// A CUDA device that this machine or this libtorch does not have.
    #[error("there is no CUDA device {asked}; libtorch sees {count} of them here")]
    NoDevice {
        /// The device's number, from 0.
        asked: usize,
        /// How many there are.
        count: usize,
    },
    /// libtorch refused, for example because the device's memory is full.
    #[cfg(feature = "tch")]
    #[error(transparent)]
    Libtorch(#[from] torch_ext::Error),
}

/// What is wrong with the content of a file, or with pictures and labels that should fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing in the file at all.
    #[error("the file is empty; copy or fetch it again")]
    EmptyFile,
    /// The file ends inside the IDX header.
    #[error(
        "the IDX header is cut off: it takes {expected} bytes, and the file ends after {found}; copy or fetch it again"
    )]
    ShortHeader {
        /// Bytes that the header takes.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The first four bytes are not the expected magic number.
    #[error(
        "this is not IDX {wanted}: the magic number is 0x{found:08x}, 0x{expected:08x} was expected; it looks like {looks_like}"
    )]
    Magic {
        /// What the file should hold: `images` or `labels`.
        wanted: &'static str,
        /// The number found.
        found: u32,
        /// The number expected.
        expected: u32,
        /// The kind of file that begins so.
        looks_like: String,
    },
    /// The header's dimensions are impossible: too large for any file of this size, or for this reader.
    #[error("the header claims {dims} bytes, {why}; the header is damaged, or this is another kind of file", dims = dims.iter().map(u32::to_string).collect::<Vec<_>>().join(" x "))]
    Absurd {
        /// The dimensions claimed.
        dims: Vec<u32>,
        /// Why that cannot be.
        why: String,
    },
    /// Fewer bytes than the header claims.
    #[error(
        "the header claims {expected} bytes of content, but there are only {found}; the file is cut off: copy or fetch it again"
    )]
    ShortContent {
        /// Bytes claimed.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// More bytes than the header claims.
    #[error(
        "the file continues after the {expected} bytes of content that its header claims; it is damaged, or two files were joined"
    )]
    Trailing {
        /// Bytes claimed.
        expected: u64,
    },
    /// The gzip stream ends too early.
    #[error("the gzip data is cut off after {found} bytes of uncompressed content; copy or fetch it again")]
    GzipCutOff {
        /// Uncompressed bytes that could be read.
        found: u64,
    },
    /// The gzip stream is whole, and something else than padding stands behind it.
    #[error(
        "{bytes} {} the gzip data{}; the gzip data itself is whole: cut off what follows, or copy or fetch the file again",
        if *bytes == 1 { "byte follows" } else { "bytes follow" },
        if *is_line_end { " (the end of a line, as a transfer in text mode adds)" } else { "" }
    )]
    GzipTrailing {
        /// Bytes behind it.
        bytes: u64,
        /// Whether they are carriage returns and line feeds alone.
        is_line_end: bool,
    },
    /// The gzip stream is damaged.
    #[error("the gzip data is damaged ({0}); copy or fetch it again")]
    GzipDamaged(String),
    /// Not a single picture or label.
    #[error("there are no pictures in it; at least one is needed")]
    NoPictures,
    /// Pictures without channels, rows or columns.
    #[error("pictures of {} x {} x {} (channels, height, width) hold no pixel; each number must be at least 1", .0[0], .0[1], .0[2])]
    NoPixels([usize; 3]),
    /// No class, or more than are allowed.
    #[error("{0} classes were asked for; there must be between 1 and {MOST_CLASSES}")]
    Classes(usize),
    /// Not one name for each class.
    #[error("{found} class names were given for {classes} classes; give one name for each")]
    Names {
        /// Names given.
        found: usize,
        /// Classes there are.
        classes: usize,
    },
    /// A class without a name.
    #[error("the name of class {label} is blank; give it a name")]
    BlankName {
        /// The class.
        label: usize,
    },
    /// Two classes of one name.
    #[error("classes {first} and {second} are both called \"{name}\"; give them different names")]
    SameName {
        /// The name.
        name: String,
        /// The first class of this name.
        first: usize,
        /// The next one.
        second: usize,
    },
    /// A label that names no class.
    #[error("label {label} at index {index} is out of range: with {classes} classes, labels go from 0 to {}", classes - 1)]
    Label {
        /// Its place, from 0.
        index: usize,
        /// Its value.
        label: u32,
        /// Classes there are.
        classes: usize,
    },
    /// Labels that are not counted from 0, and reach beyond the classes there are.
    #[error(
        "labels go from {smallest} to {largest} and none is 0, but {classes} classes are counted from 0 to {}; {}",
        classes - 1,
        other_count(*smallest, *largest, *classes)
    )]
    LabelsFrom {
        /// The smallest label.
        smallest: u8,
        /// The largest label.
        largest: u8,
        /// Classes there are.
        classes: usize,
    },
    /// Images and labels do not pair up.
    #[error("{labels} labels, but {images} pictures in {}; the two files do not belong together", path.display())]
    Unpaired {
        /// Labels in this file.
        labels: usize,
        /// Pictures in the other.
        images: usize,
        /// The file with the pictures.
        path: PathBuf,
    },
    /// Pixels that are not a whole number of pictures, one for each label.
    #[error("{labels} pictures of {} x {} x {} (channels, height, width) need {expected} pixels, and {found} were given", shape[0], shape[1], shape[2])]
    Pixels {
        /// Number of labels.
        labels: usize,
        /// Shape of a picture.
        shape: [usize; 3],
        /// Pixels needed (as a number, or `too many to count`).
        expected: String,
        /// Pixels given.
        found: usize,
    },
}

/// What labels that are not counted from 0 may be, and what to do about them.
fn other_count(smallest: u8, largest: u8, classes: usize) -> String {
    let most = usize::from(largest - smallest) + 1;
    let emnist = "(EMNIST letters counts its 26 classes from 1)";
    if most <= classes {
        format!("these seem to be counted from {smallest} {emnist}: subtract {smallest} from each label")
    } else {
        format!("these are up to {most} classes {emnist}, and a data set of {classes} is needed here")
    }
}

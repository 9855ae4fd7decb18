//! What a folder of pictures holds, before anything is learned from it.

use crate::decode::Facts;
use crate::duplicates::{self, Duplicates};
use crate::error::Error;
use crate::group::Group;
use crate::listing::{self, Ignored, Layout, Part};
use crate::survey::{Seen, survey};
use crate::transparency::Background;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How a folder is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What lies below transparent pictures; white by default.
    pub background: Background,
    /// Which pictures belong together and stand on one side of a split; each is alone by default.
    pub group: Group,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { background: Background::Colour([255; 3]), group: Group::None }
    }
}

/// A picture that was decoded without an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Relative to the inventory's root.
    pub path: PathBuf,
    /// An index into the inventory's classes.
    pub class: u32,
    /// The part that its folder or table puts it into.
    pub part: Option<Part>,
    /// The group that it belongs to, where groups were asked for.
    pub group: Option<String>,
    /// In pixels, turned the right way up.
    pub width: u32,
    /// In pixels, turned the right way up.
    pub height: u32,
    /// What its file was.
    pub facts: Facts,
    /// SHA-256 of the file's content.
    pub sha256: [u8; 32],
}

/// A file that is meant as a picture and gave none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Relative to the inventory's root.
    pub path: PathBuf,
    /// The class that it would have had.
    pub class: String,
    /// Such as "the JPEG is cut off".
    pub cause: String,
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inventory {
    /// The folder; a table's own folder.
    pub root: PathBuf,
    /// How it says the classes.
    pub layout: Layout,
    /// Names of the classes that have a picture, sorted, over all parts: a picture's class never depends on its part.
    pub classes: Vec<String>,
    /// All that can be read, sorted by path (in a table's order).
    pub pictures: Vec<Picture>,
    /// All that cannot.
    pub unreadable: Vec<Unreadable>,
    /// Pictures that are there more than once.
    pub duplicates: Vec<Duplicates>,
    /// Files and folders that were not looked at.
    pub ignored: Vec<Ignored>,
}

impl Inventory {
    /// Looks at a folder (`class/picture` or `train/class/picture`), or at the pictures that a CSV file names. Every picture
    /// is decoded once, on all cores; nothing is changed.
    ///
    /// # Errors
    /// [`Error::Read`] where the folder cannot be read, [`Error::NoPictures`] where none is in it, [`Error::Table`] where a
    /// table is not as it should be. A single bad file is no error: it stands in [`Inventory::unreadable`].
    pub fn of(place: &Path, settings: &Settings) -> Result<Inventory, Error> {
        Ok(Inventory::with(place, settings, |_| ())?.0)
    }

    /// Whether there is anything to tell apart.
    ///
    /// # Errors
    /// [`Error::OneClass`] where all pictures are of one class.
    pub fn check_classes(&self) -> Result<(), Error> {
        check(&self.root, &self.classes, self.pictures.iter().map(|picture| picture.path.as_path()))
    }

    /// Whether a place can be a data set as far as its files' names tell; none is opened but a table.
    ///
    /// # Errors
    /// Those of [`Inventory::of`] and [`Inventory::check_classes`] that need no picture.
    pub fn check_names(place: &Path, settings: &Settings) -> Result<(), Error> {
        let listing = listing::list(place, settings.group.column())?;
        let classes: BTreeSet<&String> = listing.files.iter().map(|file| &file.class).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        check(&listing.root, &classes, listing.files.iter().map(|file| file.path.as_path()))
    }

    /// The same, with what `make` made of each picture's pixels, in the order of [`Inventory::pictures`].
    ///
    /// # Errors
    /// As [`Inventory::of`].
    pub fn with<T: Send>(
        place: &Path,
        settings: &Settings,
        make: impl Fn(RgbImage) -> T + Sync,
    ) -> Result<(Inventory, Vec<T>), Error> {
        let listing = listing::list(place, settings.group.column())?;
        let seen = survey(&listing, settings.background, |_, pixels| make(pixels));
        let good = listing.files.iter().zip(&seen).filter(|(_, seen)| seen.is_ok());
        let classes: BTreeSet<String> = good.map(|(file, _)| file.class.clone()).collect();
        let classes: Vec<String> = classes.into_iter().collect();
        if classes.is_empty() {
            return Err(Error::NoneReadable {
                folder: place.to_owned(),
                files: seen.len(),
                first: seen.into_iter().find_map(Result::err).map(|error| error.to_string()).unwrap_or_default(),
            });
        }
        let (mut pictures, mut unreadable) = (Vec::new(), Vec::new());
        let (mut made, mut likenesses) = (Vec::new(), Vec::new());
        for (file, seen) in listing.files.into_iter().zip(seen) {
            match seen {
                Err(error) => {
                    unreadable.push(Unreadable { path: file.path, class: file.class, cause: error.problem() });
                }
                Ok(Seen { facts, width, height, sha256, likeness, made: one }) => {
                    let group = settings.group.of(&file);
                    let class = classes.binary_search(&file.class).unwrap_or(0) as u32;
                    let (path, part) = (file.path, file.part);
                    pictures.push(Picture { path, class, part, group, width, height, facts, sha256 });
                    made.push(one);
                    likenesses.push(likeness);
                }
            }
        }
        let duplicates = duplicates::find(&pictures, &likenesses);
        let (root, layout, ignored) = (listing.root, listing.layout, listing.ignored);
        Ok((Inventory { root, layout, classes, pictures, unreadable, duplicates, ignored }, made))
    }

    /// How many pictures each class has, in the order of the classes; of one part, or of all.
    pub fn counts(&self, part: Option<Part>) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for picture in self.pictures.iter().filter(|picture| part.is_none() || picture.part == part) {
            counts[picture.class as usize] += 1;
        }
        counts
    }

    /// The pictures for which `is` holds, such as those that were turned.
    pub fn where_facts(&self, is: impl Fn(&Facts) -> bool) -> Vec<&Path> {
        self.pictures.iter().filter(|picture| is(&picture.facts)).map(|picture| picture.path.as_path()).collect()
    }
}

/// An error where all pictures are of one class, with the number of folders that may have been meant as classes.
fn check<'a>(root: &Path, classes: &[String], pictures: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
    let [class] = classes else { return Ok(()) };
    let own = Path::new(class);
    let inner = |path: &Path| Some(path.strip_prefix(own).ok()?.parent()?.iter().next()?.to_owned());
    let inner: BTreeSet<_> = pictures.filter_map(inner).collect();
    Err(Error::OneClass { folder: root.to_owned(), class: class.clone(), inner: inner.len() })
}

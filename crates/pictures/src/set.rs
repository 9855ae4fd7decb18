//! A folder as arrays: every picture decoded, brought to one size, and put into its part.

use crate::cache::Cache;
use crate::error::Error;
use crate::inventory::{Inventory, Settings};
use crate::resize::{self, Filter, Fit};
use crate::split::{Shares, Split};
use image::RgbImage;
use std::path::Path;

/// The form that every picture gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Height and width in pixels, each at least 1.
    pub size: [u32; 2],
    /// Whether all become grey; `None` where they do only if every file is grey.
    pub grey: Option<bool>,
    /// What becomes of pictures that are wider or higher than the form.
    pub fit: Fit,
    /// How values between pixels are found.
    pub filter: Filter,
}

/// Pictures of one part, in host memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// Bytes in the order picture, channel, row, column.
    pub pixels: Vec<u8>,
    /// One for each picture, an index into the inventory's classes.
    pub labels: Vec<u32>,
}

/// A folder, ready for training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Set {
    /// What the folder holds. Whoever trains on it says what is unreadable and refuses, or continues without.
    pub inventory: Inventory,
    /// Which of the inventory's pictures stand in which part, in the order of the parts' pictures.
    pub split: Split,
    /// Channels (1 or 3), height and width.
    pub shape: [usize; 3],
    /// To learn from.
    pub train: Pictures,
    /// To choose by; perhaps empty.
    pub validation: Pictures,
    /// To judge by; perhaps empty.
    pub test: Pictures,
    /// Whether the pixels came from the cache.
    pub from_cache: bool,
}

/// An inventory, and the pixels of all its pictures in their order: a folder that is not parted yet, or will be more than once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Whole {
    /// What the folder holds.
    pub inventory: Inventory,
    /// Channels (1 or 3), height and width.
    pub shape: [usize; 3],
    /// Bytes in the order picture, channel, row, column.
    pub pixels: Vec<u8>,
    /// Whether the pixels came from the cache.
    pub from_cache: bool,
}

impl Set {
    /// Reads a folder or a table as [`Inventory::of`] does, brings every picture to `form`, and parts them. With a cache,
    /// pixels of the same content and settings are decoded once.
    ///
    /// # Errors
    /// As [`Inventory::of`], [`Error::Size`] for a form without pixels, and [`Error::Cache`] where the cache cannot be
    /// written.
    pub fn load(
        place: &Path,
        settings: &Settings,
        shares: &Shares,
        form: &Form,
        cache: Option<&Cache>,
    ) -> Result<Set, Error> {
        Ok(Whole::load(place, settings, form, cache)?.parted(shares))
    }
}

impl Form {
    /// A picture at the form's size, in colour.
    pub fn fitted(&self, picture: &RgbImage) -> RgbImage {
        resize::fit(picture, self.size, self.fit, self.filter)
    }

    /// The bytes of a picture at the form's size in the order channel, row, column, as [`Set`] holds them; grey only where the form
    /// says so.
    pub fn bytes(&self, picture: &RgbImage) -> Vec<u8> {
        planes(&self.fitted(picture), self.grey == Some(true)).collect()
    }
}

/// Row by row: the lightness of each pixel, or all of red, then green, then blue.
fn planes(picture: &RgbImage, grey: bool) -> Box<dyn Iterator<Item = u8> + '_> {
    if grey {
        return Box::new(picture.pixels().map(|pixel| light(pixel.0)));
    }
    Box::new((0..3).flat_map(|c| picture.pixels().map(move |pixel| pixel.0[c])))
}

impl Whole {
    /// As [`Set::load`], without parting the pictures.
    ///
    /// # Errors
    /// Those of [`Set::load`].
    pub fn load(place: &Path, settings: &Settings, form: &Form, cache: Option<&Cache>) -> Result<Whole, Error> {
        if form.size.contains(&0) {
            return Err(Error::Size { height: form.size[0], width: form.size[1] });
        }
        match cache {
            Some(cache) => cache.whole(place, settings, form),
            None => Whole::read(place, settings, form),
        }
    }

    /// The same pictures, parted.
    pub fn parted(self, shares: &Shares) -> Set {
        let split = Split::of(&self.inventory, shares);
        let [train, validation, test] = [&split.train, &split.validation, &split.test].map(|part| self.part(part));
        let Whole { inventory, shape, from_cache, .. } = self;
        Set { inventory, split, shape, train, validation, test, from_cache }
    }

    /// Decodes and resizes everything, on all cores.
    pub(crate) fn read(place: &Path, settings: &Settings, form: &Form) -> Result<Whole, Error> {
        let fitted = |picture: RgbImage| form.fitted(&picture);
        let (inventory, pictures) = Inventory::with(place, settings, fitted)?;
        let all_grey = || inventory.pictures.iter().all(|picture| picture.facts.channels == 1);
        let grey = form.grey.unwrap_or_else(all_grey);
        let [height, width] = form.size.map(|side| side as usize);
        let shape = [if grey { 1 } else { 3 }, height, width];
        let mut pixels = Vec::with_capacity(pictures.len() * shape.iter().product::<usize>());
        pictures.iter().for_each(|picture| pixels.extend(planes(picture, grey)));
        Ok(Whole { inventory, shape, pixels, from_cache: false })
    }

    fn part(&self, members: &[usize]) -> Pictures {
        let size: usize = self.shape.iter().product();
        let pixels = members.iter().flat_map(|i| &self.pixels[i * size..(i + 1) * size]).copied().collect();
        Pictures { pixels, labels: members.iter().map(|&i| self.inventory.pictures[i].class).collect() }
    }
}

/// As Pillow makes grey of colours (ITU-R 601).
fn light([r, g, b]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 0x8000) >> 16) as u8
}

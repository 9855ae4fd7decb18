//! All pictures of a data set at once, with the parts of each of several folds: opened once for all of them.

use crate::data_sets::{self, Opened};
use crate::own_pictures::{self, Folder};
use crate::prepared::name_the_option;
use anyhow::Result;
use pictures::{Inventory, Split};
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::{Dataset, Fold, Parts, Samples, Source};
use train::recipe::Pictures;
use train::run_folder::FoldSet;
use train::{Identity, Recipe};
use xtask::cli::DataDirArgs;
use xtask::progress::say;

/// A data set that is parted into folds.
pub struct WholeSet {
    pub name: String,
    pub all: Samples,
    /// Of each fold, the first being fold 1.
    pub parts: Vec<Parts>,
    /// Why the data set is not the one that the recipe names.
    pub note: Option<String>,
    /// Where its files lie, as a run remembers it.
    pub folder: Option<PathBuf>,
    /// The files, where every picture is one.
    pub inventory: Option<Inventory>,
}

impl WholeSet {
    /// The data set of a new set of `of` folds.
    pub fn of_recipe(recipe: &Recipe, of: u32, exact: bool, folders: &DataDirArgs) -> Result<WholeSet> {
        match &recipe.pictures {
            Some(own) => WholeSet::of_own(recipe, own, &own.folder, of),
            None => {
                let opened = data_sets::open(&recipe.data.set, exact, folders).map_err(name_the_option)?;
                WholeSet::of_source(recipe, of, opened)
            }
        }
    }

    /// The data set of folds that are there already.
    ///
    /// # Errors
    /// Where it is gone or holds other pictures.
    pub fn of_set(set: &FoldSet, folders: &DataDirArgs) -> Result<WholeSet> {
        let (run, known) = (set.path(), set.identity());
        let whole = WholeSet::of_run(run, known, set.of(), folders)?;
        let first = whole.dataset(&known.recipe, 1, Device::Cpu)?;
        known.check_pictures(run, &first.fingerprint, whole.folder.as_deref())?;
        Ok(whole)
    }

    /// The data set of a run as it lies there now.
    pub fn of_run(run: &Path, known: &Identity, of: u32, folders: &DataDirArgs) -> Result<WholeSet> {
        let recipe = &known.recipe;
        match &recipe.pictures {
            Some(own) => WholeSet::of_own(recipe, own, data_sets::own_place(run, known, own, folders)?, of),
            None => WholeSet::of_source(recipe, of, data_sets::find_of_run(run, known, folders)?),
        }
    }

    fn of_own(recipe: &Recipe, own: &Pictures, place: &Path, of: u32) -> Result<WholeSet> {
        if let Some(opened) = own_pictures::arrays(recipe, own, place)? {
            return WholeSet::of_source(recipe, of, opened);
        }
        let Folder { whole, path } = own_pictures::folder(own, place)?;
        let parts = |index| {
            let split = Split::of(&whole.inventory, &own_pictures::shares(recipe, own, Some(Fold { index, of })));
            Parts { train: split.train, valid: split.validation, test: split.test }
        };
        let parts = (1..=of).map(parts).collect();
        if whole.inventory.pictures.iter().any(|picture| picture.part.is_some()) {
            say(pooled(of));
        }
        let (inventory, shape) = (whole.inventory, whole.shape);
        let labels = inventory.pictures.iter().map(|picture| picture.class).collect();
        let all = Samples::new(shape, inventory.classes.len(), whole.pixels, labels)?;
        let all = all.named(inventory.classes.iter().cloned())?;
        let name = recipe.data.set.clone();
        Ok(WholeSet { name, all, parts, note: None, folder: path, inventory: Some(inventory) })
    }

    fn of_source(recipe: &Recipe, of: u32, opened: Opened) -> Result<WholeSet> {
        let folder = opened.remembered();
        let Opened { source, note, .. } = opened;
        let all = source.pooled()?;
        let parts = (1..=of).map(|index| recipe.parts(&all, Fold { index, of })).collect::<Result<_, _>>()?;
        say(pooled(of));
        Ok(WholeSet { name: source.name, all, parts, note, folder, inventory: None })
    }

    /// Pictures that the smallest fold learns from.
    pub fn fewest(&self) -> usize {
        self.parts.iter().map(|parts| parts.train.len()).min().unwrap_or(0)
    }

    /// The data set of fold `index`, from 1, on a device.
    pub fn dataset(&self, recipe: &Recipe, index: u32, device: Device) -> Result<Dataset> {
        let parts = &self.parts[index as usize - 1];
        let source = Source::parted(&self.name, &self.all, parts).map_err(train::Error::Data)?;
        Ok(recipe.upload_parted(&source, device)?)
    }
}

fn pooled(of: u32) -> String {
    format!("training, validation and test pictures are pooled, and every one is tested in one of {of} folds")
}

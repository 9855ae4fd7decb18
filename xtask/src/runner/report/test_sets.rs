//! Test sets of the runs that a report shows, each opened once however many runs share it.

use crate::data_sets;
use anyhow::Result;
use tch::Device;
use tensor_data::{Dataset, Split};
use train::Recipe;
use xtask::cli::DataDirArgs;

/// Data sets that are open.
pub struct TestSets<'a> {
    folders: &'a DataDirArgs,
    device: Device,
    open: Vec<(Recipe, Dataset)>,
}

impl<'a> TestSets<'a> {
    pub fn new(folders: &'a DataDirArgs, device: Device) -> TestSets<'a> {
        TestSets { folders, device, open: Vec::new() }
    }

    /// The test set that belongs to a recipe. The hold-out does not touch it, the divisor does.
    pub fn of(&mut self, recipe: &Recipe) -> Result<&Split> {
        let key = |recipe: &Recipe| (recipe.data.set.clone(), recipe.data.divisor.to_bits());
        let place = match self.open.iter().position(|(other, _)| key(other) == key(recipe)) {
            Some(place) => place,
            None => {
                let data = data_sets::open_exactly(recipe, self.folders, self.device)?;
                self.open.push((recipe.clone(), data));
                self.open.len() - 1
            }
        };
        Ok(&self.open[place].1.test)
    }
}

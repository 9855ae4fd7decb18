//! Test sets of the runs that a report shows, each opened once however many runs share it, and none that is not the run's.

use crate::data_sets;
use anyhow::Result;
use std::path::Path;
use tch::Device;
use tensor_data::{Dataset, Split};
use train::Identity;
use xtask::cli::DataDirArgs;

/// Data sets that are open.
pub struct TestSets<'a> {
    folders: &'a DataDirArgs,
    device: Device,
    open: Vec<(Identity, Dataset)>,
}

impl<'a> TestSets<'a> {
    pub fn new(folders: &'a DataDirArgs, device: Device) -> TestSets<'a> {
        TestSets { folders, device, open: Vec::new() }
    }

    /// The test set that belongs to a run. The hold-out does not touch it, the divisor does.
    pub fn of(&mut self, run: &Path, known: &Identity) -> Result<&Split> {
        let key = |it: &Identity| {
            let test = it.pictures.as_ref().map(|pictures| pictures.test.clone());
            (it.recipe.data.set.clone(), it.recipe.data.divisor.to_bits(), test, it.data_folder.clone())
        };
        let place = match self.open.iter().position(|(other, _)| key(other) == key(known)) {
            Some(place) => place,
            None => {
                let (data, _) = data_sets::open_of_run(run, known, self.folders, self.device)?;
                self.open.push((known.clone(), data));
                self.open.len() - 1
            }
        };
        Ok(&self.open[place].1.test)
    }
}

//! The folder of a set of folds: runs of one recipe under one roof, each of which tests another part of the pictures.
//!
//! ```text
//! folds.json            what the set is: how many folds, the recipe, the pictures of the first fold
//! fold-1/, fold-2/ ...  ordinary runs, whose recipes name their fold
//! table.csv, table.json what all folds come to, written at the end
//! ```

use super::{Reserved, lock};
use crate::checkpoint;
use crate::error::Error;
use crate::identity::Identity;
use crate::recipe::{Fold, Recipe};
use crate::summary::Summary;
use folds::{Measured, Table};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const FILE: &str = "folds.json";
const TABLE: &str = "table.json";
const CSV: &str = "table.csv";

/// A folder of folds, held by this process alone.
#[derive(Debug)]
pub struct FoldSet {
    path: PathBuf,
    about: About,
    /// Released by the system when the process ends, however it ends.
    _lock: Option<File>,
}

/// What `folds.json` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    of: u32,
    /// The run of the first fold without the fold: its pictures are those of the whole set.
    run: Identity,
}

impl FoldSet {
    /// A new set in a folder that was taken for it. `first` is what the run of the first fold is.
    ///
    /// # Errors
    /// [`Error::Io`] where the folder cannot be written to.
    pub fn begin(place: Reserved, of: u32, first: Identity) -> Result<FoldSet, Error> {
        let path = place.path().to_owned();
        let about = About { of, run: Identity { recipe: Recipe { fold: None, ..first.recipe }, ..first } };
        let file = path.join(FILE);
        let text = serde_json::to_vec_pretty(&about).map_err(|e| Error::io("write", &file)(e.into()))?;
        checkpoint::write_file(&file, &text)?;
        Ok(FoldSet { path, about, _lock: place.keep() })
    }

    /// A set that is there, to continue with it.
    ///
    /// # Errors
    /// [`Error::Run`] where the folder is no set of folds or another process trains in it.
    pub fn open(path: &Path) -> Result<FoldSet, Error> {
        let about = read(path)?;
        Ok(FoldSet { path: path.to_owned(), about, _lock: Some(lock(path)?) })
    }

    /// A set that is there, to look at.
    ///
    /// # Errors
    /// [`Error::Run`] where the folder is no set of folds.
    pub fn read(path: &Path) -> Result<FoldSet, Error> {
        Ok(FoldSet { path: path.to_owned(), about: read(path)?, _lock: None })
    }

    /// Whether a folder holds a set of folds.
    pub fn is_at(path: &Path) -> bool {
        path.join(FILE).is_file()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many folds there are.
    pub fn of(&self) -> u32 {
        self.about.of
    }

    /// What all runs have in common; the recipe names no fold.
    pub fn identity(&self) -> &Identity {
        &self.about.run
    }

    /// The recipe of fold `index`, from 1.
    pub fn recipe(&self, index: u32) -> Recipe {
        Recipe { fold: Some(Fold { index, of: self.of() }), ..self.about.run.recipe.clone() }
    }

    /// The folder of the run of fold `index`, from 1.
    pub fn run(&self, index: u32) -> PathBuf {
        self.path.join(format!("fold-{index}"))
    }

    /// The runs that have begun, in order.
    pub fn runs(&self) -> Vec<PathBuf> {
        (1..=self.of()).map(|index| self.run(index)).filter(|run| run.join(super::known::RECIPE).is_file()).collect()
    }

    /// The summary of fold `index`, where its run has ended and its test part was looked at.
    pub fn finished(&self, index: u32) -> Option<Summary> {
        Summary::read(&self.run(index)).ok().filter(|summary| summary.test_error.is_some())
    }

    /// What all folds come to.
    ///
    /// # Errors
    /// [`Error::Run`] where a fold has not ended.
    pub fn table(&self) -> Result<Table, Error> {
        let summary = |index| {
            let problem = || format!("fold {index} of {} has not ended: continue with --resume", self.of());
            self.finished(index).ok_or_else(|| Error::Run { path: self.path.clone(), problem: problem() })
        };
        let summaries = (1..=self.of()).map(summary).collect::<Result<Vec<_>, _>>()?;
        let classes = |summary: &Summary| summary.per_class.iter().map(|class| class.label.clone()).collect::<Vec<_>>();
        let measured: Vec<Measured> = summaries.iter().map(measured).collect();
        Table::of(&measured, &classes(&summaries[0])).ok_or_else(|| {
            let problem =
                "a fold has tested no pictures: take fewer folds, or keep all pictures (evaluation.tail = \"keep\")";
            Error::Run { path: self.path.clone(), problem: problem.to_owned() }
        })
    }

    /// Writes a table as CSV and as JSON; gives the CSV's path.
    ///
    /// # Errors
    /// [`Error::Io`] where that cannot be written.
    pub fn write_table(&self, table: &Table) -> Result<PathBuf, Error> {
        let (csv, json) = (self.path.join(CSV), self.path.join(TABLE));
        let text = table.to_csv().map_err(|e| Error::io("write", &csv)(std::io::Error::other(e)))?;
        checkpoint::write_file(&csv, &text)?;
        let text = serde_json::to_vec_pretty(table).map_err(|e| Error::io("write", &json)(e.into()))?;
        checkpoint::write_file(&json, &text)?;
        Ok(csv)
    }
}

fn measured(summary: &Summary) -> Measured {
    Measured {
        confusion: summary.confusion.clone(),
        validation_error: summary.best_validation_error,
        balanced_accuracy: summary.test.as_ref().and_then(|figures| figures.balanced_accuracy),
        epochs: summary.epochs,
        train_seconds: summary.train_seconds,
    }
}

fn read(path: &Path) -> Result<About, Error> {
    let file = path.join(FILE);
    let text = match fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let problem = format!("is no set of folds: it holds no {FILE}");
            return Err(Error::Run { path: path.to_owned(), problem });
        }
        text => text.map_err(Error::io("read", &file))?,
    };
    serde_json::from_slice(&text)
        .map_err(|e| Error::Run { path: file, problem: format!("is damaged: {}", values::plain(&e.to_string())) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::Arch;

    #[test]
    fn a_set_is_told_apart_reopened_and_held_by_one_process() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("set");
        let recipe = Recipe { fold: Some(Fold { index: 1, of: 3 }), ..Recipe::new("x", Arch::Softmax, 1, 0.1) };
        let set = FoldSet::begin(Reserved::take(&path).unwrap(), 3, Identity::new("x", &recipe)).unwrap();
        assert!(FoldSet::is_at(&path) && !FoldSet::is_at(root.path()));
        assert_eq!((set.identity().recipe.fold, set.recipe(2).fold), (None, Some(Fold { index: 2, of: 3 })));
        assert!(FoldSet::open(&path).unwrap_err().to_string().contains("another process"));
        drop(set);
        let set = FoldSet::open(&path).unwrap();
        assert_eq!((set.of(), set.runs().len(), set.run(3)), (3, 0, path.join("fold-3")));
        assert!(set.table().unwrap_err().to_string().contains("fold 1 of 3 has not ended"));
        let told = FoldSet::open(root.path()).unwrap_err().to_string();
        assert!(told.contains("is no set of folds"), "{told}");
    }
}

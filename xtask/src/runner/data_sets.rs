//! From a data set's name to its six tensors on a device: where it lies, how it is fetched, and what is trained on
//! when MNIST cannot be had.

use crate::console::Usage;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::{Dataset, Source, glyphs, locate, mnist};
use train::Recipe;
use xtask::cli::DataDirArgs;
use xtask::{data, places};

/// The data sets that a recipe can name.
const KNOWN: [&str; 2] = ["mnist", "glyphs"];
/// `glyphs` is one data set, whatever the seed of a run.
const GLYPHS_SEED: u64 = 0;

/// A data set as found, and what has to be said about it.
pub struct Opened {
    /// Its pictures.
    pub source: Source,
    /// Why it is not the one that the recipe names.
    pub note: Option<String>,
}

/// Finds, fetches or draws the data set `name`. Where MNIST was not asked for by name (`exact`) and cannot be had,
/// `glyphs` takes its place, with a note that says so.
pub fn open(name: &str, exact: bool, folders: &DataDirArgs) -> Result<Opened> {
    match name {
        "glyphs" => Ok(Opened { source: glyphs::load(GLYPHS_SEED), note: None }),
        "mnist" => match open_mnist(folders) {
            Ok(source) => Ok(Opened { source, note: None }),
            Err(Unavailable::Broken(error)) => Err(error),
            Err(Unavailable::Absent { error, .. }) if exact => Err(error),
            Err(Unavailable::Absent { folder, .. }) => {
                let note = format!(
                    "MNIST is not on this machine and no mirror answered: its four files belong in {}; trained on glyphs instead",
                    folder.display()
                );
                Ok(Opened { source: glyphs::load(GLYPHS_SEED), note: Some(note) })
            }
        },
        _ => Err(Usage(format!("there is no data set \"{name}\"; known are {}", KNOWN.join(" and "))).into()),
    }
}

/// Puts a data set on a device, split and scaled as the recipe says.
pub fn upload(source: &Source, recipe: &Recipe, device: Device) -> Result<Dataset> {
    let holdout = recipe.data.holdout(recipe.seed);
    let scale = 1.0 / recipe.data.divisor;
    let data = Dataset::upload(source, holdout, scale, recipe.data.storage, device);
    data.map_err(|problem| match problem {
        tensor_data::Error::HoldOut { .. } => Usage(format!("recipe key `data.validation`: {problem}")).into(),
        problem => train::Error::Data(problem).into(),
    })
}

/// The very data set of a recipe on a device; there is no substitute.
pub fn open_exactly(recipe: &Recipe, folders: &DataDirArgs, device: Device) -> Result<Dataset> {
    upload(&open(&recipe.data.set, true, folders)?.source, recipe, device)
}

enum Unavailable {
    /// It is there and cannot be used.
    Broken(anyhow::Error),
    /// It is not there and could not be fetched.
    Absent { folder: PathBuf, error: anyhow::Error },
}

fn open_mnist(folders: &DataDirArgs) -> Result<Source, Unavailable> {
    let roots = places::data_roots(folders);
    if let Some(folder) = roots.iter().map(|root| root.join("mnist")).find(|folder| mnist::is_present(folder)) {
        return mnist::load(&folder).map_err(|e| Unavailable::Broken(e.into()));
    }
    let folder = locate::find("mnist", &roots).unwrap_or_else(|| places::workspace().join("data/mnist"));
    data::fetch_mnist(&folder).map_err(|error| Unavailable::Absent { folder: folder.clone(), error })?;
    load_fetched(&folder).map_err(Unavailable::Broken)
}

fn load_fetched(folder: &Path) -> Result<Source> {
    mnist::load(folder).with_context(|| format!("just fetched into {}", folder.display()))
}

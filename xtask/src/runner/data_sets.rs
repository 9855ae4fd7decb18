//! From a data set's name to its six tensors on a device: where it lies, how it is fetched, what is said of it, and what
//! is trained on when MNIST cannot be had.

use crate::console::Usage;
use anyhow::{Context, Result, anyhow};
use std::path::PathBuf;
use tch::Device;
use tensor_data::catalog::{self, Entry, Origin, Published};
use tensor_data::files::Folder;
use tensor_data::{Dataset, Source};
use train::Recipe;
use xtask::cli::DataDirArgs;
use xtask::progress::say;
use xtask::{data, places};

/// A data set as found, and what has to be said about it.
pub struct Opened {
    /// Its pictures.
    pub source: Source,
    /// Why it is not the one that the recipe names.
    pub note: Option<String>,
}

/// Finds, fetches or draws the data set `name`. Where MNIST was not asked for by name (`exact`), no folder was named for
/// it, and it cannot be had, `glyphs` takes its place, with a note that says so. A note says as well that pictures are
/// not the published ones.
pub fn open(name: &str, exact: bool, folders: &DataDirArgs) -> Result<Opened> {
    let Some(entry) = catalog::find(name) else {
        return Err(Usage(format!("there is no data set \"{name}\"; known are {}", catalog::names())).into());
    };
    let published = match &entry.origin {
        Origin::Drawn(draw) => return Ok(Opened { source: draw(), note: None }),
        Origin::Files(published) => published,
    };
    match open_files(entry, published, folders) {
        Ok(opened) => Ok(opened),
        Err(Unavailable::Broken(error)) => Err(error),
        Err(Unavailable::Absent { error, .. }) if exact || entry.name != catalog::MNIST.name => Err(error),
        Err(Unavailable::Absent { folder, .. }) => {
            let note = format!(
                "MNIST is not on this machine and no mirror answered: its four files belong in {}; trained on glyphs instead",
                folder.display()
            );
            Ok(Opened { note: Some(note), ..open(catalog::GLYPHS.name, true, folders)? })
        }
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
    let Opened { source, note } = open(&recipe.data.set, true, folders)?;
    note.iter().for_each(say);
    upload(&source, recipe, device)
}

enum Unavailable {
    /// It is there and cannot be used, or it is not where it must be.
    Broken(anyhow::Error),
    /// It is not there and could not be fetched.
    Absent { folder: PathBuf, error: anyhow::Error },
}

fn open_files(entry: &'static Entry, published: &Published, folders: &DataDirArgs) -> Result<Opened, Unavailable> {
    let roots = places::data_roots(folders);
    if let Some(folder) = data::find(entry, &roots) {
        return read(entry, &folder).map_err(Unavailable::Broken);
    }
    if let Some(root) = &folders.data {
        return Err(Unavailable::Broken(anyhow!(data::not_there(entry, root))));
    }
    data::what_lacks(entry, &roots).iter().for_each(say);
    let folder = data::usual_folder(entry);
    data::fetch(published, &folder).map_err(|error| Unavailable::Absent { folder: folder.clone(), error })?;
    let fetched = read(entry, &Folder::own(&folder));
    fetched.with_context(|| format!("just fetched into {}", folder.display())).map_err(Unavailable::Broken)
}

fn read(entry: &'static Entry, folder: &Folder) -> Result<Opened> {
    let loaded = entry.load(folder)?;
    loaded.remarks.iter().for_each(say);
    let note = || format!("{} in {}: {}", entry.name, folder.path.display(), data::what_it_is(entry, &loaded));
    let note = (!loaded.is_published).then(note);
    Ok(Opened { source: loaded.source, note })
}

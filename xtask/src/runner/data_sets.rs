//! From a data set's name to its six tensors on a device: where it lies, how it is fetched, what is said of it, and what
//! is trained on when MNIST cannot be had.

use crate::console::{Usage, shown};
use crate::own_pictures;
use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::catalog::{self, Entry, Origin, Published};
use tensor_data::files::Folder;
use tensor_data::{Dataset, Fingerprint, Holdout, Place, Source, survey};
use train::recipe::Pictures;
use train::{Identity, Recipe};
use xtask::cli::DataDirArgs;
use xtask::progress::say;
use xtask::{data, places};

/// A data set as found, and what has to be said about it.
pub struct Opened {
    /// Its pictures.
    pub source: Source,
    /// Why it is not the one that the recipe names.
    pub note: Option<String>,
    /// Where its files lie, absolute; `None` for pictures that the program draws.
    pub folder: Option<PathBuf>,
}

impl Opened {
    /// Where its files lie, as a run remembers it: in JSON, which holds UTF-8 alone.
    pub fn remembered(&self) -> Option<PathBuf> {
        self.folder.clone().filter(|folder| folder.to_str().is_some())
    }
}

/// Finds, fetches or draws the data set `name`. Where MNIST was not asked for by name (`exact`), no folder was named for
/// it, and it cannot be had, `glyphs` takes its place, with a note that says so. A note says as well that pictures are
/// not the published ones.
pub fn open(name: &str, exact: bool, folders: &DataDirArgs) -> Result<Opened> {
    let Some(entry) = catalog::find(name) else {
        return Err(Usage(format!("there is no data set \"{name}\"; known are {}", catalog::names())).into());
    };
    let published = match &entry.origin {
        Origin::Drawn(draw) => return Ok(Opened { source: draw(), note: None, folder: None }),
        Origin::Files(published) => published,
    };
    match open_files(entry, published, folders) {
        Ok(opened) => Ok(opened),
        Err(Unavailable::Broken(error)) => Err(error),
        Err(Unavailable::Absent { error, .. }) if exact || entry.name != catalog::MNIST.name => Err(error),
        Err(Unavailable::Absent { folder, .. }) => {
            let note = format!(
                "MNIST is not on this machine and no mirror answered: its four files belong in {}; trained on glyphs instead",
                shown::path(folder)
            );
            Ok(Opened { note: Some(note), ..open(catalog::GLYPHS.name, true, folders)? })
        }
    }
}

/// Puts a data set on a device, split and scaled as the recipe says.
pub fn upload(source: &Source, recipe: &Recipe, device: Device) -> Result<Dataset> {
    recipe.upload(source, device).map_err(|problem| match problem {
        train::Error::Data(problem @ tensor_data::Error::HoldOut { .. }) => {
            Usage(format!("recipe key `data.validation`: {problem}")).into()
        }
        problem => problem.into(),
    })
}

/// The data set of a run on a device, and the folder of its files to remember. It is looked for in `--data` where that is
/// given, else where it lay, else in the usual places; it is never fetched where the run knows that place, and other
/// pictures under its name are an error.
pub fn open_of_run(
    run: &Path,
    known: &Identity,
    folders: &DataDirArgs,
    device: Device,
) -> Result<(Dataset, Option<PathBuf>)> {
    let opened = find_of_run(run, known, folders)?;
    let data = upload(&opened.source, &known.recipe, device).map_err(|error| {
        // Other pictures may be too few for the run's hold-out; that they are others is what has to be told.
        let found = Fingerprint::of(&opened.source, Holdout::Last(1));
        let others = found.ok().and_then(|found| known.check_pictures(run, &found, opened.folder.as_deref()).err());
        others.map_or(error, Into::into)
    })?;
    known.check_pictures(run, &data.fingerprint, opened.folder.as_deref())?;
    opened.note.iter().for_each(say);
    Ok((data, opened.remembered()))
}

/// Where a run's own pictures lie now.
pub fn own_place<'a>(run: &Path, known: &'a Identity, own: &'a Pictures, folders: &'a DataDirArgs) -> Result<&'a Path> {
    let place = folders.data.as_deref().or(known.data_folder.as_deref()).unwrap_or(&own.folder);
    if place.exists() {
        return Ok(place);
    }
    let problem = format!(
        "it was trained on the pictures in {}, which is not there now: pass --data, where they lie now",
        shown::path(place)
    );
    Err(train::Error::Run { path: run.to_owned(), problem }.into())
}

/// The pictures of a run, as [`open_of_run`] finds them, not yet on a device and not yet compared with what it was trained on.
pub fn find_of_run(run: &Path, known: &Identity, folders: &DataDirArgs) -> Result<Opened> {
    if let Some(own) = &known.recipe.pictures {
        return own_pictures::open(&known.recipe, own, own_place(run, known, own, folders)?);
    }
    let set = &known.recipe.data.set;
    let remembered = known.data_folder.as_deref().filter(|_| folders.data.is_none());
    let Some((lay, entry)) = remembered.zip(catalog::find(set)) else {
        return open(set, true, folders);
    };
    let places = entry.places(&places::data_roots(folders), Some(lay));
    let place = places.iter().find(|place| place.is_complete()).ok_or_else(|| {
        let problem = format!(
            "it was trained on {set} in {}, which is not there now: pass --data DIR, the folder that holds {set}/ now",
            shown::path(lay)
        );
        train::Error::Run { path: run.to_owned(), problem }
    })?;
    read(place)
}

enum Unavailable {
    /// It is there and cannot be used, or it is not where it must be.
    Broken(anyhow::Error),
    /// It is not there and could not be fetched.
    Absent { folder: PathBuf, error: anyhow::Error },
}

fn open_files(entry: &'static Entry, published: &Published, folders: &DataDirArgs) -> Result<Opened, Unavailable> {
    let roots = places::data_roots(folders);
    if let Some(place) = survey::find(entry, &roots) {
        return read(&place).map_err(Unavailable::Broken);
    }
    if let Some(root) = &folders.data {
        return Err(Unavailable::Broken(anyhow!(data::not_there(entry, root))));
    }
    survey::what_lacks(entry, &roots).iter().for_each(say);
    let folder = data::usual_folder(entry);
    data::fetch(published, &folder).map_err(|error| Unavailable::Absent { folder: folder.clone(), error })?;
    let fetched = read(&Place::Files(entry, Folder::own(&folder)));
    fetched.with_context(|| format!("just fetched into {}", folder.display())).map_err(Unavailable::Broken)
}

/// Reads or draws the pictures, and says what is unusual about their files.
fn read(place: &Place) -> Result<Opened> {
    let loaded = place.load()?;
    let Place::Files(entry, folder) = place else {
        return Ok(Opened { source: loaded.source, note: None, folder: None });
    };
    loaded.remarks.iter().for_each(say);
    let note = || format!("{} in {}: {}", entry.name, shown::path(&folder.path), survey::what_it_is(entry, &loaded));
    let note = (!loaded.is_published).then(note);
    Ok(Opened { source: loaded.source, note, folder: std::path::absolute(&folder.path).ok() })
}

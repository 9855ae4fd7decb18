//! Weights to start from: where they lie on this machine, how known ones are fetched, and how they get into a model.

use crate::console::shown;
use anyhow::{Context, Result, anyhow, bail};
use models::Model;
use std::path::{Path, PathBuf};
use train::recipe::{Pretrained, Trained};
use weights::known::{self, Known};
use xtask::cli::DataDirArgs;
use xtask::places;
use xtask::progress::{Download, say};

/// Where fetched weights are kept.
pub fn cache() -> Result<PathBuf> {
    Ok(places::cache()?.join("weights"))
}

/// The file of the weights that a recipe names: a path, or a known name, found or fetched.
///
/// # Errors
/// Where it is neither, or is not here and cannot be fetched.
pub fn find(word: &str, folders: &DataDirArgs) -> Result<PathBuf> {
    let path = Path::new(word);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let Some(known) = known::find(word) else {
        let names: Vec<&str> = known::ALL.iter().map(|known| known.name).collect();
        bail!("there are no weights {}: no file of that name, and known are {}", shown::word(word), names.join(", "));
    };
    match known.place(&cache()?, &places::data_roots(folders))? {
        Some(place) => Ok(place),
        None => fetch(&known),
    }
}

/// Fetches known weights into the cache.
///
/// # Errors
/// Where they cannot be fetched.
pub fn fetch(known: &Known) -> Result<PathBuf> {
    say(format!("fetching the weights {} ({})", known.name, libtorch::disk::size(known.file.bytes)));
    let mut download = Download::default();
    known
        .file
        .fetch(&cache()?, &places::pythons(), &mut |progress| download.show(&progress))
        .with_context(|| format!("the weights {} are not on this machine and could not be fetched", known.name))
}

/// Loads weights into a model, under its own names; with the head trained again, all but the head. Says what was taken.
///
/// # Errors
/// For a file that holds no such weights, in one line.
pub fn load(model: &Model, pretrained: &Pretrained, path: &Path) -> Result<()> {
    let weights = weights::read(path).map_err(|error| anyhow!("{}", shown::lines(&error.to_string())))?;
    let own: Vec<String> = model.named_tensors().into_iter().map(|(name, _)| name).collect();
    let mut fitted = weights.fitted(&own);
    let heads = fitted.leave_other_heads_out();
    let loaded = model.load_named_body(&fitted.tensors);
    loaded.map_err(|error| anyhow!("weights {}: {}", shown::path(path), shown::lines(&error.to_string())))?;
    let trained = match pretrained.train {
        Trained::Head => "the last layer alone is trained",
        Trained::All => "all layers are trained",
    };
    let names = fitted.dialect.map_or(String::new(), |dialect| format!(" (names of {dialect})"));
    let left_out = match heads.len() + weights.left_out.len() {
        0 => String::new(),
        count => format!(", {count} tensors that this network does not have are left out"),
    };
    say(format!("weights {}{names}{left_out}: {trained}", shown::path(path)));
    Ok(())
}

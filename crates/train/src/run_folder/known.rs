//! What is known of a run from its folder alone: its recipe, and what it is.

use crate::error::Error;
use crate::identity::Identity;
use crate::model_meta::ModelMeta;
use crate::recipe::Recipe;
use crate::summary::Summary;
use std::fs;
use std::path::Path;

/// Name of the resolved recipe in a run's folder.
pub(super) const RECIPE: &str = "recipe.toml";

/// The recipe of a run, with `overrides` applied.
///
/// # Errors
///
/// [`Error::Run`] for a folder that holds no recipe; those of [`Recipe::read`].
pub fn read_recipe(run: &Path, overrides: &[(String, String)]) -> Result<Recipe, Error> {
    let path = run.join(RECIPE);
    if !path.exists() {
        let problem = format!("is not the folder of a run: it holds no {RECIPE}");
        return Err(Error::Run { path: run.to_owned(), problem });
    }
    Recipe::read(&path, overrides)
}

/// The identity of the run in a folder: what the description of one of its models says, or else `run.json`. A run of
/// an earlier version has neither; what its recipe, its model and its summary say is taken then, without `pictures`.
///
/// # Errors
///
/// [`Error::Run`] for a damaged `run.json`; [`Error::Io`]; those of [`read_recipe`].
pub fn identity(run: &Path, meta: Option<&ModelMeta>) -> Result<Identity, Error> {
    if let Some(identity) = meta.and_then(|meta| meta.run.clone()) {
        return Ok(identity);
    }
    let path = run.join(Identity::FILE);
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| {
            let problem = format!(
                "cannot be read ({}): remove it, and the run is taken for one of an earlier version, which does not \
                 say which pictures it was trained on",
                values::plain(&e.to_string())
            );
            Error::Run { path, problem }
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => of_old_run(run, meta),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

fn of_old_run(run: &Path, meta: Option<&ModelMeta>) -> Result<Identity, Error> {
    let mut recipe = read_recipe(run, &[])?;
    if let Some(meta) = meta {
        recipe.model = meta.arch.clone();
        recipe.data.divisor = meta.divisor;
        recipe.data.set.clone_from(&meta.dataset);
    }
    let summary = Summary::read(run).ok();
    let name = summary.as_ref().map_or_else(|| recipe_name(run), |summary| summary.recipe.clone());
    let note = summary.and_then(|summary| summary.dataset_note);
    Ok(Identity { note, ..Identity::new(name, &recipe) })
}

/// The name of the recipe, from the name of a folder such as `lenet-20260131-120000`.
fn recipe_name(run: &Path) -> String {
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.rsplitn(3, '-').nth(2).unwrap_or(&name);
    stem.to_owned()
}

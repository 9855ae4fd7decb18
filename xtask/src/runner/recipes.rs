//! From the words of a command line to a checked recipe.

use crate::console::Usage;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use train::Recipe;
use xtask::cli::{Setting, TrainArgs};
use xtask::places;

/// Where the project's own recipes lie.
fn folder() -> PathBuf {
    places::workspace().join("recipes")
}

/// The recipe that the command line asks for, with its name.
pub fn read(word: &str, overrides: &[(String, String)]) -> Result<(String, Recipe)> {
    let path = find(word)?;
    // It becomes part of folders' names.
    let name = inspect::names::safe(&path.file_stem().unwrap_or_default().to_string_lossy());
    Ok((name, Recipe::read(&path, overrides)?))
}

/// An error unless `word` names the recipe that the run at `path` was made with, `own`. A resumed run takes no other.
pub fn check_own(word: &str, own: &str, path: &Path) -> Result<()> {
    if Path::new(word).file_stem().is_some_and(|name| name == own) {
        return Ok(());
    }
    let path = path.display();
    let problem = format!(
        "{path} was begun with the recipe {own}, not {word}: leave the word out to resume it (--set changes single keys), or \
         leave --resume out for a new run"
    );
    Err(Usage(problem).into())
}

/// The options that change the recipe, as overrides; `--set` has the last word.
pub fn overrides(args: &TrainArgs) -> Vec<(String, String)> {
    let set = args.set.iter().map(|Setting { key, value }| (key.clone(), value.clone()));
    options(args.dataset.as_deref(), args.seed, args.epochs).into_iter().chain(set).collect()
}

/// The overrides that options of their own stand for.
pub fn options(dataset: Option<&str>, seed: Option<u64>, epochs: Option<u64>) -> Vec<(String, String)> {
    let option = |key: &str, value: Option<String>| value.map(|value| (key.to_owned(), value));
    let options = [
        option("data.set", dataset.map(toml_string)),
        option("seed", seed.map(|n| n.to_string())),
        option("epochs", epochs.map(|n| n.to_string())),
    ];
    options.into_iter().flatten().collect()
}

fn toml_string(text: &str) -> String {
    format!("{text:?}")
}

/// A path to a TOML file, or the name of one of the project's recipes.
fn find(word: &str) -> Result<PathBuf> {
    let path = Path::new(word);
    if path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1 {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(Usage(format!("there is no recipe file {word}")).into())
        };
    }
    let file = folder().join(format!("{word}.toml"));
    if file.is_file() {
        return Ok(file);
    }
    let mut known = names()?;
    known.sort();
    Err(Usage(format!("there is no recipe \"{word}\"; recipes/ holds {}", known.join(", "))).into())
}

fn names() -> Result<Vec<String>> {
    let folder = folder();
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let recipes = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    Ok(recipes.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect())
}

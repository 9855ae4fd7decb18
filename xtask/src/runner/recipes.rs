//! From the words of a command line to a checked recipe.

use crate::console::Usage;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use sweep::Definition;
use train::Recipe;
use xtask::cli::{Setting, TrainArgs};
use xtask::{places, shown};

/// The project's own recipes, for a program that has no clone around it.
const BUILT_IN: [(&str, &str); 9] = [
    ("fashion", include_str!("../../../recipes/fashion.toml")),
    ("lenet", include_str!("../../../recipes/lenet.toml")),
    ("mlp", include_str!("../../../recipes/mlp.toml")),
    ("photos", include_str!("../../../recipes/photos.toml")),
    ("photos-scratch", include_str!("../../../recipes/photos-scratch.toml")),
    ("softmax", include_str!("../../../recipes/softmax.toml")),
    ("tutorial-lenet", include_str!("../../../recipes/tutorial-lenet.toml")),
    ("tutorial-mlp", include_str!("../../../recipes/tutorial-mlp.toml")),
    ("tutorial-softmax", include_str!("../../../recipes/tutorial-softmax.toml")),
];

/// The recipe that the command line asks for, with its name.
pub fn read(word: &str, overrides: &[(String, String)]) -> Result<(String, Recipe)> {
    if places::clone().is_none() && !is_path(word) {
        return built_in(word, overrides);
    }
    let path = find(word)?;
    Ok((name_of(&path), Recipe::read(&path, overrides)?))
}

/// The same with what its `[sweep]` table says.
pub fn read_sweep(word: &str, overrides: &[(String, String)]) -> Result<(String, Definition, Recipe)> {
    if places::clone().is_none() && !is_path(word) {
        let (name, recipe) = built_in(word, overrides)?;
        return Ok((name, Definition::default(), recipe));
    }
    let path = find(word)?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (definition, recipe) = Definition::read(&text, &shown::path(&path), overrides)?;
    Ok((name_of(&path), definition, recipe))
}

/// The name of a recipe's file. It becomes part of folders' names.
fn name_of(path: &Path) -> String {
    inspect::names::safe(&path.file_stem().unwrap_or_default().to_string_lossy())
}

/// Whether a word is the name of a recipe, whatever folders there are of that name.
pub fn is_name(word: &str) -> bool {
    let in_clone = || places::workspace().join("recipes").join(format!("{word}.toml")).is_file();
    !is_path(word) && (BUILT_IN.iter().any(|(name, _)| *name == word) || in_clone())
}

/// A recipe that is part of the program, with its name.
pub fn built_in(word: &str, overrides: &[(String, String)]) -> Result<(String, Recipe)> {
    let found = BUILT_IN.iter().find(|(name, _)| *name == word);
    let (name, text) = found.ok_or_else(|| unknown(word, "built in are", BUILT_IN.map(|(name, _)| name).into()))?;
    Ok(((*name).to_owned(), Recipe::parse(text, &format!("the recipe {name}"), overrides)?))
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

/// The recipe key of weights to start from.
pub const WEIGHTS: &str = "pretrained.weights";

/// The options that change the recipe, as overrides; `--set` has the last word.
pub fn overrides(args: &TrainArgs) -> Vec<(String, String)> {
    let weights = args.weights.as_deref().map(|weights| (WEIGHTS.to_owned(), toml_string(weights)));
    let skip_bad = args.skip_bad.then(|| ("pictures.skip_bad".to_owned(), "true".to_owned()));
    let options = options(args.dataset.as_deref(), args.seed, args.epochs, &[]).into_iter();
    options.chain(weights).chain(skip_bad).chain(pairs(&args.set)).collect()
}

/// The overrides that options of their own stand for, and those of `--set`, which has the last word.
pub fn options(
    dataset: Option<&str>,
    seed: Option<u64>,
    epochs: Option<u64>,
    set: &[Setting],
) -> Vec<(String, String)> {
    let option = |key: &str, value: Option<String>| value.map(|value| (key.to_owned(), value));
    let options = [
        option("data.set", dataset.map(toml_string)),
        option("seed", seed.map(|n| n.to_string())),
        option("epochs", epochs.map(|n| n.to_string())),
    ];
    options.into_iter().flatten().chain(pairs(set)).collect()
}

fn pairs(set: &[Setting]) -> impl Iterator<Item = (String, String)> {
    set.iter().map(|Setting { key, value }| (key.clone(), value.clone()))
}

fn toml_string(text: &str) -> String {
    format!("{text:?}")
}

fn is_path(word: &str) -> bool {
    let path = Path::new(word);
    path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1
}

/// A path to a TOML file, or the name of one of the clone's recipes.
fn find(word: &str) -> Result<PathBuf> {
    if is_path(word) {
        let path = PathBuf::from(word);
        return if path.is_file() { Ok(path) } else { Err(Usage(format!("there is no recipe file {word}")).into()) };
    }
    let folder = places::workspace().join("recipes");
    let file = folder.join(format!("{word}.toml"));
    if file.is_file() { Ok(file) } else { Err(unknown(word, "recipes/ holds", names(&folder)?)) }
}

fn unknown<S: AsRef<str> + Ord>(word: &str, where_known: &str, mut known: Vec<S>) -> anyhow::Error {
    known.sort();
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    Usage(format!("there is no recipe \"{word}\"; {where_known} {}", known.join(", "))).into()
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let recipes = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    Ok(recipes.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_of_the_clone_is_built_in() {
        let mut kept = names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../recipes")).unwrap();
        kept.sort();
        assert_eq!(kept, BUILT_IN.map(|(name, _)| name));
    }
}

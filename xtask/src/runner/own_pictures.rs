//! A person's own pictures as a data set: what is said of a folder before anything is learned from it, and the same pictures again when
//! a run is resumed, evaluated or reported.

use crate::console::{self, Usage, shown};
use crate::data_sets::Opened;
use crate::{backbone, recipes};
use anyhow::{Context, Result, anyhow};
use formats::{Contents, TestPart};
use inspect::conversion::form;
use inspect::names;
use pictures::{Background, Cache, Group, Inventory, Settings, Shares, Whole};
use std::path::{Path, PathBuf};
use tensor_data::{Fold, Holdout, Samples, Source, hold_out};
use train::Recipe;
use train::recipe::{All, Pictures, Size};
use xtask::cli::DataDirArgs;
use xtask::places;
use xtask::progress::say;

/// Bytes that decoded pictures may take in the cache together.
const CACHE_LIMIT: u64 = 10 << 30;
/// The recipes for pictures in a folder.
const FINE_TUNED: &str = "photos";
const FROM_SCRATCH: &str = "photos-scratch";
/// Keys that say what becomes of picture files.
const OF_FILES: [&str; 7] = [
    "pictures.size",
    "pictures.fit",
    "pictures.filter",
    "pictures.colour",
    "pictures.background",
    "pictures.group",
    "pictures.skip_bad",
];
/// Bad files that are named; `look` names all.
const NAMED: usize = 5;

/// The cache of decoded pictures, shared by all runs.
pub fn cache() -> Result<Cache> {
    Ok(Cache { folder: places::cache()?.join("pictures"), limit: CACHE_LIMIT })
}

/// Whether a word of the command line is a place with pictures, not the name of a recipe or its file.
pub fn is_place(word: &str) -> bool {
    let path = Path::new(word);
    if recipes::is_name(word) {
        return false;
    }
    path.is_dir() || (path.is_file() && path.extension().is_none_or(|ending| ending != "toml"))
}

/// The recipe for the pictures in a place, with the name of the run: the last layer of a known network where its weights can be had,
/// else a network from scratch, which is said.
pub fn recipe(place: &Path, overrides: &[(String, String)], folders: &DataDirArgs) -> Result<(String, Recipe)> {
    let Named { name, overrides, is_arrays } = named(place, overrides)?;
    if is_arrays {
        return Ok((name, recipes::built_in(FROM_SCRATCH, &overrides)?.1));
    }
    let (_, fine) = recipes::built_in(FINE_TUNED, &overrides)?;
    // A wrong folder is told before weights are fetched for it.
    let group = fine.pictures.as_ref().map_or(Group::None, |own| Group::named(&own.group));
    let looked = Inventory::check_names(place, &Settings { group, ..Settings::default() });
    looked.map_err(|error| in_folder(&error, place))?;
    let weights = fine.pretrained.as_ref().map(|it| it.weights.clone()).unwrap_or_default();
    match backbone::find(&weights, folders) {
        Ok(_) => Ok((name, fine)),
        // What was asked for by name is not replaced.
        Err(error) if overrides.iter().any(|(key, _)| key == recipes::WEIGHTS) => Err(error),
        Err(error) => {
            say(format!(
                "\n*** {}. Training starts from scratch instead, with a smaller network: expect far less. ***\n",
                console::message(&error)
            ));
            Ok((name, recipes::built_in(FROM_SCRATCH, &overrides)?.1))
        }
    }
}

/// The recipe for the pictures in a place where nothing is trained and no weights are needed.
pub fn untrained(place: &Path, overrides: &[(String, String)]) -> Result<(String, Recipe)> {
    let Named { name, overrides, is_arrays } = named(place, overrides)?;
    let recipe = if is_arrays { FROM_SCRATCH } else { FINE_TUNED };
    Ok((name, recipes::built_in(recipe, &overrides)?.1))
}

/// A place as the built-in recipes take it.
struct Named {
    name: String,
    overrides: Vec<(String, String)>,
    is_arrays: bool,
}

fn named(place: &Path, overrides: &[(String, String)]) -> Result<Named> {
    let absolute =
        std::path::absolute(place).with_context(|| format!("cannot tell where {} is", shown::path(place)))?;
    let folder = absolute.to_str().with_context(|| {
        format!("{} is not UTF-8, and a recipe is: give the folder another name", shown::path(place))
    })?;
    let name = names::safe(&absolute.file_stem().unwrap_or_default().to_string_lossy());
    let text = |text: &str| toml::Value::from(text).to_string();
    let own = [("pictures.folder".to_owned(), text(folder)), ("data.set".to_owned(), text(&name))];
    // Arrays keep their size, whatever size the recipe brings files to.
    let is_arrays = formats::is_known(place).map_err(told)?;
    let size = is_arrays.then(|| ("pictures.size".to_owned(), Pictures::new(place).size.to_string()));
    if is_arrays {
        check_keys(overrides)?;
    }
    let overrides = own.into_iter().chain(size).chain(overrides.iter().cloned()).collect();
    Ok(Named { name, overrides, is_arrays })
}

/// An error where a key was given that only picture files obey.
fn check_keys(overrides: &[(String, String)]) -> Result<()> {
    let idle: Vec<&str> = overrides.iter().map(|(key, _)| key.as_str()).filter(|key| OF_FILES.contains(key)).collect();
    if idle.is_empty() {
        return Ok(());
    }
    let (keys, have) = if idle.len() == 1 { ("key", "has") } else { ("keys", "have") };
    Err(Usage(format!("recipe {keys} {} {have} no effect: the pictures are arrays, not files", idle.join(", "))).into())
}

fn told(error: formats::Error) -> anyhow::Error {
    anyhow!("{}", shown::lines(&error.to_string()))
}

/// Where the training part is smaller than the minibatch of the built-in recipe, which was made for more pictures, all of them are one.
pub fn fit_minibatch(recipe: &mut Recipe, samples: usize) {
    if recipe.minibatch.size.resolve(samples) > samples {
        say(format!(
            "minibatches of all {samples} pictures that are learned from: fewer than {}",
            recipe.minibatch.size
        ));
        recipe.minibatch.size = Size::All(All::All);
    }
}

/// The data set of arrays in a place, with a validation part, as `look` tells of it; `None` where there are none.
pub fn looked_at(place: &Path, split_seed: u64) -> Result<Option<formats::Read>> {
    let own = Pictures::new(place);
    let Some(read) = formats::read(place, TestPart { share: own.test, seed: split_seed }).map_err(told)? else {
        return Ok(None);
    };
    Ok(Some(formats::Read { source: with_validation(read.source, &own, split_seed)?, ..read }))
}

/// A folder of picture files that is not parted yet.
pub struct Folder {
    pub whole: Whole,
    /// Absolute, where the system tells.
    pub path: Option<PathBuf>,
}

/// The folder of a recipe that names one, with every picture in the recipe's form. What there is to say of it is said.
pub fn folder(own: &Pictures, place: &Path) -> Result<Folder> {
    let settings = Settings { background: Background::Colour(own.background), group: Group::named(&own.group) };
    let whole = Whole::load(place, &settings, &form(own), Some(&cache()?));
    let whole = whole.map_err(|error| in_folder(&error, place))?;
    say(whole.inventory.summary());
    whole.inventory.check_classes().map_err(|error| in_folder(&error, place))?;
    check_bad(&whole.inventory, own, place)?;
    Ok(Folder { whole, path: std::path::absolute(place).ok() })
}

/// What a folder of pictures lacks: a mistake of the command line where it is the wrong folder.
fn in_folder(error: &pictures::Error, place: &Path) -> anyhow::Error {
    match error {
        pictures::Error::OneClass { .. } => Usage(error.told(&shown::path(place))).into(),
        _ => anyhow!("{}", error.told(&shown::path(error.path()))),
    }
}

/// How the pictures of a folder are parted, where it does not say it itself.
pub fn shares(recipe: &Recipe, own: &Pictures, fold: Option<Fold>) -> Shares {
    Shares { seed: recipe.split_seed(), validation: own.validation, test: own.test, fold }
}

/// The data set of a recipe that names a place of its own. `place` is where it lies now.
pub fn open(recipe: &Recipe, own: &Pictures, place: &Path) -> Result<Opened> {
    if let Some(Opened { source, note, folder }) = arrays(recipe, own, place)? {
        let source = match recipe.fold {
            Some(_) => recipe.folded(source)?,
            None => with_validation(source, own, recipe.split_seed())?,
        };
        return Ok(Opened { source, note, folder });
    }
    let Folder { whole, path: folder } = folder(own, place)?;
    let set = whole.parted(&shares(recipe, own, recipe.fold));
    set.split.warnings.iter().for_each(|warning| say(format!("warning: {warning}")));
    let classes = set.inventory.classes.clone();
    let part = |what: &str, part: pictures::Pictures| {
        let samples = Samples::new(set.shape, classes.len(), part.pixels, part.labels);
        let samples = samples.and_then(|samples| samples.named(classes.iter().cloned()));
        samples.with_context(|| format!("the {what} part of {}", shown::path(place)))
    };
    let (train, valid) = (part("training", set.train)?, part("validation", set.validation)?);
    let source = Source { valid: Some(valid), ..Source::new(&recipe.data.set, train, part("test", set.test)?) };
    Ok(Opened { source, note: None, folder })
}

/// The data set in a place that holds arrays in the files of others, in the parts that those give; `None` elsewhere.
pub fn arrays(recipe: &Recipe, own: &Pictures, place: &Path) -> Result<Option<Opened>> {
    let read = formats::read(place, TestPart { share: own.test, seed: recipe.split_seed() });
    let Some(read) = read.map_err(told)? else { return Ok(None) };
    say(Contents::of(&read.source).summary());
    read.remarks.iter().for_each(say);
    let source = Source { name: recipe.data.set.clone(), ..read.source };
    Ok(Some(Opened { source, note: None, folder: std::path::absolute(place).ok() }))
}

/// An error where files cannot be read, unless they are to be left out; each is named, or counted.
fn check_bad(inventory: &Inventory, own: &Pictures, place: &Path) -> Result<()> {
    let bad = &inventory.unreadable;
    if bad.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> =
        bad.iter().take(NAMED).map(|it| format!("  {}: {}", shown::path(&it.path), shown::word(&it.cause))).collect();
    if bad.len() > NAMED {
        lines.push(format!("  and {} more (look lists them)", bad.len() - NAMED));
    }
    let lines = lines.join("\n");
    if own.skip_bad {
        let (files, are) = (console::count(bad.len() as i64, "file"), if bad.len() == 1 { "is" } else { "are" });
        say(format!("WARNING: {files} that cannot be read {are} left out:\n{lines}"));
        return Ok(());
    }
    Err(Usage(format!(
        "{} in {} cannot be read:\n{lines}\nmend or remove them, or train without them: --skip-bad",
        console::count(bad.len() as i64, "file"),
        shown::path(place)
    ))
    .into())
}

/// With a validation part, drawn from the training pictures class by class where there is none.
fn with_validation(source: Source, own: &Pictures, seed: u64) -> Result<Source> {
    if source.valid.is_some() {
        return Ok(source);
    }
    let count = ((source.train.len() as f64 * own.validation).round() as usize).max(1);
    let (train, valid) = hold_out(&source.train, Holdout::Stratified { count, seed })?;
    Ok(Source { train, valid: Some(valid), ..source })
}

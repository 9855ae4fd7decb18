//! From the words of a command line to a model that is ready to train: the recipe is read, its data set is on the
//! device, and plan and learner are made. Nothing is written yet.

use crate::console::thousands;
use crate::data_sets::Opened;
use crate::{backbone, data_sets, device, own_pictures, recipes};
use anyhow::{Result, anyhow};
use models::Model;
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::Dataset;
use train::{Identity, Learner, Plan, Ranks, Recipe};
use xtask::cli::{self, DataDirArgs, FindArgs, SweepArgs, TrainArgs};

/// What the commands that train from the start have in common.
pub struct Wanted<'a> {
    /// Name of a recipe, or path to a file.
    pub recipe: &'a str,
    /// Changes of its keys.
    pub overrides: Vec<(String, String)>,
    /// Whether another data set may take the place of one that cannot be had.
    pub exact: bool,
    pub data: &'a DataDirArgs,
    pub device: cli::Device,
    /// The processes that train together.
    pub ranks: Ranks,
}

/// A model that is ready to train.
pub struct Prepared {
    /// The recipe's.
    pub name: String,
    pub recipe: Recipe,
    pub device: Device,
    pub data: Dataset,
    pub plan: Plan,
    pub learner: Learner,
    /// Why the data set is not the one that the recipe names.
    pub note: Option<String>,
    /// Where the files of the data set lie.
    pub data_folder: Option<PathBuf>,
}

impl Prepared {
    /// What a run of it is.
    pub fn identity(&self) -> Identity {
        Identity {
            note: self.note.clone(),
            data_folder: self.data_folder.clone(),
            pictures: Some(self.data.fingerprint.clone()),
            ..Identity::new(self.name.clone(), &self.recipe)
        }
    }
}

impl<'a> From<&'a TrainArgs> for Wanted<'a> {
    fn from(args: &'a TrainArgs) -> Wanted<'a> {
        Wanted {
            recipe: args.recipe.as_deref().unwrap_or_default(),
            overrides: recipes::overrides(args),
            exact: args.dataset.is_some(),
            data: &args.data,
            device: args.device.device,
            ranks: Ranks::Alone,
        }
    }
}

impl<'a> Wanted<'a> {
    /// What a finder measures.
    pub fn of(find: &'a FindArgs, seed: Option<u64>) -> Wanted<'a> {
        Wanted {
            recipe: &find.recipe,
            overrides: recipes::options(find.dataset.as_deref(), seed, None, &find.set),
            exact: find.dataset.is_some(),
            data: &find.data,
            device: find.device.device,
            ranks: Ranks::Alone,
        }
    }
}

impl<'a> From<&'a SweepArgs> for Wanted<'a> {
    fn from(args: &'a SweepArgs) -> Wanted<'a> {
        Wanted {
            recipe: args.recipe.as_deref().unwrap_or_default(),
            overrides: recipes::options(args.dataset.as_deref(), args.seed, args.epochs, &args.set),
            exact: args.dataset.is_some(),
            data: &args.data,
            device: args.device.device,
            ranks: Ranks::Alone,
        }
    }
}

/// What to say where the validation set got more than half of the pictures, as it does when a recipe made for a large data
/// set meets a small one.
pub fn uneven(data: &Dataset) -> Option<String> {
    let (train, valid) = (data.train.len(), data.valid.len());
    (valid > train).then(|| {
        format!(
            "WARNING: data.validation = {valid} holds out more than half of {} pictures: {} are left to train on",
            thousands((train + valid) as f64),
            thousands(train as f64)
        )
    })
}

/// A recipe of which nothing has been loaded yet.
pub struct NamedRecipe {
    pub name: String,
    pub recipe: Recipe,
}

impl Wanted<'_> {
    /// Reads and checks the recipe.
    pub fn recipe(&self) -> Result<NamedRecipe> {
        let (name, recipe) = if own_pictures::is_place(self.recipe) {
            own_pictures::recipe(Path::new(self.recipe), &self.overrides, self.data)?
        } else {
            recipes::read(self.recipe, &self.overrides)?
        };
        Ok(NamedRecipe { name, recipe })
    }

    /// Lowers the minibatch of a built-in recipe to the `samples` of a person's own that are learned from, where it was not given.
    pub fn fit_minibatch(&self, recipe: &mut Recipe, samples: usize) {
        if own_pictures::is_place(self.recipe) && !self.overrides.iter().any(|(key, _)| key == "minibatch.size") {
            own_pictures::fit_minibatch(recipe, samples);
        }
    }

    /// Loads the data set and makes the model.
    pub fn prepare(&self, NamedRecipe { name, mut recipe }: NamedRecipe) -> Result<Prepared> {
        let device = device::resolve(self.device)?;
        let opened = open(&recipe, self.exact, self.data)?;
        recipe.data.set.clone_from(&opened.source.name);
        self.fit_minibatch(&mut recipe, opened.source.train.len());
        let data = data_sets::upload(&opened.source, &recipe, device)?;
        let plan = Plan::new(&recipe, &data)?.across(self.ranks.clone())?;
        let learner = Learner::with_model(&plan, &data, initial_model(&plan, &data, device, self.data)?)?;
        let data_folder = opened.remembered();
        Ok(Prepared { name, recipe, device, data, plan, learner, note: opened.note, data_folder })
    }
}

/// The pictures of a recipe; an `exact` data set is not replaced by another.
pub fn open(recipe: &Recipe, exact: bool, folders: &DataDirArgs) -> Result<Opened> {
    match &recipe.pictures {
        Some(own) => own_pictures::open(recipe, own, &own.folder),
        None => data_sets::open(&recipe.data.set, exact, folders).map_err(name_the_option),
    }
}

/// The model that a run begins with: at its initial values, or with the weights that the recipe names.
pub fn initial_model(plan: &Plan, data: &Dataset, device: Device, folders: &DataDirArgs) -> Result<Model> {
    let model = plan.initial_model(data, device)?;
    if let Some(pretrained) = &plan.recipe().pretrained {
        backbone::load(&model, pretrained, &backbone::find(&pretrained.weights, folders)?)?;
    }
    Ok(model)
}

/// Says what to type where another known data set was found.
pub fn name_the_option(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<tensor_data::Error>() {
        Some(tensor_data::Error::Another { found, dir, .. }) => {
            anyhow!("{error} (to train on it: --dataset {} --data {})", found.name, dir.display())
        }
        _ => error,
    }
}

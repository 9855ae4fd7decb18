//! The models that a run's folder holds, loaded without their data set.

use super::names::{SNAPSHOTS, TOP, epoch, iteration};
use crate::checkpoint;
use crate::checkpoint::leftovers;
use crate::error::Error;
use crate::learner::Learner;
use crate::model_meta::ModelMeta;
use std::path::Path;
use tch::Device;

/// Which of a run's saved models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// The one that validation chose.
    Best,
    /// The one trained longest.
    Last,
    /// One of those kept on the way, by its folder in the run's: `top/iteration-00000500-error-0.0123` or
    /// `snapshots/epoch-0010`.
    Kept(String),
}

impl Saved {
    /// The model's folder inside the run's.
    pub fn folder(&self) -> &str {
        match self {
            Saved::Best => "best",
            Saved::Last => "last",
            Saved::Kept(folder) => folder,
        }
    }
}

/// Loads a saved model of a run without its data set, and what is known of the pictures it takes.
///
/// # Errors
///
/// [`Error::Run`] where the run has no such model; [`Error::Checkpoint`] where it is damaged; [`Error::Model`] where its network cannot be built
/// on `device`.
pub fn load_model(run: &Path, saved: &Saved, device: Device) -> Result<(models::Model, ModelMeta), Error> {
    let name = saved.folder();
    let folder = run.join(name);
    let (is_there, why) = match saved {
        Saved::Kept(name) => {
            let kept = kept_ones(run)?;
            (kept.contains(name), choice(&kept))
        }
        _ => (checkpoint::exists(&folder), "it was stopped before its first validation, or is not a run".to_owned()),
    };
    if !is_there {
        return Err(Error::Run { path: run.to_owned(), problem: format!("holds no checkpoint {name}/: {why}") });
    }
    let found = checkpoint::read(&folder)?;
    if let Some(damaged) = found.damaged {
        // A model one validation older would give other figures without a word: refuse.
        return Err(damaged);
    }
    Learner::model_from_files(&found.files, &found.folder, device)
}

/// The models kept on the way, by their folders in the run's.
fn kept_ones(run: &Path) -> Result<Vec<String>, Error> {
    let named =
        |folder: &'static str, names: Vec<String>| names.into_iter().map(move |name| format!("{folder}/{name}"));
    Ok(named(TOP, top_models(run)?).chain(named(SNAPSHOTS, snapshots(run)?)).collect())
}

/// What there is to choose from.
fn choice(kept: &[String]) -> String {
    if kept.is_empty() {
        "it kept none on the way (recipe keys `checkpoint.keep_top` and `checkpoint.snapshots`)".to_owned()
    } else {
        format!("it kept {}", kept.join(", "))
    }
}

/// Names of a run's snapshots, first to last, such as `epoch-0010`; empty when it kept none.
///
/// # Errors
///
/// [`Error::Io`] where the folder cannot be read.
pub fn snapshots(run: &Path) -> Result<Vec<String>, Error> {
    numbered(&run.join(SNAPSHOTS), epoch)
}

/// Names of the best models that a run kept, by iteration, such as `iteration-00000500-error-0.0123`; empty when it kept
/// none.
///
/// # Errors
///
/// [`Error::Io`] where the folder cannot be read.
pub fn top_models(run: &Path) -> Result<Vec<String>, Error> {
    numbered(&run.join(TOP), iteration)
}

/// Folders in a folder that have a number in their names, by that number.
fn numbered(folder: &Path, number: impl Fn(&str) -> Option<u64>) -> Result<Vec<String>, Error> {
    let names = leftovers::names(folder)?.into_iter().filter(|name| folder.join(name).is_dir());
    let mut numbered: Vec<_> = names.filter_map(|name| Some((number(&name)?, name))).collect();
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

/// Loads a model of a run as it was when the snapshot `name` was kept.
///
/// # Errors
///
/// [`Error::Run`] where the run has no such snapshot; [`Error::Checkpoint`] where it is damaged; [`Error::Model`].
pub fn load_snapshot(run: &Path, name: &str, device: Device) -> Result<(models::Model, ModelMeta), Error> {
    load_model(run, &Saved::Kept(format!("{SNAPSHOTS}/{name}")), device)
}

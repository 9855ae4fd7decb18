//! The models that a run's folder holds, loaded without their data set.

use crate::learner::Card;
use crate::{Error, Learner, checkpoint};
use std::fs;
use std::path::Path;
use tch::Device;

pub(super) const SNAPSHOTS: &str = "snapshots";
pub(super) const TOP: &str = "top";

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
pub fn load_model(run: &Path, saved: &Saved, device: Device) -> Result<(models::Model, Card), Error> {
    let name = saved.folder();
    let folder = run.join(name);
    if !checkpoint::exists(&folder) {
        let why = match saved {
            Saved::Kept(_) => kept_ones(run)?,
            _ => "it was stopped before its first validation, or is not a run".to_owned(),
        };
        return Err(Error::Run { path: run.to_owned(), problem: format!("holds no checkpoint {name}/: {why}") });
    }
    let found = checkpoint::read(&folder)?;
    if let Some(damaged) = found.damaged {
        // A model one validation older would give other figures without a word: refuse.
        return Err(damaged);
    }
    Learner::model_from_files(&found.files, &found.folder, device)
}

/// What there is to choose from.
fn kept_ones(run: &Path) -> Result<String, Error> {
    let named =
        |folder: &'static str, names: Vec<String>| names.into_iter().map(move |name| format!("{folder}/{name}"));
    let kept: Vec<String> = named(TOP, top_models(run)?).chain(named(SNAPSHOTS, snapshots(run)?)).collect();
    Ok(if kept.is_empty() {
        "it kept none on the way (recipe keys `checkpoint.keep_top` and `checkpoint.snapshots`)".to_owned()
    } else {
        format!("it kept {}", kept.join(", "))
    })
}

/// Names of a run's snapshots, first to last, such as `epoch-0010`; empty when it kept none.
pub fn snapshots(run: &Path) -> Result<Vec<String>, Error> {
    let epoch = |name: &str| name.strip_prefix("epoch-")?.parse::<u64>().ok();
    numbered(&run.join(SNAPSHOTS), epoch)
}

/// Names of the best models that a run kept, by iteration, such as `iteration-00000500-error-0.0123`; empty when it kept
/// none.
pub fn top_models(run: &Path) -> Result<Vec<String>, Error> {
    numbered(&run.join(TOP), super::top::iteration)
}

/// Names in a folder that have a number, by that number.
fn numbered(folder: &Path, number: impl Fn(&str) -> Option<u64>) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", folder))?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(Error::io("read", folder))?;
    let mut numbered: Vec<_> = names.into_iter().filter_map(|name| Some((number(&name)?, name))).collect();
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

/// Loads a model of a run as it was when the snapshot `name` was kept.
pub fn load_snapshot(run: &Path, name: &str, device: Device) -> Result<(models::Model, Card), Error> {
    let found = checkpoint::read(&run.join(SNAPSHOTS).join(name))?;
    Learner::model_from_files(&found.files, &found.folder, device)
}

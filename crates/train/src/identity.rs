//! What a run is: its name, the pictures it was trained on, and the recipe it was trained with. The identity is written
//! when a run's folder is made (`run.json`) and stands in the description of every model that the run saves, where the
//! checkpoint's SHA-256 protects it. Whoever resumes a run or measures its models compares with it, so that neither an
//! edited `recipe.toml` nor other pictures under the same name pass unnoticed.

use crate::checkpoint;
use crate::error::Error;
use crate::recipe::Recipe;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tensor_data::{Difference, Fingerprint};

/// What a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Name of the recipe.
    pub name: String,
    /// Why the data set is not the one that was asked for; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The folder in which the files of the data set lay, absolute; `None` for pictures that came from no files, and
    /// where the path is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_folder: Option<PathBuf>,
    /// The pictures; `None` in runs of earlier versions, and until training begins where a program makes the folder
    /// without saying it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Fingerprint>,
    /// Every key of the recipe; `data.set` is the data set's name.
    pub recipe: Recipe,
}

impl Identity {
    /// The file's name in a run's folder.
    pub const FILE: &str = "run.json";

    /// The identity of a run of which nothing but its recipe is known.
    pub fn new(name: impl Into<String>, recipe: &Recipe) -> Identity {
        Identity { name: name.into(), note: None, data_folder: None, pictures: None, recipe: recipe.clone() }
    }

    /// An error where `found` are not the pictures of the run in folder `run`, or split otherwise. `folder` is where their
    /// files lie. A run that does not say its pictures takes any.
    ///
    /// # Errors
    ///
    /// [`Error::Run`], with what differs and where the run's own pictures were.
    pub fn check_pictures(&self, run: &Path, found: &Fingerprint, folder: Option<&Path>) -> Result<(), Error> {
        let Some((known, difference)) = self.pictures.as_ref().and_then(|it| Some((it, it.difference(found)?))) else {
            return Ok(());
        };
        let set = |pictures: &Fingerprint, folder: Option<&Path>| {
            let place = folder.map_or(String::new(), |folder| format!(" in {}", folder.display()));
            let Fingerprint { train_pictures, test_pictures, .. } = pictures;
            format!("{}{place} ({train_pictures} pictures and {test_pictures} to test with)", self.recipe.data.set)
        };
        let problem = format!(
            "it was trained on {}, and {} holds {difference}: {}",
            set(known, self.data_folder.as_deref()),
            set(found, folder),
            self.way_on(difference, folder),
        );
        Err(Error::Run { path: run.to_owned(), problem })
    }

    /// What to do where the pictures found in `folder` are others than the run's.
    fn way_on(&self, difference: Difference, folder: Option<&Path>) -> String {
        match self.data_folder.as_deref() {
            _ if difference == Difference::Split => {
                "pictures are held out in another way than they were: use the version of the program that began the run"
                    .to_owned()
            }
            Some(lay) if Some(lay) == folder => {
                "the files were changed since: put them back, or pass --data DIR with a folder that holds them"
                    .to_owned()
            }
            Some(lay) => match lay.parent() {
                Some(root) if lay.ends_with(&self.recipe.data.set) => format!("pass --data {}", root.display()),
                _ => "pass --data DIR with the folder that holds those pictures".to_owned(),
            },
            None if folder.is_some() => "pass --data DIR with the folder that holds those pictures".to_owned(),
            None => "give it the pictures that it was trained on, or begin a new run".to_owned(),
        }
    }

    /// What to say where the recipe as it stands in `recipe.toml` is not the one that the run was trained with, which
    /// counts; `None` where it is.
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] for a recipe that cannot be written as TOML.
    pub fn differing(&self, written: &Recipe) -> Result<Option<String>, Error> {
        let changes: Vec<String> = self.recipe.differences(written)?.into_iter().map(|(_, change)| change).collect();
        Ok((!changes.is_empty()).then(|| {
            format!(
                "recipe.toml is not the recipe that this was trained with, which counts here ({})",
                changes.join(", ")
            )
        }))
    }

    /// Writes `run.json` into the folder of a run, whole or not at all.
    pub(crate) fn write(&self, run: &Path) -> Result<(), Error> {
        let path = run.join(Identity::FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::io("write", &path)(e.into()))?;
        text.push(b'\n');
        checkpoint::write_file(&path, &text)
    }
}

#[cfg(test)]
mod tests;

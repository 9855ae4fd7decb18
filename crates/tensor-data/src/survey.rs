//! Which data sets are on a machine: where each was looked for, what its files hold or lack, in words.

use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::{self, Entry};
use crate::files::{self, Folder};
use crate::{Loaded, Place};

/// A data set and what is known of it on this machine.
#[derive(Debug, Serialize)]
pub struct DataSet {
    /// Its name in recipes.
    pub name: &'static str,
    /// What it holds.
    pub about: String,
    /// Where it lies, or where its files belong; `None` for one that is drawn by the program.
    pub folder: Option<PathBuf>,
    /// Whether its files are all there.
    pub complete: bool,
    /// Whether it can be read from them.
    pub usable: bool,
    /// What the files hold, or why they cannot be used; `None` where they are not all there.
    pub content: Option<String>,
    /// Files that its folder lacks.
    pub missing: Vec<String>,
    /// Folders that were looked into.
    pub looked_in: Vec<PathBuf>,
}

impl DataSet {
    /// Where it is or what is missing, in a few words.
    pub fn state(&self) -> String {
        match &self.folder {
            None => "always there (drawn by this program)".to_owned(),
            Some(folder) if self.complete => {
                let content = self.content.as_deref().unwrap_or("not looked at");
                if self.usable { format!("complete in {}: {content}", folder.display()) } else { content.to_owned() }
            }
            Some(folder) if folder.is_dir() => {
                format!("{} lacks {}", folder.display(), self.missing.join(", "))
            }
            Some(_) => {
                let looked: Vec<_> = self.looked_in.iter().map(|folder| folder.display().to_string()).collect();
                format!("not found; looked in {}", looked.join(", "))
            }
        }
    }
}

/// All data sets, looked for in `roots`. Where one is complete, it is read: what its folder is called says little.
pub fn all(roots: &[PathBuf]) -> Vec<DataSet> {
    catalog::ALL.into_iter().map(|entry| look_for(entry, roots)).collect()
}

fn look_for(entry: &'static Entry, roots: &[PathBuf]) -> DataSet {
    let about = summary(entry);
    if entry.published().is_none() {
        return DataSet {
            name: entry.name,
            about,
            folder: None,
            complete: true,
            usable: true,
            content: None,
            missing: Vec::new(),
            looked_in: Vec::new(),
        };
    }
    let complete = find(entry, roots).and_then(|place| match place {
        Place::Drawn(_) => None,
        Place::Files(_, folder) => Some(folder),
    });
    let is_complete = complete.is_some();
    let usual = roots.last().map(|root| Folder::own(&root.join(entry.name)));
    let folder = complete.or_else(|| named(entry, roots).into_iter().next()).or(usual);
    let loaded = folder.as_ref().filter(|_| is_complete).map(|folder| entry.load(folder));
    DataSet {
        name: entry.name,
        about,
        complete: is_complete,
        usable: loaded.as_ref().is_some_and(Result::is_ok),
        content: loaded.map(|loaded| match loaded {
            Ok(loaded) => what_it_is(entry, &loaded),
            Err(error) => error.to_string(),
        }),
        missing: folder.as_ref().filter(|_| !is_complete).map(Folder::missing).unwrap_or_default(),
        folder: folder.map(|folder| folder.path),
        looked_in: roots.iter().map(|root| root.join(entry.name)).collect(),
    }
}

/// The first place that holds all of a data set.
pub fn find(entry: &'static Entry, roots: &[PathBuf]) -> Option<Place> {
    entry.places(roots, None).into_iter().find(Place::is_complete)
}

/// Folders that bear the name of a data set, whatever they hold.
fn named(entry: &Entry, roots: &[PathBuf]) -> Vec<Folder> {
    roots.iter().flat_map(|root| files::folders(entry.name, root)).filter(|folder| folder.is_own).collect()
}

/// Why a data set cannot be read from where it was looked for: what its folders lack and hold, one after the other.
pub fn what_lacks(entry: &'static Entry, roots: &[PathBuf]) -> Vec<String> {
    named(entry, roots).iter().filter_map(|folder| entry.load(folder).err()).map(|error| error.to_string()).collect()
}

/// `60,000 + 10,000 handwritten digits, 28x28`.
fn summary(entry: &Entry) -> String {
    let [_, height, width] = entry.shape;
    format!("{} + {} {}, {height}x{width}", count(entry.train), count(entry.test), entry.about)
}

/// What was read, named as what it is.
pub fn what_it_is(entry: &Entry, loaded: &Loaded) -> String {
    if loaded.is_published {
        return format!("the published {}", entry.title);
    }
    let (train, test) = (&loaded.source.train, &loaded.source.test);
    let [channels, height, width] = train.shape();
    let colours = if channels == 1 { String::new() } else { format!("{channels}x") };
    format!(
        "unknown pictures in IDX format, not the published {}: {} + {} of {colours}{height}x{width} in {} classes",
        entry.title,
        count(train.len()),
        count(test.len()),
        train.classes()
    )
}

fn count(number: usize) -> String {
    values::thousands(number as f64)
}

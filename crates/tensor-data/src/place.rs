//! The one answer to where a data set's pictures may lie on a machine. Nothing is fetched, and no folder is changed.

use std::path::{Path, PathBuf};

use crate::catalog::{Entry, Origin};
use crate::copies::Loaded;
use crate::files::{self, Folder};
use crate::{Error, Source};

/// Where a data set may come from without asking a network.
#[derive(Debug, Clone)]
pub enum Place {
    /// This crate draws it.
    Drawn(fn() -> Source),
    /// Files in a folder, which need not be there.
    Files(&'static Entry, Folder),
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Files(entry, folder), Place::Files(of, other)) => (entry.name, folder) == (of.name, other),
            (Place::Drawn(_), Place::Drawn(_)) => true, // one data set is drawn, `glyphs`
            _ => false,
        }
    }
}

impl Entry {
    /// Places of this data set, the best first and each once: the `remembered` folder, where it once lay, then those in
    /// `roots` ([`files::folders`]). A data set that is drawn has one place.
    pub fn places(&'static self, roots: &[PathBuf], remembered: Option<&Path>) -> Vec<Place> {
        if let Origin::Drawn(draw) = self.origin {
            return vec![Place::Drawn(draw)];
        }
        let of_root =
            |root: &PathBuf| std::iter::once(Folder::own(&root.join(self.name))).chain(files::folders(self.name, root));
        let mut found: Vec<Folder> = Vec::new();
        for folder in remembered.map(Folder::own).into_iter().chain(roots.iter().flat_map(of_root)) {
            if !found.iter().any(|known| known.path == folder.path) {
                found.push(folder);
            }
        }
        found.into_iter().map(|folder| Place::Files(self, folder)).collect()
    }
}

impl Place {
    /// The folder of the files; `None` for what is drawn.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Place::Drawn(_) => None,
            Place::Files(_, folder) => Some(&folder.path),
        }
    }

    /// Whether all files are there, so that reading them can be tried.
    pub fn is_complete(&self) -> bool {
        match self {
            Place::Drawn(_) => true,
            Place::Files(_, folder) => folder.is_complete(),
        }
    }

    /// Reads or draws the pictures.
    ///
    /// # Errors
    /// Those of [`Entry::load`].
    pub fn load(&self) -> Result<Loaded, Error> {
        match self {
            Place::Drawn(draw) => Ok(Loaded { source: draw(), is_published: true, remarks: Vec::new() }),
            Place::Files(entry, folder) => entry.load(folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{GLYPHS, MNIST};

    #[test]
    fn the_remembered_place_comes_first_and_none_twice() {
        let root = tempfile::tempdir().unwrap();
        let (named, spelled) = (root.path().join("mnist"), root.path().join("MNIST"));
        for folder in [&named, &spelled] {
            std::fs::create_dir(folder).unwrap();
        }
        let places = MNIST.places(&[root.path().to_owned()], Some(&spelled));
        let paths: Vec<PathBuf> = places.iter().filter_map(Place::folder).map(Path::to_owned).collect();
        assert_eq!(paths, [spelled, named, root.path().to_owned(), root.path().join("raw")]);
    }

    #[test]
    fn what_is_drawn_is_always_there() {
        let places = GLYPHS.places(&["/nowhere".into()], Some(Path::new("/nowhere/else")));
        assert!(matches!(places[..], [Place::Drawn(_)]) && places[0].is_complete());
        assert!(!MNIST.places(&["/nowhere".into()], None)[0].is_complete());
    }
}

//! Runs below some folders: `runs/`, a sweep, a set of folds, or a run itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders below each other: `runs/`, a sweep in it, the sweep's `trials/`, a trial.
const DEEPEST: usize = 3;

/// The folders of runs among and below these, as absolute paths in order, each once. A run is known by its recipe and its table
/// of validations, which it has from its first minibatch on. What cannot be read holds no runs.
pub fn runs(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for folder in folders {
        look(&std::path::absolute(folder).unwrap_or_else(|_| folder.clone()), DEEPEST, &mut found);
    }
    found.into_iter().collect()
}

fn look(folder: &Path, deeper: usize, found: &mut BTreeSet<PathBuf>) {
    if ["recipe.toml", "metrics.csv"].iter().all(|name| folder.join(name).is_file()) {
        found.insert(folder.to_owned());
        return;
    }
    if deeper == 0 {
        return;
    }
    let inner = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    inner.filter(|path| path.is_dir()).for_each(|path| look(&path, deeper - 1, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_in_sweeps_and_sets_of_folds_and_once() {
        let root = tempfile::tempdir().unwrap();
        let of = |name: &str| root.path().join(name);
        for run in ["runs/one", "runs/sweep/trials/0001-seed-1", "runs/folds/fold-1", "runs/one/best"] {
            fs::create_dir_all(of(run)).unwrap();
            ["recipe.toml", "metrics.csv"].iter().for_each(|name| fs::write(of(run).join(name), "").unwrap());
        }
        // A sweep has a recipe, and is no run.
        fs::write(of("runs/sweep/recipe.toml"), "").unwrap();
        fs::create_dir_all(of("runs/a/b/c/d")).unwrap();
        let found = runs(&[of("runs"), of("runs/one"), of("nothing")]);
        assert_eq!(found, [of("runs/folds/fold-1"), of("runs/one"), of("runs/sweep/trials/0001-seed-1")]);
    }
}

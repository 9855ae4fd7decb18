//! What runs are called where several stand side by side: the folder's name, or as much of its path as tells it apart.

use std::path::{Path, PathBuf};

/// For each of different absolute paths, the shortest end of it that no other path has.
pub fn distinct(paths: &[PathBuf]) -> Vec<String> {
    let end = |path: &Path, count: usize| -> Option<PathBuf> {
        let parts: Vec<_> = path.components().collect();
        Some(parts[parts.len().checked_sub(count)?..].iter().collect())
    };
    let name = |(number, path): (usize, &PathBuf)| {
        let most = path.components().count();
        let others = || paths.iter().enumerate().filter(|(other, _)| *other != number);
        let is_own = |count: &usize| !others().any(|(_, other)| end(other, *count) == end(path, *count));
        let count = (1..=most).find(is_own).unwrap_or(most);
        end(path, count).unwrap_or_default().to_string_lossy().into_owned()
    };
    paths.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str], expected: &[&str]) {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        assert_eq!(distinct(&paths), expected);
    }

    #[test]
    fn names_are_as_long_as_they_must_be() {
        check(&["/runs/one", "/runs/two"], &["one", "two"]);
        check(&["/a/run", "/b/run", "/b/other"], &["a/run", "b/run", "other"]);
        check(&["/a/x/run", "/b/x/run", "/b/y/run"], &["a/x/run", "b/x/run", "y/run"]);
        check(&["/run", "/a/run"], &["/run", "a/run"]);
        check(&["/"], &["/"]);
    }
}

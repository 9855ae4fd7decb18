//! Names for the files that are drawn from pictures: safe on any disk, and never two pictures' the same.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Component, Path};
use values::shown;

/// Characters of a name; file names have 255 bytes at most, a character up to four, and something stands around it.
const LONGEST: usize = 48;

/// A name for each picture: its file's stem, with the folders that it lies in (the nearest first) or its ending where
/// stems are equal. A command writes files called by the name with each of `suffixes` behind it, of which no two may be
/// the same: what is still equal then gets a number.
pub fn distinct(paths: &[&Path], suffixes: &[String]) -> Vec<String> {
    let mut rivals: HashMap<String, BTreeSet<&Path>> = HashMap::new();
    for path in paths {
        rivals.entry(named(path, 0, false)).or_default().insert(path);
    }
    let telling: HashMap<&Path, String> = rivals.values().flat_map(telling).collect();
    let mut taken = HashSet::new();
    let mut name = |path: &&Path| {
        let wanted = telling.get(path).cloned().unwrap_or_default();
        let files = |name: &str| -> Vec<String> {
            // Some disks do not tell capitals from small letters.
            suffixes.iter().map(|suffix| format!("{name}{suffix}").to_lowercase()).collect()
        };
        let numbered = (2..).map(|n: u64| format!("{wanted}-{n}"));
        let free = |name: &String| files(name).iter().all(|file| !taken.contains(file));
        let name = std::iter::once(wanted.clone()).chain(numbered).find(free).unwrap_or(wanted);
        taken.extend(files(&name));
        name
    };
    paths.iter().map(&mut name).collect()
}

/// For each of the paths whose stem is the same, the shortest name that none of the others has.
fn telling<'a>(rivals: &BTreeSet<&'a Path>) -> HashMap<&'a Path, String> {
    let deepest = rivals.iter().map(|path| path.components().count()).max().unwrap_or(0);
    let mut names: HashMap<&Path, String> = rivals.iter().map(|&path| (path, named(path, 0, false))).collect();
    let mut open = rivals.clone();
    for (folders, ending) in (0..=deepest).flat_map(|folders| [(folders, false), (folders, true)]) {
        if open.is_empty() {
            break;
        }
        let mut bearers: HashMap<String, Vec<&Path>> = HashMap::new();
        for path in rivals {
            bearers.entry(named(path, folders, ending)).or_default().push(path);
        }
        for (name, bearers) in bearers {
            if let [only] = bearers[..]
                && open.remove(only)
            {
                names.insert(only, name);
            }
        }
    }
    names
}

/// Folders, stem and ending, joined by `-`.
fn named(path: &Path, folders: usize, ending: bool) -> String {
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    let mut parts: Vec<String> = path
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .filter_map(|part| if let Component::Normal(name) = part { Some(text(name)) } else { None })
        .collect();
    parts.drain(..parts.len().saturating_sub(folders));
    parts.push(text(path.file_stem().unwrap_or_default()));
    parts.extend(path.extension().filter(|_| ending).map(text));
    short(&safe(&parts.join("-")))
}

/// The end of a long name, because that is where names differ.
fn short(name: &str) -> String {
    let all: Vec<char> = name.chars().collect();
    all[all.len().saturating_sub(LONGEST)..].iter().collect()
}

/// A text as part of a file's name: without separators, blanks at its ends and what steers a terminal.
pub fn safe(text: &str) -> String {
    let replaced = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | char::REPLACEMENT_CHARACTER => '_',
        c if shown::steers(c) => '_',
        c => c,
    };
    let name: String = text.trim().chars().map(replaced).collect();
    if name.is_empty() { "picture".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str], suffixes: &[&str]) -> Vec<String> {
        let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
        distinct(&paths, &suffixes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn equal_stems_get_what_tells_their_paths_apart() {
        let check = |paths: &[&str], expected: &[&str]| assert_eq!(names(paths, &["", "-all"]), expected, "{paths:?}");
        check(&["7.jpg", "x/8.png"], &["7", "8"]);
        check(&["a/7.jpg", "b/7.jpg", "c/8.jpg"], &["a-7", "b-7", "8"]);
        check(&["a/7.jpg", "a/7.png"], &["7-jpg", "7-png"]);
        check(&["x/a/7.jpg", "y/a/7.jpg", "y/b/7.jpg"], &["x-a-7", "y-a-7", "b-7"]);
        check(&["7.jpg", "a/7.jpg"], &["7", "a-7"]);
        check(&["./7.jpg", "../7.jpg"], &["7", "7-2"]);
        // One picture twice, and a stem that another's longer name has already.
        check(&["7.jpg", "7.jpg"], &["7", "7-2"]);
        check(&["a-7.jpg", "a/7.jpg", "b/7.jpg"], &["a-7", "a-7-2", "b-7"]);
        check(&["A.png", "b/a.png"], &["A", "a-2"]);
    }

    #[test]
    fn no_two_pictures_write_the_same_file() {
        let suffixes = ["", "-saliency"];
        assert_eq!(names(&["7.png", "7-saliency.png"], &suffixes), ["7", "7-saliency-2"]);
        assert_eq!(names(&["7-saliency.png", "7.png"], &suffixes), ["7-saliency", "7-2"]);
    }

    #[test]
    fn names_are_safe_on_any_disk() {
        assert_eq!(safe("a\x1b[31m\n\u{202e}b\\c:d"), "a_[31m__b_c_d");
        assert_eq!(safe("  "), "picture");
        let long = "猫".repeat(80) + "1";
        assert_eq!(short(&long).chars().count(), 48);
        assert!(short(&long).ends_with("猫1") && short(&long).len() < 200);
        // Long names that were cut to the same end still differ.
        let pair = [format!("a{}", "x".repeat(60)), format!("b{}", "x".repeat(60))];
        let named = names(&[&pair[0], &pair[1]], &[""]);
        assert_ne!(named[0], named[1]);
    }
}

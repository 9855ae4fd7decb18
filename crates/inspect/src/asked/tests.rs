//! Which files a command line means.

use super::*;
use std::fs;
use std::io::{self, Cursor};
use std::os::unix::fs::symlink;

/// A folder with pictures, hidden files, a link that leads in a circle, and a few other things.
fn scans() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::create_dir_all(at("b/deep")).unwrap();
    fs::create_dir_all(at(".cache")).unwrap();
    for name in ["b/7.png", "a.png", "b/deep/no-ending", ".cache/x.png", ".hidden.png"] {
        image::GrayImage::new(2, 2).save_with_format(at(name), image::ImageFormat::Png).unwrap();
    }
    fs::write(at("b/notes.txt"), "text").unwrap();
    fs::write(at("Thumbs.db"), [0; 9]).unwrap();
    fs::write(at("broken.JPG"), "text").unwrap();
    root
}

fn asked(arguments: &[&str], input: &[u8]) -> Asked {
    let input = input.to_vec();
    let paths: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    find(&paths, move || Box::new(Cursor::new(input)))
}

fn paths(asked: &Asked, root: &Path) -> Vec<String> {
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    asked.entries.iter().map(|entry| name(&entry.path)).collect()
}

fn problem(arguments: &[&str], input: &[u8], said: &str) {
    let asked = asked(arguments, input);
    let entry = asked.entries.last().unwrap();
    let problem = entry.problem.as_ref().unwrap().told(&entry.path.display().to_string());
    assert!(problem.contains(said), "{arguments:?}: {problem}");
}

#[test]
fn a_folder_stands_for_all_pictures_beneath_it() {
    let root = scans();
    let folder = root.path().to_str().unwrap();
    let found = asked(&["first.png", folder, "last.png"], b"");
    let expected = ["first.png", "a.png", "b/7.png", "b/deep/no-ending", "broken.JPG", "last.png"];
    assert_eq!(paths(&found, root.path()), expected);
    assert_eq!(found.entries.iter().map(|it| it.argument).collect::<Vec<_>>(), [1, 2, 2, 2, 2, 3]);
    assert!(found.entries.iter().all(|it| it.problem.is_none()));
    let passed_over = PassedOver { argument: 2, folder: root.path().to_owned(), hidden: 2, others: 2 };
    assert_eq!(found.passed_over, [passed_over]);
    let line = found.passed_over[0].told("scans");
    assert!(line.ends_with("scans: passed over 2 hidden files or folders and 2 files that are no pictures"), "{line}");

    symlink(root.path(), root.path().join("b/round")).unwrap();
    let round = asked(&[folder], b"");
    let said: Vec<_> = round.entries.iter().filter_map(|it| it.problem.as_ref()).map(|it| it.told("round")).collect();
    assert!(said.len() == 1 && said[0].contains("a link leads back"), "{said:?}");
    assert_eq!(round.entries.len(), 5);
    let empty = tempfile::tempdir().unwrap();
    problem(&[empty.path().to_str().unwrap()], b"", "holds no pictures");
}

#[test]
fn patterns_are_followed_unless_a_file_is_called_so() {
    let root = scans();
    let pattern = |name: &str| format!("{}/{name}", root.path().display());
    let found = |name: &str| paths(&asked(&[&pattern(name)], b""), root.path());
    assert_eq!(found("*.png"), ["a.png"]);
    assert_eq!(found("**/*.png"), ["a.png", "b/7.png"]);
    assert_eq!(found("[ab]*"), ["a.png", "b/7.png", "b/deep/no-ending", "broken.JPG"]);
    fs::write(root.path().join("[ab]*"), "").unwrap();
    assert_eq!(found("[ab]*"), ["[ab]*"]);
    problem(&[&pattern("*.gif")], b"", "none that it matches");
    problem(&[&pattern("***")], b"", "is no pattern");
}

#[test]
fn standard_input_holds_paths() {
    let root = scans();
    let folder = root.path().to_str().unwrap();
    let found = |list: &[u8]| paths(&asked(&["x.png", "-"], list), root.path());
    assert_eq!(found(b"1.png\r\n\n  2 3.png\n*.png"), ["x.png", "1.png", "  2 3.png", "*.png"]);
    assert_eq!(found(b"1.png\0with\nnewline.png\0"), ["x.png", "1.png", "with\nnewline.png"]);
    assert_eq!(found(format!("{folder}/b\n").as_bytes()), ["x.png", "b/7.png", "b/deep/no-ending"]);
    problem(&["-"], b"\n", "standard input names no picture");
    problem(&["-"], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "`-` reads paths");
    problem(&["-", "-"], b"1.png", "give `-` once");
    let endless = || Box::new(io::repeat(b'a').take(u64::MAX)) as Box<dyn Read>;
    let found = find(&[PathBuf::from("-")], endless);
    assert_eq!(found.entries[0].problem, Some(Problem::InputTooLong));
}

#[test]
fn addresses_get_a_clear_line() {
    for address in ["https://example.org/7.png", "http://example.org/*.png?x=1", "s3://bucket/7.png"] {
        problem(&[address], b"", "download it");
        problem(&["-"], address.as_bytes(), "download it");
    }
    problem(&["file:///tmp/7.png"], b"", "give the path itself, /tmp/7.png");
}

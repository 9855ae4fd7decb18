//! Moves that never overwrite, survive kill -9 and can be taken back.

use clean::{Error, File, Journal, Move, Row, State, plan};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// SHA-256 of "1" (FIPS 180-4; `printf 1 | sha256sum`).
const ONE: &str = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every file below a folder with its content.
fn state(root: &Path) -> BTreeMap<PathBuf, String> {
    let (mut state, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    drop(state.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
                }
            }
        }
    }
    state
}

fn row(picture: &str, given: &str, move_to: &str) -> Row {
    let (picture, given, move_to) = (picture.to_owned(), given.to_owned(), move_to.to_owned());
    Row { picture, given, suggested: String::new(), confidence: 0.9, given_probability: 0.1, margin: 0.8, move_to }
}

fn file(path: &str, class: &str) -> File {
    let sha256: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&ONE[2 * i..2 * i + 2], 16).unwrap()).collect();
    File { path: path.into(), class: class.to_owned(), sha256: sha256.try_into().unwrap() }
}

#[test]
fn files_change_their_class_folder_and_come_back() {
    let place = tempfile::tempdir().unwrap();
    let (root, journal) = (place.path().join("photos"), place.path().join("journal.json"));
    ["cat/1.png", "train/cat/deep/cat/2.png", "dog/3.png"].iter().for_each(|path| put(&root, path, "1"));
    let before = state(&root);
    let files = [file("cat/1.png", "cat"), file("train/cat/deep/cat/2.png", "cat"), file("dog/3.png", "dog")];
    let rows =
        [row("cat/1.png", "cat", "dog"), row("train/cat/deep/cat/2.png", "cat", " dog "), row("dog/3.png", "dog", "")];
    let classes = ["cat".to_owned(), "dog".to_owned()];
    let moves = plan(&root, &rows, &files, &classes).unwrap();
    let done = Journal::begin(&journal, &root, moves.clone()).unwrap();
    assert_eq!((done.state, done.moves.len()), (State::Applied, 2));
    let paths: Vec<_> = state(&root).into_keys().collect();
    assert_eq!(paths, ["dog/1.png", "dog/3.png", "train/dog/deep/cat/2.png"].map(PathBuf::from));
    let again = Journal::begin(&journal, &root, moves.clone()).unwrap_err().to_string();
    assert!(again.contains("--undo"), "{again}");
    let undone = Journal::read(&journal).unwrap().unwrap().undo(&journal).unwrap();
    assert_eq!((undone.state, state(&root)), (State::Undone, before));
    assert!(matches!(undone.undo(&journal), Err(Error::State { .. })));
    assert_eq!(Journal::begin(&journal, &root, moves).unwrap().state, State::Applied, "and forth again");
}

#[test]
fn what_cannot_be_moved_is_refused_before_anything_is() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    ["cat/1.png", "dog/1.png", "fish/1.png", "loose.png"].iter().for_each(|path| put(root, path, "1"));
    let before = state(root);
    let files = [file("cat/1.png", "cat"), file("fish/1.png", "fish"), file("loose.png", "cat")];
    let classes = ["bird".to_owned(), "cat".to_owned(), "dog".to_owned(), "fish".to_owned()];
    for (rows, part) in [
        (vec![row("cat/1.png", "cat", "dog")], "there is another dog/1.png already"),
        (vec![row("cat/1.png", "cat", "bird"), row("fish/1.png", "fish", "bird")], "another bird/1.png already"),
        (vec![row("cat/9.png", "cat", "dog")], "no such picture"),
        (vec![row("../cat/1.png", "cat", "dog")], "no such picture"),
        (vec![row("cat/1.png", "dog", "bird")], "is of class \"cat\" now"),
        (vec![row("cat/1.png", "cat", "../x")], "the classes are bird, cat, dog, fish"),
        (vec![row("loose.png", "cat", "bird")], "move it by hand"),
    ] {
        let error = plan(root, &rows, &files, &classes).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("nothing was moved"), "{part}: {error}");
    }
    let changed = Move { from: "cat/1.png".into(), to: "bird/1.png".into(), sha256: "0".repeat(64) };
    let error = Journal::begin(&root.join("journal.json"), root, vec![changed]).unwrap_err().to_string();
    assert!(error.contains("has changed since"), "{error}");
    assert_eq!(state(root), before);
}

#[test]
fn a_file_that_appears_in_between_is_never_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let (root, journal) = (place.path().join("photos"), place.path().join("journal.json"));
    ["cat/1.png", "cat/2.png"].iter().for_each(|path| put(&root, path, "1"));
    let moves = ["1.png", "2.png"].map(|name| Move {
        from: Path::new("cat").join(name),
        to: Path::new("dog").join(name),
        sha256: ONE.to_owned(),
    });
    put(&root, "dog/2.png", "another");
    let error = Journal::begin(&journal, &root, moves.to_vec()).unwrap_err();
    assert!(matches!(&error, Error::Move { .. }) && error.to_string().contains("none is overwritten"), "{error}");
    assert_eq!(state(&root)[Path::new("dog/2.png")], "another");
    assert_eq!(state(&root)[Path::new("dog/1.png")], "1");
    fs::remove_file(root.join("dog/2.png")).unwrap();
    let unfinished = Journal::read(&journal).unwrap().unwrap();
    assert_eq!(unfinished.state, State::Applying);
    assert_eq!(unfinished.finish(&journal).unwrap().state, State::Applied);
}

const FILES: usize = 4000;

fn many() -> Vec<Move> {
    let one =
        |i: usize| Move { from: format!("cat/{i}").into(), to: format!("dog/{i}").into(), sha256: ONE.to_owned() };
    (0..FILES).map(one).collect()
}

/// The process that is killed: no test of its own.
#[test]
#[ignore = "started by the test of kill -9"]
fn child_that_moves() {
    let Some(place) = std::env::var_os("CLEAN_TEST_PLACE").map(PathBuf::from) else { return };
    let (root, journal) = (place.join("photos"), place.join("journal.json"));
    match Journal::read(&journal).unwrap() {
        None => drop(Journal::begin(&journal, &root, many()).unwrap()),
        Some(journal_found) => drop(journal_found.undo(&journal).unwrap()),
    }
}

/// Starts the child and kills it as soon as `to` holds some files; whether it was still at work then.
fn kill_in_between(place: &Path, to: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "moves::child_that_moves"])
        .env("CLEAN_TEST_PLACE", place)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let count = |folder: &str| fs::read_dir(place.join("photos").join(folder)).map_or(0, Iterator::count);
    while count(to) < 50 && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (1..FILES).contains(&count(to))
}

#[test]
fn moves_that_were_killed_are_finished_or_taken_back() {
    let place = tempfile::tempdir().unwrap();
    let (root, journal) = (place.path().join("photos"), place.path().join("journal.json"));
    (0..FILES).for_each(|i| put(&root, &format!("cat/{i}"), "1"));
    let before = state(&root);
    assert!(kill_in_between(place.path(), "dog"), "the process was killed in between");
    let found = Journal::read(&journal).unwrap().unwrap();
    assert_eq!((found.state, state(&root).len()), (State::Applying, FILES), "nothing is lost");
    found.finish(&journal).unwrap();
    assert!((0..FILES).all(|i| root.join(format!("dog/{i}")).exists()));
    assert!(kill_in_between(place.path(), "cat"), "the process was killed in between");
    let found = Journal::read(&journal).unwrap().unwrap();
    assert_eq!(found.state, State::Undoing);
    assert!(matches!(found.clone().finish(&journal), Err(Error::State { .. })));
    found.undo(&journal).unwrap();
    assert_eq!(state(&root), before);
}

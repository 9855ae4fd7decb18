//! Where the pictures come from, as users meet it: what lies in a folder is named as what it is, and a folder that was
//! asked for is the only one.

use crate::runs::{Done, Place, finish};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const RECIPE: &str = r#"
epochs = 1
learning_rate = 0.1
data = { set = "mnist", validation = 20 }
minibatch = { size = 10 }
model = { kind = "softmax" }
"#;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// A place whose `data/mnist`, which `MINIBATCH_DATA` leads to, holds 1,200 pictures, and `mine/mnist` 120.
fn place() -> Place {
    let place = Place::new();
    let draw = |count, seed| tensor_data::glyphs::draw(count, seed).unwrap();
    place.pictures("mine/mnist", &draw(120, 3), &draw(60, 4));
    place.recipe("thing", RECIPE);
    place
}

/// Trains on what lies in `folder`; the folder is left as it was.
fn train(place: &Place, folder: &str) -> Done {
    let before: Vec<_> = place.state(folder).into_keys().collect();
    let done = place.run(&format!("train {{}}/thing.toml --data {{}}/{folder} --out {{}}/run"));
    let after: Vec<_> = place.state(folder).into_keys().collect();
    assert_eq!(after, before, "the user's folder was changed");
    done
}

/// One line that says all of this, and nothing else was done.
fn assert_refused(place: &Place, done: &Done, parts: &[&str]) {
    assert_eq!(done.status, Some(1), "{done:?}");
    assert_eq!(done.err.trim_end().lines().count(), 1, "{}", done.err);
    for part in parts {
        assert!(done.err.contains(part), "\"{part}\" is not in: {}", done.err);
    }
    assert!(!place.path("run").exists());
    assert!(!place.path("ws/data").exists(), "something was fetched");
}

fn move_files(place: &Place, rename: impl Fn(&str) -> String) {
    for name in NAMES {
        let target = place.path("mine").join(rename(name));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::rename(place.path("mine/mnist").join(name), target).unwrap();
    }
    let _ = fs::remove_dir(place.path("mine/mnist"));
}

#[test]
fn unknown_pictures_are_never_called_digits() {
    let place = place();
    let done = train(&place, "mine");
    assert_eq!(done.status, Some(0), "{done:?}");
    let summary = place.json("run/summary.json");
    let note = summary["dataset_note"].as_str().unwrap();
    let says = "unknown pictures in IDX format, not the published MNIST: 120 + 60 of 28x28 in 10 classes";
    assert!(note.contains(says) && done.out.contains(note), "{note}\n{}", done.out);
    assert!(!done.out.contains("handwritten"), "{}", done.out);
    assert_eq!(summary["dataset"], "mnist", "the name that was asked for");
}

#[test]
fn files_in_other_places_are_read_and_said() {
    for rename in [
        |name: &str| format!("MNIST/raw/{name}"),
        |name: &str| format!("mnist/MNIST/raw/{name}"),
        |name: &str| format!("mnist/{name}.txt"),
        |name: &str| format!("mnist/{}", name.to_uppercase()),
        |name: &str| format!("raw/{name}.bin"),
        |name: &str| name.to_uppercase(),
    ] {
        let place = place();
        move_files(&place, rename);
        let done = train(&place, "mine");
        assert_eq!(done.status, Some(0), "{done:?}");
        assert!(done.err.contains("other names or in other places than usual"), "{}", done.err);
        assert!(done.out.contains("120 + 60 of 28x28"), "{}", done.out);
    }
    // The folder itself, its files named as usual, needs no word.
    let place = place();
    let done = train(&place, "mine/mnist");
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""), "{done:?}");
}

#[test]
fn where_data_is_given_there_is_no_substitute() {
    let place = place();
    fs::create_dir_all(place.path("empty/mnist")).unwrap();
    let done = train(&place, "empty");
    assert_refused(&place, &done, &["empty/mnist lacks", NAMES[0], NAMES[3], "it holds nothing", "with --data"]);

    fs::create_dir_all(place.path("tables")).unwrap();
    fs::write(place.path("tables/mnist_train.csv"), "label,1x1\n").unwrap();
    let done = train(&place, "tables");
    assert_refused(
        &place,
        &done,
        &["does not hold MNIST", "found there: mnist_train.csv", "belong in", "tables/mnist"],
    );

    let done = place.run("train {}/thing.toml --data {}/nowhere --out {}/run");
    assert_refused(&place, &done, &["there is no folder", "nowhere"]);
    fs::remove_file(place.path("mine/mnist").join(NAMES[1])).unwrap();
    let done = train(&place, "mine");
    assert_refused(&place, &done, &["mine/mnist lacks", NAMES[1], NAMES[0]]);
}

/// The same for a run that is evaluated or resumed: the pictures of another folder are not what was asked for.
#[test]
fn eval_takes_no_substitute_either() {
    let place = place();
    place.good("train {}/thing.toml --data {}/mine --out {}/run");
    fs::create_dir_all(place.path("empty/mnist")).unwrap();
    for words in ["eval {}/run --data {}/empty", "train --resume {}/run --data {}/empty"] {
        let done = place.run(words);
        assert_eq!(done.status, Some(1), "{done:?}");
        assert!(done.err.contains("empty/mnist lacks"), "{}", done.err);
    }
    assert_eq!(fs::read_dir(place.path("empty/mnist")).unwrap().count(), 0);
}

#[test]
fn a_folder_of_the_environment_is_not_written_to() {
    let place = place();
    fs::remove_file(place.path("mine/mnist").join(NAMES[2])).unwrap();
    let before: Vec<_> = place.state("mine").into_keys().collect();
    let mut command = place.minibatch("train {}/thing.toml --dataset mnist --out {}/run");
    let done = finish(command.env("MINIBATCH_DATA", place.path("mine")));
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("mine/mnist lacks") && done.err.contains(NAMES[2]), "{}", done.err);
    assert_eq!(place.state("mine").into_keys().collect::<Vec<_>>(), before);
}

/// Only MNIST, when a recipe asks for it by itself, is replaced by drawn digits.
#[test]
fn clothes_are_never_replaced_by_digits() {
    let place = place();
    let done = place.run("train {}/thing.toml --set data.set=fashion-mnist --out {}/run");
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("could not be fetched") && done.err.contains("ws/data/fashion-mnist"), "{}", done.err);
    assert!(!place.path("run").exists() && !place.path("ws/data").exists());
    // Pictures of unknown origin under that name train, and are called that.
    place.pictures("data/fashion-mnist", &draw(120), &draw(60));
    let done = place.good("train {}/thing.toml --set data.set=fashion-mnist --out {}/run");
    assert!(done.out.contains("not the published Fashion-MNIST"), "{}", done.out);
    assert_eq!(place.json("run/summary.json")["dataset"], "fashion-mnist");
}

fn draw(count: usize) -> tensor_data::Samples {
    tensor_data::glyphs::draw(count, 5).unwrap()
}

/// The real Fashion-MNIST in a folder called `mnist`.
#[test]
fn fashion_in_a_folder_called_mnist_is_refused() {
    let Some(clothes) = shared("fashion-mnist") else { return };
    let place = place();
    fs::create_dir(place.path("wrong")).unwrap();
    symlink(&clothes, place.path("wrong/mnist")).unwrap();
    let done = place.run("train {}/thing.toml --data {}/wrong --out {}/run");
    let hint = format!("--dataset fashion-mnist --data {}", place.path("wrong/mnist").display());
    let says = "holds Fashion-MNIST (pieces of clothing), and MNIST was asked for";
    assert_refused(&place, &done, &["wrong/mnist", says, &hint]);
    // What it says to type works, and the pictures are called what they are.
    let done = place.good(&format!("train {{}}/thing.toml {hint} --set minibatch.size=600 --out {{}}/run"));
    assert!(done.out.contains("fashion-mnist, 59,980 to train"), "{}", done.out);
    assert_eq!(place.json("run/summary.json")["dataset"], "fashion-mnist");
    assert_eq!(place.json("run/summary.json")["dataset_note"], Value::Null);
    // A model of digits is not tested on clothes.
    place.good("train {}/thing.toml --data {}/mine --out {}/digits");
    let done = place.run("eval {}/digits --data {}/wrong");
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("Fashion-MNIST") && done.out.is_empty(), "{done:?}");
}

/// Collected folders that people really have; each trains with a word on what is odd, or is refused with one.
#[test]
fn collected_folders_train_or_say_why_not() {
    let Some(cases) = shared("../cases/idx") else { return };
    for (case, status, says) in [
        ("both_plain_differs", 0, "train-images-idx3-ubyte is read"),
        ("both_plain_empty", 0, "train-images-idx3-ubyte.gz is read in its place"),
        ("both_plain_images_only", 1, "train-images-idx3-ubyte.gz differ"),
        ("capital_dirs_torchvision", 0, "raw/train-images-idx3-ubyte"),
        ("emnist_letters", 1, "labels go from 3 to 12"),
        ("sevenzip_txt", 0, "train-images-idx3-ubyte.txt"),
        ("trailing_newline", 1, "2 bytes follow the gzip data"),
        ("trailing_zeros", 0, ""),
        ("upper", 0, "TRAIN-IMAGES-IDX3-UBYTE"),
    ] {
        let place = place();
        symlink(cases.join(case), place.path("case")).unwrap();
        let done = place.run("train {}/thing.toml --data {}/case --out {}/run");
        assert_eq!(done.status, Some(status), "{case}: {done:?}");
        assert!(done.err.contains(says), "{case}: {}", done.err);
        assert_eq!(place.path("run").exists(), status == 0, "{case}");
    }
}

/// A folder of data that is not the project's, in or beside the one that `MINIBATCH_DATA` names.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MINIBATCH_DATA").map(|root| Path::new(&root).join(name));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED: there is no {name} in $MINIBATCH_DATA");
    }
    folder
}

//! Every mistake a user can make has its own message and exit status: 1 for what lies on the disk, 2 for the recipe and
//! the command line. None ends in a panic or shows libtorch's frames.

use crate::runs::{Done, Place};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;
use tensor_data::Samples;

const RECIPE: &str = r#"
epochs = 1
learning_rate = 0.1
data = { set = "mnist", validation = 200 }
minibatch = { size = 20 }
model = { kind = "softmax" }
stopping = { kind = "patience" }
"#;

/// The command failed with this status and one message that says all of this; it left no run behind.
fn assert_says(place: &Place, case: &str, done: &Done, status: i32, parts: &[&str]) {
    assert_eq!(done.status, Some(status), "{case}: {done:?}");
    assert_eq!(done.err.matches("error:").count(), 1, "{case}: {}", done.err);
    for part in parts {
        assert!(done.err.contains(part), "{case}: \"{part}\" is not in: {}", done.err);
    }
    assert!(!place.path("run").exists(), "{case}: a run's folder was made");
}

/// Damages one of the four files in its folder.
type Damage = fn(&Path);

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

fn rewrite(folder: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(folder.join(name)).unwrap();
    change(&mut bytes);
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn damaged_data_sets_are_told_by_file_and_fault() {
    let cases: [(&str, Damage, &[&str]); 10] = [
        ("empty file", |f| rewrite(f, IMAGES, Vec::clear), &[IMAGES, "empty"]),
        (
            "truncated header",
            |f| rewrite(f, IMAGES, |bytes| bytes.truncate(11)),
            &[IMAGES, "header is cut off", "16 bytes", "after 11"],
        ),
        (
            "wrong magic",
            |f| rewrite(f, LABELS, |bytes| bytes[2] = 7),
            &[LABELS, "not IDX labels", "0x00000701", "0x00000801"],
        ),
        (
            "images in the place of labels",
            |f| assert!(fs::copy(f.join(IMAGES), f.join(LABELS)).is_ok()),
            &[LABELS, "not IDX labels", "images"],
        ),
        (
            "count larger than the file",
            |f| rewrite(f, IMAGES, |bytes| bytes[4..8].copy_from_slice(&2000u32.to_be_bytes())),
            &[IMAGES, "claims 1568000 bytes", "only 940800"],
        ),
        (
            "count beyond all measure",
            |f| rewrite(f, IMAGES, |bytes| bytes[4..16].fill(0xff)),
            &[IMAGES, "4294967295 x 4294967295"],
        ),
        (
            "label 10",
            |f| rewrite(f, LABELS, |bytes| bytes[8 + 17] = 10),
            &[LABELS, "label 10 at index 17", "from 0 to 9"],
        ),
        (
            "images and labels of different length",
            |f| {
                rewrite(f, LABELS, |bytes| {
                    bytes.truncate(8 + 1100);
                    bytes[4..8].copy_from_slice(&1100u32.to_be_bytes());
                })
            },
            &[LABELS, "1100 labels, but 1200 pictures", IMAGES],
        ),
        (
            "zero pictures",
            |f| {
                for (name, header) in [(IMAGES, 16), (LABELS, 8)] {
                    rewrite(f, name, |bytes| {
                        bytes.truncate(header);
                        bytes[4..8].fill(0);
                    });
                }
            },
            &["no pictures", "at least one"],
        ),
        (
            "gzip cut off",
            |f| {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(&fs::read(f.join(IMAGES)).unwrap()).unwrap();
                let bytes = gzip.finish().unwrap();
                fs::remove_file(f.join(IMAGES)).unwrap();
                fs::write(f.join(IMAGES).with_extension("gz"), &bytes[..bytes.len() / 2]).unwrap();
            },
            &["train-images-idx3-ubyte.gz", "gzip data is cut off"],
        ),
    ];
    for (case, damage, parts) in cases {
        let place = Place::new();
        let recipe = place.recipe("thing", RECIPE);
        damage(&place.path("data/mnist"));
        let done = place.run(&format!("train {recipe} --out {{}}/run"));
        assert_says(&place, case, &done, 1, parts);
    }
}

#[test]
fn a_mistake_in_the_recipe_or_the_command_line_is_told_with_its_key_and_range() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    for (case, words, parts) in [
        (
            "unknown key",
            "--set learning_rat=0.1",
            &["there is no key `learning_rat`", "did you mean `learning_rate`?"] as &[_],
        ),
        ("unknown key in a table", "--set minibatch.sizes=3", &["`sizes`", "minibatch", "did you mean `size`?"]),
        ("unknown kind", "--set stopping.kind=patiance", &["`patiance`", "did you mean `patience`?"]),
        ("a word for a number", "--set epochs=many", &["epochs", "many"]),
        ("learning rate 0", "--set learning_rate=0", &["`learning_rate` is 0", "at least 1e-30"]),
        ("learning rate NaN", "--set learning_rate=nan", &["`learning_rate` is NaN", "at least 1e-30"]),
        ("minibatch of none", "--set minibatch.size=0", &["`minibatch.size` is 0", "from 1 to 10^9"]),
        ("minibatch too large", "--set minibatch.size=1001", &["`minibatch.size` is 1001", "mnist holds 1000"]),
        ("patience 0", "--set stopping.patience=0", &["`stopping.patience` is 0", "from 1 to 10^15"]),
        ("no epoch", "--set epochs=0", &["`epochs` is 0", "from 1 to 10^9"]),
        (
            "validates on more than there is",
            "--set data.validation=1300",
            &["`data.validation`", "1300 of 1200 pictures", "between 1 and 1199"],
        ),
        ("trains on nothing", "--set data.validation=1200", &["leaves none for training"]),
        ("unknown data set", "--dataset mnits", &["no data set \"mnits\"", "mnist, fashion-mnist and glyphs"]),
        ("unknown device", "--device gpu", &["\"gpu\" is not a device", "auto, cpu, cuda or cuda:N"]),
        ("a device that is not there", "--device cuda:99", &["cuda:99", "CUDA device"]),
        ("unknown option", "--learning-rate 0.1", &["--learning-rate"]),
        ("no value", "--set learning_rate", &["KEY=VALUE"]),
    ] {
        let done = place.run(&format!("train {recipe} {words} --out {{}}/run"));
        assert_says(&place, case, &done, 2, parts);
    }
}

#[test]
fn a_mistake_in_the_recipe_file_is_told_with_its_line() {
    let place = Place::new();
    let recipe = place.recipe("thing", &RECIPE.replace("epochs = 1", "epochs = 1\nlerning_rate = 0.2"));
    let done = place.run(&format!("train {recipe} --out {{}}/run"));
    assert_says(&place, "unknown key", &done, 2, &[&recipe, "line 3", "did you mean `learning_rate`?"]);
    let recipe = place.recipe("thing", "epochs = = 1");
    let done = place.run(&format!("train {recipe} --out {{}}/run"));
    assert_says(&place, "not TOML", &done, 2, &[&recipe, "line 1"]);
}

#[test]
fn a_recipe_that_does_not_exist_is_told_with_those_that_do() {
    let place = Place::new();
    let mut command = place.minibatch("train lenett --out {}/run");
    let done = crate::runs::finish(command.env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR")));
    assert_says(
        &place,
        "name",
        &done,
        2,
        &["no recipe \"lenett\"", "fashion, lenet, mlp, photos, photos-scratch, softmax, tutorial-lenet"],
    );
    let done = place.run("train {}/nowhere.toml --out {}/run");
    assert_says(&place, "path", &done, 2, &["no recipe file", "nowhere.toml"]);
}

#[test]
fn a_picture_too_small_for_lenet_is_told_with_the_size_it_needs() {
    let place = Place::new();
    let tiny = |count: usize| Samples::new([1, 9, 9], 10, vec![7; count * 81], vec![3; count]).unwrap();
    place.pictures("data/mnist", &tiny(300), &tiny(50));
    let recipe = place.recipe("thing", &RECIPE.replace("softmax", "lenet"));
    let done = place.run(&format!("train {recipe} --out {{}}/run"));
    assert_says(&place, "9x9", &done, 2, &["[model] on mnist", "too small", "at least 16x16"]);
}

#[test]
fn a_folder_that_is_not_a_run_cannot_be_resumed_or_evaluated() {
    let place = Place::new();
    for words in ["train --resume {}/data", "eval {}/data", "eval {}/nowhere"] {
        let done = place.run(words);
        assert_says(&place, words, &done, 1, &["not the folder of a run", "holds no recipe.toml"]);
    }
}

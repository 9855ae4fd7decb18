//! Digits on photographed pages: how many of them a model reads right, condition by condition.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use image::codecs::jpeg::JpegEncoder;
use serde_json::Value;
use tensor_data::glyphs;

use crate::pages::{self, Condition};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("photographed").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn minibatch(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minibatch"));
    let output = command.args(args).env("OMP_NUM_THREADS", "1").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A small LeNet after one epoch.
fn train(data: &[&str], out: &Path) -> String {
    let start = ["train", "lenet", "--epochs", "1", "--device", "cpu", "--out", out.to_str().unwrap()];
    let small = ["--set", "model.filters=[10, 20]", "--set", "model.hidden=100"];
    minibatch(&[&start[..], &small, data].concat());
    out.to_str().unwrap().to_owned()
}

fn predict(run: &str, pictures: &[PathBuf]) -> Vec<Value> {
    let pictures: Vec<&str> = pictures.iter().map(|path| path.to_str().unwrap()).collect();
    let printed = minibatch(&[&["predict", run, "--json", "--device", "cpu"], &pictures[..]].concat());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    printed["pictures"].as_array().unwrap().clone()
}

fn class(answer: &Value) -> u64 {
    answer["classes"][0]["class"].as_u64().unwrap()
}

/// `$MINIBATCH_DATA` with MNIST, and the folder of cases beside it; None, with a word, where they are missing.
fn real() -> Option<(PathBuf, PathBuf)> {
    let data = std::env::var_os("MINIBATCH_DATA").map(PathBuf::from).filter(|data| data.join("mnist").exists());
    let cases = data.as_ref().map(|data| data.join("../cases")).filter(|cases| cases.exists());
    if cases.is_none() {
        eprintln!("SKIPPED: there is no mnist in $MINIBATCH_DATA, or no folder cases beside it");
    }
    data.zip(cases)
}

fn trained_on_mnist(data: &Path) -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| train(&["--dataset", "mnist", "--data", data.to_str().unwrap()], &folder("mnist").join("run")))
}

#[test]
fn drawn_digits_are_read_under_every_condition() {
    const COUNT: usize = 12;
    let folder = folder("drawn");
    let run = train(&["--dataset", "glyphs"], &folder.join("run"));
    let samples = glyphs::draw(COUNT, 77).unwrap();
    let mut paths = Vec::new();
    let conditions: Vec<Condition> = Condition::ALL.into_iter().filter(|&it| it != Condition::Large).collect();
    for &condition in &conditions {
        for i in 0..COUNT {
            let page = pages::page(samples.picture(i).0, condition, i as u64);
            let path = folder.join(format!("{condition:?}-{i}.jpg"));
            let quality = if condition == Condition::Jpeg { 18 } else { 90 };
            let file = fs::File::create(&path).unwrap();
            JpegEncoder::new_with_quality(file, quality).encode_image(&page).unwrap();
            paths.push(path);
        }
    }
    for i in 0..COUNT {
        let path = folder.join(format!("canvas-{i}.png"));
        pages::canvas(samples.picture(i).0).save(&path).unwrap();
        paths.push(path);
    }
    let answers = predict(&run, &paths);
    let shares: Vec<(String, usize)> = answers
        .chunks(COUNT)
        .enumerate()
        .map(|(k, answers)| {
            let right =
                answers.iter().enumerate().filter(|(i, it)| class(it) == u64::from(samples.picture(*i).1)).count();
            (conditions.get(k).map_or("Canvas".to_owned(), |condition| format!("{condition:?}")), right)
        })
        .collect();
    // The small model reads 11 of these glyphs where nothing is in the way; a condition may cost one more.
    let fallen: Vec<_> = shares.iter().filter(|(_, right)| *right < 10).collect();
    assert!(fallen.is_empty(), "of {COUNT} right: {fallen:?}, of all {shares:?}");
}

#[test]
fn real_cases_are_read_in_nine_of_ten() {
    let Some((data, cases)) = real() else { return };
    let run = trained_on_mnist(&data);
    for condition in ["gradient", "ruled", "paint28_corner", "canvas_white_on_transparent"] {
        let entries = fs::read_dir(cases.join("photographed-digits").join(condition)).unwrap();
        let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        // 007_4.jpg is a 4.
        let label = |path: &Path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            name.rsplit('_').next().unwrap().parse::<u64>().unwrap()
        };
        let answers = predict(run, &paths);
        let right = answers.iter().zip(&paths).filter(|(answer, path)| class(answer) == label(path)).count();
        assert!(right * 10 >= paths.len() * 9, "{condition}: {right} of {}", paths.len());
    }
}

#[test]
fn real_pictures_of_no_digit_are_doubted() {
    let Some((data, cases)) = real() else { return };
    let run = trained_on_mnist(&data);
    let check = |path: PathBuf, expected: &str| {
        let answers = predict(run, std::slice::from_ref(&path));
        let doubt = answers[0]["doubt"].as_str().unwrap_or_default();
        assert!(doubt.contains(expected), "{}: {doubt:?}", path.display());
        let printed = minibatch(&["predict", run, path.to_str().unwrap()]);
        assert!(printed.contains(&format!("  warning: {doubt}")), "{printed}");
    };
    check(cases.join("predict/blank_white.png"), "a blank page");
    check(cases.join("predict/noise28.png"), "no ink: noise");
    check(cases.join("predict/two_digits.jpg"), "two separate pieces of ink of similar size");
    check(data.join("photos/coffee.png"), "more like a photograph");
    check(data.join("photos/chelsea.png"), "noise or texture");
    let plain = predict(run, &[cases.join("predict/paper_on_dark_desk.jpg")]);
    assert_eq!((class(&plain[0]), &plain[0]["doubt"]), (7, &Value::Null));
}

#[test]
fn digits_of_the_test_set_are_taken_as_they_are() {
    let Some((data, _)) = real() else { return };
    let run = trained_on_mnist(&data);
    let folder = folder("as-they-are");
    let test = tensor_data::mnist::load(&data.join("mnist")).unwrap().test;
    let paths: Vec<PathBuf> = (0..200)
        .map(|i| {
            let path = folder.join(format!("{i}.png"));
            image::save_buffer(&path, test.picture(i).0, 28, 28, image::ExtendedColorType::L8).unwrap();
            path
        })
        .collect();
    for answer in predict(run, &paths) {
        assert_eq!(answer["conversion"].as_array().unwrap().len(), 0, "{answer}");
    }
}

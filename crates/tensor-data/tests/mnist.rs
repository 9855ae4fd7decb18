//! MNIST from files: names, missing ones, and the real ones where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "each of them fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tensor_data::fetch::Progress;
use tensor_data::idx::write_samples;
use tensor_data::{Error, Fingerprint, Holdout, Samples, mnist};

/// MNIST in `$MINIBATCH_DATA/mnist`, where it is.
fn real() -> Option<PathBuf> {
    let dir = std::env::var_os("MINIBATCH_DATA").map(|root| PathBuf::from(root).join("mnist"));
    let dir = dir.filter(|dir| mnist::is_present(dir));
    if dir.is_none() {
        eprintln!("SKIPPED: there is no MNIST in $MINIBATCH_DATA/mnist");
    }
    dir
}

/// Three training and two test pictures in files of these names.
fn small(dir: &Path, names: [&str; 4]) {
    let samples = |labels: Vec<u8>| Samples::new([1, 1, 1], 10, labels.clone(), labels).unwrap();
    let [train_images, train_labels, test_images, test_labels] = names.map(|name| dir.join(name));
    write_samples(&samples(vec![1, 2, 3]), &train_images, &train_labels).unwrap();
    write_samples(&samples(vec![4, 5]), &test_images, &test_labels).unwrap();
}

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

#[test]
fn files_are_found_under_each_of_their_names() {
    let dotted = NAMES.map(|name| name.replace("-idx", ".idx"));
    let packed = NAMES.map(|name| format!("{name}.gz"));
    let mixed = [NAMES[0], &packed[1], &dotted[2], NAMES[3]];
    for names in [NAMES, dotted.each_ref().map(|n| n.as_str()), packed.each_ref().map(|n| n.as_str()), mixed] {
        let dir = TempDir::new().unwrap();
        assert!(!mnist::is_present(dir.path()));
        small(dir.path(), names);
        assert!(mnist::is_present(dir.path()));
        let source = mnist::load(dir.path()).unwrap();
        assert_eq!((source.name.as_str(), source.train.classes()), ("mnist", 10));
        assert_eq!((source.train.labels(), source.test.labels()), (&[1, 2, 3][..], &[4, 5][..]));
    }
}

#[test]
fn missing_files_are_all_named() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    fs::remove_file(dir.path().join(NAMES[1])).unwrap();
    fs::remove_file(dir.path().join(NAMES[2])).unwrap();
    let message = mnist::load(dir.path()).unwrap_err().to_string();
    assert!(message.contains(NAMES[1]) && message.contains(NAMES[2]) && message.contains(dir.path().to_str().unwrap()));
    assert!(!message.contains(NAMES[0]) && !message.contains(NAMES[3]), "{message}");
}

#[test]
fn fetching_leaves_files_of_other_content_alone() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    let error = mnist::fetch(dir.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Different { .. }), "{error}");
    assert_eq!(mnist::load(dir.path()).unwrap().train.len(), 3);
}

#[test]
fn the_real_files_have_the_published_content() {
    let Some(dir) = real() else { return };
    let mut present = Vec::new();
    mnist::fetch(&dir, &mut |progress| match progress {
        Progress::Present { name } => present.push(name.to_owned()),
        other => panic!("{other:?}"),
    })
    .unwrap();
    assert_eq!(present, NAMES.map(|name| format!("{name}.gz")));
}

#[test]
fn the_real_pictures_are_those_of_mnist() {
    let Some(dir) = real() else { return };
    let source = mnist::load(&dir).unwrap();
    for (samples, len, first) in [(&source.train, 60_000, [5, 0, 4, 1, 9]), (&source.test, 10_000, [7, 2, 1, 0, 4])] {
        assert_eq!((samples.len(), samples.shape(), samples.classes()), (len, [1, 28, 28], 10));
        assert_eq!(samples.labels()[..5], first);
    }
    // The training set's mean and deviation, 0.1307 and 0.3081 of 255, are widely published.
    let pixels = source.train.pixels();
    let mean = pixels.iter().map(|&p| f64::from(p) / 255.0).sum::<f64>() / pixels.len() as f64;
    let square = pixels.iter().map(|&p| (f64::from(p) / 255.0).powi(2)).sum::<f64>() / pixels.len() as f64;
    assert!((mean - 0.1307).abs() < 5e-5 && ((square - mean * mean).sqrt() - 0.3081).abs() < 5e-5);
}

#[test]
fn no_test_picture_of_mnist_is_a_training_picture() {
    let Some(dir) = real() else { return };
    let found = Fingerprint::of(&mnist::load(&dir).unwrap(), Holdout::Last(10_000)).unwrap();
    // No byte string of 784 test pixels is one of the 60,000: counted with a set in Python.
    assert_eq!((found.train_pictures, found.test_pictures, found.test_copies), (60_000, 10_000, 0));
}

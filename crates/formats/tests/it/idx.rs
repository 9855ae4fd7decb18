//! Folders of IDX files: which data set they are, what its classes are called, which way up its pictures stand; and files that lack.

use formats::{Contents, Read, TestPart, is_known, read};
use std::fs;
use std::path::{Path, PathBuf};
use tensor_data::files::NAMES;

const TEST: TestPart = TestPart { share: 0.2, seed: 1 };
const EMNIST: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"];

/// An IDX file of bytes: two zeros, 8 for bytes, the number of dimensions, each as a big-endian number (the format's description on
/// MNIST's page), then the content.
fn idx(shape: &[u32], content: &[u8]) -> Vec<u8> {
    let header = [0, 0, 8, shape.len() as u8].into_iter();
    header.chain(shape.iter().flat_map(|side| side.to_be_bytes())).chain(content.iter().copied()).collect()
}

/// Four files: pictures of 2 rows and 3 columns, with these labels to train on and to test with.
pub fn put(folder: &Path, names: [&str; 4], labels: [&[u8]; 2]) {
    fs::create_dir_all(folder).unwrap();
    for (part, labels) in labels.into_iter().enumerate() {
        let count = labels.len() as u32;
        let pixels: Vec<u8> = (0..count).flat_map(|i| (0..6).map(move |pixel| (10 * i + pixel) as u8)).collect();
        fs::write(folder.join(names[2 * part]), idx(&[count, 2, 3], &pixels)).unwrap();
        fs::write(folder.join(names[2 * part + 1]), idx(&[count], labels)).unwrap();
    }
}

fn good(folder: &Path) -> Read {
    assert!(is_known(folder).unwrap());
    read(folder, TEST).unwrap().unwrap()
}

fn told(folder: &Path) -> String {
    assert!(is_known(folder).unwrap());
    read(folder, TEST).unwrap_err().to_string()
}

#[test]
fn a_folder_of_ones_own_names_classes_by_their_labels() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), NAMES, [&[7, 3, 7], &[3, 200]]);
    let Read { source, remarks } = good(root.path());
    assert_eq!(source.classes(), ["3", "7", "200"]);
    assert_eq!((source.train.labels(), source.test.labels()), (&[1, 0, 1][..], &[0, 2][..]));
    assert_eq!((source.train.shape(), source.train.picture(1).0), ([1, 2, 3], &[10, 11, 12, 13, 14, 15][..]));
    assert!(remarks.is_empty(), "{remarks:?}");
}

/// EMNIST's letters are numbered from 1 and stored with rows and columns exchanged (Cohen et al. 2017; torchvision's documentation of
/// `EMNIST` has people transpose them).
#[test]
fn letters_of_emnist_are_named_and_stand_upright() {
    let root = tempfile::tempdir().unwrap();
    let names = EMNIST.map(|end| format!("emnist-letters-{end}"));
    put(root.path(), names.each_ref().map(String::as_str), [&[1, 26, 2], &[26, 1]]);
    let source = good(root.path()).source;
    assert_eq!((source.name.as_str(), source.classes()), ("emnist-letters", &["A", "B", "Z"].map(str::to_owned)[..]));
    // 0 1 2 / 3 4 5 becomes 0 3 / 1 4 / 2 5.
    assert_eq!((source.train.shape(), source.train.picture(0).0), ([1, 3, 2], &[0, 3, 1, 4, 2, 5][..]));

    fs::remove_file(root.path().join(&names[3])).unwrap();
    assert!(told(root.path()).contains("but not emnist-letters-test-labels-idx1-ubyte"), "{}", told(root.path()));
}

/// 47 classes of "balanced", 62 of "byclass": the mappings that are published with the data.
#[test]
fn other_sets_of_emnist_have_their_published_names() {
    for (set, labels, names) in [
        ("balanced", [9, 10, 36, 46], ["9", "A", "a", "t"]),
        ("byclass", [9, 10, 36, 61], ["9", "A", "a", "z"]),
        ("digits", [0, 1, 2, 9], ["0", "1", "2", "9"]),
    ] {
        let root = tempfile::tempdir().unwrap();
        let files = EMNIST.map(|end| format!("emnist-{set}-{end}"));
        put(root.path(), files.each_ref().map(String::as_str), [&labels, &labels[..1]]);
        assert_eq!(good(root.path()).source.classes(), names, "{set}");
    }
    let root = tempfile::tempdir().unwrap();
    for set in ["balanced", "digits"] {
        let files = EMNIST.map(|end| format!("emnist-{set}-{end}"));
        put(root.path(), files.each_ref().map(String::as_str), [&[0, 1], &[0]]);
    }
    assert!(told(root.path()).contains("2 of EMNIST's sets (balanced, digits)"), "{}", told(root.path()));
}

#[test]
fn kmnist_is_known_by_its_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("KMNIST/raw");
    put(&folder, NAMES, [&[0, 1, 9], &[2]]);
    assert_eq!(good(&folder).source.classes(), ["o", "ki", "su", "wo"]);
}

#[test]
fn a_missing_file_is_named() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), NAMES, [&[0, 1], &[0]]);
    fs::remove_file(root.path().join(NAMES[3])).unwrap();
    assert!(told(root.path()).contains(NAMES[3]), "{}", told(root.path()));
    let nothing = tempfile::tempdir().unwrap();
    assert!(!is_known(nothing.path()).unwrap() && read(nothing.path(), TEST).unwrap().is_none());
}

#[test]
fn what_a_data_set_holds_is_counted_and_compared() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), NAMES, [&[0, 1, 1], &[1, 1]]);
    let contents = Contents::of(&good(root.path()).source);
    // Picture i is alike in both parts; the first has two labels.
    assert_eq!(
        contents.summary(),
        "2 classes, 5 pictures (0 1, 1 4); 2 copies of others; 1 picture under several labels; 2 pictures in several parts"
    );
    let json = contents.as_json(root.path());
    assert_eq!(json["duplicates"][0]["paths"], serde_json::json!(["train/0", "test/0"]));
    assert_eq!((&json["split"]["train"]["1"], &json["sizes"]["3x2"]), (&2.into(), &5.into()));
}

/// The real files: known by their content, whatever their folder is called.
#[test]
fn fashion_mnist_is_known_by_its_content() {
    let Some(data) = std::env::var_os("MINIBATCH_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: MINIBATCH_DATA does not say where fashion-mnist/ lies");
        return;
    };
    let source = good(&data.join("fashion-mnist")).source;
    assert_eq!((source.classes()[0].as_str(), source.classes()[9].as_str()), ("T-shirt/top", "Ankle boot"));
    assert_eq!((source.train.len(), source.test.len()), (60_000, 10_000));
}

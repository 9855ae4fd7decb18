//! What other tools do to a folder as people have it (WebP dropped, bad files replaced, classes made of empty folders, figures of a few
//! pictures without an interval), row by row, and what happens here: from `look` to the answers to new pictures. And every layout to its end.

use crate::photos::offline;
use crate::runs::{Done, Place};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

/// A picture that no other seed's resembles.
pub fn scene(seed: u64) -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| {
        let cell = u64::from(x / 16 + y / 12 * 4) + 16 * seed;
        let mixed = cell.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rgb([(mixed >> 56) as u8, (mixed >> 48) as u8, (mixed >> 40) as u8])
    })
}

fn encoded(seed: u64, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(scene(seed)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(seed: u64) -> Vec<u8> {
    encoded(seed, ImageFormat::Jpeg)
}

/// The JPEG with EXIF data that turn it by a quarter.
fn turned(jpeg: &[u8]) -> Vec<u8> {
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, exif, &jpeg[2..]].concat()
}

fn put(place: &Place, path: &str, bytes: &[u8]) {
    let path = place.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// 20 cats, 14 dogs and 6 ships that can be read: a WebP, a PNG called .jpg, a turned one and a cat that lies in `dog` among them; three
/// files that cannot; and what is no picture.
fn messy(place: &Place) {
    (0..20).for_each(|i| put(place, &format!("mess/cat/cat{i:03}.jpg"), &jpeg(i)));
    (0..11).for_each(|i| put(place, &format!("mess/dog/dog{i:03}.jpg"), &jpeg(100 + i)));
    (0..5).for_each(|i| put(place, &format!("mess/ship/ship{i}.jpg"), &jpeg(200 + i)));
    put(place, "mess/dog/copy.jpg", &jpeg(2));
    put(place, "mess/dog/modern.webp", &encoded(60, ImageFormat::WebP));
    put(place, "mess/dog/really_a_png.jpg", &encoded(61, ImageFormat::Png));
    put(place, "mess/ship/turned.jpg", &turned(&jpeg(62)));
    put(place, "mess/cat/truncated.jpg", &jpeg(50)[..400]);
    put(place, "mess/cat/empty.jpg", b"");
    put(place, "mess/dog/text.jpg", b"this is no picture");
    put(place, "mess/.ipynb_checkpoints/cat000.jpg", &jpeg(0));
    put(place, "mess/ship/Thumbs.db", b"\xd0\xcf\x11\xe0");
    fs::create_dir_all(place.path("mess/empty_class")).unwrap();
}

fn good(place: &Place, words: &str) -> Done {
    let done = offline(place, words);
    assert_eq!(done.status, Some(0), "{words}: {done:?}");
    done
}

#[test]
fn a_messy_folder_goes_from_look_to_answers_row_by_row() {
    let place = Place::new();
    messy(&place);
    let looked: Value = serde_json::from_str(&offline(&place, "look {}/mess --json").out).unwrap();

    // Unsplit folder: three parts, stratified, by the seed alone.
    let split = |looked: &Value| -> BTreeMap<String, [u64; 3]> {
        let of = |part: &str, class: &str| looked["split"][part][class].as_u64().unwrap();
        ["cat", "dog", "ship"]
            .map(|class| (class.into(), ["train", "validation", "test"].map(|it| of(it, class))))
            .into()
    };
    // 15 % of 20, 14 and 6 in each of the held-out parts, rounded.
    assert_eq!(
        split(&looked),
        [("cat".into(), [14, 3, 3]), ("dog".into(), [10, 2, 2]), ("ship".into(), [4, 1, 1])].into()
    );
    let again: Value = serde_json::from_str(&offline(&place, "look {}/mess --json").out).unwrap();
    assert_eq!(looked, again);

    // Bad files: all of them, with their causes, before the first epoch.
    let causes: BTreeMap<&str, &str> = looked["unreadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["cause"].as_str().unwrap()))
        .collect();
    let expected = [
        ("cat/empty.jpg", "it is empty (0 bytes)"),
        ("cat/truncated.jpg", "the JPEG is cut off"),
        ("dog/text.jpg", "it is text, no picture"),
    ];
    assert_eq!(causes, expected.into());
    let refused = offline(&place, "train {}/mess --out {}/none");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(
        refused.err.contains("3 files in ") && refused.err.contains("truncated.jpg: the JPEG is cut off"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("--skip-bad") && !place.path("none").exists(), "{}", refused.err);

    let trained = good(&place, "train {}/mess --skip-bad --epochs 1 --out {}/run");
    assert!(trained.err.contains("WARNING: 3 files that cannot be read are left out"), "{}", trained.err);
    // WebP by its content, a turned picture, what is ignored, the same picture under two labels: one line.
    let line = "3 classes, 40 pictures (cat 20, dog 14, ship 6); 3 unreadable; 1 turned by EXIF; 1 copy of another; \
                ignored: .ipynb_checkpoints/, empty_class/, ship/Thumbs.db; cat002.jpg stands in cat and dog";
    assert!(trained.err.lines().any(|it| it == line), "{}", trained.err);
    assert_eq!(looked["rotated"], json!(["ship/turned.jpg"]));
    // Every picture that can be read is in a part, none twice.
    let summary = place.json("run/summary.json");
    assert_eq!(summary["test"]["pictures"], 6);
    // Copies on one side, reported under both labels.
    let duplicates = &looked["duplicates"][0];
    assert_eq!(duplicates["paths"], json!(["cat/cat002.jpg", "dog/copy.jpg"]));
    assert_eq!((&duplicates["across_classes"], &duplicates["across_splits"]), (&true.into(), &false.into()));

    // Neither the empty nor the hidden folder is a class; the order is by name.
    assert_eq!(place.json("run/best/model.json")["class_names"], json!(["cat", "dog", "ship"]));

    // An accuracy has its interval, and a class of one test picture is not told.
    let told = format!("{}{}", trained.out, trained.err);
    assert!(told.contains("(95 %: ") && told.contains(" of 6 right: "), "{told}");
    assert!(told.contains("too few test pictures of cat (3), dog (2), ship (1) to tell"), "{told}");

    // New files: a row each, in order, with a status; the bad one shifts nothing.
    let done = offline(
        &place,
        "predict {}/run {}/mess/cat/cat000.jpg {}/mess/cat/empty.jpg {}/mess/dog/modern.webp --csv {}/answers.csv",
    );
    assert_eq!(done.status, Some(1), "{done:?}");
    let mut rows = csv::Reader::from_path(place.path("answers.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let short: Vec<(&str, &str)> = rows.iter().map(|row| (row[0].rsplit('/').next().unwrap(), &row[5])).collect();
    assert_eq!(short, [("cat000.jpg", "ok"), ("empty.jpg", "unreadable"), ("modern.webp", "ok")]);
    assert!(["cat", "dog", "ship"].contains(&&rows[0][1]) && rows[1][1].is_empty(), "{rows:?}");
}

/// A validation folder without `cat` does not make `dog` the first class.
#[test]
fn split_folders_keep_the_order_of_classes_over_all_parts() {
    let place = Place::new();
    (0..6).for_each(|i| put(&place, &format!("set/train/cat/{i}.jpg"), &jpeg(i)));
    (0..6).for_each(|i| put(&place, &format!("set/train/dog/{i}.jpg"), &jpeg(20 + i)));
    (0..3).for_each(|i| put(&place, &format!("set/val/dog/{i}.jpg"), &jpeg(40 + i)));
    (0..2).for_each(|i| put(&place, &format!("set/test/cat/{i}.jpg"), &jpeg(50 + i)));
    (0..2).for_each(|i| put(&place, &format!("set/test/dog/{i}.jpg"), &jpeg(60 + i)));
    let looked: Value = serde_json::from_str(&good(&place, "look {}/set --json").out).unwrap();
    let dogs = ["train", "validation", "test"].map(|part| looked["split"][part]["dog"].as_u64().unwrap());
    assert_eq!((dogs, &looked["split"]["validation"]["cat"]), ([6, 3, 2], &0.into()));
    good(&place, "train {}/set --epochs 1 --out {}/run");
    assert_eq!(place.json("run/best/model.json")["class_names"], json!(["cat", "dog"]));
    assert_eq!(place.json("run/summary.json")["test"]["pictures"], 4);
}

#[test]
fn a_table_is_trained_on_with_and_without_a_split() {
    let place = Place::new();
    let mut plain = "path,label\n".to_owned();
    let mut parted = "path,label,split\n".to_owned();
    for i in 0..24 {
        put(&place, &format!("bag/{i}.jpg"), &jpeg(i));
        let (class, part) =
            (["odd", "even"][(i % 2) as usize], ["train", "train", "valid", "test"][(i / 2 % 4) as usize]);
        plain += &format!("{i}.jpg,{class}\n");
        parted += &format!("{i}.jpg,{class},{part}\n");
    }
    put(&place, "bag/plain.csv", plain.as_bytes());
    put(&place, "bag/parted.csv", parted.as_bytes());
    // 15 % of 12 pictures of a class are 2; the table itself gives 3 of each class to each held-out part.
    for (name, tested) in [("plain", 4), ("parted", 6)] {
        good(&place, &format!("train {{}}/bag/{name}.csv --epochs 1 --out {{}}/{name}"));
        assert_eq!(place.json(&format!("{name}/best/model.json"))["class_names"], json!(["even", "odd"]));
        assert_eq!(place.json(&format!("{name}/summary.json"))["test"]["pictures"], tested, "{name}");
    }
}

/// An array as NumPy writes it: the mark, version 1.0, the header's length, the header, the values.
fn npy(shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), bytes].concat()
}

#[test]
fn an_archive_of_numpy_is_trained_on_and_keys_without_effect_are_refused() {
    let place = Place::new();
    let pixels: Vec<u8> = (0..24).flat_map(|i| scene(i).into_raw()).collect();
    let labels: Vec<u8> = (0..24).map(|i| i % 2).collect();
    let mut zip = zip::ZipWriter::new(fs::File::create(place.path("set.npz")).unwrap());
    for (name, bytes) in [("images.npy", npy("24, 48, 64, 3", &pixels)), ("labels.npy", npy("24,", &labels))] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
    good(&place, "train {}/set.npz --epochs 1 --out {}/run");
    assert_eq!(place.json("run/best/model.json")["input"], json!([3, 48, 64]));

    let refused = offline(&place, "train {}/set.npz --set pictures.size=32 --skip-bad");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    let why = "recipe keys pictures.skip_bad, pictures.size have no effect: the pictures are arrays";
    assert!(refused.err.contains(why), "{}", refused.err);
    let told = offline(&place, "train {}/set.npz --set pictures.colour=false");
    assert!(told.status == Some(2) && told.err.contains("key pictures.colour has no effect"), "{told:?}");
    place.recipe("tiny", crate::sweep::TINY);
    let refused = offline(&place, "train {}/tiny.toml --skip-bad");
    assert!(refused.status == Some(2) && refused.err.contains("pictures.skip_bad"), "{refused:?}");
}

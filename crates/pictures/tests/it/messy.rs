//! A folder as people have it, row by row of what other tools get wrong.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use pictures::{Error, Group, Inventory, Layout, Part, Settings};
use std::fs;
use std::path::{Path, PathBuf};

/// A picture that no other seed's resembles.
pub fn scene(seed: u32) -> RgbImage {
    let mut state = u64::from(seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut levels = Vec::new();
    for _ in 0..48 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        levels.push((state >> 56) as u8);
    }
    RgbImage::from_fn(64, 48, |x, y| {
        let cell = (x / 16 + y / 12 * 4) as usize * 3;
        Rgb([levels[cell], levels[cell + 1], levels[cell + 2]])
    })
}

pub fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The JPEG with EXIF data that turn it.
pub fn turned(jpeg: &[u8]) -> Vec<u8> {
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, exif, &jpeg[2..]].concat()
}

pub fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn messy(root: &Path) {
    let jpeg = |seed| encoded(scene(seed), ImageFormat::Jpeg);
    (0..8).for_each(|i| put(root, &format!("cat/cat{i:03}.jpg"), &jpeg(i)));
    (0..6).for_each(|i| put(root, &format!("dog/dog{i:03}.jpg"), &jpeg(100 + i)));
    (0..3).for_each(|i| put(root, &format!("ship/ship{i}.jpg"), &jpeg(200 + i)));
    put(root, "dog/copy of cat002.jpg", &jpeg(2));
    put(root, "cat/truncated.jpg", &jpeg(50)[..400]);
    put(root, "cat/empty.jpg", b"");
    put(root, "dog/text.jpg", b"this is no picture");
    put(root, "dog/modern.webp", &encoded(scene(60), ImageFormat::WebP));
    put(root, "dog/really_a_png.jpg", &encoded(scene(61), ImageFormat::Png));
    put(root, "ship/turned.jpg", &turned(&jpeg(62)));
    let glass = RgbaImage::from_fn(64, 48, |x, y| Rgba([x as u8 * 3, y as u8 * 5, 9, if x < 32 { 0 } else { 255 }]));
    put(root, "ship/glass.png", &encoded(glass, ImageFormat::Png));
    put(root, "ship/Thumbs.db", b"\xd0\xcf\x11\xe0");
    put(root, ".ipynb_checkpoints/cat000.jpg", &jpeg(0));
    fs::create_dir_all(root.join("empty_class")).unwrap();
    put(root, "notes.txt", b"notes");
    put(root, "loose.jpg", &jpeg(9));
}

#[test]
fn a_messy_folder_is_told_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    messy(place.path());
    let found = Inventory::of(place.path(), &Settings::default()).unwrap();
    assert_eq!((found.layout, &found.classes[..]), (Layout::Classes, &["cat", "dog", "ship"].map(String::from)[..]));
    assert_eq!(found.counts(None), [8, 9, 5]);
    let unreadable: Vec<(&str, &str)> =
        found.unreadable.iter().map(|it| (it.path.to_str().unwrap(), it.cause.as_str())).collect();
    let expected = [
        ("cat/empty.jpg", "it is empty (0 bytes)"),
        ("cat/truncated.jpg", "the JPEG is cut off"),
        ("dog/text.jpg", "it is text, no picture"),
    ];
    assert_eq!(unreadable, expected);
    let ignored: Vec<(&str, &str)> =
        found.ignored.iter().map(|it| (it.path.to_str().unwrap(), it.why.as_str())).collect();
    let expected = [
        (".ipynb_checkpoints/", "hidden"),
        ("empty_class/", "holds no picture"),
        ("loose.jpg", "lies in no class folder"),
        ("notes.txt", "no picture"),
        ("ship/Thumbs.db", "no picture"),
    ];
    assert_eq!(ignored, expected);
    assert_eq!(found.where_facts(|facts| facts.turned), [Path::new("ship/turned.jpg")]);
    assert_eq!(found.where_facts(|facts| facts.transparent), [Path::new("ship/glass.png")]);
    let turned = found.pictures.iter().find(|it| it.facts.turned).unwrap();
    assert_eq!((turned.width, turned.height), (48, 64));
    let [copies] = &found.duplicates[..] else { unreachable!("{:?}", found.duplicates) };
    let paths: Vec<PathBuf> = copies.pictures.iter().map(|&i| found.pictures[i].path.clone()).collect();
    assert_eq!(paths, ["cat/cat002.jpg", "dog/copy of cat002.jpg"].map(PathBuf::from));
    assert!(copies.exact && copies.across_classes && !copies.across_splits);
}

#[test]
fn classes_are_numbered_over_all_parts() {
    let place = tempfile::tempdir().unwrap();
    let jpeg = |seed| encoded(scene(seed), ImageFormat::Jpeg);
    for (i, path) in
        ["train/cat/1", "train/dog/1", "train/dog/2", "val/dog/3", "test/cat/4", "test/dog/5"].iter().enumerate()
    {
        put(place.path(), &format!("{path}.jpg"), &jpeg(i as u32));
    }
    // A near copy: the same picture, saved again as a smaller file.
    let mut again = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut again, 60);
    scene(0).write_with_encoder(encoder).unwrap();
    put(place.path(), "test/cat/again.jpg", &again);
    let found = Inventory::of(place.path(), &Settings::default()).unwrap();
    assert_eq!((found.layout, &found.classes[..]), (Layout::Splits, &["cat", "dog"].map(String::from)[..]));
    let counts = [Part::Train, Part::Validation, Part::Test].map(|part| found.counts(Some(part)));
    // `val` has no cat, and its dog is still class 1.
    assert_eq!(counts, [[1, 2], [0, 1], [2, 1]]);
    let [copies] = &found.duplicates[..] else { unreachable!("{:?}", found.duplicates) };
    assert!(!copies.exact && !copies.across_classes && copies.across_splits);
}

#[test]
fn a_table_says_path_label_split_and_group() {
    let place = tempfile::tempdir().unwrap();
    (0..4).for_each(|i| put(place.path(), &format!("img/{i}.png"), &encoded(scene(i), ImageFormat::Png)));
    let table = "Filename,Label,Split,Patient\nimg/3.png,猫,train,a\nimg/1.png,dog,test,b\nimg/none.png,dog,train,\nimg/2.png,dog,train,a\n";
    put(place.path(), "labels.csv", table.as_bytes());
    let settings = Settings { group: Group::named("patient"), ..Settings::default() };
    // The table itself, or the folder in which it is the only one.
    for asked in [place.path().join("labels.csv"), place.path().to_owned()] {
        let found = Inventory::of(&asked, &settings).unwrap();
        assert_eq!((found.layout, &found.classes[..]), (Layout::Table, &["dog", "猫"].map(String::from)[..]));
        let rows: Vec<_> = found.pictures.iter().map(|it| (it.class, it.part.unwrap(), it.group.as_deref())).collect();
        assert_eq!(rows, [(1, Part::Train, Some("a")), (0, Part::Test, Some("b")), (0, Part::Train, Some("a"))]);
        assert!(found.unreadable[0].cause.contains("No such file"), "{:?}", found.unreadable);
    }
    let refuse = |table: &str, said: &str| {
        put(place.path(), "labels.csv", table.as_bytes());
        let error = Inventory::of(&place.path().join("labels.csv"), &Settings::default()).unwrap_err();
        assert!(matches!(&error, Error::Table { problem, .. } if problem.contains(said)), "{error}");
    };
    refuse("a,b\n1,2\n", "its first row names no column path, file");
    refuse("path,label,split\nimg/1.png,dog,tset\n", "line 2 has the split \"tset\"");
    refuse("path,label\nimg/1.png,\n", "line 2 lacks its path or its label");
    refuse("path,label\n", "names no picture");
}

#[test]
fn folders_without_pictures_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let error = Inventory::of(place.path(), &Settings::default()).unwrap_err();
    assert!(error.to_string().contains("put them into a folder for each class"), "{error}");
    put(place.path(), "cat/a.jpg", b"");
    let error = Inventory::of(place.path(), &Settings::default()).unwrap_err();
    assert!(error.to_string().contains("none of its 1 files can be read"), "{error}");
    assert!(matches!(Inventory::of(&place.path().join("gone"), &Settings::default()), Err(Error::Read { .. })));
}

//! `look` on a messy folder: everything that other tools drop, replace or turn into a class is told.

use crate::pictures::folder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A picture that no other seed's resembles.
fn jpeg(seed: u64) -> Vec<u8> {
    let picture = RgbImage::from_fn(64, 48, |x, y| {
        let cell = u64::from(x / 16 + y / 12 * 4) + 16 * seed;
        let mixed = cell.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rgb([(mixed >> 56) as u8, (mixed >> 48) as u8, (mixed >> 40) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn look(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_minibatch")).arg("look").args(args).output().unwrap()
}

fn names(root: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(|entry| entry.unwrap().into_path()).collect()
}

#[test]
fn a_messy_folder_is_told_and_not_changed() {
    let place = folder("look");
    (0..20).for_each(|i| put(&place, &format!("cat/cat{i:03}.jpg"), &jpeg(i)));
    (0..10).for_each(|i| put(&place, &format!("dog/dog{i:03}.jpg"), &jpeg(100 + i)));
    (0..5).for_each(|i| put(&place, &format!("ship/ship{i}.jpg"), &jpeg(200 + i)));
    put(&place, "dog/cat002.jpg", &jpeg(2));
    put(&place, "cat/truncated.jpg", &jpeg(50)[..400]);
    put(&place, "cat/empty.jpg", b"");
    put(&place, "dog/text\x1b[2J.jpg", b"text");
    put(&place, ".ipynb_checkpoints/cat000.jpg", &jpeg(0));
    put(&place, "ship/Thumbs.db", b"\xd0\xcf\x11\xe0");
    fs::create_dir_all(place.join("empty_class")).unwrap();
    let before = names(&place);
    let text = place.to_str().unwrap();

    let done = look(&[text]);
    let out = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{out}");
    let first = "3 classes, 36 pictures (cat 20, dog 11, ship 5); 3 unreadable; 1 copy of another; \
                 ignored: .ipynb_checkpoints/, empty_class/, ship/Thumbs.db; cat002.jpg stands in cat and dog";
    assert_eq!(out.lines().next(), Some(first));
    assert!(out.contains("cat/truncated.jpg: the JPEG is cut off") && !out.contains('\x1b'), "{out}");
    assert!(out.contains("warning: too few pictures to test with") && out.contains("ship (1)"), "{out}");

    let done = look(&[text, "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((done.status.code(), found["pictures"].as_u64()), (Some(1), Some(36)));
    assert_eq!(found["classes"][2], serde_json::json!({ "name": "ship", "count": 5 }));
    assert_eq!(found["unreadable"].as_array().unwrap().len(), 3);
    assert_eq!(found["duplicates"][0]["paths"], serde_json::json!(["cat/cat002.jpg", "dog/cat002.jpg"]));
    assert_eq!(
        (&found["duplicates"][0]["across_classes"], &found["duplicates"][0]["across_splits"]),
        (&true.into(), &false.into())
    );
    let parts = ["train", "validation", "test"].map(|part| found["split"][part]["ship"].as_u64().unwrap());
    assert_eq!(parts, [3, 1, 1]);
    assert_eq!(names(&place), before);
}

#[test]
fn a_folder_without_pictures_is_refused() {
    let place = folder("look-empty");
    let done = look(&[place.to_str().unwrap()]);
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.code() == Some(1) && err.contains("a folder for each class"), "{err}");
}

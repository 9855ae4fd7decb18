//! A folder as arrays, decoded or from the cache.

use crate::messy::{encoded, put, scene};
use image::{DynamicImage, ImageFormat};
use pictures::{Cache, Filter, Fit, Form, Set, Settings, Shares};
use std::fs;
use std::path::Path;

const FORM: Form = Form { size: [12, 16], grey: None, fit: Fit::Crop, filter: Filter::Bilinear };

fn load(place: &Path, form: &Form, cache: Option<&Cache>) -> Set {
    Set::load(place, &Settings::default(), &Shares::default(), form, cache).unwrap()
}

#[test]
fn a_folder_becomes_arrays() {
    let place = tempfile::tempdir().unwrap();
    (0..20).for_each(|i| put(place.path(), &format!("a/{i}.png"), &encoded(scene(i), ImageFormat::Png)));
    (0..20).for_each(|i| put(place.path(), &format!("b/{i}.png"), &encoded(scene(100 + i), ImageFormat::Png)));
    let set = load(place.path(), &FORM, None);
    assert_eq!((set.shape, set.train.labels.len(), set.test.labels.len()), ([3, 12, 16], 28, 6));
    assert_eq!(set.train.pixels.len(), 28 * 3 * 12 * 16);
    // 64 x 48 pixels in cells of 16 x 12 become 16 x 12 in cells of 4 x 3: corners keep their colour.
    let first = &set.inventory.pictures[set.split.train[0]];
    let picture = pictures::read(&set.inventory.root.join(&first.path), Settings::default().background).unwrap();
    let corner = [0, 1, 2].map(|c| set.train.pixels[c * 12 * 16]);
    assert_eq!((corner, set.train.labels[0]), (picture.pixels.get_pixel(0, 0).0, first.class));
    let grey = load(place.path(), &Form { grey: Some(true), ..FORM }, None);
    assert_eq!((grey.shape, grey.train.pixels.len()), ([1, 12, 16], 28 * 12 * 16));
    let error = Set::load(place.path(), &Settings::default(), &Shares::default(), &Form { size: [0, 4], ..FORM }, None);
    assert!(error.unwrap_err().to_string().contains("0 x 4"));
}

#[test]
fn grey_files_make_a_grey_set() {
    let place = tempfile::tempdir().unwrap();
    let grey = |seed| encoded(DynamicImage::from(scene(seed)).into_luma8(), ImageFormat::Png);
    (0..4).for_each(|i| put(place.path(), &format!("a/{i}.png"), &grey(i)));
    assert_eq!(load(place.path(), &FORM, None).shape, [1, 12, 16]);
}

#[test]
fn the_cache_gives_the_same_by_content_and_form() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache { folder: place.path().join("cache"), limit: 1 << 20 };
    let photos = place.path().join("photos");
    (0..6).for_each(|i| put(&photos, &format!("a/{i}.png"), &encoded(scene(i), ImageFormat::Png)));
    put(&photos, "b/bad.png", b"");
    let files = || fs::read_dir(&cache.folder).unwrap().count();
    let cold = load(&photos, &FORM, Some(&cache));
    let warm = load(&photos, &FORM, Some(&cache));
    assert!(!cold.from_cache && warm.from_cache);
    assert_eq!((&cold.inventory, &cold.train, &cold.test), (&warm.inventory, &warm.train, &warm.test));
    // Another form, another content.
    let other = Form { filter: Filter::Bicubic, ..FORM };
    assert!(!load(&photos, &other, Some(&cache)).from_cache);
    put(&photos, "a/0.png", &encoded(scene(99), ImageFormat::Png));
    let changed = load(&photos, &FORM, Some(&cache));
    assert!(!changed.from_cache && changed.train != cold.train);
    assert_eq!(files(), 3);
    // A damaged file is replaced.
    let sets: Vec<_> = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sets.iter().for_each(|path| fs::write(path, b"pictur01\xff\xff\xff\xff\xff\xff\xff\xff").unwrap());
    assert!(!load(&photos, &FORM, Some(&cache)).from_cache);
    assert!(load(&photos, &FORM, Some(&cache)).from_cache);
    assert!(cache.clear().unwrap() > 0);
    assert_eq!((files(), cache.clear().unwrap()), (0, 0));
    // Room for one set of 6 pictures (3,456 bytes of pixels), and for none.
    let small = Cache { limit: 6_000, ..cache.clone() };
    load(&photos, &FORM, Some(&small));
    load(&photos, &other, Some(&small));
    assert_eq!(files(), 1);
    assert!(load(&photos, &other, Some(&small)).from_cache);
    let none = Cache { folder: place.path().join("none"), limit: 100 };
    load(&photos, &FORM, Some(&none));
    assert!(!none.folder.exists());
}

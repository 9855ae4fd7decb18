//! Parting a folder for training, choosing and judging.

use crate::messy::{encoded, put, scene};
use folds::Fold;
use image::ImageFormat;
use pictures::{Group, Inventory, Part, Settings, Shares, Split};
use std::collections::BTreeSet;
use std::path::Path;

fn png(root: &Path, path: &str, seed: u32) {
    put(root, path, &encoded(scene(seed), ImageFormat::Png));
}

fn all(split: &Split) -> Vec<usize> {
    let mut all = [&split.train[..], &split.validation, &split.test].concat();
    all.sort_unstable();
    all
}

#[test]
fn every_class_has_its_share_in_every_part() {
    let place = tempfile::tempdir().unwrap();
    (0..40).for_each(|i| png(place.path(), &format!("cat/{i}.png"), i));
    (0..11).for_each(|i| png(place.path(), &format!("ship/{i}.png"), 100 + i));
    // The same picture in both classes.
    png(place.path(), "ship/cat.png", 7);
    let inventory = Inventory::of(place.path(), &Settings::default()).unwrap();
    let split = Split::of(&inventory, &Shares::default());
    assert_eq!(all(&split), (0..52).collect::<Vec<_>>());
    // 41 and 11 pictures are to be parted, because the copy goes where its original goes: 0.15 * 41 = 6.15, 0.15 * 11 = 1.65.
    assert_eq!(split.counts(&inventory, Part::Test), [6, 2]);
    assert_eq!(split.counts(&inventory, Part::Validation).iter().sum::<usize>(), 8);
    let copies = &inventory.duplicates[0].pictures;
    let sides = [&split.train, &split.validation, &split.test].map(|part| part.contains(&copies[0]));
    assert_eq!(sides, [&split.train, &split.validation, &split.test].map(|part| part.contains(&copies[1])));
    assert!(
        split.warnings.iter().any(|it| it.contains("to test with") && it.contains("ship (2)")),
        "{:?}",
        split.warnings
    );
    assert_eq!(split, Split::of(&inventory, &Shares::default()));
    assert_ne!(split, Split::of(&inventory, &Shares { seed: 1, ..Shares::default() }));
}

#[test]
fn groups_stand_on_one_side() {
    let place = tempfile::tempdir().unwrap();
    for burst in 0..12 {
        (0..5).for_each(|i| png(place.path(), &format!("cat/b{burst}_{i}.png"), burst * 5 + i));
    }
    let settings = Settings { group: Group::Prefix, ..Settings::default() };
    let inventory = Inventory::of(place.path(), &settings).unwrap();
    let split = Split::of(&inventory, &Shares { validation: 0.25, test: 0.25, ..Shares::default() });
    let groups = |part: &[usize]| -> BTreeSet<&str> {
        part.iter().map(|&i| inventory.pictures[i].group.as_deref().unwrap()).collect()
    };
    let parts = [&split.train, &split.validation, &split.test];
    assert_eq!(parts.map(|part| part.len()), [30, 15, 15]);
    assert_eq!(parts.map(|part| groups(part).len()), [6, 3, 3]);
}

#[test]
fn parts_that_the_folder_gives_stay() {
    let place = tempfile::tempdir().unwrap();
    (0..20).for_each(|i| png(place.path(), &format!("train/cat/{i}.png"), i));
    (0..3).for_each(|i| png(place.path(), &format!("test/cat/{i}.png"), 50 + i));
    let inventory = Inventory::of(place.path(), &Settings::default()).unwrap();
    let split = Split::of(&inventory, &Shares { validation: 0.2, ..Shares::default() });
    assert_eq!([split.train.len(), split.validation.len(), split.test.len()], [16, 4, 3]);
    assert!(split.test.iter().all(|&i| inventory.pictures[i].path.starts_with("test")));
    // The same picture in train and test is told.
    png(place.path(), "test/cat/leak.png", 3);
    let inventory = Inventory::of(place.path(), &Settings::default()).unwrap();
    let split = Split::of(&inventory, &Shares::default());
    assert!(split.warnings.iter().any(|it| it.contains("in more than one part")), "{:?}", split.warnings);
}

/// 26 cats, 4 ships and a copy: of five folds each tests 5 or 6 cats, and with 30 pictures none is tested twice.
#[test]
fn every_picture_is_tested_in_one_fold() {
    let place = tempfile::tempdir().unwrap();
    (0..20).for_each(|i| png(place.path(), &format!("train/cat/{i}.png"), i));
    (20..25).for_each(|i| png(place.path(), &format!("test/cat/{i}.png"), i));
    (0..4).for_each(|i| png(place.path(), &format!("train/ship/{i}.png"), 100 + i));
    // The same picture in both parts: it is tested in the fold of its copy.
    png(place.path(), "test/cat/leak.png", 3);
    let inventory = Inventory::of(place.path(), &Settings::default()).unwrap();
    let fold = |index| {
        Split::of(&inventory, &Shares { validation: 0.2, fold: Some(Fold { index, of: 5 }), ..Shares::default() })
    };
    let folds: Vec<Split> = (1..=5).map(fold).collect();
    let mut tested: Vec<usize> = folds.iter().flat_map(|split| split.test.clone()).collect();
    tested.sort_unstable();
    assert_eq!(tested, (0..30).collect::<Vec<_>>());
    let copies = &inventory.duplicates[0].pictures;
    for split in &folds {
        assert_eq!(all(split), (0..30).collect::<Vec<_>>());
        assert!((5..=6).contains(&split.counts(&inventory, Part::Test)[0]), "{split:?}");
        // A fifth of all pictures, class by class; of three ships one at least.
        assert!((5..=7).contains(&split.validation.len()), "{split:?}");
        let sides = [&split.train, &split.validation, &split.test];
        assert_eq!(sides.iter().filter(|part| copies.iter().any(|copy| part.contains(copy))).count(), 1);
        assert!(!split.warnings.iter().any(|it| it.contains("in more than one part")), "{:?}", split.warnings);
    }
}

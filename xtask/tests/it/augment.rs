//! What augmentation makes of pictures, drawn.

use crate::messy::scene;
use crate::photos::offline;
use crate::runs::{Place, RECIPE};
use std::fs;

/// Two classes of colour pictures.
fn photos(place: &Place) {
    for (class, first) in [("cat", 0), ("dog", 100)] {
        fs::create_dir_all(place.path("photos").join(class)).unwrap();
        (first..first + 12).for_each(|i| scene(i).save(place.path(&format!("photos/{class}/{i}.png"))).unwrap());
    }
}

fn size(place: &Place, name: &str) -> (u32, u32) {
    image::image_dimensions(place.path(name)).unwrap()
}

#[test]
fn operations_are_drawn_on_own_pictures_without_weights() {
    let place = Place::new();
    photos(&place);
    let done = offline(&place, "augment {}/photos --count 4 --out {}/all.png");
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(
        done.out.contains("each operation is drawn with its defaults") && !done.err.contains("weights"),
        "{done:?}"
    );
    let (width, height) = size(&place, "all.png");
    assert!(width > 4 * 224 && height > 13 * 224, "{width} x {height}");

    // A recipe's list on the pictures of a folder: the pictures, three operations, and all of them in two epochs.
    let list = "[[augment]]\nkind = \"flip\"\n[[augment]]\nkind = \"rotate\"\n[pictures]\nfolder = \"x\"\nsize = 32\n";
    place.recipe("list", &format!("{RECIPE}{list}"));
    let done = offline(&place, "augment {}/list.toml {}/photos --count 3 --epochs 2 --out {}/list.png");
    assert_eq!(done.status, Some(0), "{done:?}");
    let (width, height) = size(&place, "list.png");
    // Of 32 pixels, enlarged to 128: the recipe's shift comes first.
    assert!(width >= 3 * 128 && (6 * 128..6 * 200).contains(&height), "{width} x {height}");
    offline(&place, "augment {}/list.toml {}/photos --count 3 --epochs 2 --out {}/again.png");
    offline(&place, "augment {}/list.toml {}/photos --count 3 --epochs 2 --seed 9 --out {}/other.png");
    assert!(place.bytes("list.png") == place.bytes("again.png"), "the same seed draws the same");
    assert!(place.bytes("list.png") != place.bytes("other.png"), "another seed draws another");
}

#[test]
fn operations_are_drawn_on_a_data_set_and_what_does_not_fit_is_told() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    let done = place.good("augment {}/thing.toml --out {}/thing.png");
    assert!(done.out.contains("figure"), "{done:?}");
    let mixed = "augment {}/thing.toml --set augment=[{kind=\"mixup\"},{kind=\"cutmix\"}] --out {}/no.png";
    let done = place.run(mixed);
    assert!(done.status == Some(2) && done.err.contains("mixes classes already"), "{done:?}");
    assert!(!place.path("no.png").exists());
}

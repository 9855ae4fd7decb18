//! `weights`: what is known by name, where it lies, and what is said of a name or a file that is not right.

use crate::photos::{SMALL, offline, photos};
use crate::runs::Place;
use std::fs;

#[test]
fn known_weights_are_listed_and_a_damaged_one_is_named() {
    let place = Place::new();
    let listed = offline(&place, "weights --data {} --json");
    assert_eq!(listed.status, Some(0), "{listed:?}");
    let rows: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let names: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"efficientnet-lite0") && names.contains(&"resnet18"), "{names:?}");
    assert!(rows.as_array().unwrap().iter().all(|row| row["place"].is_null()), "{rows}");

    let other = offline(&place, "weights resnet-18 --data {}");
    assert_eq!(other.status, Some(2), "{other:?}");
    assert!(other.err.contains("there are no weights resnet-18; known are cifar-resnet20"), "{}", other.err);

    let damaged = |folder: &str| {
        fs::create_dir_all(place.path(folder)).unwrap();
        let file = place.path(&format!("{folder}/resnet18-f37072fd.pth"));
        fs::write(&file, "half").unwrap();
        let told = offline(&place, "weights --data {}");
        assert_eq!(told.status, Some(1), "{told:?}");
        assert!(told.err.contains("resnet18-f37072fd.pth is damaged") && told.err.contains(folder), "{}", told.err);
        fs::remove_file(file).unwrap();
    };
    damaged("weights");
    damaged("cache/minibatch/weights");
}

#[test]
fn weights_that_were_named_are_not_replaced() {
    let place = Place::new();
    photos(&place);
    fs::write(place.path("small.toml"), SMALL.replace("mine", "mnist")).unwrap();
    for words in ["train {}/small.toml --set data.validation=200 --data {}/data", "train {}/photos --epochs 1"] {
        let none = offline(&place, &format!("{words} --weights nowhere.pth --out {{}}/run"));
        assert_eq!(none.status, Some(1), "{none:?}");
        assert!(
            none.err.contains("there are no weights nowhere.pth: no file of that name, and known are"),
            "{}",
            none.err
        );
        assert!(!place.path("run").exists());
        let lacking = offline(&place, &format!("{words} --weights resnet18 --set pretrained.train=all --out {{}}/run"));
        assert_eq!(lacking.status, Some(1), "{lacking:?}");
        assert!(lacking.err.contains("resnet18 are not on this machine and could not be fetched"), "{}", lacking.err);
        assert!(!place.path("run").exists());
    }
}

//! `train --folds K`: every picture tested once, the same result whatever stops it on the way, one table and one report.

use crate::photos::{SMALL, offline, photos, stamps};
use crate::runs::{Place, RECIPE, finish, rows, wait_until};
use std::collections::BTreeSet;

/// The SHA-256 of each fold's test pictures, and how many there are.
fn tested(place: &Place, set: &str, of: u32) -> Vec<(String, u64)> {
    let run = |index| place.json(&format!("{set}/fold-{index}/run.json"))["pictures"].clone();
    let pair = |it: serde_json::Value| (it["test"].to_string(), it["test_pictures"].as_u64().unwrap());
    (1..=of).map(|index| pair(run(index))).collect()
}

#[test]
fn a_folder_is_trained_on_fold_by_fold() {
    let place = Place::new();
    let folder = photos(&place);
    let text =
        format!("{SMALL}pictures = {{ folder = {:?}, size = 16, fit = \"squash\" }}\n", folder.to_str().unwrap());
    let recipe = place.recipe("mine", &text);
    let done = offline(&place, &format!("train {recipe} --folds 5 --out {{}}/set"));
    assert_eq!(done.status, Some(0), "{done:?}");
    let tested = tested(&place, "set", 5);
    assert!(tested.iter().all(|(_, pictures)| *pictures == 12), "{tested:?}");
    assert_eq!(tested.iter().collect::<BTreeSet<_>>().len(), 5, "other pictures in each fold");
    let table = place.json("set/table.json");
    assert_eq!(table["pooled"]["pictures"], 60);
    assert!(table["mean"].as_f64().unwrap() > 0.8, "{table}");
    assert_eq!(place.text("set/table.csv").lines().count(), 6);
    let summaries =
        (1..=5).map(|fold| place.json(&format!("set/fold-{fold}/summary.json"))["test_error"].as_f64().unwrap());
    let mean = 1.0 - summaries.sum::<f64>() / 5.0;
    assert!((mean - table["mean"].as_f64().unwrap()).abs() < 1e-9);
    for line in ["folds    5 folds: mean accuracy ", "pooled   ", " of 60 right: ", "report   "] {
        assert!(done.out.contains(line), "{line}: {}", done.out);
    }
    assert!(!format!("{}{}", done.out, done.err).contains('\u{1b}'), "{done:?}");
    let page = place.text("set/report.html");
    assert!((1..=5).all(|fold| page.contains(&format!("fold-{fold}"))));

    // Each fold is an ordinary run, which finds its own pictures again.
    let evaluated = offline(&place, "eval {}/set/fold-3 --json");
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated.out).unwrap();
    assert_eq!(evaluated["error"], place.json("set/fold-3/summary.json")["test_error"]);
    let reported = offline(&place, "report {}/set --out {}/page");
    assert!(reported.status == Some(0) && !reported.out.contains("left out"), "{reported:?}");
    assert!(place.text("page/report.html").contains("fold-5"));

    for (words, part) in [
        ("train --resume {}/set/fold-2".to_owned(), "is one of several folds"),
        ("train --resume {}/set --epochs 50".to_owned(), "continues as it began"),
        (format!("train {recipe} --folds 5 --out {{}}/bad --set pictures.test=0.3"), "`pictures.test` has no effect"),
    ] {
        let done = offline(&place, &words);
        assert!(done.status == Some(2) && done.err.contains(part), "{words}: {done:?}");
    }
    assert!(!place.path("bad").exists());
    let again = offline(&place, "train --resume {}/set");
    assert!(again.status == Some(0) && again.out.contains("fold 5 of 5: finished before"), "{again:?}");
    std::fs::remove_file(folder.join("grass/00.png")).unwrap();
    let others = offline(&place, "train --resume {}/set");
    assert!(others.status == Some(1) && others.err.contains("other pictures"), "{others:?}");
}

#[test]
fn a_set_of_folds_that_was_killed_ends_with_the_same_bits() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    place.good(&format!("train {recipe} --folds 3 --epochs 6 --out {{}}/whole"));
    // 1,500 pictures, the published test part among them.
    assert_eq!(tested(&place, "whole", 3).iter().map(|(_, pictures)| *pictures).collect::<Vec<_>>(), [500; 3]);
    let mut child = place.spawn(&format!("train {recipe} --folds 3 --epochs 6 --out {{}}/parts"));
    wait_until(&mut child, || rows(&place.path("parts/fold-2")) >= 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let begun = place.run("report {}/parts --out {}/page");
    assert_eq!(begun.status, Some(0), "a set that has not ended can be looked at: {begun:?}");
    let done = place.good("train --resume {}/parts");
    assert!(done.out.contains("fold 1 of 3: finished before"), "{}", done.out);
    (1..=3).for_each(|fold| place.assert_same_run(&format!("whole/fold-{fold}"), &format!("parts/fold-{fold}")));
    let [whole, parts] = ["whole", "parts"].map(|set| place.json(&format!("{set}/table.json"))["pooled"].clone());
    assert_eq!(whole, parts);
}

#[test]
fn features_are_computed_once_for_all_folds() {
    let place = Place::new();
    let Some((data, weights)) = stamps(&place) else { return };
    let words =
        format!("train {{}}/stamps --folds 3 --epochs 5 --set pretrained.weights={} --out {{}}/set", weights.display());
    let mut command = place.minibatch(&words);
    let done = finish(command.env("XDG_CACHE_HOME", place.path("cache")).env("MINIBATCH_DATA", &data));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(done.err.matches("features of 283 pictures computed once").count(), 1, "{}", done.err);
    assert!(done.out.contains("too few pictures of insect (9), tree (7) to tell"), "{}", done.out);
    let accuracy = place.json("set/table.json")["pooled"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.6, "the largest class is 23 %: {accuracy}");
}

#[test]
fn arrays_are_pooled_and_found_again() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let place = Place::new();
    let pixels: Vec<u8> = (0..60_u32 * 64).map(|i| (i * 7 % 256) as u8 / 2 + (i / 64 % 3) as u8 * 60).collect();
    let labels: Vec<u8> = (0..60).map(|i| i % 3).collect();
    let arrays = [
        ("images", TensorView::new(Dtype::U8, vec![60, 8, 8], &pixels).unwrap()),
        ("labels", TensorView::new(Dtype::U8, vec![60], &labels).unwrap()),
    ];
    std::fs::write(place.path("set.safetensors"), serialize(arrays, None).unwrap()).unwrap();
    let text = format!("{SMALL}pictures = {{ folder = {:?} }}\n", place.path("set.safetensors"));
    let recipe = place.recipe("mine", &text);
    let done = offline(&place, &format!("train {recipe} --epochs 2 --folds 4 --out {{}}/set"));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(place.json("set/table.json")["pooled"]["pictures"], 60);
    let evaluated = offline(&place, "eval {}/set/fold-3 --json");
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated.out).unwrap();
    assert_eq!(evaluated["error"], place.json("set/fold-3/summary.json")["test_error"]);
    let again = offline(&place, "train --resume {}/set");
    assert_eq!(again.status, Some(0), "{again:?}");
    let cleaned = offline(&place, "clean {}/set");
    assert!(cleaned.status == Some(0) && cleaned.out.contains("no files of their own"), "{cleaned:?}");
    assert!(place.text("set/clean/suspects.html").contains("Doubtful labels: mine"));
    let moved = offline(&place, "clean {}/set --apply");
    assert!(moved.status != Some(0), "{moved:?}");
}

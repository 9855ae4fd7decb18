//! Runs that were trained one by one become table, page and winner.

use crate::runs::Place;
use crate::sweep::{TINY, table};
use std::fs;

/// `train` with the small recipe.
fn train(place: &Place, words: &str) {
    place.good(&format!("train {{}}/tiny.toml {words}"));
}

#[test]
fn runs_become_the_trials_of_a_sweep() {
    let place = Place::new();
    place.recipe("tiny", TINY);
    train(&place, "--set learning_rate=0.01 --out {}/all/slow");
    train(&place, "--set learning_rate=0.5 --out {}/all/deep/fast");
    train(&place, "--set learning_rate=0.5 --seed 1 --out {}/all/deep/fast-again");
    train(&place, "--set learning_rate=0.5 --set checkpoint.snapshots=1 --out {}/all/repeated");
    train(&place, "--set learning_rate=0.1 --out {}/all/killed");
    fs::remove_file(place.path("all/killed/summary.json")).unwrap();
    place.good("train {}/tiny.toml --dataset glyphs --set data.validation=100 --out {}/all/other");

    let mixed = place.run("sweep collect {}/all");
    assert!(mixed.status == Some(2) && mixed.err.contains("1 on glyphs, 5 on mnist"), "{mixed:?}");
    assert!(!place.path("all/sweep.csv").exists());

    let told = place.good("sweep collect {}/all --dataset mnist");
    for line in [
        "collected 3 trials: 2 done, 1 open",
        "best      trial 1: learning_rate = 0.5",
        "in the mean of 2 seeds",
        "note      left out: 1 run on other data",
        "note      left out: repeated has the settings and the seed of deep/fast",
        "note      trials have 1 to 2 seeds",
        "the test set was looked at 3 times, by each run that ended",
    ] {
        assert!(told.out.contains(line), "{line}: {}", told.out);
    }
    let rows: Vec<csv::StringRecord> = table(&place, "all").into_values().collect();
    let told: Vec<[&str; 4]> = rows.iter().map(|row| [&row[0], &row[1], &row[2], &row[3]]).collect();
    assert_eq!(
        told,
        [["1", "0", "done", "0.5"], ["1", "1", "done", "0.5"], ["2", "0", "open", "0.1"], ["3", "0", "done", "0.01"]]
    );

    // The figures are those of the runs, and the winner's test figures those that its run has.
    let result = place.json("all/result.json");
    let summary = |run: &str| place.json(&format!("all/{run}/summary.json"));
    let errors: Vec<_> =
        ["deep/fast", "deep/fast-again"].map(|run| summary(run)["best_validation_error"].clone()).into();
    assert_eq!(result["winner"]["validation_errors"], serde_json::Value::Array(errors));
    let winner = result["winner"]["run"].as_str().unwrap();
    assert_eq!(result["winner"]["test"]["error"], summary(winner)["test_error"]);
    assert_eq!(result["winner"]["test"]["looks"], 3, "each finished run has looked");

    // The page repeats a run by its own recipe, and so does the winner's recipe.
    let page = place.text("all/report.html");
    assert!(page.contains(&format!("/all/{winner}/recipe.toml</code>")), "{page}");
    place.good("train {}/all/winner.toml --out {}/won");
    place.assert_same_run("won", &format!("all/{winner}"));

    let json = place.good("sweep collect {}/all --dataset mnist --json");
    let line: serde_json::Value = serde_json::from_str(json.out.trim()).unwrap();
    assert_eq!((&line["event"], &line["winner"]["trial"]), (&"sweep".into(), &1.into()));
    assert_eq!(line["notes"].as_array().unwrap().len(), 3);
}

#[test]
fn what_cannot_be_put_together_is_told() {
    let place = Place::new();
    place.recipe("tiny", TINY);
    train(&place, "--out {}/runs/one");
    place.good("sweep {}/tiny.toml --grid learning_rate=0.1,0.2 --out {}/sweep");
    fs::create_dir(place.path("empty")).unwrap();
    for (folder, why) in [
        ("runs/one", "is the folder of one run"),
        ("sweep", "is a sweep's own folder"),
        ("empty", "there is no run in it"),
        ("nowhere", "there is no such folder"),
    ] {
        let done = place.run(&format!("sweep collect {{}}/{folder}"));
        assert!(done.status == Some(2) && done.err.contains(why), "{done:?}");
    }
    // The runs of a sweep are runs, and one that is damaged is named.
    fs::create_dir(place.path("sweep/trials/damaged")).unwrap();
    fs::write(place.path("sweep/trials/damaged/recipe.toml"), "epochs = ").unwrap();
    let told = place.good("sweep collect {}/sweep/trials");
    assert!(told.out.contains("2 trials: 2 done") && told.out.contains("note      left out: "), "{}", told.out);
    assert!(told.out.contains("damaged"), "{}", told.out);
    let [own, collected] = ["sweep", "sweep/trials"].map(|it| place.json(&format!("{it}/result.json")));
    assert_eq!(own["winner"]["settings"], collected["winner"]["settings"]);
    assert_eq!(own["winner"]["validation_errors"], collected["winner"]["validation_errors"]);
}

#[test]
fn a_run_may_leave_the_test_set_to_the_one_that_is_chosen() {
    let place = Place::new();
    place.recipe("tiny", TINY);
    train(&place, "--out {}/usual");
    let told = place.good("train {}/tiny.toml --no-test --out {}/runs/one");
    assert!(told.out.contains("test error not looked at"), "{}", told.out);
    let next = told.out.lines().find_map(|line| line.strip_prefix("next     cargo xtask ")).unwrap();
    assert!(next.starts_with("train --resume "), "{next}");
    let summary = place.json("runs/one/summary.json");
    assert_eq!(
        [&summary["test_error"], &summary["test_loss"], &summary["test_top_k_error"]],
        [&serde_json::Value::Null; 3]
    );
    assert!(summary["confusion"].as_array().unwrap().is_empty() && summary.get("test").is_none(), "{summary}");
    let page = place.text("runs/one/report.html");
    assert!(page.contains("not tested yet") && page.contains("the test set has not been looked at"), "{page}");
    assert_eq!(place.json("runs/one/best/calibration.json"), place.json("usual/best/calibration.json"));

    let told = place.good("sweep collect {}/runs");
    assert!(told.out.contains("test      not looked at"), "{}", told.out);
    let again = place.good("train --resume {}/runs/one --no-test");
    assert!(again.out.contains("nothing to do"), "{}", again.out);
    place.good(next);
    let (chosen, usual) = (place.json("runs/one/summary.json"), place.json("usual/summary.json"));
    assert_eq!((&chosen["test"], &chosen["confusion"]), (&usual["test"], &usual["confusion"]));
    assert!(chosen["test_error"].is_number());
    place.assert_same_run("usual", "runs/one");
}

//! A run knows the recipe and the pictures that it was trained with: an edited recipe.toml, other pictures under the same
//! name, and what an earlier version left.

use crate::runs::{Done, Place, RECIPE, finish, rows, wait_until};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use tensor_data::glyphs;

/// A finished run of two epochs in `{}/run` whose validation set is drawn by the seed.
fn place_with_run() -> Place {
    let place = Place::new();
    let recipe = RECIPE.replace("validation = 200", "validation = 200, holdout = \"random\"");
    place.recipe("thing", &recipe.replace("schedule = { kind = \"one-cycle\" }", ""));
    place.good("train {}/thing.toml --epochs 2 --out {}/run");
    place
}

/// Other digits in `{}/other/mnist`, as many of them.
fn other_pictures(place: &Place) {
    place.pictures("other/mnist", &glyphs::draw(1200, 3).unwrap(), &glyphs::draw(300, 4).unwrap());
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from}: {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[track_caller]
fn assert_refused(done: &Done, status: i32, parts: &[&str]) {
    assert_eq!(done.status, Some(status), "{done:?}");
    assert_eq!(done.err.trim_end().lines().count(), 1, "one line: {}", done.err);
    for part in parts {
        assert!(done.err.contains(part), "\"{part}\" is not in: {}", done.err);
    }
}

#[test]
fn an_edited_key_that_is_fixed_is_refused() {
    let place = place_with_run();
    let recipe = place.path("run/recipe.toml");
    let written = fs::read(&recipe).unwrap();
    for (from, to, change) in [
        ("seed = 0", "seed = 9", "seed: 0 -> 9"),
        ("set = \"mnist\"", "set = \"glyphs\"", "data.set: \"mnist\" -> \"glyphs\""),
        ("\nsize = 20\n", "\nsize = 25\n", "minibatch.size: 20 -> 25"),
        ("activation = \"relu\"", "activation = \"tanh\"", "model.activation: \"relu\" -> \"tanh\""),
        ("validation = 200", "validation = 300", "data.validation: 200 -> 300"),
    ] {
        edit(&recipe, from, to);
        let before = place.state("run");
        for words in ["train --resume {}/run", "train --resume {}/run --epochs 3"] {
            let done = place.run(words);
            assert_refused(&done, 2, &[change, "cannot change in mid-run", "recipe.toml", "start a new run"]);
        }
        assert!(place.state("run") == before, "{change}: something in the folder changed");
        fs::write(&recipe, &written).unwrap();
    }
    edit(&recipe, "seed = 0", "seed = 9");
    edit(&recipe, "shift = 1", "shift = 2");
    let done = place.run("train --resume {}/run");
    assert_refused(&done, 2, &["minibatch.shift: 1 -> 2", "seed: 0 -> 9"]);
    fs::write(&recipe, &written).unwrap();
    assert!(place.good("train --resume {}/run").out.contains("is finished"));
}

#[test]
fn an_edited_key_that_may_change_is_told_once() {
    let place = place_with_run();
    edit(&place.path("run/recipe.toml"), "learning_rate = 0.05", "learning_rate = 0.02");
    let done = place.good("train --resume {}/run");
    assert!(done.out.contains("is finished") && done.out.contains("not taken up: learning_rate"), "{}", done.out);
    let done = place.good("train --resume {}/run --epochs 3");
    for change in ["changed on resume: learning_rate: 0.05 -> 0.02", "changed on resume: epochs: 2 -> 3"] {
        assert!(done.out.contains(change), "{}", done.out);
    }
    let last = place.text("run/metrics.csv").lines().last().unwrap().to_owned();
    assert!(last.starts_with("3,150,0.02,"), "{last}");
    let done = place.good("train --resume {}/run --epochs 4");
    assert!(done.out.contains("epochs: 3 -> 4") && !done.out.contains("learning_rate:"), "{}", done.out);
}

/// With the edited seed, other pictures would be held out, most of which the model was trained on.
#[test]
fn eval_goes_by_the_recipe_of_the_model() {
    let place = place_with_run();
    edit(&place.path("run/recipe.toml"), "seed = 0", "seed = 9");
    let done = place.good("eval {}/run --split valid --json");
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(found["error"], place.json("run/summary.json")["best_validation_error"]);
    assert!(done.err.contains("recipe.toml is not the recipe") && done.err.contains("seed: 0 -> 9"), "{}", done.err);
    assert!(place.good("report {}/run").out.contains("seed: 0 -> 9"));
}

#[test]
fn other_pictures_are_refused_and_nothing_changes() {
    let place = place_with_run();
    other_pictures(&place);
    let before = place.state("run");
    let [data, other] = ["data", "other"].map(|name| place.path(name).display().to_string());
    let parts = [
        &format!("trained on mnist in {data}/mnist (1200 pictures and 300 to test with)"),
        &format!("mnist in {other}/mnist (1200 pictures and 300 to test with) holds other pictures"),
        &format!("pass --data {data}"),
    ];
    for words in
        ["train --resume {}/run", "train --resume {}/run --epochs 4", "eval {}/run", "eval {}/run --split valid"]
    {
        let done = place.run(&format!("{words} --data {{}}/other"));
        assert_refused(&done, 1, &parts.map(String::as_str));
    }
    assert!(place.state("run") == before, "something in the folder changed");

    // Others that are too few for the run's hold-out of 200 are others before all else.
    let draw = |count, seed| tensor_data::glyphs::draw(count, seed).unwrap();
    place.pictures("few/mnist", &draw(120, 8), &draw(30, 9));
    let done = place.run("eval {}/run --data {}/few");
    assert_refused(&done, 1, &["(120 pictures and 30 to test with) holds other pictures"]);

    // A report looks where the run's pictures lay, and takes no others.
    let done = place.good("report {}/run --data {}/other --out {}/page");
    assert!(
        !done.out.contains("left out") && place.text("page/report.html").contains("id=\"mistakes\""),
        "{}",
        done.out
    );

    // A label suffices, and then it is the files that were changed.
    let labels = place.path("data/mnist/t10k-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8] = (bytes[8] + 1) % 10;
    fs::write(&labels, bytes).unwrap();
    let done = place.run("eval {}/run");
    assert_refused(&done, 1, &["holds other pictures to test with", "files were changed since: put them back"]);
}

/// Without --data, a run's pictures are looked for where they lay, then in the usual places, and never fetched.
#[test]
fn a_run_remembers_where_its_pictures_lay() {
    let place = place_with_run();
    other_pictures(&place);
    let summary = place.json("run/summary.json");
    let with_data = |data: &str, words: &str| {
        let mut command = place.minibatch(words);
        finish(command.env("MINIBATCH_DATA", place.path(data)))
    };
    let error = |done: &Done| {
        assert_eq!(done.status, Some(0), "{done:?}");
        serde_json::from_str::<Value>(&done.out).unwrap()["error"].clone()
    };
    assert_eq!(error(&with_data("other", "eval {}/run --json")), summary["test_error"]);

    fs::rename(place.path("data"), place.path("moved")).unwrap();
    assert_eq!(error(&with_data("moved", "eval {}/run --json")), summary["test_error"]);
    assert_eq!(error(&place.run("eval {}/run --json --data {}/moved")), summary["test_error"]);
    let done = with_data("other", "eval {}/run");
    assert_refused(&done, 1, &["holds other pictures"]);
    let lay = place.path("data/mnist").display().to_string();
    for words in ["eval {}/run", "train --resume {}/run --epochs 3"] {
        assert_refused(&with_data("nothing", words), 1, &[&lay, "is not there now", "pass --data DIR"]);
    }
    assert_eq!(with_data("moved", "train --resume {}/run --epochs 3").status, Some(0));
    let known = place.json("run/run.json");
    assert_eq!(known["data_folder"], place.path("moved/mnist").display().to_string());
    place.good("eval {}/run");
}

#[test]
fn a_killed_run_keeps_its_name_and_its_note() {
    let place = Place::new();
    let recipe = "epochs = 400\nlearning_rate = 0.1\ndata = { set = \"mnist\" }\nminibatch = { size = 100 }\n\
                  model = { kind = \"softmax\" }\n";
    place.recipe("thing", recipe);
    let mut command = place.minibatch("train {}/thing.toml --out {}/some-other-name");
    let mut child =
        command.env("MINIBATCH_DATA", place.path("empty")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = place.path("some-other-name");
    wait_until(&mut child, || rows(&run) >= 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!run.join("summary.json").exists());
    place.good("train --resume {}/some-other-name --set limits.iterations=1");
    let summary = place.json("some-other-name/summary.json");
    assert_eq!((&summary["recipe"], &summary["dataset"]), (&"thing".into(), &"glyphs".into()));
    assert!(summary["dataset_note"].as_str().unwrap().contains("trained on glyphs instead"), "{summary}");
}

#[test]
fn a_run_killed_before_any_checkpoint_keeps_both() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 1 --out {}/run");
    fs::create_dir(place.path("killed")).unwrap();
    for file in [".lock", "recipe.toml", "run.json"] {
        fs::copy(place.path("run").join(file), place.path("killed").join(file)).unwrap();
    }
    other_pictures(&place);
    assert_refused(&place.run("train --resume {}/killed --data {}/other"), 1, &["holds other pictures"]);
    place.good("train --resume {}/killed");
    let summary = place.json("killed/summary.json");
    assert_eq!(summary["recipe"], "thing");
    assert!(summary["dataset_note"].as_str().unwrap().contains("not the published MNIST"), "{summary}");
}

/// Takes everything away that a run of an earlier version does not have.
fn make_old(place: &Place, run: &str) {
    fs::remove_file(place.path(run).join("run.json")).unwrap();
    for checkpoint in ["last", "last.previous", "best", "best.previous"] {
        let folder = place.path(run).join(checkpoint);
        if !folder.exists() {
            continue;
        }
        let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
        let (mut meta, mut manifest) = (read("model.json"), read("manifest.json"));
        meta.as_object_mut().unwrap().remove("run").unwrap();
        let text = meta.to_string();
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        manifest["files"]["model.json"] = serde_json::json!({ "bytes": text.len(), "sha256": digest });
        fs::write(folder.join("model.json"), text).unwrap();
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    }
}

#[test]
fn an_old_run_is_resumed_with_a_warning() {
    let place = place_with_run();
    make_old(&place, "run");
    other_pictures(&place);
    let warning = "does not say which pictures it was trained on";
    assert!(place.good("eval {}/run").out.contains(warning));
    assert!(place.good("report {}/run").out.contains(warning));
    let recipe = place.path("run/recipe.toml");
    edit(&recipe, "activation = \"relu\"", "activation = \"tanh\"");
    assert_refused(&place.run("train --resume {}/run"), 2, &["model.activation: \"relu\" -> \"tanh\""]);
    edit(&recipe, "activation = \"tanh\"", "activation = \"relu\"");

    let done = place.good("train --resume {}/run --epochs 3");
    assert!(done.out.contains("WARNING") && done.out.contains(warning), "{}", done.out);
    assert_eq!(place.json("run/summary.json")["recipe"], "thing");
    let done = place.good("train --resume {}/run --epochs 4");
    assert!(!done.out.contains(warning), "{}", done.out);
    assert_refused(&place.run("eval {}/run --data {}/other"), 1, &["holds other pictures"]);
}

#[test]
fn test_pictures_that_are_trained_on_are_told() {
    let place = Place::new();
    place.recipe("thing", &RECIPE.replace("epochs = 40", "epochs = 1"));
    let clean = place.good("train {}/thing.toml --out {}/clean");
    assert!(!clean.out.contains("training pictures as well"), "{}", clean.out);
    let train = glyphs::draw(1200, 1).unwrap();
    let test = train.select(&(0..300).collect::<Vec<_>>()).unwrap();
    place.pictures("data/mnist", &train, &test);
    let line = "WARNING: 300 of 300 test pictures (100.00 %) are training pictures as well: the test error is too low";
    for words in ["train {}/thing.toml --out {}/run", "train {}/thing.toml --dry-run", "eval {}/run", "report {}/run"] {
        let done = place.good(words);
        assert_eq!(done.out.matches(line).count(), 1, "{words}: {}", done.out);
    }
    assert!(place.text("run/report.html").contains("are training pictures as well"));
    assert!(!place.good("eval {}/run --split valid").out.contains("WARNING"));
}

//! What a person reads: numbers out of range by their key, causes once, no type of Rust, and commands that can be copied
//! as they stand.

use crate::runs::{Done, Place, finish};
use std::path::Path;

const RECIPE: &str = r#"
epochs = 1
learning_rate = 0.1
data = { set = "mnist", validation = 200 }
minibatch = { size = 20 }
model = { kind = "softmax" }
"#;

/// The words of the command behind `next`, as a shell would read them.
fn next(done: &Done) -> Vec<String> {
    let line = done.out.lines().find_map(|line| line.strip_prefix("next     cargo xtask ")).expect("a line with next");
    let out = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Runs such words.
fn follow(place: &Place, words: &[String]) -> Done {
    finish(place.minibatch("").args(words))
}

#[test]
fn extreme_numbers_end_with_status_two_and_the_key() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    for (setting, key) in [
        ("checkpoint.seconds=1e20", "checkpoint.seconds"),
        ("checkpoint.snapshots=9223372036854775807", "checkpoint.snapshots"),
        ("stopping.kind=patience --set stopping.increase=1e300", "stopping.increase"),
        ("stopping.kind=patience --set stopping.patience=9223372036854775807", "stopping.patience"),
        ("data.divisor=1e300", "data.divisor"),
        ("learning_rate=1e308", "learning_rate"),
        ("epochs=9223372036854775807", "epochs"),
        ("model.kind=mlp --set model.hidden=[9223372036854775807]", "model.hidden[0]"),
        ("optimizer.kind=adam --set optimizer.epsilon=5e-324", "optimizer.epsilon"),
        // In its range, and still too much for as many minibatches.
        ("schedule.kind=exponential --set schedule.factor=100", "schedule.factor"),
    ] {
        let done = place.run(&format!("train {recipe} --out {{}}/run --set {setting}"));
        assert_eq!(done.status, Some(2), "{setting}: {done:?}");
        let lines: Vec<&str> = done.err.lines().collect();
        assert_eq!(lines.len(), 1, "{setting}: {}", done.err);
        let start = format!("error: recipe key `{key}` is ");
        assert!(lines[0].starts_with(&start) && lines[0].contains(", but must be "), "{setting}: {}", done.err);
        assert!(lines[0].len() < 250, "{}", done.err);
        assert!(!place.path("run").exists(), "{setting}");
    }
    for words in ["--seed 9223372036854775808", "--epochs 1e3", "--watch --port 65536"] {
        let done = place.run(&format!("train {recipe} {words}"));
        assert_eq!(done.status, Some(2), "{words}: {done:?}");
        assert!(done.err.contains("it must be a whole number from "), "{words}: {}", done.err);
    }
}

#[test]
fn a_wrong_type_is_told_without_names_of_rust() {
    let place = Place::new();
    let recipe = place.recipe("thing", &RECIPE.replace("epochs = 1", "epochs = 'many'"));
    let done = place.run(&format!("train {recipe}"));
    assert_eq!(done.status, Some(2), "{done:?}");
    let words = "`epochs` must be a whole number from 0 to 2^63 - 1, but is the text \"many\"";
    assert!(done.err.contains("line 2") && done.err.contains(words), "{}", done.err);
}

#[test]
fn the_cause_of_an_io_error_is_told_once() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    place.good(&format!("train {recipe} --out {{}}/run"));
    std::fs::write(place.path("file"), "").unwrap();
    std::fs::create_dir(place.path("folder.toml")).unwrap();
    // Linux lets nobody, not even root, make files in /proc.
    for (words, what) in [
        (format!("train {recipe} --out {{}}/file/run"), "cannot create "),
        ("report {}/run --out /proc".to_owned(), "cannot write /proc/report.html: "),
        ("report {}/run --out {}/file/page".to_owned(), "cannot write /place/file/page/report.html: "),
        ("filters {}/run --out /proc".to_owned(), "cannot write "),
        (format!("find-rate {recipe} --steps 10 --out {{}}/file/rates"), "cannot create "),
    ] {
        let done = place.run(&words);
        assert_eq!(done.status, Some(1), "{words}: {done:?}");
        // The place itself is a temporary folder.
        let err = done.err.replace(&place.path("").display().to_string(), "/place/");
        let told = err.lines().find(|line| line.starts_with("error: ")).expect("an error");
        assert!(told.contains(what), "{words}: {told}");
        assert_eq!(told.matches("os error").count(), 1, "{words}: {told}");
        assert!(!told.contains("/.tmp") && !told.contains(".viz-"), "{words}: {told}");
    }
}

#[test]
fn the_next_command_can_be_copied_from_a_folder_with_spaces() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let (data, run) = (place.path("my data; $HOME"), place.path("my runs/it's one"));
    place.copy("data", "my data; $HOME");
    let mut command = place.minibatch(&format!("train {recipe}"));
    let done = finish(command.arg("--data").arg(&data).arg("--out").arg(&run).env("MINIBATCH_DATA", ""));
    assert_eq!(done.status, Some(0), "{done:?}");
    let words = next(&done);
    assert_eq!(words, ["eval", run.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let done = follow(&place, &words);
    assert_eq!(done.status, Some(0), "{done:?}");
}

#[test]
fn find_rate_suggests_training_with_what_it_was_given() {
    let place = Place::new();
    std::fs::create_dir(place.path("my recipes")).unwrap();
    let recipe = place.recipe("my recipes/thing", RECIPE);
    let mut command = place.minibatch("find-rate --steps 40 --seed 5 --data {}/data --out {}/rates");
    let settings = ["--set", "model.kind=mlp", "--set", "model.hidden=[12, 8]", "--set", "learning_rate=7"];
    let done = finish(command.arg(&recipe).args(settings));
    assert_eq!(done.status, Some(0), "{done:?}");
    let words = next(&done);
    let data = place.path("data").display().to_string();
    let expected =
        ["train", &recipe, "--data", &data, "--seed", "5", "--set", "model.kind=mlp", "--set", "model.hidden=[12, 8]"];
    assert_eq!(words[..expected.len()], expected);
    assert!(
        matches!(&words[expected.len()..], [set, rate] if set == "--set" && rate.starts_with("learning_rate=")),
        "{words:?}"
    );
    let out = place.path("run").display().to_string();
    let done = follow(&place, &[words, vec!["--out".into(), out]].concat());
    assert_eq!(done.status, Some(0), "{done:?}");
    let text = place.text("run/recipe.toml");
    assert!(text.contains("seed = 5") && text.contains("12,") && !text.contains("learning_rate = 7"), "{text}");
}

#[test]
fn resume_takes_the_run_s_own_recipe_and_no_other() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let other = place.recipe("other", RECIPE);
    place.good(&format!("train {recipe} --epochs 2 --set limits.iterations=20 --out {{}}/run"));
    let before = place.state("run");
    let done = place.run(&format!("train --resume {{}}/run {other} --set limits.iterations=90"));
    assert_eq!((done.status, done.err.lines().count()), (Some(2), 1), "{done:?}");
    assert!(done.err.contains("was begun with the recipe thing, not ") && done.err.contains("leave the word out"));
    assert!(place.state("run") == before, "a refused resumption changes nothing");
    for word in ["thing", recipe.as_str()] {
        place.good(&format!("train --resume {{}}/run {word} --set limits.iterations=90"));
    }
    assert_eq!(place.json("run/summary.json")["iterations"], 90);
}

#[test]
fn a_run_that_stops_inside_an_epoch_says_so() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let done = place.good(&format!("train {recipe} --set limits.iterations=20 --out {{}}/run"));
    let stopped = done.out.lines().find(|line| line.starts_with("stopped ")).unwrap();
    assert!(stopped.contains("after 20 minibatches (0.4 epochs), "), "{stopped}");
    let done = place.good(&format!("train {recipe} --out {{}}/whole"));
    assert!(done.out.contains("stopped  all epochs done after 1 epoch, "), "{}", done.out);
}

#[test]
fn a_hold_out_of_more_than_half_is_said() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let words = "data.validation = 700 holds out more than half of 1,200 pictures: 500 are left to train on";
    for command in ["train", "train --dry-run", "train --overfit-one-batch=1", "find-rate --steps 10"] {
        let out = place.path(&command.replace(' ', "-")).display().to_string();
        let done = place.run(&format!("{command} {recipe} --set data.validation=700 --out {out}"));
        assert!(done.out.contains(words), "{command}: {done:?}");
        let done = place.run(&format!("{command} {recipe} --set data.validation=600 --out {out}-even"));
        assert!(!done.out.contains("more than half"), "{command}: {done:?}");
    }
    assert!(Path::new(&place.path("train/summary.json")).exists());
}

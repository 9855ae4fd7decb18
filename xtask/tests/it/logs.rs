//! What a run says of itself to programs: JSON lines, TensorBoard's event files, figures of each class, and the models that
//! it keeps.

use crate::runs::{Place, RECIPE, finish, python_with, rows, signal, wait_until};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

const EVENTS: &str = "run/tensorboard/events.out.tfevents.minibatch";

/// Every line of a text as JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[test]
fn json_lines_tell_a_run_from_start_to_summary() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    let done = place.good("train {}/thing.toml --epochs 3 --out {}/run --json");
    let lines = lines(&done.out);
    let without_trained: Vec<&str> = events(&lines).into_iter().filter(|event| *event != "trained").collect();
    // It saves at every validation; of the first two savings one is that of the initial values.
    let start = ["started", "saved", "stepping"];
    assert_eq!(without_trained[..3], start, "{}", done.out);
    assert_eq!(without_trained[without_trained.len() - 3..], ["stopped", "saved", "summary"], "{}", done.out);
    assert_eq!(without_trained.iter().filter(|event| **event == "validated").count(), 3);

    let of = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    let started = of("started");
    for (key, expected) in [
        ("recipe", "thing".into()),
        ("model", "mlp".into()),
        ("steps_per_epoch", 50.into()),
        ("epochs", 3.into()),
        ("iteration", Value::from(0)),
        ("minibatch_size", 20.into()),
        ("run", place.path("run").display().to_string().into()),
    ] {
        assert_eq!(started[key], expected, "{key}");
    }
    if started["device"] == "cpu" {
        let said = (&of("stepping")["captured"], &of("stepping")["reason"]);
        assert_eq!(said, (&false.into(), &"the device is not CUDA".into()));
        assert_eq!(lines.last().unwrap()["stepping"], "eager: the device is not CUDA");
    }
    let first = &csv(&place.text("run/metrics.csv"))[0];
    for (key, written) in first {
        let said = of("validated")[key.as_str()].as_f64();
        assert_eq!(said, written.parse::<f64>().ok(), "{key}"); // a column without a figure is empty here, null there
    }
    assert_eq!(of("validated")["improved"], true);
    let saved: Vec<&Value> = lines.iter().filter(|line| line["event"] == "saved").map(|line| &line["folder"]).collect();
    assert!(saved.contains(&&"best".into()) && saved.contains(&&"last".into()), "{saved:?}");
    assert_eq!(of("stopped")["by"], "epochs");

    let (last, summary) = (lines.last().unwrap(), place.json("run/summary.json"));
    for (key, value) in summary.as_object().unwrap() {
        assert_eq!(&last[key], value, "{key}");
    }
    assert!(done.err.contains("epoch") && done.err.contains("stopped"), "people read standard error: {}", done.err);
    assert_clean(&place.text("run/log.txt"));
}

#[test]
fn a_long_run_says_how_it_goes_and_its_last_line_tells_of_the_interruption() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    let words = "train {}/thing.toml --epochs 100000 --out {}/run --json --watch";
    let mut command = place.minibatch(words);
    let out = fs::File::create(place.path("out")).unwrap();
    let mut child = command.stdout(out).stderr(Stdio::null()).spawn().unwrap();
    wait_until(&mut child, || place.text("out").contains("\"event\":\"trained\""));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let lines = lines(&place.text("out"));
    let trained = lines.iter().find(|line| line["event"] == "trained").unwrap();
    assert!(trained["loss"].is_number() && trained["iteration"].as_u64().unwrap() >= 1, "{trained}");
    let seconds: Vec<f64> =
        lines.iter().filter(|line| line["event"] == "trained").map(|line| line["seconds"].as_f64().unwrap()).collect();
    assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] > 0.2), "at most a few a second: {seconds:?}");
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["stopped_by"]), (&"summary".into(), &"interrupted".into()));
    assert_clean(&place.text("run/log.txt"));
}

/// Nothing but lines of text, so that a pager and an editor show the log as it is.
fn assert_clean(log: &str) {
    assert!(log.contains("epoch") && log.chars().all(|c| c == '\n' || !c.is_control()), "{log:?}");
}

#[test]
fn a_failure_is_the_last_line_and_the_exit_status_is_in_it() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    for (words, status, told) in [
        ("train nowhere.toml --json", 2, "there is no recipe file"),
        ("train {}/thing.toml --set learning_rate=-1 --json", 2, "learning_rate"),
        ("train --resume {}/nowhere --json", 1, "is not the folder of a run"),
        (
            "train {}/thing.toml --set learning_rate=1e30 --set schedule.kind=constant --out {}/run --json",
            1,
            "diverged",
        ),
        ("train {}/thing.toml --dry-run --set minibatch.size=5000 --json", 2, "minibatch.size"),
    ] {
        let done = place.run(words);
        assert_eq!(done.status, Some(status), "{words}: {done:?}");
        let lines = lines(&done.out);
        let last = lines.last().unwrap();
        assert_eq!((&last["event"], &last["status"]), (&"error".into(), &status.into()), "{words}");
        assert!(last["message"].as_str().unwrap().contains(told), "{words}: {last}");
        assert!(done.err.contains("error: "), "{}", done.err);
    }
}

#[test]
fn resuming_a_finished_run_prints_its_summary_again() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    let first = place.good("train {}/thing.toml --epochs 1 --out {}/run --json");
    let again = place.good("train --resume {}/run --json");
    assert_eq!(lines(&again.out), lines(&first.out)[lines(&first.out).len() - 1..]);
}

fn csv(text: &str) -> Vec<Vec<(String, String)>> {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|line| header.iter().cloned().zip(line).collect()).collect()
}

#[test]
fn the_summary_has_the_figures_of_every_class_and_the_counts_behind_them() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 4 --set evaluation.top_k=2 --out {}/run");
    let summary = place.json("run/summary.json");
    let counts: Vec<Vec<u64>> = serde_json::from_value(summary["confusion"].clone()).unwrap();
    let support = |class: usize| counts[class].iter().sum::<u64>();
    let given = |class: usize| counts.iter().map(|row| row[class]).sum::<u64>();
    assert_eq!((counts.len(), (0..10).map(support).sum::<u64>()), (10, 300));
    let right: u64 = (0..10).map(|class| counts[class][class]).sum();
    assert_eq!(summary["test_error"], (300 - right) as f64 / 300.0);
    let mut recalls = 0.0;
    for (class, figures) in summary["per_class"].as_array().unwrap().iter().enumerate() {
        let right = counts[class][class];
        let rate = |whole: u64| if whole == 0 { Value::Null } else { (right as f64 / whole as f64).into() };
        assert_eq!((&figures["label"], &figures["support"]), (&class.to_string().into(), &support(class).into()));
        assert_eq!((&figures["precision"], &figures["recall"]), (&rate(given(class)), &rate(support(class))));
        assert!(figures["f1"].is_number());
        recalls += figures["recall"].as_f64().unwrap();
    }
    let average = summary["macro_average"]["recall"].as_f64().unwrap();
    assert!((average - recalls / 10.0).abs() < 1e-12, "{average}");

    let top: f64 = summary["test_top_k_error"].as_f64().unwrap();
    assert!(summary["top_k"] == 2 && top < summary["test_error"].as_f64().unwrap(), "{top}");
    let found: Value = serde_json::from_str(&place.good("eval {}/run --json").out).unwrap();
    assert_eq!((&found["top_k_error"], &found["top_k"]), (&top.into(), &2.into()));
    assert!(place.good("eval {}/run").out.contains("top-2 error"));
    assert!(place.text("run/metrics.csv").contains(",validation_error,validation_top_k_error,"));
    let spent = summary["saving_seconds"].as_f64().unwrap();
    assert!(spent > 0.0 && place.text("run/timings.csv").starts_with("iteration,train_seconds,saving_seconds\n"));
    let said = place.text("run/log.txt");
    // Not worth a line in a run this short.
    assert_eq!(said.contains("saving   "), spent >= 1.0, "{said}");
}

/// A run as the version before this one left it: without the columns and keys that are new.
#[test]
fn a_run_of_an_earlier_version_is_read_resumed_and_reported() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 2 --out {}/run");
    place.good("train {}/thing.toml --epochs 2 --out {}/other");
    place.good("train --resume {}/other --epochs 4");
    let strip = |name: &str, lost: &[&str]| {
        let table = csv(&place.text(name));
        let kept = |row: &Vec<(String, String)>, name: bool| -> String {
            let kept = row.iter().filter(|(key, _)| !lost.contains(&key.as_str()));
            kept.map(|(key, value)| if name { key.as_str() } else { value }).collect::<Vec<_>>().join(",") + "\n"
        };
        let rows: String = table.iter().map(|row| kept(row, false)).collect();
        fs::write(place.path(name), kept(&table[0], true) + &rows).unwrap();
    };
    strip("run/metrics.csv", &["validation_top_k_error"]);
    strip("run/timings.csv", &["saving_seconds"]);
    let mut summary = place.json("run/summary.json");
    for key in ["top_k", "test_top_k_error", "per_class", "macro_average", "confusion", "saving_seconds"] {
        summary.as_object_mut().unwrap().remove(key).unwrap();
    }
    fs::write(place.path("run/summary.json"), summary.to_string()).unwrap();
    for checkpoint in ["last", "last.previous"] {
        let mut manifest = place.json(&format!("run/{checkpoint}/manifest.json"));
        for name in ["metrics.csv", "timings.csv"] {
            manifest["files"].as_object_mut().unwrap().remove(name).unwrap();
            fs::remove_file(place.path(&format!("run/{checkpoint}/{name}"))).unwrap();
        }
        fs::write(place.path(&format!("run/{checkpoint}/manifest.json")), manifest.to_string()).unwrap();
    }
    let recipe: String = place
        .text("run/recipe.toml")
        .lines()
        .filter(|l| !l.starts_with("top_k") && !l.starts_with("keep_top"))
        .map(|l| format!("{l}\n"))
        .collect();
    fs::write(place.path("run/recipe.toml"), recipe).unwrap();

    place.good("report {}/run");
    place.good("eval {}/run");
    assert!(place.good("train --resume {}/run").out.contains("is finished"));
    place.good("train --resume {}/run --epochs 4");
    let table = csv(&place.text("run/metrics.csv"));
    let column = |row: usize| table[row].iter().find(|(key, _)| key == "validation_top_k_error").unwrap().1.clone();
    assert_eq!((table.len(), column(0), column(1)), (4, String::new(), String::new()));
    assert!(column(2).parse::<f64>().is_ok() && column(3).parse::<f64>().is_ok());
    assert_eq!(place.bytes("run/last/model.safetensors"), place.bytes("other/last/model.safetensors"));
    place.good("report {}/run");
}

#[test]
fn the_best_models_are_kept_whatever_interrupts_the_run_and_can_be_used() {
    let place = Place::new();
    place.recipe("thing", &RECIPE.replace("seconds = 0", "seconds = 0, keep_top = 3"));
    place.good("train {}/thing.toml --out {}/whole");
    let kept = |run: &str| -> Vec<String> {
        let names = fs::read_dir(place.path(&format!("{run}/top"))).unwrap();
        let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut table: Vec<(f64, u64)> = csv(&place.text("whole/metrics.csv"))
        .iter()
        .map(|row| {
            let value = |name: &str| row.iter().find(|(key, _)| key == name).unwrap().1.clone();
            (value("validation_error").parse().unwrap(), value("iteration").parse().unwrap())
        })
        .collect();
    table.sort_by(|a, b| a.partial_cmp(b).unwrap());
    table.truncate(3);
    table.sort_by_key(|(_, iteration)| *iteration);
    let expected: Vec<String> = table.iter().map(|(e, i)| format!("iteration-{i:08}-error-{e:.4}")).collect();
    assert_eq!(kept("whole"), expected);

    // Killed twice on the way, at whatever moment.
    for attempt in 0..3 {
        let words = if attempt == 0 { "train {}/thing.toml --out {}/run" } else { "train --resume {}/run" };
        if attempt == 2 {
            place.good(words);
            break;
        }
        let mut child = place.spawn(words);
        let folder = place.path("run");
        let before = rows(&folder);
        wait_until(&mut child, || rows(&folder) >= before + 5);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    place.assert_same_run("run", "whole");
    assert_eq!(kept("run"), expected);
    for name in &expected {
        let model = format!("top/{name}/model.safetensors");
        assert!(place.bytes(&format!("run/{model}")) == place.bytes(&format!("whole/{model}")), "{name}");
    }

    for (name, (error, _)) in expected.iter().zip(&table) {
        let found: Value = serde_json::from_str(
            &place.good(&format!("eval {{}}/run --split valid --checkpoint top/{name} --json")).out,
        )
        .unwrap();
        assert_eq!((&found["error"], &found["checkpoint"]), (&(*error).into(), &format!("top/{name}").into()));
    }
    let done = place.run("eval {}/run --checkpoint top/best");
    assert_eq!(done.status, Some(1));
    assert!(done.err.contains("top/best") && done.err.contains(&expected[0]), "{}", done.err);
    assert_eq!(place.run("eval {}/run --checkpoint ../whole/best").status, Some(2));
    place.good(&format!("filters {{}}/run --checkpoint top/{} --out {{}}/pictures", expected[0]));
}

#[test]
fn the_event_file_holds_every_validation_once_and_its_checksums_are_right() {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 3 --out {}/run --tensorboard");
    let table = csv(&place.text("run/metrics.csv"));
    let check = |expected: usize| {
        let events = crate::tfevents::read(&place.bytes(EVENTS));
        assert_eq!(events[0].version.as_deref(), Some("brain.Event:2"));
        assert_eq!(events[1].tags().collect::<Vec<_>>(), ["recipe/text_summary"]);
        let table = csv(&place.text("run/metrics.csv"));
        assert_eq!((events.len() - 2, table.len()), (expected, expected));
        for (event, row) in events[2..].iter().zip(&table) {
            let value = |name: &str| -> f64 { row.iter().find(|(key, _)| key == name).unwrap().1.parse().unwrap() };
            assert_eq!(event.step as f64, value("iteration"));
            for (tag, column) in [
                ("loss/train", "train_loss"),
                ("loss/validation", "validation_loss"),
                ("error/train", "train_error"),
                ("error/validation", "validation_error"),
                ("error/validation_top_k", "validation_top_k_error"),
                ("error/best_validation", "best_validation_error"),
                ("learning_rate", "learning_rate"),
            ] {
                assert_eq!(event.scalar(tag), Some(value(column) as f32), "{tag}");
            }
            assert!(event.scalar("images_per_second").unwrap() > 0.0);
        }
        assert!(events.windows(2).all(|pair| pair[0].wall_time <= pair[1].wall_time + 1e-3));
    };
    assert_eq!(table.len(), 3);
    check(3);
    // A record that was cut, as a crash leaves it, and a run that continues without being asked to.
    let whole = place.bytes(EVENTS);
    fs::write(place.path(EVENTS), &whole[..whole.len() - 7]).unwrap();
    place.good("train --resume {}/run --epochs 5");
    check(5);
}

#[test]
fn steps_after_a_kill_are_not_repeated_in_the_event_file() {
    let place = Place::new();
    place.recipe("thing", &RECIPE.replace("seconds = 0", "seconds = 1000"));
    let mut child = place.spawn("train {}/thing.toml --out {}/run --tensorboard");
    let folder = place.path("run");
    wait_until(&mut child, || rows(&folder) >= 5);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(crate::tfevents::read_whole(&place.bytes(EVENTS)).len() > 3, "the steps that are made again were written");
    place.good("train --resume {}/run --epochs 12");
    let steps: Vec<i64> = crate::tfevents::read(&place.bytes(EVENTS))[2..].iter().map(|event| event.step).collect();
    assert_eq!(steps, (1..=12).map(|epoch| epoch * 50).collect::<Vec<_>>());
}

#[test]
fn tensorboard_itself_reads_the_event_file() {
    let Some(python) = python_with("tensorboard") else { return };
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --epochs 3 --out {}/run --tensorboard");
    place.good("train --resume {}/run --epochs 6");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/check_tensorboard.py");
    let done = finish(Command::new(&python).arg(script).arg(place.path("run")));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains("6 validations"), "{done:?}");
}

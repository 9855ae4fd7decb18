//! The modes of `train` that are no training, and the search for a learning rate.

use crate::runs::{Place, RECIPE};
use serde_json::Value;
use std::fs;

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key}: {value}"))
}

/// A place whose temporary folder can be looked into.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).unwrap();
    place.recipe("thing", RECIPE);
    place
}

fn run(place: &Place, words: &str) -> crate::runs::Done {
    let mut command = place.minibatch(words);
    crate::runs::finish(command.env("TMPDIR", place.path("tmp")))
}

#[test]
fn a_dry_run_finds_everything_out_and_leaves_nothing() {
    let place = place();
    let before: Vec<_> = place.state(".").into_keys().collect();
    let done = run(&place, "train {}/thing.toml --out {}/run --dry-run");
    assert_eq!(done.status, Some(0), "{done:?}");
    for part in [
        "recipe  minibatch.size = 20",
        "40 epochs of 50 minibatches of 20: 2,000 at most, validated every 50",
        "12,730", // parameters: 784 * 16 + 16 + 16 * 10 + 10
        "a checkpoint written and read back",
        "nothing was kept of this dry run",
    ] {
        assert!(done.out.contains(part), "\"{part}\" is not in: {}", done.out);
    }
    let done = run(&place, "train {}/thing.toml --out {}/run --dry-run --json");
    let found: Value = serde_json::from_str(&done.out).expect("one line of JSON");
    for (key, expected) in [
        ("event", "dry-run".into()),
        ("parameters", Value::from(12730)),
        ("steps_per_epoch", 50.into()),
        ("last_iteration", 2000.into()),
        ("parameter_bytes", (12730 * 4).into()),
        // 1,500 pictures as f32 with a label of 8 bytes.
        ("dataset_bytes", (1500 * (784 * 4 + 8)).into()),
    ] {
        assert_eq!(found[key], expected, "{key}");
    }
    assert_eq!(found["recipe"]["minibatch"]["size"], 20);
    assert!(number(&found, "checkpoint_bytes") > 2.0 * 12730.0 * 4.0, "momentum is saved too: {found}");
    let steps = 2000.0 * number(&found, "seconds_per_minibatch") + 40.0 * number(&found, "seconds_per_validation");
    assert!((number(&found, "seconds") / steps - 1.0).abs() < 1e-9 && steps > 0.0, "{found}");

    let after: Vec<_> = place.state(".").into_keys().collect();
    assert_eq!(after, before, "a dry run left something");
    assert_eq!(fs::read_dir(place.path("tmp")).unwrap().count(), 0);
}

#[test]
fn a_dry_run_fails_as_the_run_would() {
    let place = place();
    place.good("train {}/thing.toml --epochs 1 --out {}/taken");
    for (words, status, told) in [
        ("train {}/thing.toml --dry-run --set minibatch.size=1001", 2, "holds 1000 samples"),
        ("train {}/thing.toml --dry-run --set model.hidden=[0]", 2, "hidden"),
        ("train {}/thing.toml --dry-run --dataset mnist --set data.validation=2000", 2, "data.validation"),
        ("train {}/thing.toml --dry-run --out {}/taken", 1, "never overwritten"),
        ("train {}/thing.toml --dry-run --set learning_rate=1e30 --set schedule.kind=constant", 1, "training diverged"),
    ] {
        let done = run(&place, words);
        assert_eq!(done.status, Some(status), "{words}: {done:?}");
        assert!(done.err.contains(told), "{words}: {}", done.err);
    }
    assert_eq!(fs::read_dir(place.path("tmp")).unwrap().count(), 0, "the temporary folder goes in any case");
}

#[test]
fn one_minibatch_is_learnt_by_heart_by_a_model_that_can_learn() {
    let place = place();
    let before: Vec<_> = place.state(".").into_keys().collect();
    let done = run(&place, "train {}/thing.toml --overfit-one-batch");
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains("memorised after") && done.out.contains("model and optimiser can learn"), "{}", done.out);
    let done = run(&place, "train {}/thing.toml --overfit-one-batch --json");
    let verdict: Value = serde_json::from_str(&done.out).expect("one line of JSON");
    assert_eq!(
        (&verdict["event"], &verdict["learnt"], &verdict["error"]),
        (&"overfit".into(), &true.into(), &Value::from(0.0))
    );
    assert!(number(&verdict, "loss") <= 0.05 && number(&verdict, "first_loss") > 1.0, "{verdict}");
    assert!(number(&verdict, "steps") < number(&verdict, "most_steps"), "{verdict}");
    let after: Vec<_> = place.state(".").into_keys().collect();
    assert_eq!(after, before, "it left something");

    let kept = run(&place, "train {}/thing.toml --overfit-one-batch --out {}/kept");
    assert_eq!(kept.status, Some(0), "{kept:?}");
    assert_eq!(place.text("kept/metrics.csv").lines().count() as f64, 1.0 + number(&verdict, "steps"));
}

#[test]
fn a_model_that_cannot_learn_is_told_so_with_status_one() {
    let place = place();
    for (option, told) in
        [("--set learning_rate=1e-9", "the loss hardly falls"), ("--overfit-one-batch=12", "it does learn, but slowly")]
    {
        let steps = if option.starts_with("--over") { "" } else { "--overfit-one-batch=30" };
        let done = run(&place, &format!("train {{}}/thing.toml {option} {steps}"));
        assert_eq!(done.status, Some(1), "{option}: {done:?}");
        assert!(done.out.contains("NOT memorised after") && done.out.contains(told), "{option}: {}", done.out);
        assert!(!done.err.contains("error:"), "it is an answer and no error: {}", done.err);
    }
    let diverged = run(&place, "train {}/thing.toml --set learning_rate=1e30 --overfit-one-batch --json");
    assert_eq!(diverged.status, Some(1), "{diverged:?}");
    assert_eq!(serde_json::from_str::<Value>(&diverged.out).unwrap()["event"], "error");
}

#[test]
fn sizes_of_minibatches_are_measured_up_to_the_last_that_is_asked_for() {
    let place = place();
    let words = "find-batch {}/thing.toml --from 16 --to 50 --json --out {}/sizes";
    let done = run(&place, words);
    assert_eq!(done.status, Some(0), "{done:?}");
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(found, place.json("sizes/batches.json"));
    let rows = found["sizes"].as_array().unwrap();
    let sizes: Vec<f64> = rows.iter().map(|row| number(row, "size")).collect();
    assert_eq!(sizes, [16.0, 32.0, 50.0]);
    for row in rows {
        let rate = number(row, "size") / number(row, "seconds_per_minibatch");
        assert!((rate / number(row, "images_per_second") - 1.0).abs() < 1e-9, "{row}");
        assert!(number(row, "lowest") <= rate * 1.000_001 && rate <= number(row, "highest") * 1.000_001, "{row}");
        assert!(number(row, "peak_bytes") > 1e6, "{row}");
    }
    let rate = |size: f64| number(&rows[sizes.iter().position(|it| *it == size).unwrap()], "images_per_second");
    let (fastest, near) = (number(&found, "fastest"), number(&found, "smallest_near"));
    assert!(sizes.iter().all(|size| rate(*size) <= rate(fastest)) && rate(near) >= 0.8 * rate(fastest), "{found}");
    assert_eq!((number(&found, "largest"), &found["ended_by"]), (50.0, &"--to 50".into()));
    assert_eq!(place.text("sizes/batches.csv").lines().count(), 4);
    assert!(place.text("sizes/batches.svg").contains("pictures a second"));

    let told = run(&place, "find-batch {}/thing.toml --from 16 --max-seconds 1e-6 --out {}/slow");
    assert!(
        told.out.contains("largest  16: a minibatch of 32 would take") && told.out.contains("--max-seconds"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("next     cargo xtask find-rate ") && told.out.contains("minibatch.size=16"),
        "{}",
        told.out
    );
}

#[test]
fn a_sweep_of_rates_is_written_drawn_and_the_same_again() {
    let place = place();
    let words = "find-rate {}/thing.toml --from 1e-5 --to 100 --steps 120 --json --out {}/";
    let done = run(&place, &format!("{words}rates"));
    assert_eq!(done.status, Some(0), "{done:?}");
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(found, place.json("rates/rates.json"));

    let table = place.text("rates/rates.csv");
    let rows: Vec<Vec<f64>> =
        table.lines().skip(1).map(|line| line.split(',').map(|word| word.parse().unwrap()).collect()).collect();
    assert_eq!(table.lines().next(), Some("step,learning_rate,loss,smoothed_loss"));
    assert_eq!(rows.len() as f64, number(&found, "steps"));
    assert!(rows.len() == 120 || found["diverged"] == true, "{found}");
    let (mut sum, mut weight) = (0.0, 0.0);
    for (i, row) in rows.iter().enumerate() {
        // Seven decades in 119 factors.
        let rate = 10f64.powf(-5.0 + 7.0 * i as f64 / 119.0);
        assert!((row[1] / rate - 1.0).abs() < 1e-9, "{row:?}: {rate}");
        (sum, weight) = (0.9 * sum + 0.1 * row[2], 0.9 * weight + 0.1);
        assert!((row[3] - sum / weight).abs() < 1e-9, "{row:?}");
    }
    let lowest = rows.iter().min_by(|a, b| a[3].total_cmp(&b[3])).unwrap();
    assert!((number(&found, "tenth_of_lowest") * 10.0 / lowest[1] - 1.0).abs() < 1e-9, "{found}");
    let steepest = number(&found, "steepest");
    assert!(steepest > 1e-5 && steepest <= lowest[1], "{found}");
    let svg = place.text("rates/rates.svg");
    assert!(svg.contains("log scale") && svg.contains("steepest descent"), "{svg}");

    run(&place, &format!("{words}again"));
    for file in ["rates.csv", "rates.svg"] {
        assert!(place.bytes(&format!("rates/{file}")) == place.bytes(&format!("again/{file}")), "{file}");
    }
    let words = "find-rate {}/thing.toml --steps 40 --from 1e-3 --out {}/third";
    let said = run(&place, words).out;
    assert!(said.contains("thing.toml --set learning_rate=") && said.contains("steepest"), "{said}");
    assert_eq!(run(&place, "find-rate {}/thing.toml --from 1 --to 0.1").status, Some(2));
}

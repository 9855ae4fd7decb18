//! Coming back to a run whose folder is not as it was left, or whose recipe is to change: what is there is never lost, and
//! there is always a way on.

use crate::runs::{Done, Place, RECIPE, rows, signal, wait_until};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// A place with the recipe in `{}/thing.toml`, short and at a steady rate, and a run of it of 2 epochs in `{}/run`.
fn place_with_run(more: &str) -> Place {
    let place = Place::new();
    let recipe = RECIPE.replace("schedule = { kind = \"one-cycle\" }", "").replace("epochs = 40", "epochs = 2");
    place.recipe("thing", &recipe.replace("seconds = 0", &format!("seconds = 0{more}")));
    place.good("train {}/thing.toml --out {}/run");
    place
}

fn remove(path: &Path) {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

/// Fails with this status and words, and changes nothing in the run.
fn check_refused(place: &Place, words: &str, status: i32, told: &[&str]) {
    let before = place.state("run");
    let done = place.run(words);
    assert_eq!(done.status, Some(status), "{words}: {done:?}");
    for part in told {
        assert!(done.err.contains(part), "\"{part}\" is not in: {}", done.err);
    }
    assert!(place.state("run") == before, "{words}: something in the folder changed");
}

fn check_told(done: &Done, told: &[&str]) {
    for part in told {
        assert!(done.out.contains(part), "\"{part}\" is not in: {}", done.out);
    }
}

#[test]
fn a_run_without_its_checkpoint_is_not_begun_anew_over_itself() {
    let place = place_with_run(", keep_top = 1, snapshots = 1");
    remove(&place.path("run/last"));
    remove(&place.path("run/last.previous"));
    for (name, told) in [
        ("best", "best/"),
        ("summary.json", "summary.json"),
        ("top", "1 model in top/"),
        ("snapshots", "3 models in snapshots/"),
        ("metrics.csv", "2 rows in metrics.csv"),
        ("timings.csv", "2 rows in timings.csv"),
    ] {
        let words = "train --resume {}/run --epochs 3";
        check_refused(&place, words, 1, &["last/ is missing", told, "--out", "remove this folder"]);
        remove(&place.path(&format!("run/{name}")));
    }
}

/// A run that was killed before its first checkpoint has nothing that could be lost.
#[test]
fn a_run_killed_before_its_first_checkpoint_starts_over() {
    let place = place_with_run("");
    fs::create_dir(place.path("early")).unwrap();
    for name in ["recipe.toml", "log.txt"] {
        fs::copy(place.path(&format!("run/{name}")), place.path(&format!("early/{name}"))).unwrap();
    }
    fs::write(place.path("early/metrics.csv"), "").unwrap();
    fs::create_dir(place.path("early/last.writing")).unwrap();
    check_told(&place.good("train --resume {}/early"), &["no checkpoint yet: training starts from the beginning"]);
    place.assert_same_run("early", "run");
    assert!(!place.path("early/last.writing").exists());
}

#[test]
fn what_would_change_the_meaning_of_a_column_is_refused() {
    let place = place_with_run("");
    let cases = [
        ("evaluation.top_k=3", "validation_top_k_error in metrics.csv"),
        ("loss.label_smoothing=0.1", "train_loss in metrics.csv"),
        ("penalty.l2=0.1", "penalty in metrics.csv"),
    ];
    for (change, told) in cases {
        let words = format!("train --resume {{}}/run --epochs 3 --set {change}");
        check_refused(&place, &words, 2, &["cannot change in mid-run", told, "start a new run"]);
    }
    place.good("train {}/thing.toml --set evaluation.tail=drop --set evaluation.size=150 --out {}/dropping");
    let done = place.run("train --resume {}/dropping --epochs 3 --set evaluation.size=100");
    assert!(done.status == Some(2) && done.err.contains("evaluation.size: 150 -> 100"), "{done:?}");
    // With the tail kept it changes speed alone.
    place.good("train --resume {}/run --epochs 3 --set evaluation.size=100");
}

/// The best by error is 0 to 1, the losses may all lie above it: compared with each other nothing would ever be better.
#[test]
fn the_best_gets_its_value_in_the_new_measure() {
    let place = place_with_run("");
    let kept = place.json("run/summary.json");
    let done =
        place.good("train --resume {}/run --epochs 8 --set evaluation.watch=loss --set stopping.kind=no-improvement");
    check_told(&done, &["evaluation.watch: \"error\" -> \"loss\"", "validation loss is watched from now on"]);
    let table = place.text("run/metrics.csv");
    let place_of = |name: &str| table.lines().next().unwrap().split(',').position(|it| it == name).unwrap();
    let (iteration, loss) = (place_of("iteration"), place_of("validation_loss"));
    let later = table.lines().skip(3).map(|row| {
        let row: Vec<&str> = row.split(',').collect();
        (row[loss].parse().unwrap(), row[iteration].parse().unwrap())
    });
    let kept = (kept["best_validation_loss"].as_f64().unwrap(), kept["best_iteration"].as_u64().unwrap());
    let (loss, iteration) = later.chain([kept]).min_by(|a: &(f64, u64), b| a.0.total_cmp(&b.0)).unwrap();
    let summary = place.json("run/summary.json");
    assert!(iteration > 100, "this test needs a loss that falls: {table}");
    assert_eq!((&summary["best_validation_loss"], &summary["best_iteration"]), (&loss.into(), &iteration.into()));
}

/// Every path that the closing lines name is there.
fn check_paths(said: &str, expected: &[&str]) {
    for (word, end) in ["model    ", "report   "].iter().zip(expected) {
        let line = said.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_default();
        assert!(line.ends_with(end) && (line.is_empty() || Path::new(line).is_file()), "{word}: {said}");
    }
}

/// 50 minibatches an epoch: limits before the first validation and between two.
#[test]
fn a_limit_leaves_a_validated_model_and_can_be_raised() {
    let place = place_with_run("");
    for (limit, validations) in [(17, 1), (70, 2)] {
        let run = format!("limited{limit}");
        let done = place.good(&format!("train {{}}/thing.toml --set limits.iterations={limit} --out {{}}/{run}"));
        check_paths(&done.out, &["best/model.safetensors", "report.html"]);
        assert_eq!(rows(&place.path(&run)), validations);
        let summary = place.json(&format!("{run}/summary.json"));
        assert_eq!((&summary["stopped_by"], &summary["iterations"]), (&"iterations".into(), &limit.into()));
        let tested = place.good(&format!("eval {{}}/{run} --json"));
        let tested: serde_json::Value = serde_json::from_str(&tested.out).unwrap();
        assert_eq!(tested["error"], summary["test_error"]);
        // Killed before its summary it gets it, and is finished.
        fs::remove_file(place.path(&run).join("summary.json")).unwrap();
        place.good(&format!("train --resume {{}}/{run}"));
        assert_eq!(place.json(&format!("{run}/summary.json"))["test_error"], summary["test_error"]);
        check_told(&place.good(&format!("train --resume {{}}/{run}")), &["is finished (iterations"]);

        let done = place.good(&format!("train --resume {{}}/{run} --set limits.iterations=1000"));
        check_told(&done, &[&format!("the validation after iteration {limit}"), "is taken back"]);
        place.assert_same_run(&run, "run");
    }
}

#[test]
fn an_interruption_before_the_first_validation_names_what_is_there() {
    let place = Place::new();
    // An epoch of many seconds.
    place.recipe("slow", &RECIPE.replace("[16]", "[2000, 2000]"));
    let mut command = place.minibatch("train {}/slow.toml --out {}/run");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let saved = place.path("run/last/manifest.json");
    wait_until(&mut child, || saved.exists());
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(rows(&place.path("run")), 0, "it was validated before the signal came");
    check_paths(&said, &["last/model.safetensors"]);
    assert!(said.contains(&format!("train --resume {}", place.path("run").display())), "{said}");
}

/// Stray and unfinished folders beside kept models, and a damaged one.
#[test]
fn leftovers_and_damage_do_not_block_a_resume() {
    let place = place_with_run(", keep_top = 3, snapshots = 1");
    let kept: Vec<String> =
        fs::read_dir(place.path("run/top")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    let [first, second] = &kept[..] else { panic!("{kept:?}") };
    fs::create_dir(place.path(&format!("run/top/{first}.previous"))).unwrap();
    fs::create_dir(place.path("run/top/mine")).unwrap();
    place.copy("run/snapshots/epoch-0000", "run/snapshots/epoch-0000.previous");
    place.copy("run/best", "run/best.writing");
    fs::write(place.path(&format!("run/top/{second}/model.safetensors")), "cut").unwrap();
    for name in [format!("top/{first}.previous"), "snapshots/epoch-0000.previous".to_owned()] {
        let done = place.run(&format!("eval {{}}/run --checkpoint {name}"));
        assert!(done.status == Some(1) && done.err.contains("holds no checkpoint"), "{name}: {done:?}");
    }

    let done = place.good("train --resume {}/run --epochs 4");
    check_told(&done, &[&format!("set aside as top/{second}.set-aside"), "top/mine is no model of this run"]);
    for name in [&format!("top/{first}.previous"), "snapshots/epoch-0000.previous", "best.writing", "best.previous"] {
        assert!(!place.path("run").join(name).exists(), "{name} is left");
    }
    place.good("train {}/thing.toml --epochs 4 --out {}/whole");
    place.assert_same_run("run", "whole");
    let again = place.good("train --resume {}/run --epochs 5");
    assert!(!again.out.contains("set aside"), "{}", again.out);
}

#[test]
fn tables_that_people_removed_or_edited_are_rebuilt() {
    let place = place_with_run("");
    place.good("train {}/thing.toml --epochs 3 --out {}/whole");
    let row = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    };
    let edit = |path: &Path| fs::write(path, fs::read_to_string(path).unwrap().replacen("0.", "1.", 1)).unwrap();
    type Change<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Change<'_>, &str); 4] = [
        ("metrics.csv", &remove, "metrics.csv was missing and is rebuilt"),
        ("metrics.csv", &row, "metrics.csv was cut off and is rebuilt"),
        ("metrics.csv", &edit, "lies in metrics.csv.set-aside"),
        ("timings.csv", &remove, "timings.csv was missing and is rebuilt"),
    ];
    for (name, change, told) in cases {
        place.copy("run", "changed");
        change(&place.path("changed").join(name));
        check_told(&place.good("train --resume {}/changed --epochs 3"), &[told]);
        place.assert_same_run("changed", "whole");
        assert_eq!(place.text("changed/timings.csv").lines().count(), 4);
        remove(&place.path("changed"));
    }
    // A finished run gets its table back as well, with nothing to train.
    let whole = place.bytes("run/metrics.csv");
    remove(&place.path("run/metrics.csv"));
    check_told(&place.good("train --resume {}/run"), &["metrics.csv was missing", "is finished"]);
    assert!(place.bytes("run/metrics.csv") == whole);
}

#[test]
fn two_damaged_checkpoints_name_the_way_on() {
    let place = place_with_run("");
    for name in ["last", "last.previous"] {
        fs::write(place.path(&format!("run/{name}/model.safetensors")), "cut").unwrap();
    }
    check_refused(&place, "train --resume {}/run --epochs 3", 1, &["has 3 bytes where", "--out", "remove this folder"]);
}

#[test]
fn runs_begun_in_one_second_get_folders_of_their_own() {
    let place = place_with_run("");
    let start = |words: &str| {
        let mut command = place.minibatch(words);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // Begun together, at the beginning of a second.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    std::thread::sleep(std::time::Duration::from_nanos(1_000_000_000 - u64::from(now.subsec_nanos())));
    let children: Vec<_> = (0..4).map(|_| start("train {}/thing.toml")).collect();
    for child in children {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let names: Vec<_> = fs::read_dir(place.path("ws/runs")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| rows(&place.path("ws/runs").join(name)) == 2), "{names:?}");

    // Of several that want one folder one gets it, and the others are told.
    let children: Vec<_> = (0..4).map(|_| start("train {}/thing.toml --out {}/one")).collect();
    let done: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert_eq!(done.iter().filter(|it| it.status.success()).count(), 1, "{done:?}");
    for it in done.iter().filter(|it| !it.status.success()) {
        let told = String::from_utf8_lossy(&it.stderr);
        assert!(it.status.code() == Some(1) && told.contains("--out"), "{told}");
        assert!(told.contains("another process is training in it") || told.contains("exists already"), "{told}");
    }
    assert_eq!(rows(&place.path("one")), 2);
}

#[test]
fn a_run_that_never_began_leaves_no_folder() {
    let place = place_with_run("");
    for words in [
        "train {}/thing.toml --set data.validation=1200",
        "train {}/thing.toml --set data.validation=1200 --out {}/a/b",
    ] {
        let done = place.run(words);
        assert!(done.status.is_some_and(|status| status != 0), "{done:?}");
        assert!(!place.path("ws/runs").exists() && !place.path("a").exists(), "{words}");
    }
}

//! Training that loses nothing: signals, SIGKILL at random moments, damaged files. Whatever happens, the
//! run that continues ends with the very bytes of the undisturbed one.
//!
//! The kill test makes a dozen kills. `MINIBATCH_KILLS=300 cargo test -p xtask --test it faults::kill` makes 300.

use crate::runs::{Place, RECIPE, rows, signal, wait_until};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A place with the recipe in `{}/thing.toml` and an undisturbed run of it in `{}/whole`.
fn place_with_run() -> Place {
    let place = Place::new();
    place.recipe("thing", RECIPE);
    place.good("train {}/thing.toml --out {}/whole");
    place
}

/// Starts a run and sends it a signal after its first validation; gives its exit status and what it said.
fn interrupt(place: &Place, run: &str, name: &str) -> (Option<i32>, String) {
    let mut command = place.minibatch(&format!("train {{}}/thing.toml --out {{}}/{run}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let folder = place.path(run);
    wait_until(&mut child, || rows(&folder) >= 1);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_first_signal_saves_and_the_resumed_run_ends_with_the_same_bytes() {
    let place = place_with_run();
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let (code, said) = interrupt(&place, name, name);
        assert_eq!(code, Some(status), "{said}");
        let resume = format!("train --resume {}", place.path(name).display());
        assert!(said.contains("interrupted") && said.contains(&resume), "{said}");
        assert!(rows(&place.path(name)) < 40, "it was over before the signal came");
        let summary = place.json(&format!("{name}/summary.json"));
        assert_eq!((&summary["stopped_by"], &summary["test_error"]), (&"interrupted".into(), &().into()));

        let done = place.good(&resume);
        assert!(done.out.contains("resuming"), "{}", done.out);
        place.assert_same_run(name, "whole");
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_corrupts_nothing() {
    let place = Place::new();
    // One minibatch of all pictures through a wide network takes many seconds.
    let recipe = RECIPE.replace("size = 20,", "size = 1000,").replace("[16]", "[6000, 6000, 6000]");
    place.recipe("slow", &recipe.replace("dropout = 0.2", "dropout = 0"));
    let mut command = place.minibatch("train {}/slow.toml --out {}/run");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let saved = place.path("run/last/manifest.json");
    wait_until(&mut child, || saved.exists());
    std::thread::sleep(Duration::from_millis(300));
    let clock = Instant::now();
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(200));
    let still_there = child.try_wait().unwrap().is_none();
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(still_there, "the first signal waits for the minibatch, which takes longer than this");
    assert!(clock.elapsed() < Duration::from_secs(5), "{:?}", clock.elapsed());
    assert!(!place.text("run/log.txt").contains("interrupted"), "it left at once, without the closing words");
    assert!(!place.path("run/summary.json").exists());
    place.good("eval {}/run --checkpoint last --split valid");
}

/// Kills in all; `MINIBATCH_KILLS` asks for more.
fn kills_wanted() -> usize {
    std::env::var("MINIBATCH_KILLS").map_or(12, |text| text.parse().unwrap())
}

#[test]
fn a_run_killed_at_random_moments_ends_with_the_bytes_of_the_undisturbed_one() {
    let place = place_with_run();
    let whole = place.json("whole/summary.json")["total_seconds"].as_f64().unwrap();
    let longest = Duration::from_secs_f64((whole / 2.0).min(1.0));
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let (mut kills, mut runs, mut while_saving) = (0, 0, 0);
    while kills < kills_wanted() {
        runs += 1;
        let _ = fs::remove_dir_all(place.path("run"));
        loop {
            // Before recipe.toml is there the folder is no run yet: it holds nothing that could be lost.
            let words = if place.path("run/recipe.toml").exists() {
                "train --resume {}/run"
            } else {
                let _ = fs::remove_dir_all(place.path("run"));
                "train {}/thing.toml --out {}/run"
            };
            if kills == kills_wanted() {
                place.good(words);
                break;
            }
            let mut child = place.spawn(words);
            std::thread::sleep(rng.random_range(Duration::ZERO..longest));
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(0), "{words} failed by itself");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            while_saving +=
                usize::from(["last.writing", "best.writing"].iter().any(|name| place.path("run").join(name).exists()));
        }
        place.assert_same_run("run", "whole");
    }
    eprintln!("{kills} kills in {runs} runs, {while_saving} of them in the middle of a saving");
}

#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_it_goes_on_to_the_same_bytes() {
    let place = place_with_run();
    interrupt(&place, "stopped", "TERM");
    let cut = |path: &Path| fs::write(path, &fs::read(path).unwrap()[..1000]).unwrap();
    let alter = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    type Damage<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Damage<'_>, &str); 4] = [
        ("model.safetensors", &cut, "has 1000 bytes where"),
        ("model.safetensors", &alter, "SHA-256 differs"),
        ("progress.json", &alter, "SHA-256 differs"),
        ("manifest.json", &remove, "cannot read"),
    ];
    for (file, damage, told) in cases {
        let _ = fs::remove_dir_all(place.path("run"));
        place.copy("stopped", "run");
        damage(&place.path("run/last").join(file));
        let done = place.good("train --resume {}/run");
        for part in ["WARNING", "continuing from the one before it", file, told] {
            assert!(done.out.contains(part), "{file}: \"{part}\" is not in: {}", done.out);
        }
        place.assert_same_run("run", "whole");
    }

    let _ = fs::remove_dir_all(place.path("run"));
    place.copy("stopped", "run");
    cut(&place.path("run/last/model.safetensors"));
    alter(&place.path("run/last.previous/model.safetensors"));
    let before = place.state("run");
    let done = place.run("train --resume {}/run");
    assert_eq!(done.status, Some(1), "{done:?}");
    for part in ["nothing is left to continue from", "has 1000 bytes where", "last.previous", "SHA-256 differs"] {
        assert!(done.err.contains(part), "\"{part}\" is not in: {}", done.err);
    }
    assert!(place.state("run") == before, "what is damaged is left for others to look at");

    alter(&place.path("whole/best/model.safetensors"));
    let done = place.run("eval {}/whole");
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(done.err.contains("best/model.safetensors") && done.err.contains("damaged"), "{}", done.err);
}

#[test]
fn resuming_a_finished_run_says_so_and_changes_nothing_unless_it_is_to_go_on() {
    let place = Place::new();
    place.recipe("thing", &RECIPE.replace("schedule = { kind = \"one-cycle\" }", ""));
    place.good("train {}/thing.toml --epochs 4 --out {}/run");
    place.good("train {}/thing.toml --epochs 6 --out {}/longer");
    let before = place.state("run");

    let done = place.good("train --resume {}/run");
    assert!(done.out.contains("is finished (epochs, 200 iterations): nothing to do"), "{}", done.out);
    let done = place.run("train --resume {}/run --set seed=9");
    assert_eq!(done.status, Some(2), "{done:?}");
    assert!(done.err.contains("seed: 0 -> 9") && done.err.contains("cannot change in mid-run"), "{}", done.err);
    assert!(place.state("run") == before, "something in the folder changed");

    let done = place.good("train --resume {}/run --epochs 6");
    assert!(done.out.contains("changed on resume: epochs: 4 -> 6"), "{}", done.out);
    place.assert_same_run("run", "longer");
}

#[test]
fn a_run_killed_between_its_last_checkpoint_and_its_summary_gets_its_summary() {
    let place = place_with_run();
    place.copy("whole", "run");
    fs::remove_file(place.path("run/summary.json")).unwrap();
    place.good("train --resume {}/run");
    place.assert_same_run("run", "whole");
}

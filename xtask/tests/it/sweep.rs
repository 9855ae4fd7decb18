//! `sweep`: trials that nothing loses, whatever ends the processes that train them; one winner by validation, tested once.

use crate::runs::{Place, RECIPE, finish, rows, signal, wait_until};
use crate::visit::assert_accessible;
use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// Trains in a fraction of a second.
pub const TINY: &str = r#"
epochs = 1
learning_rate = 0.1
data = { set = "mnist", validation = 200 }
minibatch = { size = 100 }
model = { kind = "softmax" }
"#;

/// The rows of a sweep's table by trial and seed; each stands there once.
pub fn table(place: &Place, sweep: &str) -> BTreeMap<(String, String), csv::StringRecord> {
    let bytes = place.bytes(&format!("{sweep}/sweep.csv"));
    let mut table = BTreeMap::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row.unwrap();
        assert!(table.insert((row[0].to_owned(), row[1].to_owned()), row).is_none(), "a run stands there twice");
    }
    table
}

/// Lines of the journal with an event; none before there is a journal.
pub fn events(place: &Place, sweep: &str, event: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(place.path(&format!("{sweep}/journal.jsonl"))).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["event"] == event).collect()
}

/// Both sweeps ran the same trials, each once, with the same bits.
pub fn assert_same_sweep(place: &Place, one: &str, other: &str) {
    let (tables, runs) = ([one, other].map(|it| table(place, it)), events(place, other, "ended").len());
    assert_eq!(runs, tables[0].len(), "each run ended once");
    assert_eq!(tables[0].keys().collect::<Vec<_>>(), tables[1].keys().collect::<Vec<_>>());
    for (row, again) in tables[0].values().zip(tables[1].values()) {
        // All but the seconds.
        assert_eq!(row.iter().take(8).collect::<Vec<_>>(), again.iter().take(8).collect::<Vec<_>>());
        let run = format!("trials/{:0>4}-seed-{}", &row[0], &row[1]);
        place.assert_same_run(&format!("{one}/{run}"), &format!("{other}/{run}"));
    }
    let [one, other] = [one, other].map(|it| place.json(&format!("{it}/result.json")));
    assert_eq!(one, other);
}

#[test]
fn the_best_by_validation_is_tested_once() {
    let place = Place::new();
    let table_text = "[sweep]\nseeds = 2\n[sweep.grid]\nlearning_rate = \"1e-3..1:log4\"\n";
    let recipe = place.recipe("tiny", &format!("{TINY}{table_text}"));
    let done = place.good(&format!("sweep {recipe} --grid penalty.l2=0,1e-4 --out {{}}/sweep"));
    let table = table(&place, "sweep");
    assert_eq!(table.len(), 16, "4 rates, 2 penalties, 2 seeds");
    assert!(table.values().all(|row| &row[2] == "done"));
    let result = place.json("sweep/result.json");
    let mean = |trial: u64| {
        let errors = [0, 1].map(|seed| table[&(trial.to_string(), seed.to_string())][6].parse::<f64>().unwrap());
        errors.iter().sum::<f64>() / 2.0
    };
    let best = (1..=8).map(mean).fold(f64::INFINITY, f64::min);
    assert_eq!(mean(result["winner"]["trial"].as_u64().unwrap()), best);
    let test = &result["winner"]["test"];
    assert_eq!(events(&place, "sweep", "tested").len(), 1);
    assert!(test["interval"]["low"].as_f64() < test["error"].as_f64(), "{test}");
    // No run but the winner's was asked for the test set, and what was asked is what `eval` says.
    let run = result["winner"]["run"].as_str().unwrap();
    let evaluated = place.good(&format!("eval {{}}/sweep/{run} --json"));
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated.out).unwrap();
    assert_eq!(evaluated["error"], test["error"]);
    assert!(place.json(&format!("sweep/{run}/summary.json"))["test_error"].is_null());
    for line in ["sweep     8 trials: 8 done", "best      trial ", "test      error ", "next      "] {
        assert!(done.out.contains(line), "{line}: {}", done.out);
    }
    let page = place.text("sweep/report.html");
    // Two settings, their heat map, parallel coordinates and curves.
    assert_eq!(page.matches("<svg").count(), 5);
    assert_eq!(page.matches(" train ").count(), 9, "a command for each trial, and the winner's");
    for outside in ["http://", "https://", "src=", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "{outside}");
    }
    assert_accessible(&place, "sweep/report.html");
    // The winner's recipe trains the winner again.
    place.good("train {}/sweep/winner.toml --out {}/again");
    assert_eq!(place.bytes("again/metrics.csv"), place.bytes(&format!("sweep/{run}/metrics.csv")));
    // There is nothing left to do, and nobody looks at the test set again.
    let again = place.good("sweep --resume {}/sweep");
    assert!(again.out.contains("8 done"), "{}", again.out);
    assert_eq!(events(&place, "sweep", "tested").len(), 1);
}

#[test]
fn divergence_and_what_does_not_fit_are_results() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let grid = "--grid learning_rate=0.1,1e30 --grid minibatch.size=20,1200";
    let done = place.good(&format!("sweep {recipe} --epochs 1 {grid} --out {{}}/sweep --json"));
    let states: Vec<String> = table(&place, "sweep").values().map(|row| row[2].to_owned()).collect();
    assert_eq!(states, ["done", "failed", "diverged", "failed"], "{done:?}");
    let last: serde_json::Value = serde_json::from_str(done.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["winner"]["trial"]), (&"sweep".into(), &1.into()));
    let ended = done.out.lines().filter(|line| line.contains("\"event\":\"ended\"")).count();
    assert_eq!(ended, 4);
    for (words, part) in [
        ("--grid learning_rat=1,2", "learning_rat"),
        ("--grid learning_rate=1,-2", "learning_rate"),
        ("--random learning_rate=log(1e-3,1)", "--trials"),
        ("", "--grid"),
        ("--grid data.validation=100,200", "one copy"),
    ] {
        let done = place.run(&format!("sweep {recipe} {words} --out {{}}/bad"));
        assert!(done.status == Some(2) && done.err.contains(part), "{words}: {done:?}");
        assert!(!place.path("bad").exists());
    }
    let trained = place.recipe("with-table", &format!("{TINY}[sweep.grid]\nlearning_rate = [1]\n"));
    let done = place.run(&format!("train {trained} --out {{}}/bad"));
    assert!(done.status == Some(2) && done.err.contains("command `sweep`"), "{done:?}");
}

#[test]
fn after_ctrl_c_a_sweep_continues_with_the_same_bits() {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let words = format!("sweep {recipe} --grid learning_rate=0.02,0.05,0.1 --epochs 12");
    place.good(&format!("{words} --out {{}}/whole"));
    let mut child = place.minibatch(&format!("{words} --out {{}}/parts"));
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    wait_until(&mut child, || rows(&place.path("parts/trials/0002-seed-0")) >= 2);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("stopped; continue with") && told.contains("--resume"), "{told}");
    assert_eq!(table(&place, "parts").values().filter(|row| &row[2] == "done").count(), 1);
    assert!(events(&place, "parts", "tested").is_empty());
    place.good("sweep --resume {}/parts");
    assert_same_sweep(&place, "whole", "parts");
    // More time than there is work.
    let done = place.good(&format!("{words} --out {{}}/minutes --max-minutes 1e-4"));
    assert!(done.out.contains("the minutes are over"), "{done:?}");
}

/// Two processes at a time work on one sweep, and both are killed again and again.
fn kill(place: &Place, sweep: &str, kills: u64) -> u64 {
    let over = |child: &mut Child| child.try_wait().unwrap().is_some();
    for kill in 0..kills {
        let mut children = [0, 1].map(|_| place.spawn(&format!("sweep --resume {{}}/{sweep}")));
        // Multiples of the golden ratio spread evenly over the moments of a process's life.
        let moment = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        sleep(Duration::from_millis((moment * 500) >> 32));
        let ended = children.iter_mut().all(over);
        for child in &mut children {
            let _ = child.kill();
            child.wait().unwrap();
        }
        if ended {
            return kill;
        }
        // At every moment the table is whole and says nothing that is not so.
        let table = table(place, sweep);
        let done = table.values().filter(|row| &row[2] == "done").count();
        assert!(done <= events(place, sweep, "ended").len());
    }
    kills
}

fn killed(seeds: u64, epochs: u64, kills: u64) -> u64 {
    let place = Place::new();
    let recipe = place.recipe("thing", RECIPE);
    let words = format!("sweep {recipe} --grid learning_rate=0.01..0.1:log4 --seeds {seeds} --epochs {epochs}");
    place.good(&format!("{words} --out {{}}/whole"));
    let mut child = place.spawn(&format!("{words} --out {{}}/parts"));
    wait_until(&mut child, || place.path("parts/sweep.csv").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = kill(&place, "parts", kills);
    place.good("sweep --resume {}/parts");
    assert_same_sweep(&place, "whole", "parts");
    let left = fs::read_dir(place.path("parts/trials")).unwrap().count() as u64;
    assert_eq!(left, 4 * seeds, "a folder for each run, and no lock");
    killed
}

#[test]
fn no_run_is_lost_or_done_twice_by_kills() {
    assert!(killed(1, 12, 6) >= 3);
}

#[test]
#[ignore = "takes minutes: 100 kills at moments spread over a process's life"]
fn no_run_is_lost_or_done_twice_by_a_hundred_kills() {
    assert_eq!(killed(12, 60, 100), 100, "the sweep was over too early");
}

#[test]
fn each_command_trains_one_trial() {
    let place = Place::new();
    let recipe = place.recipe("tiny", TINY);
    let words = format!("sweep {recipe} --grid learning_rate=0.01,0.1,1 --seeds 2");
    place.good(&format!("{words} --out {{}}/whole"));
    let told = place.good(&format!("{words} --out {{}}/parts --commands"));
    let commands: Vec<&str> = told.out.lines().collect();
    assert_eq!(commands.len(), 3, "{told:?}");
    for command in commands {
        let (_, words) = command.split_once("sweep ").unwrap();
        place.good(&format!("sweep {words}"));
        assert!(events(&place, "parts", "tested").is_empty());
    }
    place.good("sweep --resume {}/parts");
    assert_same_sweep(&place, "whole", "parts");
    let done = place.run(&format!("{words} --out {{}}/zoom --strategy zoom --trials 5 --commands"));
    assert!(done.status == Some(2) && done.err.contains("grid or random"), "{done:?}");
}

#[test]
fn jobs_for_slurm_train_all_trials_and_test_the_winner() {
    let place = Place::new();
    let recipe = place.recipe("tiny", TINY);
    let words = format!("sweep {recipe} --grid learning_rate=0.01,0.1,1 --seeds 2");
    place.good(&format!("{words} --out {{}}/whole"));
    let told = place.good(&format!("{words} --out {{}}/jobs --slurm"));
    let submit = format!(
        "sbatch --dependency=afterany:$(sbatch --parsable {0}/trials.sbatch) {0}/winner.sbatch",
        place.path("jobs").display()
    );
    assert!(told.out.lines().any(|line| line == format!("next     {submit}")), "{told:?}");
    let text = place.text("jobs/trials.sbatch");
    assert!(text.starts_with("#!/bin/sh\n") && text.contains("\n#SBATCH --array=1-3\n"), "{text}");
    let job = |name: &str, task: &str| {
        let mut job = place.alone("sh");
        let done = finish(job.arg(place.path("jobs").join(name)).env("SLURM_ARRAY_TASK_ID", task));
        assert_eq!(done.status, Some(0), "{name} {task}: {done:?}");
    };
    ["1", "2", "3"].iter().for_each(|task| job("trials.sbatch", task));
    assert!(events(&place, "jobs", "tested").is_empty());
    job("winner.sbatch", "");
    assert!(place.text("jobs/slurm/winner.log").contains("test"));
    assert_same_sweep(&place, "whole", "jobs");
}

#[test]
fn memory_stays_flat_over_300_trials() {
    let place = Place::new();
    let recipe = place.recipe("tiny", TINY);
    let mut child =
        place.spawn(&format!("sweep {recipe} --random learning_rate=log(1e-3,1) --trials 300 --out {{}}/sweep"));
    let status = format!("/proc/{}/status", child.id());
    let resident = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let begun = |trial: &str| place.path(&format!("sweep/trials/{trial}-seed-0")).exists();
    wait_until(&mut child, || begun("0050"));
    let early = resident().unwrap();
    wait_until(&mut child, || begun("0295"));
    let late = resident().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // 245 trials: a model of 7,850 numbers with its optimiser and best copy kept for each would be 20 MB.
    assert!(late - early < 6_000.0, "from {early} to {late} kB");
    assert_eq!(table(&place, "sweep").len(), 300);
}

#[test]
fn a_sweep_of_a_moved_folder_keeps_to_its_pictures() {
    let place = Place::new();
    let recipe = place.recipe("tiny", TINY);
    place.good(&format!("sweep {recipe} --random learning_rate=log(1e-3,1) --trials 2 --out {{}}/sweep"));
    fs::rename(place.path("sweep"), place.path("moved")).unwrap();
    place.good("sweep --resume {}/moved --trials 4");
    assert_eq!(table(&place, "moved").len(), 4);
    place.pictures(
        "data/mnist",
        &tensor_data::glyphs::draw(1200, 3).unwrap(),
        &tensor_data::glyphs::draw(300, 4).unwrap(),
    );
    let done = finish(&mut place.minibatch("sweep --resume {}/moved --trials 5"));
    assert!(done.status == Some(1) && done.err.contains("pictures"), "{done:?}");
}

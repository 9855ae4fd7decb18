//! Several processes of one `sweep --jobs`: they do what one does, and stop with whoever started them.

use crate::runs::{Place, RECIPE, rows, signal, wait_until};
use crate::sweep::{assert_same_sweep, events, table};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const GRID: &str = "--grid learning_rate=0.02,0.05,0.1,0.2 --epochs 12";

/// A sweep by two processes, once both train.
fn begun(place: &Place, sweep: &str) -> Child {
    let recipe = place.recipe("thing", RECIPE);
    let mut child = place.minibatch(&format!("sweep {recipe} {GRID} --jobs 2 --out {{}}/{sweep}"));
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let trains = |trial: &str| rows(&place.path(&format!("{sweep}/trials/{trial}-seed-0"))) >= 1;
    wait_until(&mut child, || trains("0001") && trains("0002"));
    child
}

/// The processes that train in a sweep's folder.
fn helpers(place: &Place, sweep: &str) -> Vec<String> {
    let folder = place.path(sweep).display().to_string();
    let is_one = |process: &fs::DirEntry| {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        ["--helper", &folder].iter().all(|word| words.contains(&word.as_bytes()))
    };
    let processes = fs::read_dir("/proc").unwrap().map(Result::unwrap).filter(is_one);
    processes.map(|process| process.file_name().into_string().unwrap()).collect()
}

fn wait_for_none(place: &Place, sweep: &str) {
    let start = Instant::now();
    while !helpers(place, sweep).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "a process trains on alone");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The sweep as one process does it.
fn whole(place: &Place) {
    let recipe = place.recipe("thing", RECIPE);
    place.good(&format!("sweep {recipe} {GRID} --out {{}}/whole"));
}

#[test]
fn several_processes_do_what_one_does() {
    let place = Place::new();
    whole(&place);
    let recipe = place.recipe("thing", RECIPE);
    let told = place.good(&format!("sweep {recipe} {GRID} --jobs 3 --out {{}}/jobs"));
    assert!(
        told.out.contains("3 processes") && told.out.contains("4 done") && told.out.contains("best so far"),
        "{}",
        told.out
    );
    assert_same_sweep(&place, "whole", "jobs");
    assert_eq!(events(&place, "jobs", "tested").len(), 1, "the test set is looked at once");

    let told = place.good(&format!("sweep {recipe} {GRID} --jobs 2 --json --out {{}}/json"));
    let lines: Vec<serde_json::Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((count("begun"), count("ended"), count("sweep")), (4, 4, 1), "{}", told.out);
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["stopped"]), (&"sweep".into(), &"done".into()));
    assert!(last["winner"]["test"]["looks"] == 1, "{last}");
    let done = place.run(&format!("sweep {recipe} {GRID} --jobs 0 --out {{}}/none"));
    assert!(done.status == Some(2) && done.err.contains("or auto"), "{done:?}");
}

#[test]
fn ctrl_c_stops_all_of_them_and_nothing_is_lost() {
    let place = Place::new();
    whole(&place);
    let child = begun(&place, "jobs");
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8(output.stdout).unwrap().contains("stopped; continue with"));
    assert!(helpers(&place, "jobs").is_empty());
    assert!(events(&place, "jobs", "tested").is_empty());
    place.good("sweep --resume {}/jobs --jobs 2");
    assert_same_sweep(&place, "whole", "jobs");
}

#[test]
fn they_stop_by_themselves_where_whoever_started_them_is_killed() {
    let place = Place::new();
    whole(&place);
    let mut child = begun(&place, "jobs");
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for_none(&place, "jobs");
    assert!(table(&place, "jobs").values().any(|row| &row[2] == "open"), "they stopped before the end");
    place.good("sweep --resume {}/jobs");
    assert_same_sweep(&place, "whole", "jobs");
}

#[test]
fn the_loss_of_one_is_told_and_its_run_continues() {
    let place = Place::new();
    whole(&place);
    let child = begun(&place, "jobs");
    let pids = helpers(&place, "jobs");
    assert_eq!(pids.len(), 2);
    assert!(Command::new("kill").args(["-9", &pids[0]]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("SIGKILL") && told.contains("continue with") && told.contains("sweep --resume"), "{told}");
    assert!(helpers(&place, "jobs").is_empty(), "the other has stopped");
    place.good("sweep --resume {}/jobs --jobs auto");
    assert_same_sweep(&place, "whole", "jobs");
}

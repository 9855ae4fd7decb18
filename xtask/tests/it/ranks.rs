//! Training in several processes as a person or a launcher starts it: same figures, same bits, and what becomes of a rank that is lost.

use crate::runs::{Done, Place, RECIPE, finish, python_with, rows, signal, wait_until};
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A place with a recipe of two epochs without dropout in `{}/thing.toml`.
fn place() -> Place {
    let place = Place::new();
    place.recipe("thing", &recipe(2));
    place
}

fn recipe(epochs: u32) -> String {
    RECIPE.replace("epochs = 40", &format!("epochs = {epochs}")).replace(", dropout = 0.2", "")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Rank `rank` of `ranks`, as torchrun would start it.
fn rank(place: &Place, rank: usize, ranks: usize, port: u16, words: &str) -> Command {
    let mut command = place.minibatch(words);
    for (name, value) in [("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", ranks), ("LOCAL_WORLD_SIZE", ranks)] {
        command.env(name, value.to_string());
    }
    command.env("MASTER_ADDR", "127.0.0.1").env("MASTER_PORT", port.to_string());
    command
}

/// What two ranks make of a command line each.
fn both(place: &Place, words: [&str; 2]) -> [Done; 2] {
    let port = free_port();
    thread::scope(|scope| {
        let started =
            [0, 1].map(|number| scope.spawn(move || finish(&mut rank(place, number, 2, port, words[number]))));
        started.map(|it| it.join().unwrap())
    })
}

/// The process of a rank that `parent` has started.
fn child_of(parent: &Child) -> u32 {
    let path = format!("/proc/{0}/task/{0}/children", parent.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let text = fs::read_to_string(&path).unwrap();
        if let Some(child) = text.split_whitespace().next() {
            return child.parse().unwrap();
        }
        assert!(Instant::now() < deadline, "no rank was started");
        thread::sleep(Duration::from_millis(5));
    }
}

fn send(name: &str, process: u32) {
    assert!(Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap().success());
}

#[test]
fn ranks_give_the_figures_of_one_process_and_twice_the_same_bits() {
    let place = place();
    place.good("train {}/thing.toml --out {}/alone");
    place.good("train {}/thing.toml --out {}/two --ranks 2");
    place.good("train {}/thing.toml --out {}/again --ranks 2");
    let launched = both(&place, ["train {}/thing.toml --out {}/launched"; 2]);
    for done in &launched {
        assert_eq!(done.status, Some(0), "{done:?}");
    }
    assert_eq!((launched[1].out.as_str(), launched[1].err.as_str()), ("", ""), "rank 0 alone speaks");
    place.assert_same_run("two", "again");
    place.assert_same_run("two", "launched");
    let losses = |run: &str| -> Vec<f64> {
        let table = place.text(&format!("{run}/metrics.csv"));
        table.lines().skip(1).map(|row| row.split(',').nth(6).unwrap().parse().unwrap()).collect()
    };
    let (alone, two) = (losses("alone"), losses("two"));
    assert_eq!(alone.len(), two.len());
    for (one, other) in alone.iter().zip(&two) {
        assert!((one - other).abs() < 1e-3 * one, "{alone:?} {two:?}");
    }
    assert!(place.text("two/log.txt").contains("2 ranks train together"));
    let log = place.text("two/log-rank-1.txt");
    assert!(log.contains("rank 1 of 2 on cpu, 1 threads, from iteration 0") && log.contains("epoch 2"), "{log}");
}

#[test]
fn a_signal_to_any_rank_ends_all_and_the_run_resumes_bit_for_bit() {
    let place = place();
    place.recipe("thing", &recipe(8));
    place.good("train {}/thing.toml --out {}/whole --ranks 2");
    for (run, to_first) in [("first", true), ("other", false)] {
        let run_path = place.path(run);
        let mut child = place.spawn(&format!("train {{}}/thing.toml --out {{}}/{run} --ranks 2"));
        wait_until(&mut child, || rows(&run_path) >= 2);
        if to_first {
            signal(&child, "TERM")
        } else {
            send("TERM", child_of(&child))
        }
        let status = child.wait().unwrap().code();
        assert_eq!(status, Some(if to_first { 143 } else { 130 }), "{run}");
        assert!(rows(&run_path) < 8, "it was to be interrupted");
        place.good(&format!("train --resume {{}}/{run} --ranks 2"));
        place.assert_same_run(run, "whole");
    }
}

/// Kills rank 1, then rank 0, at changing moments, until the run is through. MINIBATCH_KILLS asks for more kills.
#[test]
fn killed_ranks_lose_nothing() {
    let wanted = std::env::var("MINIBATCH_KILLS").map_or(2, |text| text.parse().unwrap());
    let place = place();
    place.recipe("thing", &recipe(4 * wanted));
    place.good("train {}/thing.toml --out {}/whole --ranks 2");
    let run = place.path("run");
    let mut words = "train {}/thing.toml --out {}/run --ranks 2".to_owned();
    for kills in 0.. {
        let mut command = place.minibatch(&words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (before, deadline) = (rows(&run), Instant::now() + Duration::from_millis(150 * (kills % 4)));
        let wait = |child: &mut Child| {
            while child.try_wait().unwrap().is_none() {
                if rows(&run) > before && Instant::now() > deadline {
                    return true;
                }
                thread::sleep(Duration::from_millis(2));
            }
            false
        };
        if !wait(&mut child) {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            eprintln!("{kills} kills");
            assert!(kills >= u64::from(wanted), "only {kills} kills");
            break;
        }
        let victim = if kills % 2 == 0 { child_of(&child) } else { child.id() };
        send("KILL", victim);
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        if kills % 2 == 0 && output.status.code() == Some(1) {
            assert!(told.contains("rank 0 of 2: another rank has ended"), "{told}");
            assert!(
                told.contains("rank 1 ended with signal: 9 (SIGKILL); what was saved is whole: continue with --resume"),
                "{told}"
            );
            assert_eq!(told.lines().filter(|line| line.starts_with("error")).count(), 1, "{told}");
        }
        words = "train --resume {}/run --ranks 2".to_owned();
    }
    place.assert_same_run("run", "whole");
}

#[test]
fn a_rank_that_stands_still_is_told_after_the_timeout() {
    let place = place();
    place.recipe("thing", &recipe(400));
    let run = place.path("run");
    let mut command = place.minibatch("train {}/thing.toml --out {}/run --ranks 2 --rank-timeout 2");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(&mut child, || rows(&run) >= 1);
    let (other, clock) = (child_of(&child), Instant::now());
    send("STOP", other);
    // Whoever started the copies waits for them at the end: this one has to be woken to see that it is alone.
    thread::sleep(Duration::from_secs(3));
    send("CONT", other);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("rank 0 of 2: another rank has not answered in time"), "{told}");
    assert!(clock.elapsed() < Duration::from_secs(20));
}

#[test]
fn ranks_that_differ_are_told_which_way() {
    let place = place();
    let check = |done: &[Done; 2], told: &str| {
        for done in done {
            assert_eq!(done.status, Some(1), "{done:?}");
            assert!(done.err.contains(told), "\"{told}\" is not in {done:?}");
        }
    };
    let words = "train {}/thing.toml --out {}/run";
    let other_rate = both(&place, [words, "train {}/thing.toml --set learning_rate=0.1 --out {}/run"]);
    check(&other_rate, "its recipe is not rank 0's (learning_rate");
    assert!(other_rate[0].err.contains("rank 1: its recipe"), "{:?}", other_rate[0]);
    place.copy("data", "other");
    let labels = place.path("other/mnist/train-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8] = (bytes[8] + 1) % 10;
    fs::write(&labels, bytes).unwrap();
    let words = "train {}/thing.toml --out {}/run2";
    let other_data = both(&place, [words, "train {}/thing.toml --data {}/other --out {}/run2"]);
    check(&other_data, "its pictures of mnist hold other");
    let words = "train {}/thing.toml --data {}/nothing --out {}/run3";
    let no_data = both(&place, [words, words]);
    for done in &no_data {
        assert_eq!(done.status, Some(1), "{done:?}");
        assert_eq!(done.err.trim().lines().count(), 1, "{done:?}");
    }
    assert!(no_data[1].err.contains("rank 0: "), "{no_data:?}");
    assert!(!place.path("run3").exists(), "nothing is left of a run that never began");
}

#[test]
fn who_is_missing_and_what_is_half_set_is_told() {
    let place = place();
    let words = "train {}/thing.toml --out {}/run --meet-timeout 1";
    let port = free_port();
    let zero = finish(&mut rank(&place, 0, 3, port, words));
    assert_eq!(zero.status, Some(1));
    assert!(zero.err.contains("ranks 1, 2 of 3 have not come within 1 s"), "{zero:?}");
    let one = finish(&mut rank(&place, 1, 3, port, words));
    assert_eq!(one.status, Some(1));
    assert!(one.err.contains(&format!("rank 1 cannot reach rank 0 at 127.0.0.1:{port} within 1 s")), "{one:?}");
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let zero = finish(&mut rank(&place, 0, 2, port, words));
    assert_eq!(zero.status, Some(1));
    assert!(
        zero.err.contains(&format!("port {port} is taken on this machine: choose another with MASTER_PORT")),
        "{zero:?}"
    );
    let half = finish(rank(&place, 0, 2, 1, words).env_remove("WORLD_SIZE"));
    assert_eq!(half.status, Some(2));
    assert!(half.err.contains("WORLD_SIZE is missing"), "{half:?}");
    let doubly = finish(&mut rank(&place, 0, 2, 1, "train {}/thing.toml --ranks 2"));
    assert_eq!(doubly.status, Some(2));
    assert!(doubly.err.contains("leave --ranks out"), "{doubly:?}");
    let dry = finish(&mut rank(&place, 0, 2, 1, "train {}/thing.toml --dry-run"));
    assert_eq!(dry.status, Some(2));
    assert!(dry.err.contains("--dry-run is for one process"), "{dry:?}");
    let many = place.run("train {}/thing.toml --set minibatch.size=2 --out {}/run --ranks 3");
    assert_eq!(many.status, Some(2));
    assert!(many.err.contains("a minibatch holds 2 pictures, fewer than the 3 ranks"), "{many:?}");
    assert_eq!(many.err.matches("fewer than the 3 ranks").count(), 1, "{many:?}");
    assert!(!place.path("run").exists());
}

/// As torchrun with `--max-restarts` and Slurm with `--requeue` do: the same command line, once more.
#[test]
fn what_a_launcher_starts_again_continues() {
    let place = place();
    place.recipe("thing", &recipe(4));
    place.good("train {}/thing.toml --out {}/whole --ranks 2");
    place.good("train {}/thing.toml --out {}/run --ranks 2 --set limits.iterations=60");
    let port = free_port();
    // What was cut short by a limit stands for what was killed: the same folder, on the way.
    let words = "train {}/thing.toml --out {}/run --set limits.iterations=1000";
    let again = thread::scope(|scope| {
        let start = |number| {
            let place = &place;
            scope.spawn(move || finish(rank(place, number, 2, port, words).env("TORCHELASTIC_RESTART_COUNT", "1")))
        };
        [0, 1].map(start).map(|it| it.join().unwrap())
    });
    for done in &again {
        assert_eq!(done.status, Some(0), "{done:?}");
    }
    assert!(again[0].out.contains("resuming") && again[0].out.contains("at iteration 60"), "{:?}", again[0]);
    place.assert_same_run("run", "whole");
}

/// Whoever starts the same command line without saying that it is again, such as Kubernetes, says it with an option.
#[test]
fn the_same_command_line_begins_or_continues() {
    let place = place();
    place.recipe("thing", &recipe(4));
    place.good("train {}/thing.toml --out {}/whole --ranks 2");
    let words = "train {}/thing.toml --out {}/run --or-resume --ranks 2";
    place.good(&format!("{words} --set limits.iterations=60"));
    let done = place.good(&format!("{words} --set limits.iterations=1000"));
    assert!(done.out.contains("resuming") && done.out.contains("at iteration 60"), "{done:?}");
    place.assert_same_run("run", "whole");
    let over = place.good(&format!("{words} --set limits.iterations=1000"));
    assert!(over.out.contains("is finished"), "{over:?}");
    let refused = place.run("train {}/thing.toml --out {}/run --ranks 2");
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.err.contains("--or-resume"), "{refused:?}");
    let other = place.run(&words.replace("thing", "other"));
    assert_eq!(other.status, Some(2), "another recipe is none to continue with: {other:?}");
}

/// The processes below one, at any depth, whose program is the runner.
fn runners_below(process: u32) -> Vec<u32> {
    let Ok(text) = fs::read_to_string(format!("/proc/{process}/task/{process}/children")) else { return Vec::new() };
    let mut found = Vec::new();
    for child in text.split_whitespace().map(|word| word.parse::<u32>().unwrap()) {
        let program = fs::read_link(format!("/proc/{child}/exe")).unwrap_or_default();
        if program.ends_with("minibatch") {
            found.push(child);
        }
        found.extend(runners_below(child));
    }
    found
}

/// PyTorch's own launcher starts the ranks, and starts them again after one was killed.
#[test]
fn torchrun_starts_kills_and_restarts_the_ranks() {
    let Some(python) = python_with("torch.distributed.run") else { return };
    let place = place();
    place.recipe("thing", &recipe(8));
    place.good("train {}/thing.toml --out {}/whole --ranks 2");
    let run = place.path("run");
    let words = place.minibatch("train {}/thing.toml --out {}/run");
    let mut command = place.alone(&python);
    command.args(["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", &free_port().to_string()]);
    command.args(["--max-restarts", "1", "--monitor-interval", "0.1", "--no-python"]).arg(words.get_program());
    let mut child = command.args(words.get_args()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(&mut child, || rows(&run) >= 2);
    let ranks = runners_below(child.id());
    assert_eq!(ranks.len(), 2, "{ranks:?}");
    send("KILL", ranks[1]);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("another rank has ended"), "{told}");
    assert!(place.text("run/log.txt").contains("resuming"), "it was killed too late");
    place.assert_same_run("run", "whole");
}

//! A system that refuses threads (`ulimit -u`, a container's limit on processes): what they would have done is done
//! without them, or one line says why not.

use crate::runs::{Done, Place, finish};
use std::process::Command;

/// Refuses every thread, as the kernel does where a limit is reached; that limit does not bind the superuser, who may run
/// these tests.
const REFUSE: &str = "#include <errno.h>\nint pthread_create(void *a, void *b, void *c, void *d) { return EAGAIN; }\n";

/// Runs the program in a process that gets no thread.
fn alone(place: &Place, command: &mut Command) -> Done {
    let (source, library) = (place.path("refuse.c"), place.path("refuse.so"));
    std::fs::write(&source, REFUSE).unwrap();
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(compiled.unwrap().success());
    finish(command.env("LD_PRELOAD", library).env_remove("RUST_BACKTRACE"))
}

#[test]
fn glyphs_are_drawn_and_a_run_is_watched_without() {
    let place = Place::new();
    let recipe = place.recipe(
        "net",
        "epochs = 1\nlearning_rate = 0.1\ndata = { set = \"glyphs\" }\nmodel = { kind = \"softmax\" }\nminibatch = { size = 100 }\n",
    );
    let words = format!("train {recipe} --out {{}}/run --device cpu --watch");
    let done = alone(&place, &mut place.minibatch(&words));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains("WARNING: the page cannot be served"), "{}", done.out);
    let summary = place.json("run/summary.json");
    // 60,000 glyphs less the 10,000 that are held out by default, in minibatches of 100.
    assert_eq!(summary["iterations"], 500, "{summary}");
    assert!(summary["test_error"].as_f64().unwrap() < 0.5, "{summary}");
}

#[test]
fn where_threads_are_refused_fewer_compute() {
    let place = Place::new();
    let recipe = place.recipe("net", crate::runs::RECIPE);
    let words = format!("train {recipe} --out {{}}/run --device cpu --epochs 1");
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        eprintln!("SKIPPED: with one processor, libtorch takes one thread anyway");
        return;
    }
    let done = alone(&place, place.minibatch(&words).env("OMP_NUM_THREADS", "2"));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(
        done.err.contains("no more than 1 of 4 threads") && done.err.contains("1 of 2 will compute"),
        "{}",
        done.err
    );
    assert!(done.out.contains("cpu, 1 thread,"), "{}", done.out);
}

#[test]
fn a_fetch_without_threads_ends_with_its_own_message() {
    let place = Place::new();
    let recipe = place.recipe("net", crate::runs::RECIPE);
    let words = format!("train {recipe} --out {{}}/run --device cpu --epochs 1 --data {{}}/nothing");
    let mut command = place.minibatch(&words);
    // No proxy and no network: the mirrors' names are looked up, and not found.
    command.env_remove("ALL_PROXY").env("MINIBATCH_DATA", place.path("nothing"));
    let done = alone(&place, &mut command);
    assert!(!done.err.contains("panicked"), "{done:?}");
}

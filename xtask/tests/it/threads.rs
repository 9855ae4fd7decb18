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

/// What `probe` says, in JSON, without the number of threads that the tests run with.
fn probe(command: &mut Command) -> serde_json::Value {
    let done = finish(command.env_remove("OMP_NUM_THREADS"));
    assert_eq!(done.status, Some(0), "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn threads_wait_as_the_user_says_or_adapt() {
    let place = Place::new();
    let waiting = |set: Option<(&str, &str)>| {
        let mut command = place.minibatch("probe --json");
        command.env_remove("OMP_WAIT_POLICY").env_remove("GOMP_SPINCOUNT").envs(set);
        probe(&mut command)["waiting"].as_str().unwrap().to_owned()
    };
    assert_eq!(waiting(Some(("OMP_WAIT_POLICY", "passive"))), "as OMP_WAIT_POLICY=passive says");
    assert_eq!(waiting(Some(("GOMP_SPINCOUNT", "1000"))), "as GOMP_SPINCOUNT=1000 says");
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1) {
        assert_eq!(waiting(None), "adaptive");
    }
}

/// A control group with a quota of so many processors; none where this process may not make one.
fn quota(processors: f64) -> Option<std::path::PathBuf> {
    let microseconds = (processors * 100_000.0) as u64;
    let name = format!("minibatch-test-{}-{microseconds}", std::process::id());
    let (first, second) = (format!("/sys/fs/cgroup/cpu/{name}"), format!("/sys/fs/cgroup/{name}"));
    for (folder, file, text) in
        [(first, "cpu.cfs_quota_us", microseconds.to_string()), (second, "cpu.max", format!("{microseconds} 100000"))]
    {
        let folder = std::path::PathBuf::from(folder);
        if std::fs::create_dir(&folder).is_err() {
            continue;
        }
        if folder.join(file).exists() && std::fs::write(folder.join(file), text).is_ok() {
            return Some(folder);
        }
        let _ = std::fs::remove_dir(&folder);
    }
    None
}

#[test]
fn as_many_threads_compute_as_a_quota_or_a_set_of_processors_grants() {
    let place = Place::new();
    let words = |folder: Option<&std::path::Path>, threads: Option<&str>| {
        let enter = folder.map_or(String::new(), |it| format!("echo $$ > {}/cgroup.procs && ", it.display()));
        let count = threads.map_or(String::new(), |it| format!("export OMP_NUM_THREADS={it}; "));
        let inner = place.minibatch("probe --json");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{count}{enter}exec {} probe --json", inner.get_program().to_string_lossy())]);
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    };
    let processors = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(probe(&mut words(None, None))["threads"], processors);
    for share in [0.5, 1.0] {
        let Some(folder) = quota(share) else {
            return eprintln!("SKIPPED: no control group can be made here; run as root for this test");
        };
        let limited = probe(&mut words(Some(&folder), None))["threads"].clone();
        let asked = probe(&mut words(Some(&folder), Some("2")))["threads"].clone();
        let _ = std::fs::remove_dir(&folder);
        assert_eq!((limited, asked), (1.into(), 2.into()), "a quota of {share}");
    }
}

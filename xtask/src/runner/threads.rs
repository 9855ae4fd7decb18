//! How many threads compute, and how they wait for one another. libtorch takes one for each processor: fewer where a container has a
//! quota, and where the system refuses one (`ulimit -u`, a container's limit on processes), because the library behind libtorch
//! would end the process there. What the user has set in the environment is kept.

use std::env;
use std::sync::{Mutex, PoisonError};
use std::thread;
use torch_ext::AdaptiveWaiting;
use xtask::progress::say;

/// Threads that a run may want beside those that compute: the server of its page, and one to spare.
const OTHERS: usize = 2;

/// Where a user says how many threads compute.
const COUNTS: [&str; 2] = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"];
/// Where a user says how threads wait.
const POLICIES: [&str; 2] = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"];

/// Lets libtorch compute with as many threads as there are processors to be had, and the system grants, and says so where the system
/// refuses some. `processes` of them share the machine. While what it gives lives, threads that wait give way to other programs.
pub fn settle(processes: usize) -> Option<AdaptiveWaiting> {
    let wanted = wanted(libtorchs(), processes, set_by_user(&COUNTS).is_some());
    compute_with(wanted);
    let adaptive = if set_by_user(&POLICIES).is_some() { 0 } else { AdaptiveWaiting::threads(wanted) };
    let most = wanted + OTHERS + adaptive;
    let granted = granted(most, |scope, wait| thread::Builder::new().spawn_scoped(scope, wait).is_ok());
    let computing = computing(wanted, granted);
    if computing < wanted {
        compute_with(computing);
        say(format!(
            "WARNING: the system grants this process no more than {granted} of {} threads (see ulimit -u): {computing} of \
             {wanted} will compute",
            wanted + OTHERS
        ));
    }
    (adaptive > 0 && granted == most).then(|| AdaptiveWaiting::start(wanted)).flatten()
}

/// How threads wait for one another, for `doctor`.
pub fn waiting(is_adaptive: bool) -> String {
    match set_by_user(&POLICIES) {
        Some(set) => format!("as {set} says"),
        None if is_adaptive => "adaptive".to_owned(),
        None => "as the library behind libtorch does".to_owned(),
    }
}

/// The first of these variables that is set, with its value.
fn set_by_user(variables: &[&str]) -> Option<String> {
    let value = |name: &&str| Some(format!("{name}={}", env::var_os(name)?.to_string_lossy()));
    variables.iter().find_map(value)
}

/// How many threads libtorch would compute with.
fn libtorchs() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1)
}

/// How many to want of those: all where the user says so, else no more than processors are granted. What counts is the set of
/// processors that this process may use (`taskset`), and the quota of a control group, rounded down; at least one.
/// Where several processes share them, each takes its part.
fn wanted(libtorchs: usize, processes: usize, is_set_by_user: bool) -> usize {
    let processors = thread::available_parallelism().map_or(libtorchs, usize::from);
    if is_set_by_user { libtorchs } else { (libtorchs.min(processors) / processes.max(1)).max(1) }
}

fn compute_with(threads: usize) {
    if let (true, Ok(threads)) = (threads != libtorchs(), i32::try_from(threads)) {
        tch::set_num_threads(threads);
    }
}

/// How many of `wanted` threads compute where `granted` are to be had, this one included; always one.
fn computing(wanted: usize, granted: usize) -> usize {
    granted.saturating_sub(OTHERS).clamp(1, wanted.max(1))
}

/// How many of `most` threads can live at the same time, this one included.
fn granted<F>(most: usize, start: F) -> usize
where
    F: for<'scope, 'env> Fn(&'scope thread::Scope<'scope, 'env>, Box<dyn FnOnce() + Send + 'scope>) -> bool,
{
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock();
        let wait = || drop(gate.lock().unwrap_or_else(PoisonError::into_inner));
        let refused = (1..most).position(|_| !start(scope, Box::new(wait)));
        drop(closed);
        refused.map_or(most, |started| started + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn room_is_left_for_what_does_not_compute() {
        assert_eq!([1, 2, 3, 4, 5, 6].map(|granted| computing(4, granted)), [1, 1, 1, 2, 3, 4]);
        assert_eq!(computing(1, 1), 1);
    }

    #[test]
    fn threads_are_counted_until_one_is_refused() {
        let started = AtomicUsize::new(0);
        let few = |scope: &thread::Scope<'_, '_>, wait: Box<dyn FnOnce() + Send + '_>| {
            let _ = (scope, wait);
            started.fetch_add(1, Ordering::Relaxed) < 3
        };
        assert_eq!(granted(8, few), 4);
        assert_eq!(granted(5, |scope, wait| thread::Builder::new().spawn_scoped(scope, wait).is_ok()), 5);
    }
}

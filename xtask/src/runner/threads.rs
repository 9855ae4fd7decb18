//! How many threads compute. libtorch takes one for each processor, and the library behind it ends the process where the
//! system refuses one (`ulimit -u`, a container's limit on processes): so they are tried out before they are needed.

use std::sync::{Mutex, PoisonError};
use std::thread;
use xtask::progress::say;

/// Threads that a run may want beside those that compute: the server of its page, and one to spare.
const OTHERS: usize = 2;

/// Lets libtorch compute with as many threads as the system grants, and says so where they are fewer than it would take.
pub fn limit() {
    let wanted = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    let granted = granted(wanted + OTHERS, |scope, wait| thread::Builder::new().spawn_scoped(scope, wait).is_ok());
    let computing = computing(wanted, granted);
    if let (true, Ok(threads)) = (computing < wanted, i32::try_from(computing)) {
        tch::set_num_threads(threads);
        say(format!(
            "WARNING: the system grants this process no more than {granted} of {} threads (see ulimit -u): {computing} of \
             {wanted} will compute",
            wanted + OTHERS
        ));
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

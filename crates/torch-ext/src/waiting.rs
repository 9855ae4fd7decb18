//! How long threads that wait for one another keep their processor.
//!
//! An operation is shared among threads, which wait for the last of them at its end. libgomp's threads spin for some 3 ms before they
//! sleep. That is right where each has a processor of its own, and all are done at nearly the same time. Beside
//! other programs it is very wrong: a thread spins, on a processor that the one it waits for would need, and training takes several times
//! its fair share. libgomp spins a thousandth as long while its own threads are more than the processors, but cannot
//! know of others'.
//!
//! [`AdaptiveWaiting`] tells it. The system counts how long each thread that could run had to wait for a processor (the run delay in
//! `/proc/self/task/*/schedstat`). Where that is a large part of the time, a sleeping team of threads is kept that makes them more than
//! the processors; once nothing has waited for a while, it is let go. What is computed stays the same, to the bit.

use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::shim;

/// How often the system is asked.
const PERIOD: Duration = Duration::from_millis(50);
/// Above this part of a period, summed over the threads, others want the processors too. With two threads on two free processors
/// up to 7 % were seen in single periods; beside one busy process 35 % and more in all.
const CROWDED: f64 = 0.15;
/// Periods in a row until they count as crowded.
const CROWDED_PERIODS: u32 = 2;
/// Below this part nobody else wants them.
const CALM: f64 = 0.08;
/// Periods in a row until they count as free again.
const CALM_PERIODS: u32 = 20;

/// While it lives, threads that wait give their processor away where other programs want it.
#[derive(Debug)]
pub struct AdaptiveWaiting {
    /// Dropped to end the watch.
    alive: Option<Sender<()>>,
    watch: Option<JoinHandle<()>>,
}

impl AdaptiveWaiting {
    /// Watches how long the threads of this process, of which `computing` share each operation, wait for a processor. `None` where there
    /// is nothing to do (`computing` below 2) or no way to (no libgomp; a system that does not count it, as Linux does).
    ///
    /// It needs [`threads`](AdaptiveWaiting::threads) more threads, and libgomp ends the process where the system refuses its own.
    pub fn start(computing: usize) -> Option<AdaptiveWaiting> {
        let size = shim::team_size(computing);
        if computing < 2 || size == 0 || run_delay().is_none() {
            return None;
        }
        let (alive, ended) = channel();
        let watch = move || watch(size, &ended);
        let watch = thread::Builder::new().name("waiting".to_owned()).spawn(watch).ok()?;
        Some(AdaptiveWaiting { alive: Some(alive), watch: Some(watch) })
    }

    /// How many threads it starts at most: the one that watches, and a team.
    pub fn threads(computing: usize) -> usize {
        1 + shim::team_size(computing)
    }
}

impl Drop for AdaptiveWaiting {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(watch) = self.watch.take() {
            // Its panic would have been told already.
            let _ = watch.join();
        }
    }
}

/// Until `ended` is closed: looks, decides, keeps a team or lets it go.
fn watch(size: usize, ended: &Receiver<()>) {
    let mut crowding = Crowding::default();
    let mut team = None;
    let (mut time, mut delay) = (Instant::now(), run_delay());
    while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
        let (now, total) = (Instant::now(), run_delay());
        let (Some(before), Some(after)) = (delay, total) else { return };
        let is_crowded = crowding.see(after.saturating_sub(before), now - time);
        (time, delay) = (now, total);
        if !is_crowded {
            team = None;
        } else if team.is_none() {
            team = Team::make(size);
        }
    }
}

/// Whether others want the processors, from what was waited for them.
#[derive(Debug, Default)]
struct Crowding {
    is_crowded: bool,
    /// Periods in a row that speak against what is believed.
    against: u32,
}

impl Crowding {
    /// A period of `time`, in which threads waited for a processor for `delay` in all.
    fn see(&mut self, delay: Duration, time: Duration) -> bool {
        let share = delay.as_secs_f64() / time.as_secs_f64().max(1e-9);
        let (speaks_against, enough) =
            if self.is_crowded { (share < CALM, CALM_PERIODS) } else { (share > CROWDED, CROWDED_PERIODS) };
        self.against = if speaks_against { self.against + 1 } else { 0 };
        if self.against == enough {
            *self = Crowding { is_crowded: !self.is_crowded, against: 0 };
        }
        self.is_crowded
    }
}

/// A thread that owns a sleeping team, which ends with it.
struct Team {
    alive: Option<Sender<()>>,
    owner: Option<JoinHandle<()>>,
}

impl Team {
    fn make(size: usize) -> Option<Team> {
        let (alive, ended) = channel::<()>();
        let owner = move || {
            shim::team_make(size);
            let _ = ended.recv();
        };
        let owner = thread::Builder::new().name("waiting team".to_owned()).spawn(owner).ok()?;
        Some(Team { alive: Some(alive), owner: Some(owner) })
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
    }
}

/// How long the threads of this process have waited for a processor, so far and all together: the second number of each one's
/// `schedstat`, in nanoseconds.
fn run_delay() -> Option<Duration> {
    let waited = |task: fs::DirEntry| -> Option<u64> {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split_whitespace().nth(1)?.parse().ok()
    };
    // A thread may end meanwhile.
    let all: Vec<u64> = fs::read_dir("/proc/self/task").ok()?.flatten().filter_map(waited).collect();
    (!all.is_empty()).then(|| Duration::from_nanos(all.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_belief_changes_once_enough_periods_in_a_row_speak_against_it() {
        let mut crowding = Crowding::default();
        let mut see = |share: f64| crowding.see(PERIOD.mul_f64(share), PERIOD);
        assert!(!see(0.5) && !see(0.1) && !see(0.5), "one period is not enough");
        assert!(see(0.5), "two are");
        for _ in 1..CALM_PERIODS {
            assert!(see(0.01));
        }
        assert!(see(0.1), "counted from the start again");
        for _ in 1..CALM_PERIODS {
            assert!(see(0.01));
        }
        assert!(!see(0.01));
    }

    /// Threads of a team: those that libgomp makes are named as the one that owns it.
    #[cfg(target_os = "linux")]
    fn team_threads() -> usize {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|it| it == "waiting team\n")).count()
    }

    #[cfg(target_os = "linux")]
    fn within_a_minute(what: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while !what() && start.elapsed() < Duration::from_secs(60) {}
        what()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_team_is_there_while_others_want_the_processors_and_goes_with_its_guard() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let done = AtomicBool::new(false);
        let processors = thread::available_parallelism().unwrap().get();
        thread::scope(|scope| {
            // Three busy threads for each processor, this one with them.
            for _ in 0..3 * processors {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let waiting = AdaptiveWaiting::start(processors.max(2));
            let comes = within_a_minute(|| team_threads() > 0);
            drop(waiting);
            // A thread that has ended may be listed for a moment.
            let goes = within_a_minute(|| team_threads() == 0);
            // Before anything can fail: the others wait for it.
            done.store(true, Ordering::Relaxed);
            assert!(comes && goes, "it came: {comes}, it went: {goes}");
        });
        assert!(AdaptiveWaiting::start(1).is_none(), "one thread waits for nobody");
    }
}

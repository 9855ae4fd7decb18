//! How often a run saves: as often as the recipe says, and not so often that saving costs more than a hundredth of the
//! time.

use std::time::{Duration, Instant};

/// Saving takes at most one part in so many of the time between two savings.
const LEAST_INTERVAL: u32 = 100;

/// When to save next, and what saving has cost so far.
#[derive(Debug)]
pub(super) struct SaveThrottle {
    /// Shortest time between two savings; zero saves whenever there is something to save.
    shortest: Duration,
    /// When to save next; `None` in a time that the clock does not reach.
    next: Option<Instant>,
    spent: Duration,
}

impl SaveThrottle {
    pub(super) fn new(shortest_seconds: f64) -> SaveThrottle {
        // A time beyond all durations is one that never comes.
        let shortest = Duration::try_from_secs_f64(shortest_seconds).unwrap_or(Duration::MAX);
        SaveThrottle { shortest, next: Some(Instant::now()), spent: Duration::ZERO }
    }

    /// Whether the time to save has come.
    pub(super) fn is_due(&self) -> bool {
        self.next.is_some_and(|next| Instant::now() >= next)
    }

    /// Takes in that saving continued since `start`.
    pub(super) fn saved(&mut self, start: Instant) {
        let took = start.elapsed();
        self.spent = self.spent.saturating_add(took);
        self.next = Instant::now().checked_add(pause(self.shortest, took));
    }

    /// Takes in that something was written since `start` that does not wait for its time.
    pub(super) fn wrote(&mut self, start: Instant) {
        self.spent = self.spent.saturating_add(start.elapsed());
    }

    /// Time spent saving.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }
}

/// The time from the end of a saving that took `took` to the next one.
fn pause(shortest: Duration, took: Duration) -> Duration {
    if shortest.is_zero() { shortest } else { shortest.max(took.saturating_mul(LEAST_INTERVAL)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_quick_saving_waits_for_the_recipes_time_and_a_slow_one_a_hundred_times_its_own() {
        let check = |shortest, took, expected| assert_eq!(pause(seconds(shortest), seconds(took)), seconds(expected));
        check(10.0, 0.02, 10.0);
        check(10.0, 0.1, 10.0);
        check(10.0, 0.5, 50.0);
        check(0.5, 2.0, 200.0);
        check(0.0, 2.0, 0.0);
    }

    #[test]
    fn a_time_beyond_the_clock_never_comes() {
        for shortest in [1e9, 1e19, 1e300, f64::INFINITY] {
            let mut throttle = SaveThrottle::new(shortest);
            assert!(throttle.is_due(), "the first saving waits for nothing");
            throttle.saved(Instant::now());
            assert!(!throttle.is_due(), "{shortest}");
        }
        assert_eq!(pause(seconds(1.0), Duration::MAX), Duration::MAX);
    }

    /// An hour with a validation every 0.7 s, on disks from quick to hopeless.
    #[test]
    fn saving_takes_at_most_a_hundredth_of_the_time_however_slow_the_disk_is() {
        for took in [0.001, 0.05, 0.2, 1.0, 7.0] {
            let (mut now, mut next, mut spent, mut savings) = (0.0, 0.0, 0.0, 0);
            while now < 3600.0 {
                now += 0.7;
                if now >= next {
                    now += took;
                    spent += took;
                    savings += 1;
                    next = now + pause(seconds(10.0), seconds(took)).as_secs_f64();
                }
            }
            // The very first saving comes before there is any training to measure it by.
            assert!((spent - took) / now <= 0.01, "{took}: {spent} of {now}");
            assert!(savings > 1, "{took}: {savings}");
        }
    }
}

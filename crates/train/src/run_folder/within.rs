//! What training has come to since the last validation, for those who watch it from another process: a row about every second
//! in `now.csv`, only while somebody watches, and gone with the next validation. Who watches holds a lock on the run's
//! identity; nothing has to be written or sent for that, and nobody who watches can hold training up. Where it fails,
//! training continues without it.

use super::tables::{lines, written};
use crate::event::Event;
use crate::identity::Identity;
use crate::running_metrics::Sums;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NOW: &str = "now.csv";
/// How often it is looked whether somebody watches, and at most one row written: reading the sums waits for the device.
const PERIOD: Duration = Duration::from_secs(1);
/// Rows between two validations at most; as long as they lie apart then, they are enough for a curve.
const MOST: u32 = 3600;

/// A row of `now.csv`: training since the row before, or since the last validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Glimpse {
    /// Minibatches trained.
    pub iteration: u64,
    /// Seconds in the training loop by then, over all resumptions.
    pub train_seconds: f64,
    /// Learning rate of the last minibatch.
    pub learning_rate: f64,
    /// Mean negative log-likelihood, nats per sample.
    pub train_loss: f64,
    /// Fraction misclassified, 0 to 1.
    pub train_error: f64,
    /// Minibatches of an epoch.
    pub steps_per_epoch: u64,
    /// Minibatches after which training ends at the latest.
    pub last_iteration: u64,
}

/// Held by somebody who watches a run.
#[derive(Debug)]
pub struct Watching(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Tells who trains the run that somebody watches, for as long as the value lives; `None` where that cannot be told.
pub fn watching(run: &Path) -> Option<Watching> {
    let file = File::open(run.join(Identity::FILE)).ok()?;
    file.try_lock_shared().is_ok().then_some(Watching(file))
}

fn is_watched(run: &Path) -> bool {
    File::open(run.join(Identity::FILE)).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The rows since the last validation; none where nobody watched, nothing where they cannot be read.
pub fn read_now(run: &Path) -> Vec<Glimpse> {
    let text: Vec<u8> = lines(&fs::read(run.join(NOW)).unwrap_or_default()).flatten().copied().collect();
    csv::Reader::from_reader(&text[..]).into_deserialize().map_while(Result::ok).collect()
}

/// The writer.
#[derive(Debug)]
pub(super) struct Within {
    run: PathBuf,
    next: Instant,
    /// The sums when they were read last.
    before: Sums,
    rows: u32,
    steps_per_epoch: u64,
    last_iteration: u64,
}

impl Within {
    pub(super) fn new(run: &Path) -> Within {
        let run = run.to_owned();
        Within { run, next: Instant::now(), before: Sums::default(), rows: 0, steps_per_epoch: 1, last_iteration: 0 }
    }

    pub(super) fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { plan, learner } => {
                self.steps_per_epoch = plan.steps_per_epoch();
                self.last_iteration = plan.last_iteration(&learner.progress);
                self.begin();
            }
            Event::Trained { iteration, learning_rate, seconds, sums } if Instant::now() >= self.next => {
                self.next = Instant::now() + PERIOD;
                if self.rows < MOST && is_watched(&self.run) {
                    let sums = sums();
                    let new = sums.since(std::mem::replace(&mut self.before, sums));
                    let glimpse = Glimpse {
                        iteration: *iteration,
                        train_seconds: *seconds,
                        learning_rate: *learning_rate,
                        train_loss: new.mean_loss(),
                        train_error: new.error(),
                        steps_per_epoch: self.steps_per_epoch,
                        last_iteration: self.last_iteration,
                    };
                    // The next row may be written where this one could not.
                    let _ = self.append(&glimpse);
                }
            }
            Event::Validated { plan, learner, .. } => {
                self.last_iteration = plan.last_iteration(&learner.progress);
                self.begin();
            }
            Event::Stopped { .. } => self.begin(),
            Event::Trained { .. } | Event::Stepping(_) | Event::Thawed { .. } => {}
        }
    }

    /// The sums begin again.
    fn begin(&mut self) {
        self.before = Sums::default();
        self.rows = 0;
        // Rows that stay are known to be old by their iteration.
        let _ = fs::remove_file(self.run.join(NOW));
    }

    fn append(&mut self, glimpse: &Glimpse) -> io::Result<()> {
        let path = self.run.join(NOW);
        let row = written(&[glimpse], self.rows == 0, &path).map_err(io::Error::other)?;
        OpenOptions::new().create(true).append(true).open(&path)?.write_all(&row)?;
        self.rows += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained(within: &mut Within, iteration: u64, sums: Sums) {
        within.next = Instant::now();
        within.on(&Event::Trained { iteration, learning_rate: 0.1, seconds: 2.0, sums: &|| sums });
    }

    fn sums(loss: f64, errors: i64, samples: i64) -> Sums {
        Sums { loss, errors, samples }
    }

    #[test]
    fn rows_are_written_while_somebody_watches() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(Identity::FILE), "{}").unwrap();
        let mut within = Within::new(root.path());
        trained(&mut within, 1, sums(1.0, 5, 10));
        assert!(read_now(root.path()).is_empty() && !root.path().join(NOW).exists(), "nobody watches");
        let one = watching(root.path()).unwrap();
        let two = watching(root.path()).unwrap();
        trained(&mut within, 2, sums(2.0, 8, 20));
        drop(one);
        trained(&mut within, 4, sums(5.0, 9, 30));
        let rows = read_now(root.path());
        let told: Vec<_> = rows.iter().map(|row| (row.iteration, row.train_loss, row.train_error)).collect();
        assert_eq!(told, [(2, 0.1, 0.4), (4, 0.3, 0.1)], "the first since the beginning, the next since the first");
        drop(two);
        trained(&mut within, 5, sums(6.0, 9, 40));
        assert_eq!(read_now(root.path()).len(), 2);
    }

    /// A row that is being written, and one that is none.
    #[test]
    fn what_is_not_whole_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(Identity::FILE), "{}").unwrap();
        let mut within = Within::new(root.path());
        let _watching = watching(root.path()).unwrap();
        trained(&mut within, 2, sums(2.0, 8, 20));
        let mut text = fs::read(root.path().join(NOW)).unwrap();
        for more in ["3,1.0,0.1", "no row\n"] {
            text.extend(more.bytes());
            fs::write(root.path().join(NOW), &text).unwrap();
            assert_eq!(read_now(root.path()).len(), 1, "{more}");
        }
        within.begin();
        assert!(!root.path().join(NOW).exists());
    }

    #[test]
    fn training_continues_where_no_row_can_be_written() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(Identity::FILE), "{}").unwrap();
        fs::create_dir(root.path().join(NOW)).unwrap();
        let mut within = Within::new(root.path());
        let _watching = watching(root.path()).unwrap();
        trained(&mut within, 2, sums(2.0, 8, 20));
        assert_eq!((within.rows, read_now(root.path()).len()), (0, 0));
    }
}

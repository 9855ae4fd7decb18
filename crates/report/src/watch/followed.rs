//! Runs that are followed by what they write: their tables are read again when they have changed, and runs that begin later
//! are taken up. Nothing is written, and no model is loaded; those who train the runs that are drawn are told that somebody
//! watches, and leave a row every second.

use super::folders;
use super::standing::Standing;
use crate::headline;
use crate::names;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::sections::Sections;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use train::StepRow;
use train::run_folder::{self, Glimpse, Watching, watching};

/// Runs that are drawn; of more, those that changed last.
pub const MOST: usize = 20;
/// What a run's row and curves are made of.
const FILES: [&str; 6] = ["run.json", "metrics.csv", "timings.csv", "steps.csv", "summary.json", "now.csv"];

/// Length and time of each file, `None` for one that is not there, and whether somebody trains in the folder.
type Stamp = ([Option<(u64, SystemTime)>; FILES.len()], bool);

/// Runs below some folders.
pub struct Followed {
    folders: Vec<PathBuf>,
    runs: Vec<Run>,
    /// Grows whenever something changed; begins with the time, so that a page of an earlier server is never taken for a new one.
    version: u64,
}

struct Run {
    stamp: Stamp,
    sections: Sections,
    /// Training since the last validation, the newest row.
    now: Option<Glimpse>,
    /// Held while the run is trained and drawn.
    watching: Option<Watching>,
}

impl Followed {
    pub fn new(folders: Vec<PathBuf>) -> Followed {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Followed { folders, runs: Vec::new(), version: now.as_secs() * 1000 }
    }

    /// Reads what has changed.
    pub fn refresh(&mut self) {
        let paths = folders::runs(&self.folders);
        let mut old = std::mem::take(&mut self.runs);
        let before = old.len();
        let names = names::distinct(&paths);
        let mut changed = false;
        for (path, name) in paths.into_iter().zip(names) {
            let stamp = stamp(&path);
            let kept = old.iter().position(|run| run.sections.record.path == path).map(|place| old.swap_remove(place));
            match kept {
                Some(mut run) if run.stamp == stamp => {
                    changed |= run.sections.record.name != name;
                    run.sections.record.name = name;
                    self.runs.push(run);
                }
                kept => match read(&path, &name) {
                    Ok((mut record, now)) => {
                        changed = true;
                        // What a minibatch is of an epoch does not change, and is not said with every row.
                        let known = kept.as_ref().and_then(|run| run.sections.record.steps_per_epoch);
                        record.steps_per_epoch = record.steps_per_epoch.or(known);
                        // The lock is on the file that `run.json` was; it may be another one now.
                        let same = |run: &Run| run.stamp.0[0] == stamp.0[0];
                        let watching = kept.filter(same).and_then(|run| run.watching);
                        self.runs.push(Run { stamp, sections: sections(record), now, watching });
                    }
                    // A table that is being written: what was read before stands until the next look.
                    Err(_) => self.runs.extend(kept),
                },
            }
        }
        self.version += u64::from(changed || self.runs.len() != before);
        self.tell();
    }

    /// Tells those who train the runs that are drawn, and no others, that somebody watches.
    fn tell(&mut self) {
        let places = self.places();
        for (place, run) in self.runs.iter_mut().enumerate() {
            let wanted = run.stamp.1 && places.binary_search(&place).is_ok();
            run.watching =
                if wanted { run.watching.take().or_else(|| watching(&run.sections.record.path)) } else { None };
        }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// The records of the runs that are drawn, with their places among all.
    pub fn drawn(&self) -> Vec<&Sections> {
        self.places().into_iter().map(|place| &self.runs[place].sections).collect()
    }

    /// A row for each run.
    pub fn standings(&self) -> Vec<Standing> {
        let places = self.places();
        let records: Vec<&Record> = self.runs.iter().map(|run| &run.sections.record).collect();
        let lowest = headline::lowest_errors(&records, &DataSets::of(&records)).validation;
        let row = |(place, run): (usize, &Run)| {
            let colour = places.iter().position(|drawn| *drawn == place);
            let age = changed(run).elapsed().unwrap_or_default().as_secs_f64();
            Standing::of(&run.sections.record, colour, run.now.filter(|_| run.stamp.1), run.stamp.1, age, lowest[place])
        };
        self.runs.iter().enumerate().map(row).collect()
    }

    /// Places of the runs that are drawn, in order.
    fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.runs.len()).collect();
        places.sort_by_key(|&place| std::cmp::Reverse(changed(&self.runs[place])));
        places.truncate(MOST);
        places.sort_unstable();
        places
    }
}

/// When a run was validated last, or seen to train since.
fn changed(run: &Run) -> SystemTime {
    let time = |place: usize| run.stamp.0[place].map(|(_, time)| time);
    time(1).max(time(5)).unwrap_or(UNIX_EPOCH)
}

fn stamp(run: &Path) -> Stamp {
    let file = |name| {
        let about = fs::metadata(run.join(name)).ok()?;
        Some((about.len(), about.modified().ok()?))
    };
    (FILES.map(file), run_folder::is_trained(run))
}

/// What the tables say so far, and the newest row since the last validation.
fn read(path: &Path, name: &str) -> Result<(Record, Option<Glimpse>), train::Error> {
    let summary = path.join(train::Summary::FILE).exists();
    let rows = run_folder::read_metrics(path)?;
    let validated = rows.last().map_or(0, |row| row.iteration);
    // Rows of a run that was killed, or that was just validated, are old.
    let since = run_folder::read_now(path).into_iter().filter(|it| it.iteration > validated);
    let since: Vec<Glimpse> = since.collect();
    let step = |it: &Glimpse| StepRow {
        iteration: it.iteration,
        learning_rate: it.learning_rate,
        train_loss: it.train_loss,
        train_error: it.train_error,
    };
    let mut steps = run_folder::read_steps(path)?;
    steps.extend(since.iter().map(step));
    let now = since.last().copied();
    let record = Record {
        path: path.to_owned(),
        name: name.to_owned(),
        identity: run_folder::identity(path, None)?,
        summary: summary.then(|| train::Summary::read(path)).transpose()?,
        rows,
        timings: run_folder::read_timings(path)?,
        steps,
        steps_per_epoch: now.map(|it| it.steps_per_epoch),
        best: None,
        notes: Vec::new(),
    };
    Ok((record, now))
}

fn sections(record: Record) -> Sections {
    Sections { record, filters: None, layers: None, over_time: None, tested: None, calibrated: None, parameters: None }
}

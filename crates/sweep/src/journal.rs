//! The journal of a sweep: a line of JSON for each thing that happened, appended and synced, never changed. Everything else in
//! the folder can be made from it again.
//!
//! A process that is killed while it appends leaves a line without an end. Such a line never happened: it is not read, and the
//! next process cuts it off before it appends.

use crate::error::Error;
use crate::space::Settings;
use crate::state::{Ended, Seeds, State, Tested};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Something that happened. Trials count from 1, in the order of their `proposed`; runs from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Entry {
    /// A trial was begun.
    Proposed { settings: Settings },
    /// A run reached the next rung of successive halving.
    Rung {
        trial: u64,
        run: u64,
        /// None where it was no number.
        objective: Option<f64>,
        continues: bool,
    },
    /// A run ended.
    Ended {
        trial: u64,
        run: u64,
        #[serde(flatten)]
        ended: Ended,
    },
    /// The test set was looked at.
    Tested(Tested),
}

/// The open journal; whoever holds it holds the sweep's lock.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    seeds: Seeds,
    /// What it says so far.
    pub state: State,
}

impl Journal {
    pub const FILE: &'static str = "journal.jsonl";

    /// Opens and reads the journal; makes it where there is none.
    pub fn open(folder: &Path, seeds: Seeds) -> Result<Journal, Error> {
        let path = folder.join(Journal::FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(Error::io("read", &path))?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(Error::io("write", &path))?;
        }
        file.seek(SeekFrom::Start(whole as u64)).map_err(Error::io("read", &path))?;
        let mut state = State::default();
        for (i, line) in text[..whole].split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
            let entry = serde_json::from_slice(line).map_err(|e| {
                let problem = format!(
                    "line {} cannot be read ({}): put the file back as it was",
                    i + 1,
                    values::plain(&e.to_string())
                );
                Error::folder(&path, problem)
            })?;
            state.take_in(entry, seeds);
        }
        Ok(Journal { path, file, seeds, state })
    }

    /// Writes an entry, and waits until it is on the disk.
    pub fn append(&mut self, entry: Entry) -> Result<(), Error> {
        let mut line = serde_json::to_vec(&entry).map_err(|e| Error::io("write", &self.path)(e.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(Error::io("write", &self.path))?;
        self.state.take_in(entry, self.seeds);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn proposed(value: &str) -> Entry {
        Entry::Proposed { settings: vec![("learning_rate".into(), value.into())] }
    }

    #[test]
    fn a_line_that_was_cut_never_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Journal::FILE);
        let mut journal = Journal::open(folder.path(), Seeds { first: 0, count: 1 }).unwrap();
        journal.append(proposed("1")).unwrap();
        journal.append(Entry::Rung { trial: 1, run: 0, objective: None, continues: false }).unwrap();
        let whole = fs::read(&path).unwrap();
        journal.append(proposed("2")).unwrap();
        let all = fs::read(&path).unwrap();
        for cut in whole.len()..all.len() {
            fs::write(&path, &all[..cut]).unwrap();
            let mut journal = Journal::open(folder.path(), Seeds { first: 0, count: 1 }).unwrap();
            assert_eq!(journal.state.trials.len(), 1, "cut at {cut}");
            journal.append(proposed("3")).unwrap();
            let state = Journal::open(folder.path(), Seeds { first: 0, count: 1 }).unwrap().state;
            assert_eq!(state.trials[1].settings[0].1, "3");
            assert!(state.trials[0].runs[0].rungs[0].0.is_nan());
        }
    }

    #[test]
    fn a_damaged_line_is_told_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(Journal::FILE), "{\"event\":\"proposed\",\"settings\":[]}\n{\"ev\n").unwrap();
        let told = Journal::open(folder.path(), Seeds { first: 0, count: 1 }).unwrap_err().to_string();
        assert!(told.contains("line 2") && told.contains(Journal::FILE), "{told}");
    }
}

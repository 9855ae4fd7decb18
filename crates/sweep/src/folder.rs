//! A sweep's folder: what it is, what happened, and who trains what. Processes that share one take turns at its lock, and none
//! takes a run that another holds.
//!
//! ```text
//! recipe.toml     the recipe with every key, before any was changed
//! sweep.toml      what is tried: the [sweep] table
//! run.json        the sweep's recipe and pictures, as a run's folder says them
//! journal.jsonl   what happened, a line each; all that follows is made from it
//! sweep.csv       a row for each run
//! winner.toml     the recipe of the best trial, ready for `train`
//! result.json     the winner with its test error
//! trials/0001-seed-0/   the folder of a run
//! ```
//!
//! A process is killed at any moment: its locks go with it, its run's folder holds the last checkpoint, and the next process
//! continues from there.

use crate::definition::{Definition, Search};
use crate::error::Error;
use crate::journal::{Entry, Journal};
use crate::space::Settings;
use crate::state::{Ended, State, TRIALS, Trial};
use crate::strategy::Next;
use crate::table;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use train::{Identity, Recipe};

const LOCK: &str = ".lock";
const RECIPE: &str = "recipe.toml";

/// A sweep's folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    identity: Identity,
    search: Search,
    definition: Definition,
}

/// A run that this process alone trains, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    /// The trial, counted from 1.
    pub trial: u64,
    /// Which of its runs, counted from 0.
    pub run: u64,
    /// The trial's values.
    pub settings: Settings,
    /// The run's folder; not there before it is begun.
    pub folder: PathBuf,
    /// Rungs of successive halving that it has reached, and whether it was to continue after the last.
    pub rungs: (u32, bool),
    lock: Option<(File, PathBuf)>,
}

/// What there is to do.
#[derive(Debug)]
pub enum Work {
    /// Train this.
    Train(Box<Claim>),
    /// Others train, and what comes next depends on them.
    Wait,
    /// All runs have ended.
    Done,
    /// Nothing is left to begin; others still train.
    Others,
}

impl Folder {
    /// Begins a sweep in a folder that is not there or is empty. `identity` says what the recipe's runs are.
    ///
    /// # Errors
    /// A definition that does not fit the recipe; a folder that holds anything.
    pub fn create(path: &Path, definition: &Definition, identity: Identity) -> Result<Folder, Error> {
        let search = definition.resolve(&identity.recipe)?;
        train::RunFolder::check_free(path)?;
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        let folder = Folder { path: path.to_owned(), identity, search, definition: definition.clone() };
        let _lock = folder.lock()?;
        // Another process may have begun between the look and the lock.
        train::RunFolder::check_free(path)?;
        fs::create_dir_all(path.join(TRIALS)).map_err(Error::io("create", path.join(TRIALS)))?;
        let identity = Identity { recipe: folder.search.base.clone(), ..folder.identity.clone() };
        let text = serde_json::to_vec_pretty(&identity).map_err(|e| Error::io("write", path)(e.into()))?;
        folder.write(Identity::FILE, &text)?;
        folder.write(RECIPE, folder.search.base.to_toml()?.as_bytes())?;
        // Last, because it makes the folder that of a sweep.
        folder.write_definition()?;
        folder.write_table(&State::default())?;
        Ok(folder)
    }

    /// Opens a sweep that was begun. `change` may raise the number of trials and the minutes.
    ///
    /// # Errors
    /// A folder that is no sweep's, or whose files were changed to something that makes none.
    pub fn open(path: &Path, change: impl FnOnce(&mut Definition)) -> Result<Folder, Error> {
        let read = |name: &str| fs::read_to_string(path.join(name)).map_err(Error::io("read", path.join(name)));
        if !path.join(Definition::FILE).is_file() {
            let problem = format!("is not the folder of a sweep: it holds no {}", Definition::FILE);
            return Err(Error::folder(path, problem));
        }
        let mut definition = Definition::parse(&read(Definition::FILE)?)
            .map_err(|problem| Error::folder(path.join(Definition::FILE), problem))?;
        let before = definition.clone();
        change(&mut definition);
        let text = read(Identity::FILE)?;
        let identity: Identity = serde_json::from_str(&text)
            .map_err(|e| Error::folder(path.join(Identity::FILE), values::plain(&e.to_string())))?;
        let search = definition.resolve(&identity.recipe)?;
        let folder = Folder { path: path.to_owned(), identity, search, definition };
        let (journal, _lock) = folder.locked()?;
        if folder.definition != before {
            folder.write_definition()?;
        }
        // The process before may have been killed between the journal and the table.
        folder.write_table(&journal.state)?;
        Ok(folder)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is tried.
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// The sweep as it was defined.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What the runs of the sweep's recipe are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What a run of `recipe` is.
    pub fn identity_of(&self, recipe: &Recipe) -> Identity {
        Identity { recipe: recipe.clone(), ..self.identity.clone() }
    }

    /// What is known now.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn state(&self) -> Result<State, Error> {
        Ok(self.locked()?.0.state)
    }

    /// Begins all trials, for processes that are told which of them to train, and says how many there are.
    ///
    /// # Errors
    /// A strategy whose trials depend on what the earlier ones came to; files that cannot be read or written.
    pub fn begin_all(&self) -> Result<u64, Error> {
        if !self.search.strategy.is_fixed() {
            let problem = "this strategy chooses trials by what the earlier ones came to: list those of grid or random";
            return Err(Error::Definition(problem.to_owned()));
        }
        let (mut journal, _lock) = self.locked()?;
        while let Next::Try(settings) = self.search.next(&journal.state.seen()) {
            journal.append(Entry::Proposed { settings })?;
        }
        self.write_table(&journal.state)?;
        Ok(journal.state.trials.len() as u64)
    }

    /// Takes a run to train: one that was begun and is held by nobody, else the next of a trial, else a new trial; of one
    /// trial alone where `only` names it.
    ///
    /// # Errors
    /// A trial that was not begun; files that cannot be read or written.
    pub fn claim(&self, only: Option<u64>) -> Result<Work, Error> {
        let (mut journal, _lock) = self.locked()?;
        let begun = journal.state.trials.len() as u64;
        if let Some(trial) = only.filter(|&trial| trial > begun) {
            return Err(Error::folder(&self.path, format!("has no trial {trial}: {begun} were begun")));
        }
        let mut others = false;
        let wanted = |trial: u64| only.is_none_or(|only| only == trial);
        for trial in journal.state.trials.iter().filter(|trial| !trial.is_over() && wanted(trial.number)) {
            for (run, _) in (0..).zip(&trial.runs).filter(|(_, run)| run.ended.is_none()) {
                match self.take(trial, run)? {
                    Some(claim) => return Ok(Work::Train(Box::new(claim))),
                    None => others = true,
                }
            }
        }
        if only.is_some() {
            return Ok(if others { Work::Others } else { Work::Done });
        }
        match self.search.next(&journal.state.seen()) {
            Next::Try(settings) => {
                journal.append(Entry::Proposed { settings })?;
                self.write_table(&journal.state)?;
                let claim = journal.state.trials.last().map(|trial| self.take(trial, 0)).transpose()?.flatten();
                // Nobody else can hold it: it was made under the sweep's lock.
                claim.map_or(Ok(Work::Wait), |claim| Ok(Work::Train(Box::new(claim))))
            }
            Next::Wait => Ok(Work::Wait),
            Next::Done if others => Ok(Work::Others),
            Next::Done => Ok(Work::Done),
        }
    }

    /// Whether another process trains a run.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn others_train(&self) -> Result<bool, Error> {
        let (journal, _lock) = self.locked()?;
        for trial in journal.state.trials.iter().filter(|trial| !trial.is_over()) {
            for (run, _) in (0..).zip(&trial.runs).filter(|(_, run)| run.ended.is_none()) {
                if self.take(trial, run)?.is_none() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes a run's lock; `None` where another process holds it. The sweep's lock is held.
    fn take(&self, trial: &Trial, run: u64) -> Result<Option<Claim>, Error> {
        let Some(known) = trial.runs.get(run as usize) else { return Ok(None) };
        let lock = self.path.join(format!("{}.lock", known.folder));
        let file = open_lock(&lock)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(Error::io("lock", lock)(cause)),
        }
        Ok(Some(Claim {
            trial: trial.number,
            run,
            settings: trial.settings.clone(),
            folder: self.path.join(&known.folder),
            rungs: (known.rungs.len() as u32, known.rungs.last().is_none_or(|(_, continues)| *continues)),
            lock: Some((file, lock)),
        }))
    }

    /// Notes that a run has reached a rung of successive halving, and says whether it continues.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn reach(&self, claim: &mut Claim, objective: f64) -> Result<bool, Error> {
        let (mut journal, _lock) = self.locked()?;
        let rung = claim.rungs.0 as usize;
        let runs = journal.state.trials.iter().flat_map(|trial| &trial.runs);
        let others: Vec<f64> = runs.filter_map(|run| run.rungs.get(rung)).map(|(objective, _)| *objective).collect();
        let continues = self.search.halving.is_none_or(|halving| halving.continues(objective, &others));
        let (trial, run) = (claim.trial, claim.run);
        let objective = Some(objective).filter(|it| it.is_finite());
        journal.append(Entry::Rung { trial, run, objective, continues })?;
        claim.rungs = (claim.rungs.0 + 1, continues);
        Ok(continues)
    }

    /// Notes what a run came to, and lets go of it.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn end(&self, mut claim: Claim, ended: Ended) -> Result<State, Error> {
        let (mut journal, _lock) = self.locked()?;
        journal.append(Entry::Ended { trial: claim.trial, run: claim.run, ended })?;
        self.write_table(&journal.state)?;
        // Under the sweep's lock nobody waits for this one.
        if let Some((_file, path)) = claim.lock.take() {
            fs::remove_file(&path).map_err(Error::io("remove", path))?;
        }
        Ok(journal.state)
    }

    /// The journal, with the sweep's lock, which is let go when the file is dropped.
    pub(crate) fn locked(&self) -> Result<(Journal, File), Error> {
        let lock = self.lock()?;
        Ok((Journal::open(&self.path, self.search.seeds())?, lock))
    }

    fn lock(&self) -> Result<File, Error> {
        let path = self.path.join(LOCK);
        let file = open_lock(&path)?;
        file.lock().map_err(Error::io("lock", path))?;
        Ok(file)
    }

    fn write_table(&self, state: &State) -> Result<(), Error> {
        table::write(&self.path, &self.search.axes, state)
    }

    fn write_definition(&self) -> Result<(), Error> {
        let text = toml::to_string_pretty(&self.definition).map_err(|e| Error::Definition(e.to_string()))?;
        self.write(Definition::FILE, text.as_bytes())
    }

    /// Writes a file of the folder, whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write(&self.path, name, bytes).map(drop)
    }
}

/// Writes a file of a folder, whole or not at all, and gives its path.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let path = folder.join(name);
    whole_file::write(&path, bytes).map_err(Error::io("write", &path))?;
    Ok(path)
}

fn open_lock(path: &Path) -> Result<File, Error> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(Error::io("open", path))
}

#[cfg(test)]
mod tests;

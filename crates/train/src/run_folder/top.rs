//! The best models of a run, as many as the recipe asks for, kept under `top/`.
//!
//! A model that is to be kept waits in memory until the run saves. Then it is written, then `last/` is, and only then are
//! models removed that others have pushed out: at every moment `top/` holds at least the best models up to the newest
//! checkpoint. What was written after that checkpoint is removed when the run continues, and comes again. So an
//! interrupted run keeps the very models of the undisturbed one.

use super::names::{TOP, iteration, name};
use crate::checkpoint::{self, Files, leftovers};
use crate::error::Error;
use crate::event::Row;
use crate::progress::Best;
use crate::recipe::Watch;
use std::fs;
use std::path::{Path, PathBuf};

/// Says what the model was measured at; beside the parameters in each folder.
const VALIDATION: &str = "validation.json";

/// The best models so far.
#[derive(Debug)]
pub(super) struct Top {
    folder: PathBuf,
    keep: usize,
    watch: Watch,
    /// The best first; of equals, the earlier.
    kept: Vec<Kept>,
    /// Names of folders to remove at the next chance.
    leaving: Vec<String>,
}

#[derive(Debug)]
struct Kept {
    at: Best,
    /// `None` once they are on the disk.
    files: Option<Files>,
}

/// What the model in a folder was measured at.
fn measured(folder: &Path) -> Result<Best, Error> {
    let files = checkpoint::read(folder)?.files;
    let text = files.get(VALIDATION).map(Vec::as_slice).unwrap_or_default();
    let wrong = |problem: String| Error::Checkpoint { path: folder.join(VALIDATION), problem };
    let at: Best = serde_json::from_slice(text)
        .map_err(|e| wrong(format!("cannot be read ({})", values::plain(&e.to_string()))))?;
    if folder.ends_with(name(&at)) { Ok(at) } else { Err(wrong(format!("belongs to {}", name(&at)))) }
}

impl Top {
    /// Nothing yet.
    pub(super) fn new(run: &Path, keep: usize, watch: Watch) -> Top {
        Top { folder: run.join(TOP), keep, watch, kept: Vec::new(), leaving: Vec::new() }
    }

    /// The models kept up to `last_iteration`; later ones are removed. What cannot be used does not hold training up: a damaged
    /// model is set aside, and what is none is left alone; the lines say so.
    pub(super) fn read(
        run: &Path,
        keep: usize,
        watch: Watch,
        last_iteration: u64,
    ) -> Result<(Top, Vec<String>), Error> {
        let (mut top, mut notes) = (Top::new(run, keep, watch), Vec::new());
        leftovers::settle(&top.folder, |name| iteration(name).is_some())?;
        for found in leftovers::names(&top.folder)? {
            let path = top.folder.join(&found);
            match iteration(&found) {
                None if found.starts_with('.') || leftovers::is_set_aside(&found) => {}
                None => notes.push(format!("{TOP}/{found} is no model of this run and is left alone")),
                Some(at) if at > last_iteration => checkpoint::remove(&path)?,
                Some(_) => {
                    match measured(&path) {
                        Ok(at) => top.insert(Kept { at, files: None }),
                        Err(damaged) if checkpoint::is_damage(&damaged) => {
                            let aside = leftovers::set_aside(&path)?;
                            let aside = aside.file_name().unwrap_or_default().to_string_lossy();
                            notes.push(format!("WARNING: {damaged}; it was set aside as {TOP}/{aside}, and training continues without it"));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok((top, notes))
    }

    /// Takes a validated model in where it is among the best; `files` is asked for only then.
    pub(super) fn consider(&mut self, row: &Row, files: impl FnOnce() -> Result<Files, Error>) -> Result<(), Error> {
        let at = row.chosen();
        let value = self.value(&at);
        let is_among = self.kept.iter().filter(|kept| self.value(&kept.at) <= value).count() < self.keep;
        if value.is_finite() && is_among {
            let mut files = files()?;
            let problem = |e: serde_json::Error| Error::Checkpoint { path: VALIDATION.into(), problem: e.to_string() };
            files.insert(VALIDATION.into(), serde_json::to_vec_pretty(&at).map_err(problem)?);
            self.insert(Kept { at, files: Some(files) });
        }
        Ok(())
    }

    /// Writes the models that are not on the disk yet; gives their folders inside the run's.
    pub(super) fn write(&mut self) -> Result<Vec<String>, Error> {
        let mut written = Vec::new();
        for kept in &mut self.kept {
            if let Some(files) = &kept.files {
                fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
                checkpoint::replace(&self.folder.join(name(&kept.at)), files)?;
                written.push(format!("{TOP}/{}", name(&kept.at)));
                kept.files = None;
            }
        }
        Ok(written)
    }

    /// Removes what others have pushed out; to be called when a checkpoint that knows of it is on the disk.
    pub(super) fn remove_old(&mut self) -> Result<(), Error> {
        std::mem::take(&mut self.leaving).iter().try_for_each(|name| checkpoint::remove(&self.folder.join(name)))
    }

    fn value(&self, at: &Best) -> f64 {
        self.watch.choose(at.error, at.loss)
    }

    fn insert(&mut self, new: Kept) {
        let (value, iteration) = (self.value(&new.at), new.at.iteration);
        let comes_before = |kept: &Kept| (self.value(&kept.at), kept.at.iteration) <= (value, iteration);
        let place = self.kept.partition_point(comes_before);
        self.kept.insert(place, new);
        let out = self.kept.split_off(self.keep.min(self.kept.len()));
        self.leaving.extend(out.iter().filter(|kept| kept.files.is_none()).map(|kept| name(&kept.at)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::saved::top_models;
    use super::*;

    fn row(iteration: u64, error: f64) -> Row {
        let (epoch, learning_rate, nothing) = (iteration, 0.1, 0.0);
        Row {
            epoch,
            iteration,
            learning_rate,
            train_loss: nothing,
            train_error: nothing,
            penalty: nothing,
            validation_loss: 1.0 - error,
            validation_error: error,
            validation_top_k_error: None,
            best_validation_error: error,
            averaged_validation_loss: None,
            averaged_validation_error: None,
        }
    }

    fn see(top: &mut Top, iteration: u64, error: f64) {
        let files = || Ok(Files::from([("model".to_owned(), iteration.to_string().into_bytes())]));
        top.consider(&row(iteration, error), files).unwrap();
    }

    fn save(top: &mut Top) {
        top.write().unwrap();
        top.remove_old().unwrap();
    }

    const ERRORS: [f64; 8] = [0.5, 0.3, 0.3, 0.4, 0.2, f64::NAN, 0.3, 0.25];

    #[test]
    fn the_best_are_kept_and_of_equals_the_earlier() {
        let root = tempfile::tempdir().unwrap();
        let mut top = Top::new(root.path(), 3, Watch::Error);
        for (i, error) in ERRORS.into_iter().enumerate() {
            see(&mut top, 10 * (i as u64 + 1), error);
            save(&mut top);
        }
        let expected =
            ["iteration-00000020-error-0.3000", "iteration-00000050-error-0.2000", "iteration-00000080-error-0.2500"];
        assert_eq!(top_models(root.path()).unwrap(), expected);
        let model = fs::read_to_string(root.path().join(TOP).join(expected[1]).join("model")).unwrap();
        assert_eq!(model, "50");
    }

    #[test]
    fn what_is_watched_decides() {
        let root = tempfile::tempdir().unwrap();
        let mut top = Top::new(root.path(), 1, Watch::Loss);
        for (iteration, error) in [(10, 0.2), (20, 0.6), (30, 0.4)] {
            see(&mut top, iteration, error);
        }
        save(&mut top);
        assert_eq!(top_models(root.path()).unwrap(), ["iteration-00000020-error-0.6000"]);
    }

    /// Saved after every `period` validations, killed at every moment in between and gone on with from the last saving.
    #[test]
    fn a_run_killed_anywhere_keeps_the_models_of_the_undisturbed_one() {
        for period in 1..=4 {
            for killed_after in 0..ERRORS.len() {
                for written_before_death in [false, true] {
                    let root = tempfile::tempdir().unwrap();
                    let mut top = Top::new(root.path(), 2, Watch::Error);
                    for (at, error) in ERRORS.into_iter().enumerate().take(killed_after + 1) {
                        see(&mut top, at as u64 + 1, error);
                        if (at + 1) % period == 0 && at < killed_after {
                            save(&mut top);
                        }
                    }
                    if written_before_death {
                        top.write().unwrap();
                    }
                    let saved_at = killed_after / period * period;
                    let mut top = Top::read(root.path(), 2, Watch::Error, saved_at as u64).unwrap().0;
                    for (at, error) in ERRORS.into_iter().enumerate().skip(saved_at) {
                        see(&mut top, at as u64 + 1, error);
                    }
                    save(&mut top);
                    let expected = ["iteration-00000005-error-0.2000", "iteration-00000008-error-0.2500"];
                    assert_eq!(top_models(root.path()).unwrap(), expected, "{period} {killed_after}");
                }
            }
        }
    }

    #[test]
    fn fewer_wanted_on_resuming_leaves_fewer_and_none_leaves_none() {
        let root = tempfile::tempdir().unwrap();
        let mut top = Top::new(root.path(), 3, Watch::Error);
        (1..=3).for_each(|i| see(&mut top, i, 0.1 * i as f64));
        save(&mut top);
        for (keep, left) in [(2, 2), (0, 0)] {
            save(&mut Top::read(root.path(), keep, Watch::Error, 3).unwrap().0);
            assert_eq!(top_models(root.path()).unwrap().len(), left);
        }
    }

    /// Three models, of which something happens to the second; the lines that tell of it, and what is kept afterwards.
    fn check_resume(happens: impl Fn(&Path), told: &[&str], left: &[&str]) {
        let root = tempfile::tempdir().unwrap();
        let mut top = Top::new(root.path(), 3, Watch::Error);
        (1..=3).for_each(|i| see(&mut top, i, 0.1 * i as f64));
        save(&mut top);
        happens(&root.path().join(TOP).join(SECOND));
        let (mut top, notes) = Top::read(root.path(), 3, Watch::Error, 3).unwrap();
        assert_eq!(notes.len(), told.len(), "{notes:?}");
        for (note, part) in notes.iter().zip(told) {
            assert!(note.contains(part), "{part}: {note}");
        }
        see(&mut top, 4, 0.4);
        save(&mut top);
        assert_eq!(leftovers::names(&root.path().join(TOP)).unwrap(), left);
    }

    const FIRST: &str = "iteration-00000001-error-0.1000";
    const SECOND: &str = "iteration-00000002-error-0.2000";
    const THIRD: &str = "iteration-00000003-error-0.3000";
    const FOURTH: &str = "iteration-00000004-error-0.4000";

    #[test]
    fn unfinished_replacements_are_no_models() {
        for name in ["previous", "writing", "set-aside", "previous.previous"] {
            assert_eq!(iteration(&format!("{SECOND}.{name}")), None);
        }
        let beside = |path: &Path, ending: &str| path.with_file_name(format!("{SECOND}.{ending}"));
        let whole = [FIRST, SECOND, THIRD];
        check_resume(|it| fs::create_dir(beside(it, "previous")).unwrap(), &[], &whole);
        check_resume(|it| fs::create_dir(beside(it, "writing")).unwrap(), &[], &whole);
        check_resume(|it| fs::rename(it, beside(it, "previous")).unwrap(), &[], &whole);
    }

    #[test]
    fn damage_and_strangers_do_not_hold_training_up() {
        let aside = format!("{SECOND}.set-aside");
        let left = [FIRST, &aside, THIRD, FOURTH];
        check_resume(|it| fs::write(it.join("model"), "").unwrap(), &[&format!("set aside as top/{aside}")], &left);
        check_resume(|it| fs::remove_file(it.join("manifest.json")).unwrap(), &[SECOND], &left);
        let stranger = |it: &Path| fs::create_dir(it.with_file_name("mine")).unwrap();
        check_resume(stranger, &["top/mine is no model of this run"], &[FIRST, SECOND, THIRD, "mine"]);
        check_resume(|it| fs::remove_dir_all(it).unwrap(), &[], &[FIRST, THIRD, FOURTH]);
    }

    #[test]
    fn a_model_that_is_gone_already_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let mut top = Top::new(root.path(), 1, Watch::Error);
        see(&mut top, 1, 0.2);
        save(&mut top);
        fs::remove_dir_all(root.path().join(TOP)).unwrap();
        see(&mut top, 2, 0.1);
        save(&mut top);
        assert_eq!(top_models(root.path()).unwrap(), ["iteration-00000002-error-0.1000"]);
    }
}

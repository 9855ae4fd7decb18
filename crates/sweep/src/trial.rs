//! Training one run of a sweep: in its own folder, from where it stands, until its recipe ends it, successive halving does, it
//! diverges, or somebody asks to stop.

use crate::error::Error;
use crate::folder::{Claim, Folder};
use crate::state::{Ended, How};
use models::{Arch, Model};
use std::cell::RefCell;
use std::fs;
use std::ops::ControlFlow::Break;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tch::Device;
use tensor_data::Dataset;
use train::recipe::Recipe;
use train::run_folder::Reserved;
use train::{Answer, Best, Event, Learner, Observer, Outcome, Plan, Row, RunFolder, StoppedBy, Summary, fit};

/// Makes a trial's network at its first values: the plan's, with weights loaded where the recipe names some.
pub type Network<'a> = &'a dyn Fn(&Plan) -> Result<Model, Error>;

/// What all trials of a process share: one copy of the data.
pub struct Shared<'a> {
    data: &'a Dataset,
    device: Device,
    network: Network<'a>,
    about: About,
    /// What a frozen trunk makes of the pictures, for the architecture that it was computed for.
    features: RefCell<Option<(Arch, Rc<Dataset>)>>,
}

/// What the summary of a run says of the program.
#[derive(Debug, Clone)]
pub struct About {
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// libtorch's version.
    pub libtorch: String,
    /// The program's version.
    pub version: String,
}

/// Asks whether to stop: set by a signal, or the time that is left.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    /// Set from outside.
    pub interrupt: &'a AtomicBool,
    /// When time is up.
    pub deadline: Option<Instant>,
}

impl Stop<'_> {
    /// Whether somebody asked.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Whether time is up.
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl<'a> Shared<'a> {
    /// The data on `device`, and how networks are made there.
    pub fn new(data: &'a Dataset, device: Device, network: Network<'a>, about: About) -> Shared<'a> {
        Shared { data, device, network, about, features: RefCell::default() }
    }

    /// The pictures.
    pub fn data(&self) -> &'a Dataset {
        self.data
    }

    /// Where they lie.
    pub fn device(&self) -> Device {
        self.device
    }

    /// What the head of a frozen network sees, computed once for trials of one architecture; `None` where more is trained.
    fn features(&self, plan: &Plan, learner: &Learner) -> Result<Option<Rc<Dataset>>, Error> {
        let arch = learner.model.arch();
        if let Some((known, features)) = &*self.features.borrow()
            && known == arch
            && plan.recipe().operations().is_empty()
        {
            return Ok(Some(Rc::clone(features)));
        }
        let Some(features) = learner.features(plan, self.data)? else { return Ok(None) };
        let features = Rc::new(features);
        self.features.replace(Some((arch.clone(), Rc::clone(&features))));
        Ok(Some(features))
    }
}

/// Trains a run to its end; `None` where somebody asked to stop before. `row` hears of each validation.
pub(crate) fn train(
    sweep: &Folder,
    claim: &mut Claim,
    shared: &Shared<'_>,
    stop: Stop<'_>,
    row: &mut dyn FnMut(&Claim, &Row),
) -> Result<Option<Ended>, Error> {
    match attempt(sweep, claim, shared, stop, row) {
        Err(error) if error.is_usage() => Ok(Some(nothing(How::Failed, 0, error.to_string()))),
        result => result,
    }
}

/// A run that came to nothing.
fn nothing(how: How, iterations: u64, note: String) -> Ended {
    let (objective, validation_error, validation_loss, best_iteration) = (None, None, None, None);
    let (seconds, note) = (0.0, Some(note));
    Ended { how, objective, validation_error, validation_loss, iterations, best_iteration, seconds, note }
}

fn attempt(
    sweep: &Folder,
    claim: &mut Claim,
    shared: &Shared<'_>,
    stop: Stop<'_>,
    row: &mut dyn FnMut(&Claim, &Row),
) -> Result<Option<Ended>, Error> {
    let recipe = sweep.search().recipe(&claim.settings, claim.run)?;
    let plan = Plan::new(&recipe, shared.data)?;
    let model = (shared.network)(&plan)?;
    let (folder, mut learner) = open(sweep, claim, &recipe, &plan, shared, model)?;
    let was_pruned = !claim.rungs.1;
    let mut watcher = Watcher { sweep, claim, folder, stop, row, pruned: was_pruned };
    let outcome = match learner.finished(&plan)? {
        Some(outcome) => Some(outcome),
        None if was_pruned => None,
        None => {
            let features = shared.features(&plan, &learner)?;
            let data = features.as_deref().unwrap_or(shared.data);
            match fit(&plan, data, &mut learner, &mut watcher) {
                Ok(outcome) if outcome.stopped_by != StoppedBy::Interrupt => Some(outcome),
                Ok(_) if watcher.pruned => None,
                Ok(_) => return Ok(None),
                Err(train::Error::Diverged(diverged)) => {
                    let best = figures(
                        How::Diverged,
                        learner.best(),
                        &recipe,
                        diverged.iteration,
                        learner.progress.train_seconds,
                    );
                    return Ok(Some(Ended { objective: None, note: Some(diverged.to_string()), ..best }));
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let how = if outcome.is_some() { How::Done } else { How::Pruned };
    let folder = watcher.folder;
    summary(sweep, &folder, &plan, &learner, shared, outcome).write(folder.path())?;
    Ok(Some(figures(how, learner.best(), &recipe, learner.progress.iteration, learner.progress.train_seconds)))
}

/// The run's folder with the learner as it was left there, or both new.
fn open(
    sweep: &Folder,
    claim: &Claim,
    recipe: &Recipe,
    plan: &Plan,
    shared: &Shared<'_>,
    model: Model,
) -> Result<(RunFolder, Learner), Error> {
    let path = &claim.folder;
    if path.join("recipe.toml").is_file() {
        let mut folder = RunFolder::open(path, &[])?;
        let (learner, _damaged) = folder.load_with(plan, shared.data, model)?;
        return Ok((folder, learner));
    }
    if path.exists() {
        // A process was killed while it made the folder: without a recipe it is no run's yet.
        fs::remove_dir_all(path).map_err(Error::io("remove", path))?;
    }
    let folder = RunFolder::begin(Reserved::take(path)?, sweep.identity_of(recipe))?;
    Ok((folder, Learner::with_model(plan, shared.data, model)?))
}

fn figures(how: How, best: Option<Best>, recipe: &Recipe, iterations: u64, seconds: f64) -> Ended {
    Ended {
        how,
        objective: best.map(|best| recipe.evaluation.watch.choose(best.error, best.loss)),
        validation_error: best.map(|best| best.error),
        validation_loss: best.map(|best| best.loss),
        iterations,
        best_iteration: best.map(|best| best.iteration),
        seconds,
        note: None,
    }
}

/// The summary of a run whose test figures nobody has looked at.
fn summary(
    sweep: &Folder,
    folder: &RunFolder,
    plan: &Plan,
    learner: &Learner,
    shared: &Shared<'_>,
    outcome: Option<Outcome>,
) -> Summary {
    let (recipe, progress, best) = (plan.recipe(), &learner.progress, learner.best());
    let identity = sweep.identity();
    Summary {
        recipe: identity.name.clone(),
        dataset: shared.data.name.clone(),
        dataset_note: identity.note.clone(),
        model: recipe.model.kind().to_owned(),
        parameters: learner.model.summary().parameters,
        device: shared.about.device.clone(),
        stepping: None,
        ranks: 1,
        threads: tch::get_num_threads(),
        seed: recipe.seed,
        epochs: progress.iteration.div_ceil(plan.steps_per_epoch()),
        iterations: progress.iteration,
        best_iteration: best.map(|best| best.iteration),
        best_validation_error: best.map(|best| best.error),
        best_validation_loss: best.map(|best| best.loss),
        test_error: None,
        test_loss: None,
        test: None,
        top_k: recipe.evaluation.top_k,
        test_top_k_error: None,
        per_class: Vec::new(),
        macro_average: None,
        confusion: Vec::new(),
        stopped_by: match outcome {
            Some(_) => progress.stopped_by.clone().unwrap_or_default(),
            None => "successive-halving".to_owned(),
        },
        train_seconds: progress.train_seconds,
        saving_seconds: folder.saving_seconds(),
        total_seconds: progress.train_seconds,
        images_per_second: (progress.iteration * plan.minibatch_size() as u64) as f64
            / progress.train_seconds.max(1e-9),
        libtorch: shared.about.libtorch.clone(),
        version: shared.about.version.clone(),
    }
}

/// Saves, tells of validations, and asks to stop where successive halving, a signal or the time says so.
struct Watcher<'a, 'b> {
    sweep: &'a Folder,
    claim: &'a mut Claim,
    folder: RunFolder,
    stop: Stop<'b>,
    row: &'a mut dyn FnMut(&Claim, &Row),
    pruned: bool,
}

impl Observer for Watcher<'_, '_> {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        let mut answer = self.folder.on(event)?;
        self.folder.take_savings();
        match event {
            Event::Trained { .. } if self.stop.is_interrupted() || self.stop.is_late() => answer = Break(()),
            Event::Validated { row, plan, learner, .. } => {
                (self.row)(self.claim, row);
                self.climb(row, plan, learner)?;
                if self.pruned {
                    answer = Break(());
                }
            }
            _ => {}
        }
        Ok(answer)
    }
}

impl Watcher<'_, '_> {
    /// Takes the rungs that a validation has reached; the last epoch ends the run anyway.
    fn climb(&mut self, row: &Row, plan: &Plan, learner: &Learner) -> Result<(), Error> {
        let Some(halving) = self.sweep.search().halving else { return Ok(()) };
        let (epochs, recipe) = (row.iteration / plan.steps_per_epoch(), plan.recipe());
        while !self.pruned && epochs < recipe.epochs && halving.epochs_to(self.claim.rungs.0) <= epochs {
            let best = learner.best().map_or(f64::NAN, |best| recipe.evaluation.watch.choose(best.error, best.loss));
            self.pruned = !self.sweep.reach(self.claim, best)?;
        }
        Ok(())
    }
}

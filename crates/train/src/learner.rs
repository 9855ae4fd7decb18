//! What is being trained: the model, its optimiser, and how far they have come. Everything that a resumed run needs
//! hangs off a [`Learner`], and nothing else changes while the loop runs.

use crate::accumulation::Accumulation;
use crate::checkpoint::Files;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::files::{json, parse, serialise, tensors};
use crate::identity::Identity;
use crate::model_meta::MODEL_META;
use crate::model_meta::ModelMeta;
use crate::outcome::{Holds, Outcome, StoppedBy};
use crate::plan::Plan;
use crate::precision::LossScale;
use crate::progress::{Best, Progress};
use crate::recipe::Statistics;
use crate::running_metrics::Sums;
use crate::stopping::Stopper;
use models::Model;
use optim::Optimizer;
use std::path::Path;
use tch::{Device, Tensor};
use tensor_data::{Dataset, Split};

const MODEL: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const BEST: &str = "best.safetensors";
const AVERAGE: &str = "average.safetensors";
const GATHERED: &str = "gradients.safetensors";
const PROGRESS: &str = "progress.json";
/// Pictures that pass the trunk together; more would not fit into the caches of a CPU.
const FEATURES_AT_ONCE: usize = 32;

fn features_at_once(plan: &Plan) -> usize {
    plan.recipe().evaluation.size.min(FEATURES_AT_ONCE)
}

/// A model on its way.
pub struct Learner {
    /// The model as it is now.
    pub model: Model,
    /// The optimiser with its state.
    pub optimizer: Optimizer,
    /// How far it has come.
    pub progress: Progress,
    /// The parameters of the best validation, of the averaged model where there is one: names and values.
    pub best_values: Option<Vec<(String, Tensor)>>,
    /// The model whose parameters are the running average, where the recipe asks for it.
    pub averaged: Option<Model>,
    /// What the model's answers mean.
    class_names: Vec<String>,
    /// Gradients gathered for an update that is not complete yet.
    pub(crate) accumulation: Option<Accumulation>,
    /// What is told to and heard of other ranks with each update.
    pub(crate) exchange: Exchange,
    /// Gradients of the last update, until the next are computed.
    pub(crate) applied: Vec<Tensor>,
}

impl Learner {
    /// A learner whose model is the recipe's, at its initial values.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] where model, recipe and pictures do not fit; [`Error::Model`] and [`Error::Optim`] where they cannot be made on
    /// `device`.
    pub fn new(plan: &Plan, data: &Dataset, device: Device) -> Result<Learner, Error> {
        Learner::with_model(plan, data, plan.initial_model(data, device)?)
    }

    /// A learner of a program's own model: anything that maps images to logits and lists its tensors. The recipe's `model` is
    /// the model's own [`arch`](Model::arch), so that what is saved says what it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where model, recipe and pictures do not fit; [`Error::Model`] where an average is wanted of a network
    /// that cannot be had twice.
    pub fn with_model(plan: &Plan, data: &Dataset, mut model: Model) -> Result<Learner, Error> {
        plan.check_model(&model, data)?;
        if plan.trains_head_alone(0) {
            model.freeze_trunk()?;
        }
        if plan.recipe().pretrained.as_ref().is_some_and(|it| it.batch_norm == Statistics::Frozen) {
            model.freeze_statistics()?;
        }
        if let Some(group) = plan.ranks().group() {
            model.normalise_across(group.clone());
        }
        model.set_answers_mirrored(plan.recipe().evaluation.mirror);
        let optimizer = plan.optimizer(&model)?;
        let stopping = Stopper::new(&plan.recipe().stopping).memory().clone();
        let progress = Progress {
            iteration: 0,
            updates: 0,
            validations: 0,
            sums: Sums::default(),
            course: Vec::new(),
            best: None,
            closing: None,
            stopping,
            train_seconds: 0.0,
            loss_scale: LossScale::default(),
            stopped_by: None,
        };
        let averaged = plan.recipe().average.map(|_| model.twin()).transpose()?;
        let (best_values, accumulation, applied, exchange) = (None, None, Vec::new(), Exchange::default());
        let class_names = data.class_names().to_vec();
        Ok(Learner { model, optimizer, progress, best_values, averaged, class_names, accumulation, exchange, applied })
    }

    /// Lets everything train from now on; what the optimiser remembers of the head stays.
    pub(crate) fn thaw(&mut self, plan: &Plan) -> Result<(), Error> {
        self.model.thaw_trunk()?;
        self.averaged.as_mut().map(Model::thaw_trunk).transpose()?;
        let head_alone = std::mem::replace(&mut self.optimizer, plan.optimizer(&self.model)?);
        self.optimizer.take_over(head_alone)?;
        self.forget_gradients();
        Ok(())
    }

    /// The pictures of `data` as the head of a frozen model sees them, in the place of the pictures: what [`fit`](crate::fit())
    /// can train on with the same results, but for rounding, many times faster. None where the trunk is trained as well, now or
    /// later, or the recipe augments the pictures.
    ///
    /// # Errors
    /// [`Error::Data`] where libtorch fails, for example where memory runs out.
    pub fn features(&self, plan: &Plan, data: &Dataset) -> Result<Option<Dataset>, Error> {
        if !self.takes_features(plan) {
            return Ok(None);
        }
        self.mapped(plan, data).map(Some)
    }

    /// The same of all pictures of a data set that is parted in several ways: as they are trained on, and as they are answered where
    /// that differs (`evaluation.mirror`).
    ///
    /// # Errors
    /// Those of [`features`](Learner::features).
    pub fn features_of(&self, plan: &Plan, pictures: &Split) -> Result<Option<(Split, Option<Split>)>, Error> {
        if !self.takes_features(plan) {
            return Ok(None);
        }
        let size = features_at_once(plan);
        let seen = pictures.map(size, &|images: &Tensor| self.trunk_features(images))?;
        let is_mirrored = self.model.answers_mirrored();
        let answered = is_mirrored.then(|| pictures.map(size, &|images: &Tensor| self.answer_features(images)));
        Ok(Some((seen, answered.transpose()?)))
    }

    /// Features in the place of pictures: of those that are trained on one view, of the others what is answered.
    fn mapped(&self, plan: &Plan, data: &Dataset) -> Result<Dataset, Error> {
        let size = features_at_once(plan);
        let answered = |split: &Split| split.map(size, &|images: &Tensor| self.answer_features(images));
        Ok(Dataset {
            name: data.name.clone(),
            fingerprint: data.fingerprint.clone(),
            train: data.train.map(size, &|images: &Tensor| self.trunk_features(images))?,
            valid: answered(&data.valid)?,
            test: answered(&data.test)?,
        })
    }

    /// The same for [`fit`](crate::fit()) itself: until the trunk is trained as well. None of what is features already.
    pub(crate) fn features_for_now(&self, plan: &Plan, data: &Dataset) -> Result<Option<Dataset>, Error> {
        let is_features = data.train.shape() != self.model.input();
        if !self.sees_the_same(plan) || is_features || self.takes_features(plan) {
            return Ok(None);
        }
        self.mapped(plan, data).map(Some)
    }

    /// Whether the head sees the same of a picture in every epoch.
    fn takes_features(&self, plan: &Plan) -> bool {
        self.sees_the_same(plan) && plan.trains_head_alone(u64::MAX)
    }

    /// Whether the head sees the same of a picture in every epoch that is like this one.
    fn sees_the_same(&self, plan: &Plan) -> bool {
        self.model.is_frozen() && plan.recipe().operations().is_empty()
    }

    fn answer_features(&self, images: &Tensor) -> Tensor {
        tch::no_grad(|| self.model.answer_features(images)).unwrap_or_else(|| images.shallow_clone())
    }

    fn trunk_features(&self, images: &Tensor) -> Tensor {
        tch::no_grad(|| self.model.trunk_features(images)).unwrap_or_else(|| images.shallow_clone())
    }

    /// Remembers the model as it is now as the best: the averaged one where there is one.
    pub(crate) fn keep_best(&mut self, best: Best) {
        self.best_values = Some(self.chosen().clone_values());
        self.progress.best = Some(best);
    }

    /// The model that is validated for the choice: the averaged one where there is one.
    fn chosen(&self) -> &Model {
        self.averaged.as_ref().unwrap_or(&self.model)
    }

    /// The validation of the closing, where it is the best.
    fn closing_best(&self) -> Option<Best> {
        self.progress.closing.filter(|closing| closing.is_best).map(|closing| closing.at)
    }

    /// The best validation so far; `None` before the first.
    pub fn best(&self) -> Option<Best> {
        self.closing_best().or(self.progress.best)
    }

    /// Whether the optimiser has stepped since it was made; its first step may differ from all others.
    pub(crate) fn has_stepped(&self) -> bool {
        self.optimizer.has_stepped()
    }

    /// All tensors that a checkpoint holds besides the parameters, shared and not copied.
    pub(crate) fn memory(&self) -> Vec<(String, Tensor)> {
        let average = self.averaged.iter().flat_map(Model::named_tensors);
        let gathered = self.gathered().unwrap_or_default();
        let named = |part: &str, (name, tensor): (String, Tensor)| (format!("{part}.{name}"), tensor);
        let mut memory = self.optimizer.memory();
        memory.extend(average.map(|it| named("average", it)));
        memory.extend(gathered.into_iter().map(|it| named("gathered gradient", it)));
        memory
    }

    fn gathered(&self) -> Option<Vec<(String, Tensor)>> {
        let names = self.model.trainable().map(|parameter| parameter.name.as_str());
        Some(self.accumulation.as_ref()?.named(names))
    }

    /// Puts the best parameters into the model; it stays as it is when there was no validation.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] where the copy fails.
    pub fn restore_best(&self) -> Result<(), Error> {
        match &self.best_values {
            _ if self.closing_best().is_some() => Ok(self.model.load_values(&self.chosen().clone_values())?),
            Some(values) => Ok(self.model.load_values(values)?),
            None => Ok(()),
        }
    }

    /// What training came to, where it has ended before, with the best parameters put into the model as [`fit`](crate::fit()) leaves
    /// them; `None` while it can continue.
    ///
    /// # Errors
    /// [`Error::Model`] where the best parameters are not those of the model.
    pub fn finished(&self, plan: &Plan) -> Result<Option<Outcome>, Error> {
        let Some(reason) = self.progress.stopped_by.as_deref() else { return Ok(None) };
        let stopped_by = match reason {
            "epochs" => StoppedBy::Epochs,
            _ => plan.limit_reached(&self.progress).map_or(StoppedBy::Rule, StoppedBy::Limit),
        };
        self.finish(stopped_by).map(Some)
    }

    /// What training came to, having ended so; the best parameters are put back.
    pub(crate) fn finish(&self, stopped_by: StoppedBy) -> Result<Outcome, Error> {
        self.restore_best()?;
        let best = self.best();
        let holds = if best.is_some() { Holds::Best } else { Holds::Last };
        let (iterations, train_seconds) = (self.progress.iteration, self.progress.train_seconds);
        Ok(Outcome { stopped_by, holds, best, iterations, train_seconds })
    }

    /// The files of a checkpoint that training can continue from.
    pub(crate) fn to_files(&self, run: &Identity) -> Result<Files, Error> {
        let mut files = self.model_files(run)?;
        files.insert(OPTIMIZER.into(), serialise(OPTIMIZER, &self.optimizer.state()?)?);
        if let Some(values) = &self.best_values {
            files.insert(BEST.into(), serialise(BEST, values)?);
        }
        if let Some(averaged) = &self.averaged {
            files.insert(AVERAGE.into(), serialise(AVERAGE, &averaged.named_tensors())?);
        }
        if let Some(gathered) = self.gathered() {
            files.insert(GATHERED.into(), serialise(GATHERED, &gathered)?);
        }
        files.insert(PROGRESS.into(), json(PROGRESS, &self.progress)?);
        Ok(files)
    }

    /// The files of a checkpoint that holds the model as it is now.
    pub(crate) fn model_files(&self, run: &Identity) -> Result<Files, Error> {
        self.card_files(run, &self.model.named_tensors())
    }

    /// The files of a checkpoint that holds the model that was validated for the choice: the averaged one where there is
    /// one.
    pub(crate) fn chosen_files(&self, run: &Identity) -> Result<Files, Error> {
        self.card_files(run, &self.chosen().named_tensors())
    }

    /// The files of a checkpoint that holds the best model.
    pub(crate) fn best_files(&self, run: &Identity) -> Result<Files, Error> {
        let now = self.chosen().named_tensors();
        let kept = self.best_values.as_ref().filter(|_| self.closing_best().is_none());
        let mut files = self.card_files(run, kept.unwrap_or(&now))?;
        files.insert("best.json".into(), json("best.json", &self.best())?);
        Ok(files)
    }

    fn card_files(&self, run: &Identity, values: &[(String, Tensor)]) -> Result<Files, Error> {
        let meta = ModelMeta {
            arch: self.model.arch().clone(),
            input: self.model.input(),
            classes: self.model.classes(),
            divisor: run.recipe.data.divisor,
            normalise: run.recipe.data.normalise(),
            class_names: self.class_names.clone(),
            dataset: run.recipe.data.set.clone(),
            run: Some(run.clone()),
            calibration: None,
        };
        Ok(Files::from([(MODEL.into(), serialise(MODEL, values)?), (MODEL_META.into(), json(MODEL_META, &meta)?)]))
    }

    /// The learner of rank 0 on every rank, where several train together; `run` is what it trains for.
    ///
    /// # Errors
    /// [`Error::Libtorch`] where a rank is lost; [`Error::Checkpoint`] where what rank 0 sent does not fit this rank's model.
    pub fn of_first_rank(self, plan: &Plan, run: &Identity) -> Result<Learner, Error> {
        let ranks = plan.ranks();
        if ranks.is_alone() {
            return Ok(self);
        }
        let own = if ranks.rank() == 0 { self.to_files(run)? } else { Files::new() };
        let names: Vec<String> = ranks.say(0, &own.keys().cloned().collect())?;
        let mut files = Files::new();
        for name in names {
            let bytes = ranks.bytes(0, own.get(&name).map_or(&[], Vec::as_slice))?;
            files.insert(name, bytes);
        }
        if ranks.rank() == 0 {
            return Ok(self);
        }
        let mut learner = self.restored(plan, &files, Path::new("rank 0"))?;
        learner.accumulation = None; // rank 0 has that of all
        Ok(learner)
    }

    /// A new learner brought to where a checkpoint stands; `folder` names its files in messages.
    pub(crate) fn restored(mut self, plan: &Plan, files: &Files, folder: &Path) -> Result<Learner, Error> {
        let learner = &mut self;
        learner.progress = parse(files, PROGRESS, folder)?;
        // The last minibatch, not the next: a checkpoint after the head's last epoch holds the head's optimiser.
        let last = learner.progress.iteration.saturating_sub(1);
        if learner.model.is_frozen() && !plan.trains_head_alone(last / plan.steps_per_epoch()) {
            learner.thaw(plan)?;
        }
        learner.model.load_values(&tensors(files, MODEL, folder)?)?;
        learner.optimizer.load_state(&tensors(files, OPTIMIZER, folder)?)?;
        if files.contains_key(BEST) {
            learner.best_values = Some(tensors(files, BEST, folder)?);
        }
        if let Some(averaged) = &learner.averaged {
            averaged.load_values(&tensors(files, AVERAGE, folder)?)?;
        }
        if files.contains_key(GATHERED) {
            let parameters = learner.model.trainable().map(|it| (it.name.as_str(), &it.tensor));
            let gathered = Accumulation::from_named(tensors(files, GATHERED, folder)?, parameters);
            let wrong = |problem| Error::Checkpoint { path: folder.join(GATHERED), problem };
            learner.accumulation = Some(gathered.map_err(wrong)?);
        }
        Ok(self)
    }

    /// A model alone, with what is known of the pictures it takes.
    pub(crate) fn model_from_files(files: &Files, folder: &Path, device: Device) -> Result<(Model, ModelMeta), Error> {
        let meta = ModelMeta::from_files(files, folder)?;
        let mut model = Model::new(&meta.arch, meta.input, meta.classes, device, 0)?;
        model.set_answers_mirrored(meta.run.as_ref().is_some_and(|run| run.recipe.evaluation.mirror));
        model.load_values(&tensors(files, MODEL, folder)?)?;
        Ok((model, meta))
    }
}

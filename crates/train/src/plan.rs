//! A recipe measured against a data set: everything the loop needs to know that does not change while it runs.

use crate::criterion::{Criterion, class_weights};
use crate::error::Error;
use crate::layer_rates;
use crate::mismatch::Mismatch;
use crate::outcome::StoppedBy;
use crate::progress::Progress;
use crate::ranks::Ranks;
use crate::recipe::Group;
use crate::recipe::{Precision, Recipe, Sampling, Trained};
use crate::stopping::Stopping;
use models::{Model, Role};
use optim::{Optimizer, Parameter, Position, Schedule, range};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::Device;
use tensor_data::augment;
use tensor_data::{Batches, Dataset, Fingerprint, Order, Split, Tail};
use values::{OutOfRange, short};

/// A checked recipe together with the counts that follow from the data set's size.
#[derive(Debug, Clone)]
pub struct Plan {
    recipe: Recipe,
    pictures: Fingerprint,
    train_pictures: usize,
    minibatch_size: usize,
    steps_per_epoch: u64,
    validate_every: u64,
    class_weights: Option<Vec<f64>>,
    ranks: Ranks,
}

impl Plan {
    /// Fits a recipe to a data set. Fails when the recipe's values are out of range or name another data set, a minibatch
    /// is larger than a split, class weights do not fit the classes, or a growing learning rate does not stay a number.
    ///
    /// # Errors
    ///
    /// [`Error::RecipeRange`] for a value out of range; [`Error::Mismatch`] for what does not fit the pictures.
    pub fn new(recipe: &Recipe, data: &Dataset) -> Result<Plan, Error> {
        recipe.check()?;
        if recipe.data.set != data.name {
            let (recipe, pictures) = (recipe.data.set.clone(), data.name.clone());
            return Err(Mismatch::DataSet { recipe, pictures }.into());
        }
        let (wanted, found) = (recipe.data.normalise(), data.train.normalise());
        if wanted.as_ref() != found {
            return Err(Mismatch::Normalised { pictures: data.name.clone() }.into());
        }
        let size = recipe.minibatch.size.resolve(data.train.len());
        for (part, split, size, key) in [
            ("training", &data.train, size, "minibatch.size"),
            ("validation", &data.valid, recipe.evaluation.size, "evaluation.size"),
            ("test", &data.test, recipe.evaluation.size, "evaluation.size"),
        ] {
            let dropped = key == "minibatch.size" || recipe.evaluation.tail == Tail::Drop;
            if size > split.len() && dropped {
                let (pictures, samples) = (data.name.clone(), split.len());
                return Err(Mismatch::Minibatch { key, size, part, pictures, samples }.into());
            }
        }
        augment::check_list(&recipe.augment, data.train.shape(), size)
            .map_err(|problem| Mismatch::Section { section: "[augment]".to_owned(), problem: problem.to_string() })?;
        let steps_per_epoch = match recipe.minibatch.tail {
            Tail::Drop => data.train.len() / size,
            Tail::Keep => data.train.len().div_ceil(size),
        } as u64;
        let validate_every = recipe.stopping.validation_frequency(steps_per_epoch);
        let class_weights = class_weights(&recipe.loss, &data.train)?;
        let (recipe, pictures) = (recipe.clone(), data.fingerprint.clone());
        let (train_pictures, minibatch_size) = (data.train.len(), size);
        let plan = Plan {
            recipe,
            pictures,
            train_pictures,
            minibatch_size,
            steps_per_epoch,
            validate_every,
            class_weights,
            ranks: Ranks::Alone,
        };
        plan.check_growth()?;
        Ok(plan)
    }

    /// The same for one of several processes that train together, each of which makes its share of every minibatch.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where a minibatch, an epoch's last one included, holds fewer pictures than there are ranks, and for
    /// `precision = "f16"`, whose loss scale belongs to one process.
    pub fn across(self, ranks: Ranks) -> Result<Plan, Error> {
        let count = ranks.count();
        let last = match self.recipe.minibatch.tail {
            Tail::Drop => 0,
            Tail::Keep => self.train_pictures % self.minibatch_size,
        };
        let last = if last == 0 { self.minibatch_size } else { last };
        let smallest = self.minibatch_size.min(last);
        if smallest < count {
            return Err(
                Mismatch::TooManyRanks { ranks: count, smallest, is_last: smallest < self.minibatch_size }.into()
            );
        }
        if count > 1 && self.recipe.precision == Precision::F16 {
            return Err(Mismatch::RanksInF16.into());
        }
        Ok(Plan { ranks, ..self })
    }

    /// The processes that train together.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// A rate that grows exponentially has to be a rate at the last step, too.
    fn check_growth(&self) -> Result<(), Error> {
        let Schedule::Exponential { factor } = self.recipe.schedule else { return Ok(()) };
        let steps = self.total_steps().min(self.recipe.limits.iterations.unwrap_or(u64::MAX));
        if factor <= 1.0 || range::STEP_RATE.contains(self.scheduled_rate(steps.saturating_sub(1))) {
            return Ok(());
        }
        let greatest = (range::MOST / self.recipe.learning_rate).powf(1.0 / (steps - 1) as f64);
        Err(Error::RecipeRange(OutOfRange {
            key: "schedule.factor".to_owned(),
            value: short(factor),
            allowed: format!(
                "at most {} for the learning rate to stay below {} over {steps} minibatches (`epochs` and `limits.iterations` \
                 set how many)",
                short(greatest),
                short(range::MOST)
            ),
        }))
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The pictures to train on, to validate and to test with.
    pub fn pictures(&self) -> &Fingerprint {
        &self.pictures
    }

    /// Pictures per minibatch, but for a shorter last one.
    pub fn minibatch_size(&self) -> usize {
        self.minibatch_size
    }

    /// Minibatches per epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// Minibatches in all epochs.
    pub fn total_steps(&self) -> u64 {
        self.steps_per_epoch.saturating_mul(self.recipe.epochs)
    }

    /// Whether `epoch` (from 0) trains the head of a known network alone.
    pub(crate) fn trains_head_alone(&self, epoch: u64) -> bool {
        self.recipe.pretrained.as_ref().is_some_and(|it| it.trains_head_alone(epoch))
    }

    /// Minibatches after which training ends at the latest, as far as the stopping rule knows now.
    pub fn last_iteration(&self, progress: &Progress) -> u64 {
        match self.recipe.stopping {
            Stopping::Patience { .. } => self.total_steps().min(progress.stopping.patience.saturating_add(1)),
            _ => self.total_steps(),
        }
        .min(self.recipe.limits.iterations.unwrap_or(u64::MAX))
    }

    /// The limit of the recipe that a run has reached.
    pub fn limit_reached(&self, progress: &Progress) -> Option<&'static str> {
        let best = progress.best.map(|best| (best.error, best.loss));
        self.recipe.limits.reached(progress.iteration, progress.train_seconds, best)
    }

    /// Minibatches between two validations.
    pub fn validate_every(&self) -> u64 {
        self.validate_every
    }

    /// Whether the model is validated after minibatch `iteration` (from 0).
    pub fn validates_after(&self, iteration: u64) -> bool {
        iteration.saturating_add(1).is_multiple_of(self.validate_every)
    }

    /// Whether an update is made after minibatch `iteration` (from 0): after every `gradients.accumulate`-th of an epoch
    /// and after its last.
    pub fn updates_after(&self, iteration: u64) -> bool {
        let done = iteration % self.steps_per_epoch + 1;
        done.is_multiple_of(self.recipe.gradients.accumulate) || done == self.steps_per_epoch
    }

    /// The data loss that is minimised.
    pub(crate) fn criterion(&self, device: Device) -> Criterion {
        Criterion::new(self.recipe.loss.label_smoothing, self.class_weights.as_deref(), device)
    }

    /// The learning rate of minibatch `iteration` (from 0) as far as `progress` tells: the scheduled one times what the stopping rule
    /// has made of it, which changes at validations alone.
    pub fn learning_rate(&self, progress: &Progress, iteration: u64) -> f64 {
        self.scheduled_rate(iteration) * progress.stopping.lr_multiplier
    }

    fn scheduled_rate(&self, iteration: u64) -> f64 {
        let at = Position { step: iteration, steps_per_epoch: self.steps_per_epoch, total_steps: self.total_steps() };
        self.recipe.schedule.rate(self.recipe.learning_rate, at)
    }

    /// The minibatches of `epoch` (from 0), from minibatch `skip` on.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] where the epoch's order cannot be put on the device.
    pub fn minibatches<'a>(&self, train: &'a Split, epoch: u64, skip: u64) -> Result<Batches<'a>, Error> {
        let recipe = &self.recipe;
        let seed = recipe.seed;
        let order = match (recipe.minibatch.sampling, recipe.minibatch.order) {
            (Sampling::Balanced, _) => Order::Balanced { seed, epoch },
            (Sampling::Each, crate::recipe::Order::Stored) => Order::Stored,
            (Sampling::Each, crate::recipe::Order::Shuffled) => Order::Shuffled { seed, epoch },
        };
        let batches = train.batches(self.minibatch_size, order, recipe.minibatch.tail)?;
        let batches = batches.augmented(&recipe.operations(), recipe.seed, epoch)?;
        Ok(batches.sharded(self.ranks.shard()).skip_batches(skip as usize))
    }

    /// The model at its initial values.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] where the network does not fit the pictures; [`Error::Model`] where it cannot be made on `device`.
    pub fn initial_model(&self, data: &Dataset, device: Device) -> Result<Model, Error> {
        let (shape, classes) = (data.train.shape(), data.train.classes());
        Model::new(&self.recipe.model, shape, classes, device, self.recipe.seed)
            .map_err(|e| Mismatch::Network { pictures: data.name.clone(), problem: e.to_string() }.into())
    }

    /// An error where a model is not the recipe's or does not fit the pictures.
    pub(crate) fn check_model(&self, model: &Model, data: &Dataset) -> Result<(), Error> {
        if *model.arch() != self.recipe.model {
            let (recipe, model) = (self.recipe.model.kind(), model.arch().kind());
            return Err(Mismatch::OtherNetwork { recipe, model }.into());
        }
        let (shape, classes) = (data.train.shape(), data.train.classes());
        if (model.input(), model.classes()) != (shape, classes) {
            let (input, model_classes, pictures) = (model.input(), model.classes(), data.name.clone());
            return Err(Mismatch::Pictures { input, model_classes, pictures, shape, classes }.into());
        }
        Ok(())
    }

    /// The optimiser at its initial state, over the parameters that training moves. Fails where `[[groups]]` do not fit them.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] where `[[groups]]` do not fit the parameters; [`Error::Optim`].
    pub fn optimizer(&self, model: &Model) -> Result<Optimizer, Error> {
        self.check_groups(model)?;
        let layer_decay = self.recipe.pretrained.as_ref().map_or(1.0, |it| it.layer_decay);
        let blocks_after = layer_rates::blocks_after(layer_rates::named(model.parameters()));
        let mut parameters = Vec::new();
        for (it, blocks_after) in model.parameters().iter().zip(blocks_after) {
            if !it.tensor.requires_grad() {
                continue;
            }
            let group = self.group_of(&it.name)?;
            parameters.push(Parameter {
                name: it.name.clone(),
                tensor: it.tensor.shallow_clone(),
                decay: it.role == Role::Weight && group.is_none_or(|group| group.decay),
                lr_multiplier: layer_decay.powi(blocks_after) * group.map_or(1.0, |group| group.learning_rate_factor),
            });
        }
        Ok(Optimizer::new(parameters, &self.recipe.optimizer)?)
    }

    /// An error where a group names no parameter that training moves, then or later.
    fn check_groups(&self, model: &Model) -> Result<(), Error> {
        let head_alone = self.recipe.pretrained.as_ref().is_some_and(|it| it.train == Trained::Head);
        let moved = model.parameters().iter().filter(|it| !head_alone || it.tensor.requires_grad());
        let names: Vec<&str> = moved.map(|it| it.name.as_str()).collect();
        match self.recipe.groups.iter().find(|group| !names.iter().any(|name| name.starts_with(&group.parameters))) {
            None => Ok(()),
            Some(Group { parameters: prefix, .. }) => {
                let names = names.into_iter().map(str::to_owned).collect();
                Err(Mismatch::NoParameter { prefix: prefix.clone(), names }.into())
            }
        }
    }

    /// The group that a parameter lies in; an error where there are two.
    fn group_of(&self, name: &str) -> Result<Option<&Group>, Error> {
        let mut groups = self.recipe.groups.iter().filter(|group| name.starts_with(&group.parameters));
        let found = groups.next();
        match found.zip(groups.next()) {
            None => Ok(found),
            Some((one, other)) => {
                let (one, other) = (one.parameters.clone(), other.parameters.clone());
                Err(Mismatch::TwoGroups { name: name.to_owned(), one, other }.into())
            }
        }
    }

    /// Takes libtorch's random generator, of which there is one per process, for a model that draws from it: two
    /// such runs at once in one process would disturb each other's dropout, so the second waits.
    pub(crate) fn hold_generator(&self, model: &Model) -> Option<MutexGuard<'static, ()>> {
        static GENERATOR: Mutex<()> = Mutex::new(());
        model.uses_randomness().then(|| GENERATOR.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seeds libtorch's generator for minibatch `iteration`. Only dropout draws from it; seeding every step lets a
    /// run resumed in mid-epoch drop the same units. Each rank drops others.
    pub(crate) fn reseed(&self, model: &Model, iteration: u64) {
        if model.uses_randomness() {
            let rank = (self.ranks.rank() as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
            tch::manual_seed((self.recipe.seed ^ iteration.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ rank) as i64);
        }
    }

    /// `stopped_by` as it is saved and told: `None` while the run can continue.
    pub(crate) fn name_of(&self, by: StoppedBy) -> Option<String> {
        match by {
            StoppedBy::Epochs => Some("epochs".to_owned()),
            StoppedBy::Limit(limit) => Some(limit.to_owned()),
            StoppedBy::Rule => Some(self.recipe.stopping.name().to_owned()),
            StoppedBy::Interrupt => None,
        }
    }
}

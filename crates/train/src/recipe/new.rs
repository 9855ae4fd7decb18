//! Recipes made by programs: what is required as arguments, all else at its default, every field public to change.

use super::{Checkpoint, Data, Evaluation, Gradients, Graphs, HoldoutRule, Limits, Loss, Minibatch, Order, Penalty};
use super::{Precision, Recipe, Sampling, Size};
use crate::error::Error;
use crate::stopping::Stopping;
use models::Arch;
use optim::{Rule, Schedule};
use tch::Device;
use tensor_data::{Dataset, Samples, Source, Split};

impl Recipe {
    /// A recipe for the data set called `set` with minibatches of 100 in an order that the seed shuffles; every key that is
    /// not an argument has the default of the table. [`Recipe::check`] is called by whatever uses it.
    ///
    /// ```
    /// use models::Arch;
    /// use train::Recipe;
    /// let mut recipe = Recipe::new("mnist", Arch::mlp(), 10, 0.05);
    /// recipe.data.validation = 5_000;
    /// assert!(recipe.check().is_ok());
    /// ```
    pub fn new(set: &str, model: Arch, epochs: u64, learning_rate: f64) -> Recipe {
        Recipe {
            description: String::new(),
            seed: 0,
            epochs,
            learning_rate,
            precision: Precision::default(),
            graphs: Graphs::default(),
            data: Data {
                set: set.to_owned(),
                divisor: Data::default_divisor(),
                mean: Vec::new(),
                std: Vec::new(),
                validation: Data::default_validation(),
                holdout: HoldoutRule::default(),
                split_seed: None,
                storage: Data::default_storage(),
            },
            pictures: None,
            fold: None,
            minibatch: Minibatch::shuffled(100),
            augment: Vec::new(),
            evaluation: Evaluation::default(),
            model,
            pretrained: None,
            optimizer: Rule::default(),
            schedule: Schedule::default(),
            loss: Loss::default(),
            penalty: Penalty::default(),
            gradients: Gradients::default(),
            average: None,
            groups: Vec::new(),
            stopping: Stopping::Never,
            limits: Limits::default(),
            checkpoint: Checkpoint::default(),
        }
    }

    /// The pictures on a device, split and scaled as this recipe says. A folder of pictures comes as the fold that the recipe names.
    ///
    /// # Errors
    /// [`Error::Data`] where the hold-out or the fold does not fit, or libtorch refuses.
    pub fn upload(&self, source: &Source, device: Device) -> Result<Dataset, Error> {
        if self.fold.is_some() && self.pictures.is_none() {
            return self.upload_parted(&self.folded(source.clone())?, device);
        }
        self.upload_parted(source, device)
    }

    /// As [`upload`](Recipe::upload), of pictures that are the recipe's fold already, where it names one.
    ///
    /// # Errors
    /// Those of [`upload`](Recipe::upload).
    pub fn upload_parted(&self, source: &Source, device: Device) -> Result<Dataset, Error> {
        let data = &self.data;
        let set = Dataset::upload(source, data.holdout(self.seed), 1.0 / data.divisor, data.storage, device)?;
        Ok(set.normalised(data.normalise().as_ref())?)
    }

    /// All of some pictures on a device, scaled as this recipe says.
    ///
    /// # Errors
    /// [`Error::Data`] where libtorch refuses.
    pub fn upload_samples(&self, samples: &Samples, device: Device) -> Result<Split, Error> {
        let data = &self.data;
        let split = Split::upload(samples, 1.0 / data.divisor, data.storage, device)?;
        Ok(split.normalised(data.normalise().as_ref())?)
    }
}

impl Minibatch {
    /// Minibatches of `size` in a new order every epoch; an incomplete last one is dropped.
    pub fn shuffled(size: usize) -> Minibatch {
        Minibatch {
            size: Size::Count(size),
            order: Order::Shuffled,
            tail: Minibatch::default_tail(),
            sampling: Sampling::Each,
            with_class_weights: false,
            shift: 0,
        }
    }
}

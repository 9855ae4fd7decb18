//! What a run is: a recipe, every key typed, defaulted and checked before anything is loaded.
//!
//! A recipe is a TOML file (`recipes/*.toml`). Keys that are left out take the default of the tables below; a key that
//! is not there is refused with the nearest known name. `recipe.toml` in a run's folder holds every key.
//!
//! | key | default | range | meaning |
//! | --- | --- | --- | --- |
//! | `description` | empty | | one line for people |
//! | `seed` | 0 | 0 to 2^63 - 1 | the source of all randomness: initial values, order, shifts, dropout |
//! | `epochs` | required | 1 to 10^9 | passes over the training set at most |
//! | `learning_rate` | required | 1e-30 to 1e30 | base rate that the schedule scales |
//! | `precision` | `f32` | `f32`, `tf32`, `bf16`, `f16` | dtype of a training step: [`Precision`] |
//! | `graphs` | `auto` | `auto`, `off` | whether CUDA steps may be captured graphs: [`Graphs`] |
//! | `[data]` | | | [`Data`] |
//! | `[pictures]` | none | | [`Pictures`] |
//! | `[fold]` | none | `index` 1 to `of`, `of` 2 to 100 | one fold of several in the place of one split: [`Fold`] |
//! | `[minibatch]` | | | [`Minibatch`] |
//! | `[[augment]]` | none | | [`tensor_data::augment`]: what is done to training pictures, in the order of the list |
//! | `[evaluation]` | | | [`Evaluation`] |
//! | `[model]` | required | | [`models::Arch`] |
//! | `[pretrained]` | none | | [`Pretrained`] |
//! | `[optimizer]` | plain SGD | | [`optim::Rule`] |
//! | `[schedule]` | constant | | [`optim::Schedule`] |
//! | `[loss]` | plain | | [`Loss`] |
//! | `[penalty]` | none | | [`Penalty`] |
//! | `[gradients]` | untouched | | [`Gradients`] |
//! | `[average]` | none | | [`Average`] |
//! | `[[groups]]` | none | | [`Group`] |
//! | `[stopping]` | `never` | | [`crate::stopping::Stopping`] |
//! | `[limits]` | none | | [`Limits`] |
//! | `[checkpoint]` | | | [`Checkpoint`] |

mod check;
#[cfg(test)]
mod extremes;
mod fold;
mod gradients;
mod loss;
mod minibatch;
mod new;
mod pictures;
mod pretrained;
mod read;
mod resume;

pub use gradients::{Average, Gradients, Group};
pub use loss::{ClassRule, ClassWeights, Loss, Penalty};
pub use minibatch::{All, Minibatch, Order, Sampling, Size};
pub use pictures::{Filter, Fit, Pictures};
pub use pretrained::{Pretrained, Statistics, Trained};
pub use tensor_data::Fold;

use crate::stopping::Stopping;
use models::Arch;
use optim::{Rule, Schedule};
use serde::{Deserialize, Serialize};
use tensor_data::augment::Operation;
use tensor_data::{Holdout, Normalise, Storage, Tail};

/// A run's settings. Read one with [`Recipe::read`]; [`Recipe::check`] has then passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// The source of all randomness.
    #[serde(default)]
    pub seed: u64,
    /// Passes over the training set at most.
    pub epochs: u64,
    /// Base learning rate; the schedule scales it.
    pub learning_rate: f64,
    /// The dtype that training steps compute in.
    #[serde(default)]
    pub precision: Precision,
    /// Whether steps may be captured graphs.
    #[serde(default)]
    pub graphs: Graphs,
    /// Which pictures.
    pub data: Data,
    /// A folder that they lie in, instead of a data set with a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Pictures>,
    /// One fold of several: its pictures are tested, whatever part the data set puts them into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// How training minibatches are made.
    pub minibatch: Minibatch,
    /// What is done to training pictures by chance, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub augment: Vec<Operation>,
    /// How validation and test minibatches are made.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// The network.
    pub model: Arch,
    /// Weights to start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<Pretrained>,
    /// The update rule.
    #[serde(default)]
    pub optimizer: Rule,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// What of the model's answers is minimised.
    #[serde(default)]
    pub loss: Loss,
    /// What is added to the loss.
    #[serde(default)]
    pub penalty: Penalty,
    /// What becomes of gradients before a step.
    #[serde(default)]
    pub gradients: Gradients,
    /// A running average of the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    /// Parameters that are stepped differently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// When to stop before the last epoch.
    #[serde(default = "never")]
    pub stopping: Stopping,
    /// What ends training whatever the stopping rule says.
    #[serde(default)]
    pub limits: Limits,
    /// What is saved on the way.
    #[serde(default)]
    pub checkpoint: Checkpoint,
}

/// The dtype that training steps compute in. Parameters, optimiser, loss and every evaluation are f32, so that the figures of
/// a run are those of the model it saves.
///
/// On a CPU the fused convolutions stay in f32 as well: in vectors of 16 they are faster than libtorch's in bf16. So does the output
/// layer where it is one operation with its loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits throughout.
    #[default]
    F32,
    /// f32 whose products may round their factors to 10 bits after the point, on CUDA; elsewhere the same as `f32`.
    Tf32,
    /// The forward pass under autocast to bf16.
    Bf16,
    /// The same to f16, with a [loss scale](crate::LossScale); each minibatch waits for the device once per parameter.
    F16,
}

/// Whether training steps on CUDA may be captured graphs. The results are the same, to rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Graphs {
    /// Wherever that is possible; where it is not, the run says why.
    #[default]
    Auto,
    /// Never.
    Off,
}

fn never() -> Stopping {
    Stopping::Never
}

/// `[data]`: which pictures, and how they lie on the device.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `set` | required | | name of the data set, such as `mnist` or `glyphs` |
/// | `divisor` | 255 | 1e-6 to 1e6 | a pixel's value on the device is `pixel / divisor`; the tutorial's is 256 |
/// | `mean`, `std` | none | lists of a number per channel, -1e6 to 1e6 and 1e-6 to 1e6 | subtracted from the divided pixels of each channel, and what the difference is divided by |
/// | `validation` | 10000 | 1 to 10^9 | training pictures held out for validation |
/// | `holdout` | `last` | `last`, `random`, `stratified` | which ones: the last, drawn by seed, drawn by seed in every class's proportion |
/// | `split_seed` | `seed` | 0 to 2^63 - 1 | seed of the drawn hold-outs alone, so that runs with other seeds share one split |
/// | `storage` | `f32` | `f32`, `u8` | how pixels are kept on the device; `u8` takes a quarter of the memory, and minibatches are converted when used |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Name of the data set.
    pub set: String,
    /// Pixels are divided by this.
    #[serde(default = "Data::default_divisor")]
    pub divisor: f64,
    /// Subtracted from the divided pixels of each channel; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f64>,
    /// What the difference is divided by; as long as `mean`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f64>,
    /// Training pictures held out.
    #[serde(default = "Data::default_validation")]
    pub validation: usize,
    /// Which ones are held out.
    #[serde(default)]
    pub holdout: HoldoutRule,
    /// Seed of the drawn hold-outs; `None` for the run's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// Pixels on the device.
    #[serde(default = "Data::default_storage")]
    pub storage: Storage,
}

impl Data {
    fn default_divisor() -> f64 {
        255.0
    }
    fn default_validation() -> usize {
        10_000
    }
    fn default_storage() -> Storage {
        Storage::F32
    }

    /// How pixels are normalised after they were divided; `None` where no means are given.
    pub fn normalise(&self) -> Option<Normalise> {
        (!self.mean.is_empty()).then(|| Normalise { mean: self.mean.clone(), std: self.std.clone() })
    }

    /// The split that this asks for in a run of seed `seed`.
    pub fn holdout(&self, seed: u64) -> Holdout {
        let seed = self.split_seed.unwrap_or(seed);
        match self.holdout {
            HoldoutRule::Last => Holdout::Last(self.validation),
            HoldoutRule::Random => Holdout::Random { count: self.validation, seed },
            HoldoutRule::Stratified => Holdout::Stratified { count: self.validation, seed },
        }
    }
}

/// Which training pictures are held out for validation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldoutRule {
    /// The last ones in stored order.
    #[default]
    Last,
    /// Drawn by the split's seed.
    Random,
    /// Drawn by the split's seed, every class in its proportion.
    Stratified,
}

/// `[evaluation]`: how validation and test sets are cut.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `size` | 500 | 1 to 10^9 | pictures per minibatch; changes speed, not figures, as long as the tail is kept |
/// | `tail` | `keep` | `keep`, `drop` | whether an incomplete last minibatch counts; the published runs drop it |
/// | `watch` | `error` | `error`, `loss` | what the stopping rule and the choice of the best model go by, on the validation set |
/// | `top_k` | 5 | 1 to 10^6 | a picture counts as a top-k error where k classes or more come before its own; with as many classes or fewer there is none |
/// | `mirror` | false | | whether every answer (validation, test, `eval`, `predict`, exported files) is the mean of the logits of a picture and of its mirror image: test-time augmentation, at twice the time; not for what must not be mirrored, as writing |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Pictures per minibatch.
    #[serde(default = "Evaluation::default_size")]
    pub size: usize,
    /// What becomes of an incomplete last minibatch.
    #[serde(default = "Evaluation::default_tail")]
    pub tail: Tail,
    /// What early stopping goes by.
    #[serde(default)]
    pub watch: Watch,
    /// Classes that may be named before an answer counts as a top-k error.
    #[serde(default = "Evaluation::default_top_k")]
    pub top_k: u64,
    /// Whether a picture is looked at from both sides.
    #[serde(default)]
    pub mirror: bool,
}

impl Evaluation {
    fn default_size() -> usize {
        500
    }
    fn default_tail() -> Tail {
        Tail::Keep
    }
    fn default_top_k() -> u64 {
        5
    }
}

impl Default for Evaluation {
    fn default() -> Self {
        Evaluation {
            size: Self::default_size(),
            tail: Self::default_tail(),
            watch: Watch::default(),
            top_k: Self::default_top_k(),
            mirror: false,
        }
    }
}

/// `[limits]`: what ends training whatever the stopping rule says. A limit that is left out does not bind.
///
/// | key | range | training ends |
/// | --- | --- | --- |
/// | `iterations` | 1 to 10^15 | after so many minibatches |
/// | `minutes` | above 0, at most 1e9 | after the first minibatch that ends so many minutes into the loop, over all resumptions |
/// | `target_error` | 0 to 1 | after the first validation error at or below it, a fraction: 0.008 is 0.8 % |
/// | `target_loss` | 0 to 1e30 | after the first best model whose validation loss is at or below it, in nats; where both targets are given, both have to be reached |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Minibatches at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// Minutes in the loop at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// A validation error that is good enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_error: Option<f64>,
    /// A validation loss that is good enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_loss: Option<f64>,
}

impl Watch {
    /// What is watched, of a validation's error and loss.
    pub fn choose(self, error: f64, loss: f64) -> f64 {
        match self {
            Watch::Error => error,
            Watch::Loss => loss,
        }
    }
}

/// The limit of the wall clock, as it is saved and told.
pub(crate) const TIME: &str = "minutes";

impl Limits {
    /// The limit that a run has reached after `iterations` minibatches and `seconds`, with the validation error and loss
    /// of its best model so far; the targets first, as the better news.
    pub fn reached(&self, iterations: u64, seconds: f64, best: Option<(f64, f64)>) -> Option<&'static str> {
        let reached = |limit: Option<f64>, value: f64| limit.is_some_and(|limit| value >= limit);
        let (error, loss) = best.unwrap_or((f64::NAN, f64::NAN));
        let hit = |target: Option<f64>, value: f64| target.is_none_or(|target| value <= target);
        let on_target = hit(self.target_error, error) && hit(self.target_loss, loss);
        if self.target_error.is_some() && on_target {
            Some("target-error")
        } else if self.target_loss.is_some() && on_target {
            Some("target-loss")
        } else if self.iterations.is_some_and(|limit| iterations >= limit) {
            Some("iterations")
        } else if reached(self.minutes, seconds / 60.0) {
            Some(TIME)
        } else {
            None
        }
    }
}

/// What early stopping and the choice of the best model go by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watch {
    /// The fraction of the validation set misclassified.
    #[default]
    Error,
    /// The mean negative log-likelihood on the validation set.
    Loss,
}

/// `[checkpoint]`: what is saved on the way.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `seconds` | 10 | 0 to 1e9 | shortest time between two savings of `last/`; it grows where saving takes more than a hundredth of it; 0 saves at every validation, whatever that costs |
/// | `snapshots` | 0 | 0 to 10^9 | epochs between the models kept in `snapshots/`; 0 keeps none |
/// | `keep_top` | 0 | 0 to 1000 | how many of the best models are kept in `top/`, best by what `evaluation.watch` names; 0 keeps none |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Shortest time between two savings.
    #[serde(default = "Checkpoint::default_seconds")]
    pub seconds: f64,
    /// Epochs between kept models.
    #[serde(default)]
    pub snapshots: u64,
    /// Best models kept.
    #[serde(default)]
    pub keep_top: usize,
}

impl Checkpoint {
    fn default_seconds() -> f64 {
        10.0
    }
}

impl Default for Checkpoint {
    fn default() -> Self {
        Checkpoint { seconds: Self::default_seconds(), snapshots: 0, keep_top: 0 }
    }
}

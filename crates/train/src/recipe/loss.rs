//! What is minimised: the data loss and the penalty.

use serde::{Deserialize, Serialize};

/// `[loss]`: what of the model's answers is minimised.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `label_smoothing` | 0 | `[0, 1)` | part e of the target that is spread evenly over all C classes: the true class gets `1 - e + e / C`, each other `e / C` |
/// | `class_weights` | `"none"` | `"none"`, `"balanced"`, or a list of one number, 1e-6 to 1e6, for each class | how much a sample counts |
///
/// `balanced` gives class c the weight `n / (C * n_c)`, n_c being its pictures in the training set (without the held-out ones),
/// so that every class counts the same. The mean over a minibatch is weighted: with w the weights and y_i the classes,
/// `sum_i [(1 - e) * w[y_i] * -log p_i[y_i] + e / C * sum_c w[c] * -log p_i[c]] / sum_i w[y_i]`,
/// which is `torch.nn.CrossEntropyLoss(weight = w, label_smoothing = e)`.
///
/// `train_loss` in `metrics.csv` is this loss, each minibatch counting by its number of samples. Validation and test loss stay
/// the plain mean negative log-likelihood whatever is set here, so that runs can be compared. Source of label smoothing:
/// Szegedy et al. 2016.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Part of the target that is spread over all classes.
    #[serde(default)]
    pub label_smoothing: f64,
    /// How much a sample of each class counts.
    #[serde(default)]
    pub class_weights: ClassWeights,
}

/// How much a sample of each class counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"none\", \"balanced\" or a list of one number for each class")]
pub enum ClassWeights {
    /// By a rule.
    Rule(ClassRule),
    /// As given, one for each class.
    Given(Vec<f64>),
}

impl Default for ClassWeights {
    fn default() -> Self {
        ClassWeights::Rule(ClassRule::None)
    }
}

/// A rule for the weights of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassRule {
    /// Every sample counts the same.
    None,
    /// Every class counts the same.
    Balanced,
}

/// `[penalty]`: what is added to the loss, `l1 * sum |w| + l2 * sum w^2` over the weights, never the biases; see
/// [`optim::Penalty`].
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `l1` | 0 | 0 to 1e30 | factor of the sum of absolute values |
/// | `l2` | 0 | 0 to 1e30 | factor of the sum of squares; PyTorch's `weight_decay` is twice this |
/// | `with_weight_decay` | false | | whether `l2` may go together with `optimizer.weight_decay` |
///
/// `l2` enters the gradient, and an adaptive rule rescales it with the rest; the decoupled `weight_decay` of `adamw` shrinks the
/// weights past the gradient. Both at once are mostly a slip, so they are refused unless `with_weight_decay = true`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Penalty {
    /// Factor of the sum of absolute values.
    pub l1: f64,
    /// Factor of the sum of squares.
    pub l2: f64,
    /// Whether `l2` may go together with decoupled weight decay.
    pub with_weight_decay: bool,
}

impl Penalty {
    /// The terms that are added to the loss.
    pub fn terms(&self) -> optim::Penalty {
        optim::Penalty { l1: self.l1, l2: self.l2 }
    }
}

//! `[pretrained]`: weights that training starts from instead of drawn ones, and how far it moves away from them.

use super::Recipe;
use crate::error::Error;
use crate::mismatch::Mismatch;
use serde::{Deserialize, Serialize};
use std::ops::Bound::{Excluded, Included};
use values::{OutOfRange, Range, Whole};

const HEAD_EPOCHS: Whole = Whole::new("pretrained.head_epochs", 0, 1_000_000_000);
const LAYER_DECAY: Range = Range::new("pretrained.layer_decay", Excluded(0.0), Included(1.0));

/// `[pretrained]`: weights that training starts from, and how much of the network they leave to train.
///
/// | key | default | values | meaning |
/// | --- | --- | --- | --- |
/// | `weights` | required | a known name, or a path | what was loaded into the network when the run began |
/// | `train` | `"head"` | `"head"`, `"all"` | what training moves |
/// | `head_epochs` | 0 | below `epochs` | with `"all"`: epochs at the beginning that train the head alone, so that a head drawn at random does not spoil what the rest knows |
/// | `layer_decay` | 1 | above 0, at most 1 | with `"all"`: the learning rate of a block is that of the block after it times this, so that what lies near the pictures moves least |
/// | `batch_norm` | `"trained"` | `"trained"`, `"frozen"` | with `"all"`: whether batch normalisation counts its statistics over again from each minibatch, or takes and keeps the loaded ones |
///
/// With `"head"` all but the last linear layer stays as loaded, running statistics of batch normalisation included. What the
/// head sees of a picture is then the same in every epoch: where nothing augments the pictures it is computed once, before the
/// first minibatch, and an epoch costs no more than one of softmax regression. The same holds of `head_epochs`.
///
/// The head's own rate is the schedule's; `layer_decay` says that of block `b` of `B`, counted from the pictures, the head being the last:
/// `rate * layer_decay^(B - b)`. A block is what the network's names number first (`_blocks.3`, `layer2.0`, `features.4`), elsewhere a
/// layer, each with the normalisations behind it. Factors of `[[groups]]` come on top.
///
/// A resumed run takes everything from its checkpoint and needs the file no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// A known name, or a path.
    pub weights: String,
    /// What training moves.
    #[serde(default)]
    pub train: Trained,
    /// Epochs that train the head alone, before everything is trained.
    #[serde(default)]
    pub head_epochs: u64,
    /// Each block's share of the learning rate of the block after it.
    #[serde(default = "Pretrained::default_layer_decay")]
    pub layer_decay: f64,
    /// What batch normalisation does with its running statistics.
    #[serde(default)]
    pub batch_norm: Statistics,
}

/// What training moves of a network that starts from known weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trained {
    /// The last linear layer.
    #[default]
    Head,
    /// Everything.
    All,
}

/// What batch normalisation does with its running statistics while everything is trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistics {
    /// Normalises a minibatch by its own, and moves the running ones towards them.
    #[default]
    Trained,
    /// Normalises by those that were loaded, which stay.
    Frozen,
}

impl Pretrained {
    /// These weights, with everything else at its default: the head alone is trained.
    pub fn new(weights: impl Into<String>) -> Pretrained {
        Pretrained {
            weights: weights.into(),
            train: Trained::Head,
            head_epochs: 0,
            layer_decay: Pretrained::default_layer_decay(),
            batch_norm: Statistics::Trained,
        }
    }

    fn default_layer_decay() -> f64 {
        1.0
    }

    /// Whether the head alone is trained in `epoch`, counted from 0.
    pub fn trains_head_alone(&self, epoch: u64) -> bool {
        self.train == Trained::Head || epoch < self.head_epochs
    }

    /// Checks every value's range, and that none is without effect.
    ///
    /// # Errors
    /// The first key whose value lies outside its range, or that has no effect.
    pub(super) fn check(&self, recipe: &Recipe) -> Result<(), Error> {
        HEAD_EPOCHS.check(self.head_epochs)?;
        LAYER_DECAY.check(self.layer_decay)?;
        if self.head_epochs > 0 && self.train == Trained::All && self.head_epochs >= recipe.epochs {
            return Err(Error::RecipeRange(OutOfRange {
                key: "pretrained.head_epochs".to_owned(),
                value: self.head_epochs.to_string(),
                allowed: format!("below `epochs`, which is {}, or `train = \"head\"` instead", recipe.epochs),
            }));
        }
        let of_all = [
            ("pretrained.head_epochs", self.head_epochs != 0),
            ("pretrained.layer_decay", self.layer_decay != 1.0),
            ("pretrained.batch_norm", self.batch_norm != Statistics::Trained),
        ];
        match of_all.into_iter().find(|&(_, is_set)| is_set && self.train == Trained::Head) {
            None => Ok(()),
            Some((key, _)) => Err(Mismatch::NoEffect { key, why: "`pretrained.train` is \"head\"" }.into()),
        }
    }
}

//! `[pretrained]`: weights that training starts from instead of drawn ones.

use serde::{Deserialize, Serialize};

/// `[pretrained]`: weights that training starts from, and how much of the network they leave to train.
///
/// | key | default | values | meaning |
/// | --- | --- | --- | --- |
/// | `weights` | required | a known name, or a path | what was loaded into the network when the run began |
/// | `train` | `"head"` | `"head"`, `"all"` | what training moves |
///
/// With `"head"` all but the last linear layer stays as loaded, running statistics of batch normalisation included. What the
/// head sees of a picture is then the same in every epoch: where nothing augments the pictures it is computed once, before the
/// first minibatch, and an epoch costs no more than one of softmax regression.
///
/// A resumed run takes everything from its checkpoint and needs the file no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// A known name, or a path.
    pub weights: String,
    /// What training moves.
    #[serde(default)]
    pub train: Trained,
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

//! The update rules as one value, so that a recipe can name any of them.

use serde::{Deserialize, Serialize};

use crate::{AdamOptions, AdamWOptions, Error, RmsPropOptions, SgdOptions};

/// How a parameter moves along its gradient. In a recipe: a table whose `kind` names the rule, with the rule's options
/// beside it; an option that is left out has its default, and an unknown one is refused.
///
/// | `kind` | options | tensors kept per parameter |
/// | --- | --- | --- |
/// | `sgd` | [`SgdOptions`] | none; with momentum 1 |
/// | `adam` | [`AdamOptions`] | 2 |
/// | `adamw` | [`AdamWOptions`] | 2 |
/// | `rmsprop` | [`RmsPropOptions`] | 1; one more each with momentum and when centred |
///
/// ```
/// use optim::{Rule, SgdOptions};
/// let rule: Rule = toml::from_str("kind = 'sgd'\nmomentum = 0.9").unwrap();
/// assert_eq!(rule, Rule::Sgd(SgdOptions { momentum: 0.9, ..SgdOptions::default() }));
/// assert!(toml::from_str::<Rule>("kind = 'sgd'\nmomemtum = 0.9").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Rule {
    /// Stochastic gradient descent, with or without momentum.
    Sgd(SgdOptions),
    /// Adam.
    Adam(AdamOptions),
    /// Adam with decoupled weight decay.
    AdamW(AdamWOptions),
    /// RMSprop.
    RmsProp(RmsPropOptions),
}

impl Default for Rule {
    /// Plain SGD.
    fn default() -> Self {
        Rule::Sgd(SgdOptions::default())
    }
}

impl Rule {
    /// The name that `kind` has in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Sgd(_) => "sgd",
            Rule::Adam(_) => "adam",
            Rule::AdamW(_) => "adamw",
            Rule::RmsProp(_) => "rmsprop",
        }
    }

    /// Refuses options that are not finite or out of their range, and combinations that are not defined.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], which names the key; [`Error::Nesterov`].
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Rule::Sgd(options) => options.check(),
            Rule::Adam(options) => options.check(),
            Rule::AdamW(options) => options.check(),
            Rule::RmsProp(options) => options.check(),
        }
    }

    /// The same rule without decoupled weight decay.
    #[must_use]
    pub fn without_weight_decay(self) -> Rule {
        match self {
            Rule::AdamW(options) => Rule::AdamW(AdamWOptions { weight_decay: 0.0, ..options }),
            Rule::Sgd(_) | Rule::Adam(_) | Rule::RmsProp(_) => self,
        }
    }

    /// Decoupled weight decay, 0 for rules without. Together with an L2 [`Penalty`](crate::Penalty) it decays twice.
    pub fn weight_decay(&self) -> f64 {
        match self {
            Rule::AdamW(options) => options.weight_decay,
            Rule::Sgd(_) | Rule::Adam(_) | Rule::RmsProp(_) => 0.0,
        }
    }
}

//! What a recipe says about a model: a closed set of architectures, each a plain value that serde reads and
//! writes, with the published models as defaults and every range checked in one place.

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};
use values::{Range, Whole};

use crate::activation::Activation;
use crate::error::Error;
use crate::initial::Initial;

/// Units, maps, and the height and width of filters; more than [`MAX_PARAMETERS`](crate::MAX_PARAMETERS) are none anyway.
pub(crate) const SIZE: Whole = Whole::new("size", 1, 1_000_000_000);
/// Chance that a hidden unit is zeroed. Below 1, because kept units are divided by the rest.
pub(crate) const DROPOUT: Range = Range::new("dropout", Included(0.0), Excluded(1.0));

/// An architecture, without the sizes that the data set gives (picture shape and number of classes).
///
/// In a recipe the key `kind` names it (`softmax`, `mlp`, `lenet`; `own` in a run of a program); keys left out take the defaults below, and
/// unknown keys are refused.
///
/// | kind | key | default | range | meaning |
/// | --- | --- | --- | --- | --- |
/// | `mlp` | `hidden` | `[500]` | one number or more, each from 1 to 10^9 | units of each hidden layer |
/// | `mlp`, `lenet` | `activation` | `tanh` | `tanh`, `sigmoid`, `relu` | see [`Activation`] |
/// | `mlp`, `lenet` | `initial` | `by-activation` | `by-activation`, `fan-in` | see [`Initial`] |
/// | `mlp`, `lenet` | `dropout` | 0 | `[0, 1)` | chance that a hidden unit is zeroed in training |
/// | `lenet` | `filters` | `[20, 50]` | two numbers, each from 1 to 10^9 | maps of the two convolutions |
/// | `lenet` | `kernel` | 5 | 1 to 10^9 | height and width of each filter |
/// | `lenet` | `hidden` | 500 | 1 to 10^9 | units of the hidden layer |
/// | `lenet` | `ignore_border` | true | | pooling drops a trailing row or column that fills no 2x2 window; false keeps it (PyTorch's `ceil_mode`) |
///
/// Dropout is inverted (Srivastava et al. 2014; `torch.nn.Dropout`): kept units are divided by `1 - dropout` in
/// training, and nothing is done in evaluation. It follows the activation of each fully connected hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Arch {
    /// Softmax regression: one linear layer from the pixels to the classes.
    #[serde(deserialize_with = "values::no_keys")]
    Softmax,
    /// Multilayer perceptron: hidden layers of any number and width, then a linear output layer.
    Mlp {
        /// Units of each hidden layer, first to last.
        #[serde(default = "mlp_hidden")]
        hidden: Vec<i64>,
        /// Activation of the hidden layers.
        #[serde(default)]
        activation: Activation,
        /// Rule for the initial weights of the hidden layers.
        #[serde(default)]
        initial: Initial,
        /// Chance that a hidden unit is zeroed in training, in `[0, 1)`.
        #[serde(default)]
        dropout: f64,
    },
    /// LeNet as the classic deep-learning tutorials simplify it (after LeCun et al. 1998): two "valid"
    /// convolutions of stride 1, each followed by 2x2 max-pooling and the activation, one hidden layer, a linear
    /// output layer.
    LeNet {
        /// Maps (filters) of the first and second convolution.
        #[serde(default = "lenet_filters")]
        filters: [i64; 2],
        /// Height and width of the filters.
        #[serde(default = "lenet_kernel")]
        kernel: i64,
        /// Units of the hidden layer.
        #[serde(default = "lenet_hidden")]
        hidden: i64,
        /// Activation after each pooling and of the hidden layer.
        #[serde(default)]
        activation: Activation,
        /// Rule for the initial weights of filters and hidden layer.
        #[serde(default)]
        initial: Initial,
        /// Chance that a unit of the hidden layer is zeroed in training, in `[0, 1)`.
        #[serde(default)]
        dropout: f64,
        /// Whether pooling drops a trailing row or column that fills no window.
        #[serde(default = "lenet_ignore_border")]
        ignore_border: bool,
    },
    /// A network that a program built, from [blocks](crate::block) or with tch: only that program can build it again.
    Own {
        /// What the program calls it.
        name: String,
    },
}

impl Arch {
    /// The published multilayer perceptron: 500 tanh units.
    pub fn mlp() -> Arch {
        Arch::Mlp { hidden: mlp_hidden(), activation: Activation::default(), initial: Initial::default(), dropout: 0.0 }
    }

    /// The published LeNet: 20 and 50 filters of 5x5, 500 hidden units, tanh.
    pub fn lenet() -> Arch {
        Arch::LeNet {
            filters: lenet_filters(),
            kernel: lenet_kernel(),
            hidden: lenet_hidden(),
            activation: Activation::default(),
            initial: Initial::default(),
            dropout: 0.0,
            ignore_border: lenet_ignore_border(),
        }
    }

    /// The architecture's name as recipes write it: `softmax`, `mlp`, `lenet` or `own`.
    pub fn kind(&self) -> &'static str {
        match self {
            Arch::Softmax => "softmax",
            Arch::Mlp { .. } => "mlp",
            Arch::LeNet { .. } => "lenet",
            Arch::Own { .. } => "own",
        }
    }

    /// What a person calls it: the name of a program's own network, else the [`kind`](Arch::kind).
    pub fn name(&self) -> &str {
        match self {
            Arch::Own { name } => name,
            named => named.kind(),
        }
    }

    /// Chance that a hidden unit is zeroed in training; 0 for architectures without that key.
    pub fn dropout(&self) -> f64 {
        match self {
            Arch::Softmax | Arch::Own { .. } => 0.0,
            Arch::Mlp { dropout, .. } | Arch::LeNet { dropout, .. } => *dropout,
        }
    }

    /// Checks every range that can be judged without a data set, so that a recipe is refused before anything is
    /// loaded. [`Model::new`](crate::Model::new) checks again, together with the picture's shape.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the first key outside the range of the table above.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Arch::Softmax | Arch::Own { .. } => {}
            Arch::Mlp { hidden, .. } => {
                if hidden.is_empty() {
                    return Err(Error::NoHiddenLayer);
                }
                for (i, &units) in hidden.iter().enumerate() {
                    SIZE.check_at(&format!("hidden[{i}]"), units)?;
                }
            }
            Arch::LeNet { filters, kernel, hidden, .. } => {
                for (i, &maps) in filters.iter().enumerate() {
                    SIZE.check_at(&format!("filters[{i}]"), maps)?;
                }
                SIZE.check_at("kernel", *kernel)?;
                SIZE.check_at("hidden", *hidden)?;
            }
        }
        DROPOUT.check(self.dropout())?;
        Ok(())
    }
}

fn mlp_hidden() -> Vec<i64> {
    vec![500]
}

fn lenet_filters() -> [i64; 2] {
    [20, 50]
}

fn lenet_kernel() -> i64 {
    5
}

fn lenet_hidden() -> i64 {
    500
}

fn lenet_ignore_border() -> bool {
    true
}

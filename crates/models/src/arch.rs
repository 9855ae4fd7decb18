//! What a recipe says about a model: a closed set of architectures, each a plain value that serde reads and
//! writes, with the published models as defaults and every range checked in one place.

mod defaults;
mod sizes;

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};
use values::{Range, Whole};

use crate::activation::Activation;
use crate::error::Error;
use crate::initial::Initial;
use crate::node::Node;
use crate::plan::plan;
use crate::shape::product;
use crate::{Summary, zoo};

pub use sizes::{Airbench, ConvNextSize, ResNetDepth, Stem, VggSize, VitSize};

/// Units, maps, and the height and width of filters; more than [`MAX_PARAMETERS`](crate::MAX_PARAMETERS) are none anyway.
pub(crate) const SIZE: Whole = Whole::new("size", 1, 1_000_000_000);
/// How much wider than the narrowest a wide residual network is.
const WIDTH: Whole = Whole::new("width", 1, 1000);
/// Blocks of a ConvMixer.
const BLOCKS: Whole = Whole::new("depth", 1, 1000);
/// Chance that a hidden unit is zeroed. Below 1, because kept units are divided by the rest.
pub(crate) const DROPOUT: Range = Range::new("dropout", Included(0.0), Excluded(1.0));

/// An architecture, without the sizes that the data set gives (picture shape and number of classes).
///
/// In a recipe the key `kind` names it (`softmax`, `mlp`, `lenet`, ..., `vit`; `own` in a run of a program); keys left out take the defaults below, and
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
/// | `vgg` | `size` | `"small"` | `"small"`, `"11"`, `"16"` | see [`VggSize`] |
/// | `cifar-resnet` | `depth` | 20 | 8, 14, 20, ..., 1202 | layers, `6n + 2` |
/// | `resnet` | `depth` | `"18"` | `"18"`, `"34"`, `"50"` | see [`ResNetDepth`] |
/// | `resnet` | `stem` | `imagenet` | `imagenet`, `cifar` | see [`Stem`] |
/// | `wide-resnet` | `depth` | 16 | 10, 16, 22, ..., 1204 | layers, `6n + 4` |
/// | `wide-resnet` | `width` | 4 | 1 to 1000 | times 16, 32 and 64 maps |
/// | `airbench` | `target` | `"94"` | `"93"`, `"94"`, `"95"`, `"96"` | see [`Airbench`] |
/// | `convmixer` | `width`, `depth` | 256, 8 | 1 to 10^9, 1 to 1000 | maps and blocks |
/// | `convmixer` | `kernel`, `patch` | 5, 2 | 1 to 10^9 | height and width of the depthwise filters and of the patches |
/// | `convnext` | `size` | `atto` | `atto`, `tiny` | see [`ConvNextSize`] |
/// | `vit` | `size` | `tiny` | `tiny`, `small` | see [`VitSize`] |
/// | `vit` | `patch` | 16 | 1 to 10^9 | height and width of a patch |
///
/// `lenet5`, `resnet9`, `mobilenet-v2`, `mobilenet-v3-small`, `efficientnet-b0` and `efficientnet-lite0` have no keys.
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
        #[serde(default = "defaults::mlp_hidden")]
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
        #[serde(default = "defaults::lenet_filters")]
        filters: [i64; 2],
        /// Height and width of the filters.
        #[serde(default = "defaults::lenet_kernel")]
        kernel: i64,
        /// Units of the hidden layer.
        #[serde(default = "defaults::lenet_hidden")]
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
        #[serde(default = "defaults::lenet_ignore_border")]
        ignore_border: bool,
    },
    /// LeNet-5 (LeCun et al. 1998): two convolutions with mean pooling, three fully connected layers, tanh.
    #[serde(rename = "lenet5", deserialize_with = "values::no_keys")]
    LeNet5,
    /// VGG with batch norm for small pictures.
    #[serde(rename = "vgg")]
    Vgg {
        /// Its layers.
        #[serde(default)]
        size: VggSize,
    },
    /// Residual network for CIFAR, option-A shortcuts (He et al. 2015).
    #[serde(rename = "cifar-resnet")]
    CifarResNet {
        /// Layers, `6n + 2`.
        #[serde(default = "defaults::cifar_depth")]
        depth: i64,
    },
    /// Residual network (He et al. 2015; stride in the 3x3 convolution, as in torchvision).
    #[serde(rename = "resnet")]
    ResNet {
        /// Layers.
        #[serde(default)]
        depth: ResNetDepth,
        /// How it begins.
        #[serde(default)]
        stem: Stem,
    },
    /// Wide residual network (Zagoruyko and Komodakis 2016).
    #[serde(rename = "wide-resnet")]
    WideResNet {
        /// Layers, `6n + 4`.
        #[serde(default = "defaults::wide_depth")]
        depth: i64,
        /// Factor of the 16, 32 and 64 maps.
        #[serde(default = "defaults::wide_width")]
        width: i64,
    },
    /// DAWNBench's ResNet-9.
    #[serde(rename = "resnet9", deserialize_with = "values::no_keys")]
    ResNet9,
    /// A network of cifar10-airbench.
    #[serde(rename = "airbench")]
    Airbench {
        /// The accuracy that it was made for.
        #[serde(default)]
        target: Airbench,
    },
    /// ConvMixer (Trockman and Kolter 2022).
    #[serde(rename = "convmixer")]
    ConvMixer {
        /// Maps.
        #[serde(default = "defaults::mixer_width")]
        width: i64,
        /// Blocks.
        #[serde(default = "defaults::mixer_depth")]
        depth: i64,
        /// Height and width of the depthwise filters.
        #[serde(default = "defaults::mixer_kernel")]
        kernel: i64,
        /// Height and width of a patch.
        #[serde(default = "defaults::mixer_patch")]
        patch: i64,
    },
    /// MobileNetV2 (Sandler et al. 2018).
    #[serde(rename = "mobilenet-v2", deserialize_with = "values::no_keys")]
    MobileNetV2,
    /// MobileNetV3-small (Howard et al. 2019).
    #[serde(rename = "mobilenet-v3-small", deserialize_with = "values::no_keys")]
    MobileNetV3Small,
    /// EfficientNet-B0 (Tan and Le 2019).
    #[serde(rename = "efficientnet-b0", deserialize_with = "values::no_keys")]
    EfficientNetB0,
    /// EfficientNet-lite0, without gates, ReLU6, padded as TensorFlow pads.
    #[serde(rename = "efficientnet-lite0", deserialize_with = "values::no_keys")]
    EfficientNetLite0,
    /// ConvNeXt (Liu et al. 2022).
    #[serde(rename = "convnext")]
    ConvNext {
        /// Its size.
        #[serde(default)]
        size: ConvNextSize,
    },
    /// Vision transformer (Dosovitskiy et al. 2021).
    #[serde(rename = "vit")]
    Vit {
        /// Its size.
        #[serde(default)]
        size: VitSize,
        /// Height and width of a patch.
        #[serde(default = "defaults::vit_patch")]
        patch: i64,
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
        Arch::Mlp {
            hidden: defaults::mlp_hidden(),
            activation: Activation::default(),
            initial: Initial::default(),
            dropout: 0.0,
        }
    }

    /// The published LeNet: 20 and 50 filters of 5x5, 500 hidden units, tanh.
    pub fn lenet() -> Arch {
        Arch::LeNet {
            filters: defaults::lenet_filters(),
            kernel: defaults::lenet_kernel(),
            hidden: defaults::lenet_hidden(),
            activation: Activation::default(),
            initial: Initial::default(),
            dropout: 0.0,
            ignore_border: defaults::lenet_ignore_border(),
        }
    }

    /// The architecture's name as recipes write it, for instance `lenet`; `own` for a program's own.
    pub fn kind(&self) -> &'static str {
        match self {
            Arch::Softmax => "softmax",
            Arch::Mlp { .. } => "mlp",
            Arch::LeNet { .. } => "lenet",
            Arch::LeNet5 => "lenet5",
            Arch::Vgg { .. } => "vgg",
            Arch::CifarResNet { .. } => "cifar-resnet",
            Arch::ResNet { .. } => "resnet",
            Arch::WideResNet { .. } => "wide-resnet",
            Arch::ResNet9 => "resnet9",
            Arch::Airbench { .. } => "airbench",
            Arch::ConvMixer { .. } => "convmixer",
            Arch::MobileNetV2 => "mobilenet-v2",
            Arch::MobileNetV3Small => "mobilenet-v3-small",
            Arch::EfficientNetB0 => "efficientnet-b0",
            Arch::EfficientNetLite0 => "efficientnet-lite0",
            Arch::ConvNext { .. } => "convnext",
            Arch::Vit { .. } => "vit",
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

    /// Chance that a hidden unit is zeroed in training; 0 for architectures without that key, some of which drop by a published chance.
    pub fn dropout(&self) -> f64 {
        match self {
            Arch::Mlp { dropout, .. } | Arch::LeNet { dropout, .. } => *dropout,
            _ => 0.0,
        }
    }

    /// The same architecture with no hidden unit zeroed, where [`dropout`](Arch::dropout) is a key of it.
    #[must_use]
    pub fn without_dropout(mut self) -> Arch {
        if let Arch::Mlp { dropout, .. } | Arch::LeNet { dropout, .. } = &mut self {
            *dropout = 0.0;
        }
        self
    }

    /// Checks every range that can be judged without a data set, so that a recipe is refused before anything is
    /// loaded. [`Model::new`](crate::Model::new) checks again, together with the picture's shape.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the first key outside the range of the table above.
    pub fn check(&self) -> Result<(), Error> {
        match self {
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
            Arch::CifarResNet { depth } => layers(*depth, 2, 1202)?,
            Arch::WideResNet { depth, width } => {
                layers(*depth, 4, 1204)?;
                WIDTH.check(*width)?;
            }
            Arch::ConvMixer { width, depth, kernel, patch } => {
                BLOCKS.check(*depth)?;
                for (key, size) in [("width", width), ("kernel", kernel), ("patch", patch)] {
                    SIZE.check_at(key, *size)?;
                }
            }
            Arch::Vit { patch, .. } => {
                SIZE.check_at("patch", *patch)?;
            }
            _ => {}
        }
        DROPOUT.check(self.dropout())?;
        Ok(())
    }

    /// Layers, shapes, parameters and multiply-adds for pictures of `input`, `[channels, height, width]`; nothing is allocated.
    ///
    /// # Errors
    /// Those of [`Model::new`](crate::Model::new), but for libtorch's.
    pub fn summary(&self, input: [i64; 3], classes: i64) -> Result<Summary, Error> {
        let plan = plan(&zoo::network(self, classes)?, input)?;
        let layers: Vec<&Node> = [&plan.trunk, &plan.head].into_iter().flat_map(Node::layers).collect();
        Ok(Summary::of(&layers, |place| product(&plan.parameters[place].shape)))
    }
}

/// Layers of a residual network in three stages: `6n + rest`.
fn layers(depth: i64, rest: i64, most: i64) -> Result<(), Error> {
    Whole::new("depth", 6 + rest, most).check(depth)?;
    if depth % 6 == rest { Ok(()) } else { Err(Error::Depth { depth, rest, below: (depth - rest) / 6 * 6 + rest }) }
}

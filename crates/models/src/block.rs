//! Networks as values: what each part does and how parts follow one another, without tensors and without the pictures'
//! size. [`Model::from_blocks`](crate::Model::from_blocks) settles sizes, names and initial values, once.
//!
//! ```
//! use models::block::{BatchNorm, Classifier, Conv, Linear, Pool, Residual, Sequential};
//! use models::{Activation, Block};
//!
//! let body = Sequential::new()
//!     .named("conv1", Conv::new(16, 3).padding(1).without_bias())
//!     .named("bn1", BatchNorm::default())
//!     .then(Activation::Relu)
//!     .named("conv2", Conv::new(16, 3).padding(1).without_bias())
//!     .named("bn2", BatchNorm::default());
//! let trunk = Sequential::new()
//!     .named("stem", Conv::new(16, 3).padding(1))
//!     .named("block1", Sequential::new().then(Residual::new(body)).then(Activation::Relu))
//!     .then(Block::MaxPool(Pool::new(2)))
//!     .then(Block::GlobalAvgPool)
//!     .then(Block::Flatten);
//! let network = Classifier::new(trunk, "fc", Linear::new(10)); // block1.bn2.running_mean is one of its tensors
//! ```

mod more;

use crate::{Activation, Initial};

pub use more::{Attention, Gated, LayerNorm, Padding, Subsample};

/// A part of a network. Shapes below are those of one picture, without the batch dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// `[c, h, w]` to `[maps, h', w']`.
    Conv(Conv),
    /// Any shape to the same, each channel with its own statistics.
    BatchNorm(BatchNorm),
    /// Any shape to the same, each position with its own statistics.
    LayerNorm(LayerNorm),
    /// Any shape to the same, value by value.
    Activation(Activation),
    /// `[c, h, w]` to `[c, h', w']`, the largest value of each window.
    MaxPool(Pool),
    /// `[c, h, w]` to `[c, h', w']`, the mean of each window; padding counts as zeros.
    AvgPool(Pool),
    /// `[c, h, w]` to `[c, 1, 1]`, the mean over all positions.
    GlobalAvgPool,
    /// Any shape to `[product]`.
    Flatten,
    /// `[features]` to `[units]`, or `[tokens, features]` to `[tokens, units]`.
    Linear(Linear),
    /// Any shape to the same: in training each value is zeroed with this chance, in `[0, 1)`, and the others are divided by
    /// `1 - chance` (Srivastava et al. 2014; `torch.nn.Dropout`).
    Dropout(f64),
    /// Parts one after the other.
    Sequential(Sequential),
    /// A part whose input is added to its output.
    Residual(Residual),
    /// A part whose input is multiplied with its output.
    Gated(Gated),
    /// `[c, h, w]` to `[maps, h', w']`: some pixels, and channels of zeros.
    Subsample(Subsample),
    /// Any shape to the same, times this constant.
    Scale(f64),
    /// Any shape to the same, each channel times a parameter `gamma` that begins at this value (Touvron et al. 2021).
    LayerScale(f64),
    /// `[d, h, w]` to `[h * w, d]`.
    Tokens,
    /// `[tokens, d]` to `[tokens + 1, d]`: a learned `cls_token` `[1, 1, d]` comes first, and a learned `pos_embed`
    /// `[1, tokens + 1, d]` is added (Dosovitskiy et al. 2021). Both begin as draws of a normal distribution, deviation 0.02.
    Embedding,
    /// `[tokens, d]` to `[tokens, d]`.
    Attention(Attention),
    /// `[tokens, d]` to `[d]`: the first token.
    FirstToken,
}

/// Convolution (cross-correlation, as `torch.nn.Conv2d`): `h' = floor((h + 2 * padding - kernel) / stride) + 1` with the same
/// padding on each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Maps that come out, at least 1.
    pub maps: i64,
    /// Height and width of the filters, at least 1.
    pub kernel: i64,
    /// Pixels from one position to the next, at least 1.
    pub stride: i64,
    /// Zeros around the picture.
    pub padding: Padding,
    /// Groups of channels that do not see one another; divides the maps that go in and those that come out.
    pub groups: i64,
    /// Whether a bias is added; it begins at 0.
    pub bias: bool,
    /// How the filters begin.
    pub init: Init,
}

/// Fully connected layer, as `torch.nn.Linear`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Values that come out, at least 1.
    pub units: i64,
    /// Whether a bias is added; it begins at 0.
    pub bias: bool,
    /// How the weight begins.
    pub init: Init,
}

/// Batch normalisation (Ioffe and Szegedy 2015; `torch.nn.BatchNorm2d`):
/// `y = (x - mean) / sqrt(variance + eps) * weight + bias` for each channel. Training takes mean and biased variance from the
/// minibatch and moves the buffers `running_mean` and `running_var` (the unbiased variance) towards them by `momentum`;
/// evaluation takes the buffers. `weight` and `running_var` begin at 1, `bias` and `running_mean` at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance, above 0.
    pub eps: f64,
    /// Share of the new statistics, 0 to 1.
    pub momentum: f64,
}

/// Windows of a pooling: `h' = floor((h + 2 * padding - kernel) / stride) + 1`, rounded up with `keep_border` (PyTorch's
/// `ceil_mode`), where a window must begin inside the picture or its leading padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Height and width of a window, at least 1.
    pub kernel: i64,
    /// Pixels from one window to the next, at least 1.
    pub stride: i64,
    /// Added on each side, at most half the window.
    pub padding: i64,
    /// Whether a trailing row or column that fills no window is pooled as well.
    pub keep_border: bool,
}

/// How the weight of a convolution or a linear layer begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All 0.
    Zero,
    /// Uniform in `[-bound, bound]`, drawn from the layer's own stream of the seed; see [`Initial`] for the bound.
    Uniform {
        /// The rule.
        rule: Initial,
        /// The activation that follows.
        activation: Activation,
        /// Area of the pooling that follows, 1 where there is none: `fan_out` is divided by it.
        pool_area: i64,
    },
    /// Normal with deviation `sqrt(2 / fan_out)` (He et al. 2015;
    /// `torch.nn.init.kaiming_normal_(mode="fan_out", nonlinearity="relu")`); `fan_out = maps * kernel^2`, whatever the groups.
    HeFanOut,
    /// Normal with this deviation, at least 0.
    Normal(f64),
    /// PyTorch's bound, but the first filters, as many as there are channels, hand on their channel (cifar10-airbench).
    Dirac,
}

/// Parts one after the other. A named part puts its name, and a dot, before the names of its tensors; it is a *layer* of
/// summaries and activations unless a part inside it is named as well. An unnamed part's tensors take the name of what
/// it lies in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequential {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub name: Option<String>,
    pub block: Block,
}

/// `body(x) + shortcut(x)`, both of one shape; without a shortcut `body(x) + x` (He et al. 2015).
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    pub(crate) body: Box<Block>,
    pub(crate) shortcut: Option<Box<Part>>,
}

/// A trunk that ends in features and a linear head that makes logits of them: the one shape that all classifiers here
/// have, so that a loss can take features and head together and a head can be replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// From pictures to `[features]`.
    pub trunk: Sequential,
    /// The head's name, for instance `output` or `fc`.
    pub head_name: String,
    /// From features to logits; `units` is the number of classes.
    pub head: Linear,
}

impl Conv {
    /// `maps` filters of `kernel` by `kernel`, stride 1, no padding, one group, a bias, PyTorch's bound for the weight.
    pub fn new(maps: i64, kernel: i64) -> Conv {
        Conv { maps, kernel, stride: 1, padding: Padding::Each(0), groups: 1, bias: true, init: Init::default() }
    }

    /// With another stride.
    #[must_use]
    pub fn stride(self, stride: i64) -> Conv {
        Conv { stride, ..self }
    }

    /// With zeros on each side.
    #[must_use]
    pub fn padding(self, padding: i64) -> Conv {
        Conv { padding: Padding::Each(padding), ..self }
    }

    /// With TensorFlow's padding.
    #[must_use]
    pub fn same(self) -> Conv {
        Conv { padding: Padding::Same, ..self }
    }

    /// With groups of channels; as many as there are channels make it depthwise.
    #[must_use]
    pub fn groups(self, groups: i64) -> Conv {
        Conv { groups, ..self }
    }

    /// Without a bias, as before a batch normalisation.
    #[must_use]
    pub fn without_bias(self) -> Conv {
        Conv { bias: false, ..self }
    }

    /// With other initial values.
    #[must_use]
    pub fn init(self, init: Init) -> Conv {
        Conv { init, ..self }
    }
}

impl Linear {
    /// `units` outputs, a bias, PyTorch's bound for the weight.
    pub fn new(units: i64) -> Linear {
        Linear { units, bias: true, init: Init::default() }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(self) -> Linear {
        Linear { bias: false, ..self }
    }

    /// With other initial values.
    #[must_use]
    pub fn init(self, init: Init) -> Linear {
        Linear { init, ..self }
    }
}

impl Default for BatchNorm {
    /// PyTorch's: eps 1e-5, momentum 0.1.
    fn default() -> BatchNorm {
        BatchNorm { eps: 1e-5, momentum: 0.1 }
    }
}

impl Pool {
    /// Windows of `kernel` by `kernel` side by side.
    pub fn new(kernel: i64) -> Pool {
        Pool { kernel, stride: kernel, padding: 0, keep_border: false }
    }
}

impl Default for Init {
    /// PyTorch's bound for the weights of `Conv2d` and `Linear`, `1 / sqrt(fan_in)`.
    fn default() -> Init {
        Init::Uniform { rule: Initial::FanIn, activation: Activation::Relu, pool_area: 1 }
    }
}

impl Sequential {
    /// Nothing yet, which hands on what it is given.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// Then a part without a name of its own.
    #[must_use]
    pub fn then(mut self, block: impl Into<Block>) -> Sequential {
        self.parts.push(Part { name: None, block: block.into() });
        self
    }

    /// Then a part with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, block: impl Into<Block>) -> Sequential {
        self.parts.push(Part { name: Some(name.into()), block: block.into() });
        self
    }
}

impl Residual {
    /// `body(x) + x`.
    pub fn new(body: impl Into<Block>) -> Residual {
        Residual { body: Box::new(body.into()), shortcut: None }
    }

    /// `body(x) + shortcut(x)`, for a body that changes the shape; PyTorch's name for it is `downsample`.
    #[must_use]
    pub fn shortcut(self, name: impl Into<String>, block: impl Into<Block>) -> Residual {
        Residual { shortcut: Some(Box::new(Part { name: Some(name.into()), block: block.into() })), ..self }
    }
}

impl Classifier {
    /// A trunk and its head.
    pub fn new(trunk: Sequential, head_name: impl Into<String>, head: Linear) -> Classifier {
        Classifier { trunk, head_name: head_name.into(), head }
    }
}

impl From<Conv> for Block {
    fn from(conv: Conv) -> Block {
        Block::Conv(conv)
    }
}

impl From<Linear> for Block {
    fn from(linear: Linear) -> Block {
        Block::Linear(linear)
    }
}

impl From<BatchNorm> for Block {
    fn from(norm: BatchNorm) -> Block {
        Block::BatchNorm(norm)
    }
}

impl From<Activation> for Block {
    fn from(activation: Activation) -> Block {
        Block::Activation(activation)
    }
}

impl From<Sequential> for Block {
    fn from(parts: Sequential) -> Block {
        Block::Sequential(parts)
    }
}

impl From<Residual> for Block {
    fn from(residual: Residual) -> Block {
        Block::Residual(residual)
    }
}

//! A network whose sizes are settled: the tree that building, running and summarising walk. Tensors are named by their
//! place in [`Tensors`](crate::tensors::Tensors).

use crate::Activation;
use crate::block::{BatchNorm, Conv, LayerNorm, Pool, Subsample};

/// A part of a network, and the shape that comes out of it for one picture, without the batch dimension.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Names on the way here, joined by dots; of an unnamed part that of what it lies in.
    pub name: String,
    /// Whether it is a row of the summary and an entry of the activations: named, with no named part inside.
    pub is_layer: bool,
    pub output: Vec<i64>,
    pub op: Op,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Conv {
        weight: usize,
        bias: Option<usize>,
        conv: Conv,
    },
    BatchNorm {
        norm: BatchNorm,
        weight: usize,
        bias: usize,
        mean: usize,
        variance: usize,
    },
    LayerNorm {
        norm: LayerNorm,
        weight: usize,
        bias: usize,
    },
    Activation(Activation),
    MaxPool(Pool),
    AvgPool(Pool),
    GlobalAvgPool,
    Flatten,
    Linear {
        weight: usize,
        bias: Option<usize>,
    },
    Dropout(f64),
    Sequential(Vec<Node>),
    Residual {
        body: Box<Node>,
        shortcut: Option<Box<Node>>,
    },
    Gated(Box<Node>),
    Subsample(Subsample),
    Scale(f64),
    LayerScale(usize),
    Tokens,
    Embedding {
        class: usize,
        position: usize,
    },
    Attention {
        heads: i64,
        /// Places of `qkv.weight`, `qkv.bias`, `proj.weight` and `proj.bias`.
        own: [usize; 4],
    },
    FirstToken,
    /// Made by [`rewrite`](crate::rewrite) alone: the same images, with the values of all channels of a pixel side by side.
    ChannelsLast,
    /// Made by [`rewrite`](crate::rewrite) alone: convolutions with their pooling, each one pass over packed pictures.
    Packed(Vec<Stage>),
}

/// Convolution, pooling and activation that are done together.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub weight: usize,
    pub bias: usize,
    pub keep_border: bool,
    pub activation: Option<Activation>,
}

impl Node {
    /// The parts that this one is made of.
    pub fn children(&self) -> Vec<&Node> {
        match &self.op {
            Op::Sequential(parts) => parts.iter().collect(),
            Op::Residual { body, shortcut } => std::iter::once(&**body).chain(shortcut.as_deref()).collect(),
            Op::Gated(body) => vec![&**body],
            _ => Vec::new(),
        }
    }

    /// The layers inside, first to last, itself if it is one.
    pub fn layers(&self) -> Vec<&Node> {
        if self.is_layer { vec![self] } else { self.children().into_iter().flat_map(Node::layers).collect() }
    }

    /// All that is not made of parts, first to last.
    pub fn leaves(&self) -> Vec<&Node> {
        let children = self.children();
        if children.is_empty() { vec![self] } else { children.into_iter().flat_map(Node::leaves).collect() }
    }

    pub fn is_convolution(&self) -> bool {
        matches!(self.op, Op::Conv { .. })
    }

    pub fn has_batch_norm(&self) -> bool {
        self.leaves().into_iter().any(|leaf| matches!(leaf.op, Op::BatchNorm { .. }))
    }

    pub fn uses_randomness(&self) -> bool {
        self.leaves().into_iter().any(|leaf| matches!(leaf.op, Op::Dropout(chance) if chance > 0.0))
    }

    /// Places of its parameters, those of its parts included.
    pub fn parameters(&self) -> Vec<usize> {
        let of = |leaf: &Node| match leaf.op {
            Op::Conv { weight, bias, .. } | Op::Linear { weight, bias } => {
                std::iter::once(weight).chain(bias).collect()
            }
            Op::BatchNorm { weight, bias, .. } | Op::LayerNorm { weight, bias, .. } => vec![weight, bias],
            Op::LayerScale(gamma) => vec![gamma],
            Op::Embedding { class, position } => vec![class, position],
            Op::Attention { own, .. } => own.to_vec(),
            _ => Vec::new(),
        };
        self.leaves().into_iter().flat_map(of).collect()
    }
}

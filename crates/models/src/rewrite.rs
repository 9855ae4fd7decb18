//! A network as this machine runs it fastest: the tree is rewritten once, when a model is built. What changes is how
//! things are computed, never what; figures agree to rounding.
//!
//! On a CPU the first convolutions, each with its pooling and activation, become one pass over packed pictures (see
//! [`torch_ext::convolution`]), and what convolutions come after them take their images with the channels side by side.

use tch::{Device, Tensor};
use torch_ext::convolution::{convolve_pool, pack, supports, unpack};
use torch_ext::{Error, Isa};

use crate::block::{Conv, Padding, Pool};
use crate::node::{Node, Op, Stage};
use crate::tensors::Tensors;

/// The tree for `device` with all kernels used; the layers inside what was fused cannot be looked at.
pub(crate) fn fastest(tree: &Node, device: Device) -> Node {
    if device != Device::Cpu {
        return tree.clone();
    }
    let parts = in_sequence(tree);
    let (stages, taken) = stages(&parts);
    let (fused, rest) = parts.split_at(taken);
    let mut rewritten = Vec::new();
    if let Some(last) = fused.last() {
        rewritten.push(unnamed(Op::Packed(stages), last.output.clone()));
    }
    if rest.iter().any(|part| holds_convolution(part)) {
        rewritten.push(unnamed(Op::ChannelsLast, Vec::new()));
    }
    rewritten.extend(rest.iter().map(|part| (*part).clone()));
    unnamed(Op::Sequential(rewritten), tree.output.clone())
}

/// The tree for `device` with every layer as it is described; on a CPU the layout suits convolutions.
pub(crate) fn plain(tree: &Node, device: Device) -> Node {
    if device != Device::Cpu || !holds_convolution(tree) {
        return tree.clone();
    }
    let laid_out = vec![unnamed(Op::ChannelsLast, Vec::new()), tree.clone()];
    unnamed(Op::Sequential(laid_out), tree.output.clone())
}

/// The feature maps after `stages`: f32 `[n, channels, height, width]` to `[n, maps, h, w]`.
pub(crate) fn packed(tensors: &Tensors, stages: &[Stage], images: &Tensor) -> Result<Tensor, Error> {
    let isa = Isa::best();
    let mut x = pack(images, isa)?; // [blocks, c, h, w, lanes]
    for stage in stages {
        let [w, b] = [stage.weight, stage.bias].map(|place| &tensors.parameters[place].tensor); // [maps, c, k, k], [maps]
        x = convolve_pool(&x, w, b, stage.keep_border, isa)?; // [blocks, maps, h/2, w/2, lanes]
        x = stage.activation.map_or_else(|| x.shallow_clone(), |activation| activation.apply(&x)); // the same
    }
    unpack(&x, images.size()[0], isa) // [n, maps, h, w]
}

/// The stages that the first of `parts` make, and how many of them they take up.
fn stages(parts: &[&Node]) -> (Vec<Stage>, usize) {
    let (mut stages, mut taken) = (Vec::new(), 0);
    while let [conv, pool, ..] = parts[taken..]
        && let Op::Conv { weight, bias: Some(bias), conv } = &conv.op
        && let Op::MaxPool(pool) = &pool.op
        && is_fusible(conv, pool)
    {
        let activation = match parts.get(taken + 2).map(|part| &part.op) {
            Some(Op::Activation(activation)) => Some(*activation),
            _ => None,
        };
        taken += if activation.is_some() { 3 } else { 2 };
        stages.push(Stage { weight: *weight, bias: *bias, keep_border: pool.keep_border, activation });
    }
    (stages, taken)
}

fn is_fusible(conv: &Conv, pool: &Pool) -> bool {
    let is_valid = (conv.stride, conv.padding, conv.groups) == (1, Padding::Each(0), 1);
    is_valid && supports(conv.kernel) && (pool.kernel, pool.stride, pool.padding) == (2, 2, 0)
}

/// The parts that follow one another, those of sequences inside sequences included. Layers made of several parts are
/// taken apart: names matter to the plain tree alone.
fn in_sequence(tree: &Node) -> Vec<&Node> {
    match &tree.op {
        Op::Sequential(parts) => parts.iter().flat_map(in_sequence).collect(),
        _ => vec![tree],
    }
}

fn holds_convolution(part: &Node) -> bool {
    part.leaves().into_iter().any(Node::is_convolution)
}

fn unnamed(op: Op, output: Vec<i64>) -> Node {
    Node { name: String::new(), is_layer: false, output, op }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, Classifier, Linear, Pool, Residual, Sequential};
    use crate::plan::plan;
    use crate::{Activation, Arch, zoo};

    /// The names of operations, first to last, for instance `packed2 flatten linear`.
    fn operations(network: &Classifier, device: Device) -> String {
        let tree = fastest(&plan(network, [3, 32, 32]).unwrap().trunk, device);
        let name = |node: &Node| match &node.op {
            Op::Packed(stages) => format!("packed{}", stages.len()),
            Op::ChannelsLast => "channels-last".to_owned(),
            Op::Conv { .. } => "conv".to_owned(),
            Op::MaxPool(_) => "max-pool".to_owned(),
            Op::Activation(_) => "activation".to_owned(),
            Op::Residual { .. } => "residual".to_owned(),
            _ => "other".to_owned(),
        };
        let parts = in_sequence(&tree);
        parts.into_iter().map(name).filter(|name| name != "other").collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lenet_is_packed_on_a_cpu_and_left_on_cuda() {
        let lenet = zoo::network(&Arch::lenet(), 10).unwrap();
        assert_eq!(operations(&lenet, Device::Cpu), "packed2 activation");
        let whole = "conv max-pool activation conv max-pool activation activation";
        assert_eq!(operations(&lenet, Device::Cuda(0)), whole);
    }

    #[test]
    fn only_what_the_kernels_can_do_is_fused() {
        let pool = || Block::MaxPool(Pool::new(2));
        let network = |first: Conv| {
            let skip = Sequential::new().named("inner", Conv::new(4, 3).padding(1));
            let trunk = Sequential::new().named("a", first).then(pool()).then(Residual::new(skip)).then(Block::Flatten);
            Classifier::new(trunk, "fc", Linear::new(2))
        };
        assert_eq!(operations(&network(Conv::new(4, 5)), Device::Cpu), "packed1 channels-last residual");
        for other in
            [Conv::new(4, 5).padding(1), Conv::new(4, 5).stride(2), Conv::new(4, 4), Conv::new(4, 5).without_bias()]
        {
            assert_eq!(operations(&network(other), Device::Cpu), "channels-last conv max-pool residual", "{other:?}");
        }
        let mlp = Classifier::new(Sequential::new().then(Block::Flatten).then(Activation::Relu), "fc", Linear::new(2));
        assert_eq!(operations(&mlp, Device::Cpu), "activation", "no layout without a convolution");
    }
}

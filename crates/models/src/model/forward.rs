//! What a model computes: logits, what its head takes, and what each layer gives on the way.

use tch::Tensor;

use super::{Body, Model, Tree};
use crate::network::Mode;
use crate::node::Node;
use crate::run::Pass;

impl Model {
    /// What a frozen model's head takes of images, f32 `[n, channels, height, width]` to f32 `[n, features, 1, 1]`, without a
    /// graph. [`forward`](Model::forward) and [`features`](Model::features) of a frozen model take it in the place of images.
    /// None where the trunk is not frozen.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn trunk_features(&self, images: &Tensor) -> Option<Tensor> {
        match &self.body {
            Body::Tree(tree) if self.frozen => {
                Some(self.trunk(tree, images, Mode::Eval).unsqueeze(-1).unsqueeze(-1)) // [n, features, 1, 1]
            }
            _ => None,
        }
    }

    /// The same for what is to be answered: the mean over both views of each image where the model
    /// [answers so](Model::set_answers_mirrored), of which the head makes the mean of the logits.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn answer_features(&self, images: &Tensor) -> Option<Tensor> {
        let seen = self.trunk_features(images)?;
        match self.mirror_image(images, Mode::Eval) {
            Some(mirrored) => self.trunk_features(&mirrored).map(|other| (seen + other) * 0.5),
            None => Some(seen),
        }
    }

    /// Images mirrored left to right where answers are the mean over both views; none of features in the place of images.
    fn mirror_image(&self, images: &Tensor, mode: Mode) -> Option<Tensor> {
        let wanted = self.answers_mirrored && mode == Mode::Eval && images.size()[1..] == self.input;
        wanted.then(|| images.flip([3]))
    }

    /// Logits of images: f32 `[n, channels, height, width]` on the model's device to f32 `[n, classes]`. Softmax of
    /// a row gives the probabilities.
    ///
    /// In [`Mode::Eval`] they are the mean over two views where the model [answers so](Model::set_answers_mirrored).
    /// In [`Mode::Train`] dropout draws from libtorch's global generator, which the caller seeds (see
    /// [`uses_randomness`](Model::uses_randomness)), and batch normalisation moves its running statistics.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let logits = self.forward_once(images, mode);
        match self.mirror_image(images, mode) {
            Some(mirrored) => (logits + self.forward_once(&mirrored, mode)) * 0.5,
            None => logits,
        }
    }

    fn forward_once(&self, images: &Tensor, mode: Mode) -> Tensor {
        match &self.body {
            Body::Own(network) => network.forward(images, mode), // [n, classes]
            Body::Tree(tree) => self.pass(&tree.head, &self.trunk(tree, images, mode), mode), // [n, classes]
        }
    }

    /// What the head takes of images, f32 `[n, channels, height, width]` to `[n, features]`, with the head's weight
    /// `[classes, features]` and bias `[classes]`, for callers that take head and loss together. None for a network of a
    /// program's own and for a head without a bias. As [`forward`](Model::forward) otherwise.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn features(&self, images: &Tensor, mode: Mode) -> Option<Features<'_>> {
        let Body::Tree(tree) = &self.body else { return None };
        let [weight, bias] = <[usize; 2]>::try_from(tree.head.parameters()).ok()?;
        let [weight, bias] = [weight, bias].map(|place| &self.tensors.parameters[place].tensor);
        Some(Features { features: self.trunk(tree, images, mode), weight, bias })
    }

    /// As [`forward`](Model::forward) in [`Mode::Eval`], with nothing but libtorch's own operations, for any number of pictures: what
    /// libtorch's tracer can write down.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn forward_portable(&self, images: &Tensor) -> Tensor {
        let logits = self.forward_portable_once(images);
        match self.mirror_image(images, Mode::Eval) {
            Some(mirrored) => (logits + self.forward_portable_once(&mirrored)) * 0.5,
            None => logits,
        }
    }

    fn forward_portable_once(&self, images: &Tensor) -> Tensor {
        match &self.body {
            Body::Own(network) => network.forward(images, Mode::Eval), // [n, classes]
            Body::Tree(tree) => {
                let features = self.portable(&tree.trunk, images); // [n, features]
                self.portable(&tree.head, &features) // [n, classes]
            }
        }
    }

    fn portable(&self, node: &Node, x: &Tensor) -> Tensor {
        unpacked(Pass { portable: true, ..self.through(Mode::Eval, &mut |_, _| {}) }, node, x)
    }

    fn trunk(&self, tree: &Tree, images: &Tensor, mode: Mode) -> Tensor {
        if !self.frozen {
            return self.trunk_pass(tree, images, mode); // [n, features]
        }
        if images.size()[1..] != self.input {
            return images.flatten(1, -1); // features already: [n, features, 1, 1] to [n, features]
        }
        tch::no_grad(|| self.trunk_pass(tree, images, Mode::Eval)) // [n, features]
    }

    fn trunk_pass(&self, tree: &Tree, images: &Tensor, mode: Mode) -> Tensor {
        let fast = self.through(mode, &mut |_, _| {}).run(&tree.fastest, images);
        // Also where the images do not fit, so that libtorch says so.
        fast.unwrap_or_else(|_| self.pass(&tree.plain, images, mode)) // [n, features]
    }

    fn pass(&self, node: &Node, x: &Tensor, mode: Mode) -> Tensor {
        self.visited(node, x, mode, &mut |_, _| {})
    }

    fn visited(&self, node: &Node, x: &Tensor, mode: Mode, visit: &mut dyn FnMut(&str, &Tensor)) -> Tensor {
        unpacked(self.through(mode, visit), node, x)
    }

    fn through<'a>(&'a self, mode: Mode, visit: &'a mut dyn FnMut(&str, &Tensor)) -> Pass<'a> {
        let (tensors, keep_statistics, group) = (&self.tensors, self.keeps_statistics, self.group.as_deref());
        Pass { tensors, mode, keep_statistics, group, portable: false, visit }
    }

    /// The logits of images as they are, in [`Mode::Eval`]; `visit` sees each layer's output on the way, as part of autograd's graph.
    pub(crate) fn trace(&self, images: &Tensor, visit: &mut dyn FnMut(&str, &Tensor)) -> Tensor {
        match &self.body {
            Body::Own(network) => {
                let logits = network.forward(images, Mode::Eval); // [n, classes]
                visit(OUTPUT, &logits);
                logits
            }
            Body::Tree(tree) => {
                let features = self.visited(&tree.plain, images, Mode::Eval, visit); // [n, features]
                self.visited(&tree.head, &features, Mode::Eval, visit) // [n, classes]
            }
        }
    }

    /// The output of every layer for the same images in [`Mode::Eval`], by layer name, first to last. Of a LeNet's `conv1`
    /// the maps before pooling, f32 `[n, maps, height, width]`; of `pool1` the pooled maps after the activation; of
    /// `hidden1` the units after the activation, `[n, units]`; of `output` the logits. A program's own network has
    /// `output` alone.
    ///
    /// # Panics
    /// Where [`check_images`](Model::check_images) would give an error.
    pub fn activations(&self, images: &Tensor) -> Vec<(String, Tensor)> {
        let mut outputs = Vec::new();
        let _ = self.trace(images, &mut |layer, output| outputs.push((layer.to_owned(), output.contiguous())));
        outputs
    }
}

/// The output of a tree without packed pictures.
fn unpacked(mut pass: Pass<'_>, node: &Node, x: &Tensor) -> Tensor {
    match pass.run(node, x) {
        Ok(output) => output,
        Err(error) => unreachable!("only packed pictures are refused, and a plain tree has none: {error}"),
    }
}

/// The layer that gives the logits, where the network does not name one.
const OUTPUT: &str = "output";

/// What a head takes, and the head.
#[derive(Debug)]
pub struct Features<'a> {
    /// f32 `[n, features]`; under autocast of its dtype.
    pub features: Tensor,
    /// f32 `[classes, features]`.
    pub weight: &'a Tensor,
    /// f32 `[classes]`.
    pub bias: &'a Tensor,
}

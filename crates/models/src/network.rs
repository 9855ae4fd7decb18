//! A network of a program's own: anything that maps images to logits and lists its tensors can be trained, evaluated and
//! saved like those that are made of [blocks](crate::block).

use tch::Tensor;

use crate::tensors::Tensors;

/// Whether a pass serves training or evaluation; they differ in dropout and in batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Hidden units are dropped at random; batch normalisation takes the minibatch's statistics and moves its own.
    Train,
    /// Nothing is random and nothing changes.
    Eval,
}

/// A function from images to logits with named tensors, written with tch.
///
/// [`Model::own`](crate::Model::own) makes a [`Model`](crate::Model) of it.
pub trait Network: Send {
    /// Logits of images: f32 `[n, channels, height, width]` on the tensors' device to `[n, classes]`, with autograd's graph to
    /// the parameters. Random operations draw from libtorch's generator, which the training loop seeds for each minibatch.
    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor;

    /// All tensors, as shallow clones that share memory with the network: what a checkpoint holds, under these names. The
    /// order stays the same from call to call.
    fn tensors(&self) -> Tensors;

    /// The same network with tensors of its own, of the same values: what a running average of the weights needs. None where
    /// there is no such thing.
    fn twin(&self) -> Option<Box<dyn Network>> {
        None
    }

    /// Whether [`forward`](Network::forward) in [`Mode::Train`] draws from libtorch's generator, as dropout does.
    fn uses_randomness(&self) -> bool {
        false
    }
}

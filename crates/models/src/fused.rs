//! The fast way through a network's convolutional layers: on a CPU each convolution, its pooling and the bias are one
//! pass over packed pictures (see [`torch_ext::convolution`]), and the activations work on them as they are. It is what
//! [`Model::forward`] takes wherever it can; the outputs of single layers are only to be had the other way.

use tch::{Device, Tensor};
use torch_ext::convolution::{convolve_pool, pack, supports, unpack};
use torch_ext::{Error, Isa};

use crate::Model;
use crate::layer::{Layer, Op};

/// How many of the first layers can be taken in pairs of a convolution and its pooling; 0 where none can.
pub(crate) fn reach(device: Device, layers: &[Layer]) -> usize {
    let is_pair = |pair: &&[Layer]| match (&pair[0].op, &pair[1].op) {
        (Op::Convolve(weight), Op::Pool { .. }) => supports(weight.shape[3]),
        _ => false,
    };
    if device == Device::Cpu { 2 * layers.chunks_exact(2).take_while(is_pair).count() } else { 0 }
}

/// The feature maps after the first `reach` layers: f32 `[n, channels, height, width]` to `[n, maps, h, w]`.
pub(crate) fn features(model: &Model, images: &Tensor, reach: usize) -> Result<Tensor, Error> {
    let isa = Isa::best();
    let mut x = pack(images, isa)?; // [blocks, c, h, w, lanes]
    for pair in model.layers()[..reach].chunks_exact(2) {
        if let [Layer { op: Op::Convolve(weight), .. }, Layer { op: Op::Pool { ignore_border, activation }, .. }] = pair
        {
            let (w, b) = model.variables(weight); // [maps, c, k, k], [maps]
            x = activation.apply(&convolve_pool(&x, w, b, !ignore_border, isa)?); // [blocks, maps, h/2, w/2, lanes]
        }
    }
    unpack(&x, images.size()[0], isa) // [n, maps, h, w]
}

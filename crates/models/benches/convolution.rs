//! How fast convolution with max-pooling runs, forward alone and forward with backward: the fused kernels beside
//! libtorch's own layers, around LeNet's two layers, varying the batch, the filters' size and the channels one at a time.
//!
//! Both get their input as the model hands it from layer to layer: packed for the fused kernels (see
//! [`torch_ext::convolution`]), channels last for libtorch. The first layer's input is the picture and needs no gradient.
//! `MINIBATCH_BENCH_DEVICE` chooses the device; on CUDA there are no fused kernels.

mod common;

use common::{Bench, Pass, channels_last, values};
use tch::{Device, Tensor};
use torch_ext::Isa;
use torch_ext::convolution::{convolve_pool, pack};

#[derive(Clone, Copy, PartialEq)]
struct Layer {
    batch: i64,
    channels: i64,
    size: i64,
    maps: i64,
    kernel: i64,
}

const FIRST: Layer = Layer { batch: 500, channels: 1, size: 28, maps: 20, kernel: 5 };
const SECOND: Layer = Layer { batch: 500, channels: 20, size: 12, maps: 50, kernel: 5 };

fn main() -> Result<(), String> {
    let mut bench = Bench::new()?;
    for layer in [FIRST, SECOND] {
        let batches = [1, 20, 100, 500].map(|batch| Layer { batch, ..layer });
        let kernels = [3, 7].map(|kernel| Layer { kernel, ..layer });
        let channels = [1, 3, 20, 50].map(|channels| Layer { channels, ..layer });
        // Many channels of whole pictures are no layer of a network here.
        let channels = channels.into_iter().filter(|it| *it != layer && (layer == SECOND || it.channels <= 3));
        for layer in batches.into_iter().chain(kernels).chain(channels) {
            measure(&mut bench, layer).map_err(|error| error.to_string())?;
        }
    }
    bench.finish();
    Ok(())
}

fn measure(bench: &mut Bench, layer: Layer) -> Result<(), torch_ext::Error> {
    let Layer { batch, channels, size, maps, kernel } = layer;
    let device = bench.device;
    let inner = channels > 3; // no picture: its gradient is needed
    let images = values(&[batch, channels, size, size], device);
    let weight = values(&[maps, channels, kernel, kernel], device).set_requires_grad(true);
    let bias = values(&[maps], device).set_requires_grad(true);
    let positions = (size - kernel + 1) * (size - kernel + 1);
    let sizes = format!("{channels}x{size}x{size}, {maps} of {kernel}x{kernel}");
    let flops = 2 * maps * channels * kernel * kernel * positions;
    let pass = Pass { group: "convolution", name: "fused", sizes: &sizes, batch, flops };
    let backward = if inner { 2 } else { 1 };
    let mut side = |name: &str, input: Tensor, run: &dyn Fn(&Tensor) -> Tensor| {
        let input = input.set_requires_grad(inner);
        let mut leaves = vec![&weight, &bias];
        leaves.extend(inner.then_some(&input));
        bench.forward_and_backward(&Pass { name, ..pass }, backward, &leaves, || run(&input));
    };
    side("libtorch", channels_last(&images), &|input| {
        let convolved = input.conv2d(&weight, Some(&bias), [1, 1], [0, 0], [1, 1], 1);
        convolved.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
    });
    if device == Device::Cpu {
        let isa = Isa::best();
        #[expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]
        side("fused", pack(&images, isa)?, &|input| {
            convolve_pool(input, &weight, &bias, false, isa).expect("the sizes are supported")
        });
    }
    Ok(())
}

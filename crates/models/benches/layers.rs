//! How fast everything but the convolutions runs: pooling with tanh, layers with few outputs, the loss; and LeNet's whole
//! training step (forward, loss, backward, plain SGD). Ours stands beside libtorch's own where there are two ways.
//!
//! `MINIBATCH_BENCH_DEVICE` chooses the device; on CUDA there are no kernels of ours.
#![expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]

mod common;

use common::{Bench, Pass, channels_last, labels, values};
use models::{Arch, Mode, Model};
use tch::{Device, Kind, Tensor};
use torch_ext::convolution::pack;
use torch_ext::{Isa, cross_entropy, linear};

const LEARNING_RATE: f64 = 0.01;

fn main() -> Result<(), String> {
    let mut bench = Bench::new()?;
    pooling(&mut bench);
    for (batch, features) in [(600, 784), (20, 500), (500, 500)] {
        few_outputs(&mut bench, batch, features);
    }
    for batch in [20, 600] {
        loss(&mut bench, batch);
    }
    steps(&mut bench)?;
    bench.finish();
    Ok(())
}

/// What follows LeNet's first convolution where the layers are libtorch's, and packing, which only the fused way needs.
fn pooling(bench: &mut Bench) {
    let batch = 500;
    let pass = Pass { group: "pooling", name: "libtorch max_pool2d, tanh", sizes: "20x24x24", batch, flops: 0 };
    let maps = channels_last(&values(&[batch, 20, 24, 24], bench.device)).set_requires_grad(true);
    bench.forward_and_backward(&pass, 0, &[&maps], || maps.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).tanh());
    let pooled = channels_last(&values(&[batch, 20, 12, 12], bench.device)).set_requires_grad(true);
    let pass = Pass { name: "libtorch tanh", sizes: "20x12x12", ..pass };
    bench.forward_and_backward(&pass, 0, &[&pooled], || pooled.tanh());
    if bench.device == Device::Cpu {
        let images = values(&[batch, 1, 28, 28], bench.device);
        bench.run(&Pass { name: "pack", sizes: "1x28x28", ..pass }, || {
            drop(pack(&images, Isa::best()).expect("f32 on the CPU"));
        });
    }
}

/// A classifier's last layer: softmax regression's (whose pictures need no gradient) or that of 500 hidden units.
fn few_outputs(bench: &mut Bench, batch: i64, features: i64) {
    let (device, inner) = (bench.device, features != 784);
    let x = values(&[batch, features], device).set_requires_grad(inner);
    let weight = values(&[10, features], device).set_requires_grad(true);
    let bias = values(&[10], device).set_requires_grad(true);
    let mut leaves = vec![&weight, &bias];
    leaves.extend(inner.then_some(&x));
    let (sizes, backward) = (format!("{features} to 10"), if inner { 2 } else { 1 });
    let pass = Pass { group: "linear", name: "libtorch", sizes: &sizes, batch, flops: 20 * features };
    bench.forward_and_backward(&pass, backward, &leaves, || x.linear(&weight, Some(&bias)));
    if device == Device::Cpu {
        let isa = Isa::best();
        bench.forward_and_backward(&Pass { name: "ours", ..pass }, backward, &leaves, || {
            linear(&x, &weight, &bias, isa).expect("the shapes fit")
        });
    }
}

/// Mean loss and number of errors of ten classes.
fn loss(bench: &mut Bench, batch: i64) {
    let logits = values(&[batch, 10], bench.device).set_requires_grad(true);
    let labels = labels(batch, bench.device);
    let pass = Pass { group: "cross-entropy", name: "libtorch", sizes: "10 classes", batch, flops: 0 };
    bench.forward_and_backward(&pass, 0, &[&logits], || {
        drop(tch::no_grad(|| logits.argmax(1, false).ne_tensor(&labels).sum(Kind::Int64)));
        logits.cross_entropy_for_logits(&labels)
    });
    if bench.device == Device::Cpu {
        let isa = Isa::best();
        bench.forward_and_backward(&Pass { name: "ours", ..pass }, 0, &[&logits], || {
            cross_entropy(&logits, &labels, isa).expect("the shapes fit").0
        });
    }
}

/// One step of plain SGD on one minibatch.
fn steps(bench: &mut Bench) -> Result<(), String> {
    let device = bench.device;
    let model = Model::new(&Arch::lenet(), [1, 28, 28], 10, device, 1).map_err(|error| error.to_string())?;
    let summary = model.summary();
    let first = summary.rows.iter().find(|row| row.multiply_adds > 0).map_or(0, |row| 2 * row.multiply_adds);
    let flops = 3 * summary.flops() - first;
    for batch in [1, 20, 100, 500] {
        let (images, labels) = (values(&[batch, 1, 28, 28], device), labels(batch, device));
        bench.run(&Pass { group: "lenet", name: "step", sizes: "", batch, flops }, || {
            let loss = model.forward(&images, Mode::Train).cross_entropy_for_logits(&labels); // [batch, 10] to 0-dim
            loss.backward();
            descend(&model);
        });
    }
    Ok(())
}

fn descend(model: &Model) {
    let _guard = tch::no_grad_guard();
    for parameter in model.parameters() {
        let mut gradient: Tensor = parameter.tensor.grad();
        let mut tensor = parameter.tensor.shallow_clone();
        tensor -= &gradient * LEARNING_RATE;
        let _ = gradient.zero_();
    }
}

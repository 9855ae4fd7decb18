//! How fast convolutions run: LeNet's two convolutions on MNIST's sizes, forward alone and forward with backward, and
//! LeNet's whole training step (forward, loss, backward, update), for batches of 1, 20, 100 and 500 pictures.
//!
//! Criterion reports time and pictures per second; a table at the end adds GFLOP/s. Floating-point operations are
//! counted by arithmetic, two to a multiply-add of the layers with weights: a backward pass costs as much as the
//! forward pass for the gradient of the weights, and as much again for that of the input, which the first layer,
//! whose input is the picture, does not need.
//!
//! `MINIBATCH_BENCH_DEVICE` chooses the device: `cpu` (the default), `cuda` or `cuda:N`. On CUDA the clock is read only
//! after the device has finished.
#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use models::{Arch, Mode, Model};
use tch::{Device, Kind, Tensor};

const BATCHES: [i64; 4] = [1, 20, 100, 500];
const KERNEL: i64 = 5;
const LEARNING_RATE: f64 = 0.01;

fn main() -> Result<(), String> {
    let device = device(&std::env::var("MINIBATCH_BENCH_DEVICE").unwrap_or_else(|_| "cpu".into()))?;
    let model = Model::new(&Arch::lenet(), [1, 28, 28], 10, device, 1).map_err(|error| error.to_string())?;
    let summary = model.summary();
    let row = |layer: &str| summary.rows.iter().find(|row| row.layer == layer);
    let flops = |layer: &str| row(layer).map_or(0, |row| 2 * row.multiply_adds);

    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    println!("device {device:?}, {} threads", tch::get_num_threads());
    let mut bench = Bench { criterion: &mut criterion, device, results: Vec::new() };
    convolution(&mut bench, "conv1", [1, 28, 28], 20, flops("conv1"), false);
    convolution(&mut bench, "conv2", [20, 12, 12], 50, flops("conv2"), true);
    for batch in BATCHES {
        let (images, labels) = (values(&[batch, 1, 28, 28], device), labels(batch, device));
        let flops = 3 * summary.flops() - flops("conv1");
        bench.run("lenet", "step", batch, flops, || step(&model, &images, &labels));
    }
    let results = bench.results;
    criterion.final_summary();
    print_table(&results);
    Ok(())
}

/// One convolution of `maps` filters with bias on pictures of shape `input`; `inner` where its input needs a gradient.
fn convolution(bench: &mut Bench<'_>, name: &'static str, input: [i64; 3], maps: i64, flops: i64, inner: bool) {
    let [channels, height, width] = input;
    let weight = values(&[maps, channels, KERNEL, KERNEL], bench.device).set_requires_grad(true);
    let bias = values(&[maps], bench.device).set_requires_grad(true);
    for batch in BATCHES {
        let shape = [batch, channels, height, width];
        let mut x = values(&shape, bench.device); // [batch, channels, height, width]
        if bench.device == Device::Cpu {
            // Channels last, as the model runs its convolutions on CPUs.
            x = x.as_strided(shape, [channels * height * width, 1, channels * width, channels], None);
        }
        let x = x.set_requires_grad(inner);
        let forward = || x.conv2d(&weight, Some(&bias), [1, 1], [0, 0], [1, 1], 1); // [batch, maps, h - 4, w - 4]
        bench.run(name, "forward", batch, flops, || {
            let _guard = tch::no_grad_guard();
            drop(forward());
        });
        let mut inputs = vec![&weight, &bias];
        inputs.extend(inner.then_some(&x));
        let flops = if inner { 3 * flops } else { 2 * flops };
        bench.run(name, "forward+backward", batch, flops, || {
            // The sum hands back a gradient of ones; gradients are returned, so nothing accumulates.
            drop(Tensor::run_backward(&[forward().sum(Kind::Float)], &inputs, false, false));
        });
    }
}

/// One step of plain SGD on one minibatch.
fn step(model: &Model, images: &Tensor, labels: &Tensor) {
    let loss = model.forward(images, Mode::Train).cross_entropy_for_logits(labels); // [batch, 10] to 0-dim
    loss.backward();
    let _guard = tch::no_grad_guard();
    for parameter in model.parameters() {
        let mut gradient = parameter.tensor.grad();
        let mut tensor = parameter.tensor.shallow_clone();
        tensor -= &gradient * LEARNING_RATE;
        let _ = gradient.zero_();
    }
}

/// Runs benches and keeps what they measured.
struct Bench<'a> {
    criterion: &'a mut Criterion,
    device: Device,
    results: Vec<Measured>,
}

struct Measured {
    name: String,
    batch: i64,
    images_per_second: f64,
    flops_per_image: i64,
}

impl Bench<'_> {
    fn run(&mut self, layer: &str, passes: &str, batch: i64, flops_per_image: i64, mut once: impl FnMut()) {
        let mut seconds = Vec::new();
        let device = self.device;
        let mut group = self.criterion.benchmark_group(layer);
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::new(passes, batch), |bencher| {
            bencher.iter_custom(|iterations| {
                finish(device);
                let start = Instant::now();
                for _ in 0..iterations {
                    once();
                }
                finish(device);
                let elapsed = start.elapsed();
                seconds.push(elapsed.as_secs_f64() / iterations as f64);
                elapsed
            });
        });
        group.finish();
        // Nothing was measured where the command line's filter leaves this bench out.
        if let Some(median) = median(&mut seconds) {
            let (name, images_per_second) = (format!("{layer} {passes}"), batch as f64 / median);
            self.results.push(Measured { name, batch, images_per_second, flops_per_image });
        }
    }
}

/// Waits until the device has done what it was given.
fn finish(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn print_table(results: &[Measured]) {
    println!("{:<22}  {:>5}  {:>10}  {:>8}", "median of the samples", "batch", "images/s", "GFLOP/s");
    for measured in results {
        let gflops = measured.images_per_second * measured.flops_per_image as f64 / 1e9;
        println!("{:<22}  {:>5}  {:>10.0}  {:>8.1}", measured.name, measured.batch, measured.images_per_second, gflops);
    }
}

/// f32 values in [-0.5, 0.5), the same in every run; speed does not depend on them.
fn values(shape: &[i64], device: Device) -> Tensor {
    let count: i64 = shape.iter().product();
    (Tensor::arange(count, (Kind::Float, device)).remainder(251) / 251.0 - 0.5).reshape(shape)
}

fn labels(batch: i64, device: Device) -> Tensor {
    Tensor::arange(batch, (Kind::Int64, device)).remainder(10)
}

fn device(name: &str) -> Result<Device, String> {
    let index = match name.split_once(':') {
        None if name == "cpu" => return Ok(Device::Cpu),
        None if name == "cuda" => Some(0),
        Some(("cuda", index)) => index.parse().ok(),
        _ => None,
    };
    index
        .map(Device::Cuda)
        .ok_or_else(|| format!("MINIBATCH_BENCH_DEVICE is `{name}`, but must be cpu, cuda or cuda:N"))
}

//! What the benches of layers share: passes timed by criterion, and a table of speeds at the end.
//!
//! Criterion reports time and pictures per second. The table adds GFLOP/s, and their share of the speed of the machine's
//! f32 matrix product, which is measured in the same process. Floating-point operations are counted by arithmetic, two
//! to a multiply-add of the layers with weights: a backward pass costs as much as the forward pass for the gradient of
//! the weights, and as much again for that of the input where it is needed.
#![allow(dead_code, reason = "each bench uses its part")]

#[path = "../../../bench_device.rs"]
mod device;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use tch::{Device, Kind, Tensor};

/// Side of the matrices whose product is the machine's peak.
const PRODUCT: i64 = 2048;

/// Runs benches and keeps what they measured.
pub struct Bench {
    criterion: Criterion,
    pub device: Device,
    results: Vec<Measured>,
}

/// Which bench, and how much one pass is.
pub struct Pass<'a> {
    pub group: &'a str,
    /// Who does what, such as `fused forward`.
    pub name: &'a str,
    /// Sizes, such as `1x28x28, 20 of 5x5`.
    pub sizes: &'a str,
    /// Pictures.
    pub batch: i64,
    /// Floating-point operations of a picture; 0 where they say nothing.
    pub flops: i64,
}

struct Measured {
    name: String,
    images_per_second: f64,
    flops: i64,
}

impl Bench {
    /// With criterion's options from the command line.
    pub fn new() -> Result<Bench, String> {
        let device = device::chosen()?;
        let criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .configure_from_args();
        Ok(Bench { criterion, device, results: Vec::new() })
    }

    /// Times `once`, which does one whole pass.
    pub fn run(&mut self, pass: &Pass<'_>, mut once: impl FnMut()) {
        let mut seconds = Vec::new();
        let device = self.device;
        let mut group = self.criterion.benchmark_group(device::group(pass.group, device));
        group.throughput(Throughput::Elements(pass.batch as u64));
        let parameter =
            [pass.sizes, &format!("batch {}", pass.batch)].join(if pass.sizes.is_empty() { "" } else { ", " });
        group.bench_function(BenchmarkId::new(pass.name, &parameter), |bencher| {
            bencher.iter_custom(|iterations| {
                device::finish(device);
                let start = Instant::now();
                for _ in 0..iterations {
                    once();
                }
                device::finish(device);
                let elapsed = start.elapsed();
                seconds.push(elapsed.as_secs_f64() / iterations as f64);
                elapsed
            });
        });
        group.finish();
        // Nothing was measured where the command line's filter leaves this bench out.
        if let Some(median) = median(&mut seconds) {
            let name = format!("{}, {}, {parameter}", pass.group, pass.name);
            self.results.push(Measured { name, images_per_second: pass.batch as f64 / median, flops: pass.flops });
        }
    }

    /// A layer without gradients, and with those of `leaves`. `flops` are those of a picture's forward pass; `backward` is
    /// how many times as much the backward pass is.
    pub fn forward_and_backward(
        &mut self,
        pass: &Pass<'_>,
        backward: i64,
        leaves: &[&Tensor],
        layer: impl Fn() -> Tensor,
    ) {
        self.run(&Pass { name: &format!("{} forward", pass.name), ..*pass }, || {
            let _guard = tch::no_grad_guard();
            drop(layer());
        });
        let (name, flops) = (format!("{} forward and backward", pass.name), (1 + backward) * pass.flops);
        self.run(&Pass { name: &name, flops, ..*pass }, || {
            // The sum hands back a gradient of ones; gradients are returned, so nothing accumulates.
            drop(Tensor::run_backward(&[layer().sum(Kind::Float)], leaves, false, false));
        });
    }

    /// Criterion's summary, then the table.
    #[expect(clippy::print_stdout, reason = "a bench reports on standard output")]
    pub fn finish(self) {
        self.criterion.final_summary();
        if self.results.is_empty() {
            return;
        }
        let peak = peak(self.device);
        println!(
            "{:?}, {} threads; {peak:.0} GFLOP/s in an f32 product of {PRODUCT} x {PRODUCT} matrices",
            self.device,
            tch::get_num_threads()
        );
        println!("{:<75}  {:>10}  {:>8}  {:>5}", "median of the samples", "images/s", "GFLOP/s", "share");
        for Measured { name, images_per_second, flops } in &self.results {
            let speed = images_per_second * *flops as f64 / 1e9;
            let [gflops, share] = match flops {
                0 => [String::new(), String::new()],
                _ => [format!("{speed:.1}"), format!("{:.0} %", 100.0 * speed / peak)],
            };
            println!("{name:<75}  {images_per_second:>10.0}  {gflops:>8}  {share:>5}");
        }
    }
}

/// GFLOP/s of an f32 matrix product: the best of ten, after three that warm up.
fn peak(device: Device) -> f64 {
    let _guard = tch::no_grad_guard();
    let a = values(&[PRODUCT, PRODUCT], device);
    let times = (0..13).map(|_| {
        device::finish(device);
        let clock = Instant::now();
        drop(a.matmul(&a));
        device::finish(device);
        clock.elapsed().as_secs_f64()
    });
    2.0 * (PRODUCT as f64).powi(3) / times.skip(3).fold(f64::INFINITY, f64::min) / 1e9
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// f32 values in [-0.5, 0.5), the same in every run; speed does not depend on them.
pub fn values(shape: &[i64], device: Device) -> Tensor {
    let count: i64 = shape.iter().product();
    (Tensor::arange(count, (Kind::Float, device)).remainder(251) / 251.0 - 0.5).reshape(shape)
}

/// Labels of ten classes.
pub fn labels(batch: i64, device: Device) -> Tensor {
    Tensor::arange(batch, (Kind::Int64, device)).remainder(10)
}

/// The same feature maps as the model lays them out for libtorch's convolutions and pooling on a CPU: the channels of a
/// pixel side by side.
pub fn channels_last(maps: &Tensor) -> Tensor {
    if maps.device() != Device::Cpu {
        return maps.shallow_clone();
    }
    let shape = maps.size();
    let strides = [shape[1..].iter().product(), 1, shape[3] * shape[1], shape[1]];
    maps.permute([0, 2, 3, 1]).contiguous().as_strided(&shape, strides, None)
}

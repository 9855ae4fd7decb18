//! What handing out the minibatches of one epoch costs, next to nothing else: 60,000 pictures of 28x28, kept as u8 and as
//! f32, in stored order, shuffled, and shuffled and shifted at random by up to two pixels.
//!
//! `MINIBATCH_BENCH_DEVICE` chooses the device.

#[path = "../../bench_device.rs"]
mod device;

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use tensor_data::{Order, Samples, Split, Storage, Tail};

const PICTURES: usize = 60_000;

fn main() -> Result<(), Box<dyn Error>> {
    let device = device::chosen()?;
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let pixels = (0..PICTURES * 784).map(|i| (i % 251) as u8).collect();
    let samples = Samples::new([1, 28, 28], 10, pixels, (0..PICTURES).map(|i| (i % 10) as u32).collect())?;
    let mut group = criterion.benchmark_group(device::group("minibatches of an epoch", device));
    group.throughput(Throughput::Elements(PICTURES as u64));
    let shuffled = Order::Shuffled { seed: 1, epoch: 0 };
    let ways = [("stored", Order::Stored, 0), ("shuffled", shuffled, 0), ("shifted", shuffled, 2)];
    for (kept, storage) in [("u8", Storage::U8), ("f32", Storage::F32)] {
        let split = Split::upload(&samples, 1.0 / 255.0, storage, device)?;
        for (way, order, shift) in ways {
            for size in [20, 500] {
                group.bench_function(BenchmarkId::new(format!("{way}, {kept}"), size), |bencher| {
                    bencher.iter(|| {
                        hand_out(&split, size, order, shift);
                        device::finish(device);
                    });
                });
            }
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

#[expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]
fn hand_out(split: &Split, size: usize, order: Order, shift: usize) {
    for batch in split
        .batches(size, order, Tail::Keep)
        .expect("the size is in range")
        .shifted(shift, 1, 0)
        .expect("no tensor fails")
    {
        black_box(&batch);
    }
}

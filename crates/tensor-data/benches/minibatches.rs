//! What handing out the minibatches of one epoch costs, next to nothing else: 60,000 pictures of 28x28.
//!
//! `cargo bench -p tensor-data --bench minibatches`

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Cuda, Device};
use tensor_data::{Error, Order, Samples, Split, Storage, Tail};

const PICTURES: usize = 60_000;

fn epoch(split: &Split, size: usize, order: Order, shift: usize) -> Result<(), Error> {
    for batch in split.batches(size, order, Tail::Keep)?.shifted(shift, 1, 0) {
        black_box(&batch);
    }
    // On a GPU the work is only queued: wait for it.
    if let Device::Cuda(device) = split.device() {
        Cuda::synchronize(device as i64);
    }
    Ok(())
}

fn epochs(criterion: &mut Criterion) -> Result<(), Error> {
    let pixels = (0..PICTURES * 784).map(|i| (i % 251) as u8).collect();
    let samples = Samples::new([1, 28, 28], 10, pixels, (0..PICTURES).map(|i| (i % 10) as u8).collect())?;
    let mut group = criterion.benchmark_group("epoch");
    group.throughput(Throughput::Elements(PICTURES as u64)).sample_size(10).warm_up_time(Duration::from_millis(500));
    let shuffled = Order::Shuffled { seed: 1, epoch: 0 };
    let ways = [("stored", Order::Stored, 0), ("shuffled", shuffled, 0), ("shifted", shuffled, 2)];
    for (kept, storage) in [("u8", Storage::U8), ("f32", Storage::F32)] {
        let split = Split::upload(&samples, 1.0 / 255.0, storage, Device::cuda_if_available())?;
        for (way, order, shift) in ways {
            for size in [20, 500] {
                group.bench_function(BenchmarkId::new(format!("{way}-{kept}"), size), |bencher| {
                    bencher.iter(|| epoch(&split, size, order, shift));
                });
            }
        }
    }
    group.finish();
    Ok(())
}

fn minibatches(criterion: &mut Criterion) {
    #[expect(clippy::expect_used, reason = "a bench that cannot run has no better way to say so")]
    epochs(criterion).expect("the pictures fit in memory");
}

criterion_group!(benches, minibatches);
criterion_main!(benches);

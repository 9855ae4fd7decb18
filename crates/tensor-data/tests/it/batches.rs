//! Resident splits and their minibatches: what they hold, in which order, and where they lie in memory.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Device, Kind, Tensor};
use tensor_data::{Batch, Batches, Dataset, Error, Holdout, Order, Samples, Source, Split, Storage, Tail};

const SHAPE: [usize; 3] = [2, 5, 4];
const STORAGES: [Storage; 2] = [Storage::U8, Storage::F32];

/// `count` pictures of two channels; every pixel of a picture differs from the others and from 0. The label is the
/// picture's index modulo 10.
fn samples(count: usize) -> Samples {
    let size: usize = SHAPE.iter().product();
    let pixels = (0..count).flat_map(|i| (0..size).map(move |p| (1 + (p + 7 * i) % 200) as u8)).collect();
    Samples::new(SHAPE, 10, pixels, (0..count).map(|i| (i % 10) as u32).collect()).unwrap()
}

fn split(count: usize, storage: Storage) -> Split {
    Split::upload(&samples(count), 1.0, storage, Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

fn labels(batch: &Batch) -> Vec<i64> {
    Vec::try_from(batch.labels()).unwrap()
}

fn sizes(batches: Batches<'_>) -> Vec<i64> {
    batches.map(|batch| batch.labels().size()[0]).collect()
}

/// The whole epoch: pixels and labels.
fn epoch(batches: Batches<'_>) -> (Vec<f32>, Vec<i64>) {
    let (pixels, labels): (Vec<_>, Vec<_>) = batches.map(|batch| (values(&batch.images), labels(&batch))).unzip();
    (pixels.concat(), labels.concat())
}

#[test]
fn the_three_splits_hold_the_pictures_scaled() {
    let source = Source::new("some", samples(9), samples(3));
    for storage in STORAGES {
        let data = Dataset::upload(&source, Holdout::Last(4), 1.0 / 256.0, storage, Device::Cpu).unwrap();
        assert_eq!(data.name, "some");
        let (train, test) = (source.train.pixels(), source.test.pixels());
        let (train, valid) = train.split_at(5 * 40);
        for (split, pixels) in [(&data.train, train), (&data.valid, valid), (&data.test, test)] {
            assert_eq!((split.len(), split.is_empty(), split.classes()), (pixels.len() / 40, false, 10));
            assert_eq!((split.shape(), split.device(), split.storage()), ([2, 5, 4], Device::Cpu, storage));
            assert_eq!((split.labels().kind(), split.labels().size()), (Kind::Int64, vec![split.len() as i64]));
            let (seen, _) = epoch(split.batches(2, Order::Stored, Tail::Keep).unwrap());
            // Exact: 256 is a power of two.
            assert_eq!(seen, pixels.iter().map(|&p| f32::from(p) / 256.0).collect::<Vec<_>>());
        }
    }
}

#[test]
fn both_storages_give_the_same_pixels_to_the_last_bit() {
    let all = Samples::new([1, 16, 16], 1, (0..=255).collect(), vec![0]).unwrap();
    let scale = 1.0 / 255.0;
    let [from_bytes, from_floats] = STORAGES.map(|storage| {
        let split = Split::upload(&all, scale, storage, Device::Cpu).unwrap();
        let stored = if storage == Storage::U8 { Kind::Uint8 } else { Kind::Float };
        assert_eq!(split.images().kind(), stored);
        epoch(split.batches(1, Order::Stored, Tail::Keep).unwrap()).0
    });
    assert_eq!(from_bytes, (0..=255).map(|p| p as f32 * scale as f32).collect::<Vec<_>>());
    assert_eq!(from_bytes, from_floats);
}

#[test]
fn minibatches_are_contiguous_floats_with_integer_labels() {
    for storage in STORAGES {
        for order in [Order::Stored, Order::Shuffled { seed: 1, epoch: 0 }] {
            for pixels in [0, 2] {
                let split = split(7, storage);
                for batch in split.batches(3, order, Tail::Keep).unwrap().shifted(pixels, 1, 0).unwrap() {
                    let m = batch.labels().size()[0];
                    assert_eq!((batch.images.kind(), batch.images.size()), (Kind::Float, vec![m, 2, 5, 4]));
                    assert!(batch.images.is_contiguous() && !batch.images.requires_grad());
                    assert_eq!(batch.labels().kind(), Kind::Int64);
                }
            }
        }
    }
}

#[test]
fn minibatches_in_stored_order_are_views_of_the_split() {
    let split = split(10, Storage::F32);
    let address = |tensor: &Tensor| tensor.data_ptr() as usize;
    for (i, batch) in split.batches(4, Order::Stored, Tail::Keep).unwrap().enumerate() {
        assert_eq!(address(&batch.images), address(split.images()) + i * 4 * 40 * size_of::<f32>());
        assert_eq!(address(batch.labels()), address(split.labels()) + i * 4 * size_of::<i64>());
    }
}

#[test]
fn a_last_minibatch_that_is_not_full_is_kept_or_dropped() {
    let split = split(10, Storage::F32);
    let sizes = |size, tail| sizes(split.batches(size, Order::Stored, tail).unwrap());
    assert_eq!(sizes(4, Tail::Keep), [4, 4, 2]);
    assert_eq!(sizes(4, Tail::Drop), [4, 4]);
    assert_eq!(sizes(5, Tail::Keep), [5, 5]);
    assert_eq!(sizes(5, Tail::Drop), [5, 5]);
    assert_eq!(sizes(10, Tail::Drop), [10]);
    assert_eq!(sizes(11, Tail::Keep), [10]);
    assert_eq!(sizes(usize::MAX, Tail::Keep), [10]);
}

#[test]
fn a_minibatch_of_nothing_is_refused() {
    let error = split(3, Storage::F32).batches(0, Order::Stored, Tail::Keep).unwrap_err();
    assert_eq!(error.to_string(), "the minibatch size is 0; it must be at least 1");
}

#[test]
fn a_minibatch_larger_than_the_split_is_refused_when_it_would_be_dropped() {
    let error = split(3, Storage::F32).batches(4, Order::Stored, Tail::Drop).unwrap_err();
    assert!(matches!(error, Error::BatchTooLarge { size: 4, available: 3 }));
    let message = error.to_string();
    assert!(message.contains("size 4 is larger than the split's 3 pictures"), "{message}");
}

#[test]
fn every_picture_comes_once_in_a_shuffled_epoch_with_its_own_label() {
    for storage in STORAGES {
        let split = split(23, storage);
        let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
        for batch in split.batches(4, Order::Shuffled { seed: 5, epoch: 2 }, Tail::Keep).unwrap() {
            for (i, label) in labels(&batch).into_iter().enumerate() {
                let pixels = values(&batch.images.get(i as i64));
                let index = (pixels[0] as i64 - 1) / 7;
                assert_eq!(label, index % 10);
                assert_eq!(pixels, values(&split.images().get(index).to_kind(Kind::Float)));
                assert!(seen.insert(index), "picture {index} came twice");
                order.push(index);
            }
        }
        assert_eq!(seen.len(), 23);
        assert!(!order.is_sorted());
    }
}

#[test]
fn the_order_depends_on_seed_and_epoch_alone() {
    let [bytes, floats] = STORAGES.map(|storage| split(100, storage));
    let order = |split: &Split, size, seed, epoch_number| {
        epoch(split.batches(size, Order::Shuffled { seed, epoch: epoch_number }, Tail::Keep).unwrap())
    };
    let first = order(&floats, 10, 1, 0);
    assert_eq!(first, order(&floats, 10, 1, 0));
    assert_eq!(first, order(&floats, 7, 1, 0), "whatever the size of the minibatches");
    assert_eq!(first, order(&bytes, 10, 1, 0), "whatever the storage");
    let others = [order(&floats, 10, 1, 1), order(&floats, 10, 2, 0), order(&floats, 10, 0, 1)];
    assert!(others.iter().all(|other| *other != first));
}

#[test]
fn a_dropped_tail_is_of_other_pictures_in_each_epoch() {
    let split = split(10, Storage::F32);
    let dropped: BTreeSet<i64> = (0..40)
        .map(|epoch_number| {
            let order = Order::Shuffled { seed: 1, epoch: epoch_number };
            45 - epoch(split.batches(9, order, Tail::Drop).unwrap()).1.iter().sum::<i64>()
        })
        .collect();
    assert!(dropped.len() > 5, "{dropped:?}");
}

#[test]
fn an_epoch_goes_on_after_skipped_minibatches() {
    let split = split(10, Storage::F32);
    let order = Order::Shuffled { seed: 1, epoch: 3 };
    let batches = || split.batches(3, order, Tail::Keep).unwrap().shifted(1, 1, 3).unwrap();
    let whole = epoch(batches());
    for skipped in [0, 1, 3, 4, 5, usize::MAX] {
        let rest = batches().skip_batches(skipped);
        let place = skipped.saturating_mul(3).min(10);
        assert_eq!(rest.len(), 4usize.saturating_sub(skipped));
        assert_eq!(epoch(rest), (whole.0[place * 40..].to_vec(), whole.1[place..].to_vec()));
    }
    assert_eq!(labels(&batches().nth(2).unwrap()), whole.1[6..9]);
}

#[test]
fn the_number_of_minibatches_left_is_known() {
    let split = split(10, Storage::F32);
    let mut batches = split.batches(4, Order::Stored, Tail::Keep).unwrap();
    for left in [3, 2, 1] {
        assert_eq!(batches.len(), left);
        batches.next().unwrap();
    }
    assert!(batches.len() == 0 && batches.next().is_none() && batches.next().is_none());
    assert_eq!(split.batches(4, Order::Stored, Tail::Drop).unwrap().len(), 2);
}

/// A picture of [`SHAPE`] moved down and right, zeros moved in.
fn moved(picture: &[f32], down: i64, right: i64) -> Vec<f32> {
    let [channels, height, width] = SHAPE.map(|n| n as i64);
    let mut result = Vec::new();
    for c in 0..channels {
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y - down, x - right))) {
            let inside = (0..height).contains(&y) && (0..width).contains(&x);
            result.push(if inside { picture[((c * height + y) * width + x) as usize] } else { 0.0 });
        }
    }
    result
}

/// By how much each picture was moved in an epoch in stored order, all moves of up to `pixels` being tried.
fn moves(split: &Split, size: usize, pixels: usize, seed: u64, epoch_number: u64) -> Vec<(i64, i64)> {
    let still = epoch(split.batches(size, Order::Stored, Tail::Keep).unwrap()).0;
    let shifted = split.batches(size, Order::Stored, Tail::Keep).unwrap().shifted(pixels, seed, epoch_number).unwrap();
    let range = -(pixels as i64)..=pixels as i64;
    epoch(shifted)
        .0
        .chunks(40)
        .zip(still.chunks(40))
        .map(|(seen, picture)| {
            let all = range.clone().flat_map(|down| range.clone().map(move |right| (down, right)));
            all.clone().find(|&(down, right)| moved(picture, down, right) == seen).expect("a move within the range")
        })
        .collect()
}

#[test]
fn every_picture_is_moved_within_the_range_and_all_moves_are_equally_likely() {
    for storage in STORAGES {
        let split = split(5000, storage);
        let mut times = BTreeMap::new();
        for shift in moves(&split, 100, 2, 1, 0) {
            *times.entry(shift).or_insert(0) += 1;
        }
        assert_eq!(times.len(), 25);
        // Binomial with mean 200 and standard deviation 13.9; five of them either way.
        assert!(times.values().all(|n| (131..=269).contains(n)), "{times:?}");
    }
}

#[test]
fn a_move_depends_on_seed_epoch_and_picture_and_on_nothing_else() {
    let split = split(60, Storage::F32);
    let first = moves(&split, 10, 2, 1, 0);
    assert_eq!(first, moves(&split, 10, 2, 1, 0));
    assert_eq!(first, moves(&split, 7, 2, 1, 0), "whatever the size of the minibatches");
    assert_ne!(first, moves(&split, 10, 2, 1, 1));
    assert_ne!(first, moves(&split, 10, 2, 2, 0));

    let shuffled = split.batches(7, Order::Shuffled { seed: 9, epoch: 4 }, Tail::Keep).unwrap();
    let stored = split.batches(60, Order::Stored, Tail::Keep).unwrap();
    let pictures = |batches: Batches<'_>| {
        let pixels = epoch(batches.shifted(2, 1, 0).unwrap()).0;
        pixels.chunks(40).map(|p| p.iter().map(|&v| v as u8).collect()).collect::<BTreeSet<Vec<u8>>>()
    };
    assert_eq!(pictures(shuffled), pictures(stored), "whatever the order");
}

#[test]
fn a_picture_moved_by_more_than_its_size_is_gone() {
    let split = split(200, Storage::U8);
    for pixels in [1_000_000, usize::MAX] {
        let (seen, _) = epoch(split.batches(50, Order::Stored, Tail::Keep).unwrap().shifted(pixels, 1, 0).unwrap());
        assert!(seen.iter().all(|&pixel| pixel == 0.0));
    }
}

#[test]
fn a_move_by_nothing_leaves_views() {
    let split = split(4, Storage::F32);
    let batch = split.batches(4, Order::Stored, Tail::Keep).unwrap().shifted(0, 1, 0).unwrap().next().unwrap();
    assert_eq!(batch.images.data_ptr(), split.images().data_ptr());
}

#[test]
fn training_and_test_pictures_must_be_of_one_kind() {
    let other = Samples::new([1, 1, 1], 3, vec![0], vec![0]).unwrap();
    let source = Source::new("some", samples(4), other);
    let error = Dataset::upload(&source, Holdout::Last(1), 1.0, Storage::F32, Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("2x5x4 in 10 classes against 1x1x1 in 3 classes"), "{error}");
}

#[test]
fn a_scale_that_is_not_a_positive_number_is_refused() {
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-60, 1e60] {
        let error = Split::upload(&samples(1), scale, Storage::F32, Device::Cpu).unwrap_err();
        assert!(error.to_string().contains("positive finite number"), "{error}");
    }
}

#[test]
fn a_cuda_device_that_is_not_there_is_refused_in_one_line() {
    let count = torch_ext::cuda_devices();
    let error = Split::upload(&samples(1), 1.0, Storage::F32, Device::Cuda(count)).unwrap_err();
    assert_eq!(error.to_string(), format!("there is no CUDA device {count}; libtorch sees {count} of them here"));
}

#[test]
fn a_cuda_device_sees_the_minibatches_that_the_processor_sees() {
    if torch_ext::cuda_devices() == 0 {
        eprintln!("SKIPPED: there is no CUDA device");
        return;
    }
    let [here, there] = [Device::Cpu, Device::Cuda(0)].map(|device| {
        let split = Split::upload(&samples(50), 1.0 / 255.0, Storage::U8, device).unwrap();
        let order = Order::Shuffled { seed: 1, epoch: 2 };
        epoch(split.batches(8, order, Tail::Keep).unwrap().shifted(2, 1, 2).unwrap())
    });
    assert_eq!(here, there);
}

#[test]
fn a_spread_takes_pictures_at_equal_distances() {
    for storage in STORAGES {
        let split = split(23, storage);
        let few = split.spread(4).unwrap();
        let (pixels, labels) = epoch(few.batches(4, Order::Stored, Tail::Keep).unwrap());
        let (all, _) = epoch(split.batches(23, Order::Stored, Tail::Keep).unwrap());
        // 0, 23/4, 46/4 and 69/4, rounded down.
        assert_eq!(labels, [0, 5, 1, 7]);
        let expected: Vec<f32> = [0, 5, 11, 17].iter().flat_map(|i| all[i * 40..(i + 1) * 40].to_vec()).collect();
        assert_eq!(pixels, expected);
        assert_eq!(epoch(split.spread(23).unwrap().batches(23, Order::Stored, Tail::Keep).unwrap()).0, all);
        assert!(matches!(split.spread(24), Err(Error::BatchTooLarge { size: 24, available: 23 })));
        assert!(matches!(split.spread(0), Err(Error::EmptyBatch)));
    }
}

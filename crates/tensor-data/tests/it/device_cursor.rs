//! Minibatches from a place on the device: the same pictures, with the same bits, as the iterator gives.

use tch::{Device, Tensor};
use tensor_data::{Batch, Batches, Order, Samples, Split, Storage, Tail};

/// 23 pictures of two channels, 5x4; no two pixels of a picture are alike.
fn split(storage: Storage) -> Split {
    let pixels = (0..23).flat_map(|i| (0..40).map(move |p| (1 + (p + 7 * i) % 200) as u8)).collect();
    let samples = Samples::new([2, 5, 4], 10, pixels, (0..23).map(|i| i % 10).collect()).unwrap();
    Split::upload(&samples, 1.0 / 255.0, storage, Device::Cpu).unwrap()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    Vec::<f32>::try_from(tensor.flatten(0, -1)).unwrap().into_iter().map(f32::to_bits).collect()
}

fn check_same(found: &Batch, expected: &Batch, what: &str) {
    assert_eq!(found.images.size(), expected.images.size(), "{what}");
    assert_eq!(bits(&found.images), bits(&expected.images), "{what}");
    assert_eq!(found.labels(), expected.labels(), "{what}");
    assert!(found.images.is_contiguous(), "{what}");
}

#[test]
fn a_feed_gives_what_the_iterator_gives_in_every_order_shift_storage_and_tail_over_epochs() {
    for storage in [Storage::U8, Storage::F32] {
        let split = split(storage);
        for shuffled in [false, true] {
            for shift in [0, 1, 3] {
                for tail in [Tail::Keep, Tail::Drop] {
                    let what = format!("{storage:?}, shuffled {shuffled}, shift {shift}, {tail:?}");
                    let epoch = |epoch: u64, skip: usize| -> Batches<'_> {
                        let order = if shuffled { Order::Shuffled { seed: 4, epoch } } else { Order::Stored };
                        split.batches(5, order, tail).unwrap().shifted(shift, 4, epoch).unwrap().skip_batches(skip)
                    };
                    let mut cursor = epoch(0, 0).device_cursor().unwrap();
                    // From the start, then from amid an epoch, as after a resume, then a whole one.
                    for (number, skip) in [(0, 0), (1, 2), (2, 0)] {
                        let mut batches = epoch(number, skip);
                        cursor.follow(&batches).unwrap();
                        assert_eq!(batches.full_left(), 4 - skip, "{what}");
                        for left in (0..4 - skip).rev() {
                            let expected = batches.next().unwrap();
                            check_same(&cursor.next_batch().unwrap(), &expected, &what);
                            assert_eq!(batches.full_left(), left, "{what}");
                        }
                        let short = batches.next().map(|batch| batch.labels().size()[0]);
                        assert_eq!(short, (tail == Tail::Keep).then_some(3), "the short one is left to the iterator");
                    }
                }
            }
        }
    }
}

#[test]
fn what_lies_on_the_device_stays_where_it_is_from_epoch_to_epoch() {
    let split = split(Storage::F32);
    let epoch = |epoch| split.batches(5, Order::Shuffled { seed: 4, epoch }, Tail::Drop).unwrap();
    let (first, second) = (epoch(0), epoch(1));
    let mut cursor = first.device_cursor().unwrap();
    drop(first);
    cursor.follow(&second).unwrap();
    drop(second); // the cursor keeps nothing of the epoch's own tensors
    let expected = epoch(1).next().unwrap();
    check_same(&cursor.next_batch().unwrap(), &expected, "after the epoch that it followed is gone");
}

#[test]
fn minibatches_of_another_kind_are_not_followed() {
    let split = split(Storage::F32);
    let shuffled = |size| split.batches(size, Order::Shuffled { seed: 4, epoch: 0 }, Tail::Drop).unwrap();
    let mut cursor = shuffled(5).device_cursor().unwrap();
    let stored = split.batches(5, Order::Stored, Tail::Drop).unwrap();
    for other in [stored, shuffled(4), shuffled(5).shifted(1, 4, 0).unwrap()] {
        let told = cursor.follow(&other).unwrap_err().to_string();
        assert!(told.contains("of another size or kind"), "{told}");
    }
    cursor.follow(&shuffled(5)).unwrap();
}

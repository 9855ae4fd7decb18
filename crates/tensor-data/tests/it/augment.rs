//! Lists of operations: what is drawn, and what minibatches become.

use tch::{Device, Kind, Tensor};
use tensor_data::augment::{self, *};
use tensor_data::{Batch, Order, Samples, Split, Storage, Tail, Targets};

const DRAW: Draw = Draw { seed: 5, epoch: 3, position: 1, shape: [3, 8, 10] };

/// 23 pictures of three channels, 8x10, in 10 classes.
fn split(storage: Storage) -> Split {
    let pixels = (0..23u32).flat_map(|i| (0..240).map(move |p| ((p * 37 + i * 101 + p * p * i) % 256) as u8)).collect();
    let samples = Samples::new([3, 8, 10], 10, pixels, (0..23).map(|i| i % 10).collect()).unwrap();
    Split::upload(&samples, 1.0 / 255.0, storage, Device::Cpu).unwrap()
}

fn batches(split: &Split, list: &[Operation], epoch: u64) -> Vec<Batch> {
    split.batches(5, Order::Stored, Tail::Keep).unwrap().augmented(list, 5, epoch).unwrap().collect()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    Vec::<f32>::try_from(tensor.flatten(0, -1)).unwrap().into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_row_depends_on_seed_epoch_place_and_picture_alone() {
    for operation in Operation::all() {
        let kind = operation.kind();
        let rows = operation.rows(&DRAW, 40);
        assert_eq!(rows.iter().len(), 40, "{kind}");
        let fewer = operation.rows(&DRAW, 7);
        assert_eq!(fewer.numbers(), &rows.numbers()[..7 * rows.width()], "{kind}");
        for other in [Draw { seed: 6, ..DRAW }, Draw { epoch: 4, ..DRAW }, Draw { position: 0, ..DRAW }] {
            assert_ne!(operation.rows(&other, 40), rows, "{kind}");
        }
        assert!(rows.numbers().iter().all(|number| number.is_finite()), "{kind}");
    }
}

#[test]
fn draws_keep_to_their_options() {
    let rows = |operation: Operation| operation.rows(&DRAW, 4000);
    let flip = rows(Operation::Flip(Flip { probability: 0.3, ..Flip::default() }));
    let share = flip.numbers().iter().sum::<f32>() / 4000.0;
    // Four standard deviations of a share of 0.3 among 4000.
    assert!((share - 0.3).abs() < 4.0 * (0.3f32 * 0.7 / 4000.0).sqrt(), "{share}");
    for row in rows(Operation::ResizedCrop(ResizedCrop { scale: [0.4, 0.6], ratio: [0.8, 1.25] })).iter() {
        let [top, left, bottom, right] = *row else { panic!("{row:?}") };
        assert!(0.0 <= top && top < bottom && bottom <= 8.0 && 0.0 <= left && left < right && right <= 10.0, "{row:?}");
        let (height, width) = (bottom - top, right - left);
        // Whole pixels: half a pixel of each side may be rounded.
        assert!((height + 0.5) * (width + 0.5) >= 32.0 && (height - 0.5) * (width - 0.5) <= 48.0, "{row:?}");
    }
    for row in
        rows(Operation::ColourJitter(ColourJitter { brightness: 2.0, contrast: 0.1, saturation: 0.0, hue: 0.2 })).iter()
    {
        assert!((0.0..=3.0).contains(&row[0]) && (0.9..=1.1).contains(&row[1]), "{row:?}");
        assert!(row[2] == 1.0 && row[3].abs() <= 0.2, "{row:?}");
    }
    let covered = rows(Operation::Cutout(Cutout { size: 4, probability: 1.0, value: 0 }));
    assert!(
        covered.iter().all(|row| (1.0..=4.0).contains(&(row[2] - row[0])) && (1.0..=4.0).contains(&(row[3] - row[1])))
    );
    let shares = rows(Operation::Mixup(Mixup { alpha: 1.0, probability: 1.0 }));
    // Beta(1, 1) is uniform: mean 1/2, variance 1/12.
    let mean = shares.numbers().iter().sum::<f32>() / 4000.0;
    assert!((mean - 0.5).abs() < 4.0 * (1.0f32 / 12.0 / 4000.0).sqrt(), "{mean}");
    for row in rows(Operation::Cutmix(Cutmix::default())).iter() {
        let area = (row[2] - row[0]) * (row[3] - row[1]);
        assert!((row[4] - (1.0 - area / 80.0)).abs() < 1e-6, "{row:?}");
    }
}

/// K. Jordan's airbench: mirrored at random once, then everything mirrored in every second epoch.
#[test]
fn alternating_flips_show_the_other_side_every_second_epoch() {
    let flip = Operation::Flip(Flip { alternating: true, ..Flip::default() });
    let rows = |epoch| flip.rows(&Draw { epoch, ..DRAW }, 100);
    assert!(rows(0).numbers().iter().zip(rows(1).numbers()).all(|(a, b)| a + b == 1.0));
    assert!((rows(0) == rows(2)) && (rows(1) == rows(3)));
    let mirrored = rows(0).numbers().iter().sum::<f32>();
    assert!((30.0..70.0).contains(&mirrored), "{mirrored}");
    let split = split(Storage::U8);
    let plain = batches(&split, &[], 0);
    for (one, (other, plain)) in batches(&split, &[flip], 0).iter().zip(batches(&split, &[flip], 1).iter().zip(&plain))
    {
        assert_eq!(one.images, other.images.flip([3]));
        let mirrored = plain.images.flip([3]);
        for i in 0..plain.images.size()[0] {
            assert!(one.images.get(i) == plain.images.get(i) || one.images.get(i) == mirrored.get(i));
        }
    }
}

#[test]
fn bytes_and_reals_become_the_same_minibatches() {
    for operation in Operation::all() {
        let operation = match operation {
            Operation::Cutout(it) => Operation::Cutout(Cutout { size: 3, value: 77, ..it }),
            other => other,
        };
        let list =
            [operation, Operation::Flip(Flip::default()), Operation::Erase(Erase { value: 200, ..Erase::default() })];
        check_list(&list, [3, 8, 10], 5).unwrap();
        let (bytes, reals) = (split(Storage::U8), split(Storage::F32));
        for (a, b) in batches(&bytes, &list, 2).iter().zip(&batches(&reals, &list, 2)) {
            assert_eq!((a.images.kind(), a.images.is_contiguous()), (Kind::Float, true), "{operation:?}");
            assert_eq!(bits(&a.images), bits(&b.images), "{operation:?}");
            let (least, greatest) = (a.images.min().double_value(&[]), a.images.max().double_value(&[]));
            assert!(least >= 0.0 && greatest <= 1.0001, "{operation:?}: {least} to {greatest}");
        }
        let changed =
            batches(&bytes, &list[..1], 2).iter().zip(batches(&bytes, &[], 2)).any(|(a, b)| a.images != b.images);
        assert!(changed, "{operation:?} does something");
    }
}

#[test]
fn the_stored_pictures_stay_as_they_are() {
    let split = split(Storage::F32);
    let before = bits(split.images());
    for operation in Operation::all() {
        let _ = batches(&split, &[operation], 0);
    }
    assert_eq!(bits(split.images()), before);
}

#[test]
fn a_shift_at_the_head_of_a_list_draws_what_the_old_key_draws() {
    let split = split(Storage::F32);
    let list = [Operation::Shift(Shift { pixels: 2, padding: Padding::Zero })];
    let order = Order::Shuffled { seed: 5, epoch: 1 };
    let short = split.batches(5, order, Tail::Keep).unwrap().shifted(2, 5, 1).unwrap();
    let long = split.batches(5, order, Tail::Keep).unwrap().augmented(&list, 5, 1).unwrap();
    assert!(short.zip(long).all(|(a, b)| bits(&a.images) == bits(&b.images)));
}

#[test]
fn mixed_pictures_have_the_shares_that_were_drawn() {
    let split = split(Storage::U8);
    let mixup = Operation::Mixup(Mixup { alpha: 1.0, probability: 0.7 });
    let rows = mixup.rows(&Draw { position: 1, epoch: 0, ..DRAW }, split.len());
    let list = [Operation::Flip(Flip { probability: 1.0, ..Flip::default() }), mixup];
    for (number, (batch, plain)) in batches(&split, &list, 0).iter().zip(batches(&split, &[], 0)).enumerate() {
        let Targets::Mixed { a, b, lambda } = &batch.targets else { panic!("they are mixed") };
        assert_eq!((a, b), (plain.labels(), &plain.labels().roll([1], [0])));
        let m = a.size()[0] as usize;
        let drawn = &rows.numbers()[5 * number..5 * number + m];
        assert_eq!(Vec::<f32>::try_from(lambda).unwrap(), drawn);
        let mirrored = plain.images.flip([3]);
        let lambda = lambda.view([-1, 1, 1, 1]);
        let expected = &mirrored * &lambda + mirrored.roll([1], [0]) * (1.0 - &lambda);
        assert!(batch.images.allclose(&expected, 1e-5, 1e-6, false));
    }
    assert!(rows.numbers().contains(&1.0) && rows.numbers().iter().any(|&share| share < 0.5));
}

#[test]
fn what_has_no_effect_is_refused() {
    let refused = |list: &[Operation], shape, size, words: &str| {
        let told = augment::check_list(list, shape, size).unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    };
    let hue = Operation::ColourJitter(ColourJitter { hue: 0.1, ..ColourJitter::default() });
    refused(&[hue], [1, 28, 28], 5, "colour-jitter: `saturation` and `hue` have no effect on pictures of 1 channel");
    assert!(check_list(&[hue], [3, 28, 28], 5).is_ok());
    let (mixup, cutmix) = (Operation::Mixup(Mixup::default()), Operation::Cutmix(Cutmix::default()));
    refused(&[mixup, cutmix], [3, 8, 8], 5, "cutmix: mixup mixes classes already");
    refused(&[mixup], [3, 8, 8], 1, "there is one in each");
    refused(&[Operation::Shift(Shift { pixels: 8, padding: Padding::Zero })], [3, 8, 20], 5, "would be gone");
    refused(&[Operation::Cutout(Cutout::default())], [3, 8, 20], 5, "cover the whole");
    refused(&[Operation::RandAugment(RandAugment::default())], [4, 8, 8], 5, "1 or 3 channels");
    refused(&[Operation::Flip(Flip::default()); 33], [3, 8, 8], 5, "at most 32 operations");
}

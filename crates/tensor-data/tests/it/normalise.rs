//! Normalised minibatches: the arithmetic, and the same bits however pixels are kept and gathered.

use tch::{Device, Tensor};
use tensor_data::{Dataset, Error, Holdout, Normalise, Order, Samples, Source, Storage, Tail};

fn data(storage: Storage, rule: Option<&Normalise>) -> Result<Dataset, Error> {
    // Two channels of one pixel each.
    let samples =
        |count: u8| Samples::new([2, 1, 1], 2, (0..2 * count).map(|i| i * 5).collect(), vec![0; count.into()]);
    let source = Source::new("two", samples(12)?, samples(2)?);
    Dataset::upload(&source, Holdout::Last(2), 1.0 / 255.0, storage, Device::Cpu)?.normalised(rule)
}

fn rule() -> Normalise {
    Normalise { mean: vec![0.5, 0.25], std: vec![0.2, 2.0] }
}

#[test]
fn a_channel_loses_its_mean_and_deviation() {
    let data = data(Storage::F32, Some(&rule())).unwrap();
    let batch = data.train.batches(2, Order::Stored, Tail::Drop).unwrap().next().unwrap();
    let found: Vec<f32> = batch.images.flatten(0, -1).try_into().unwrap();
    let expected = [(0.0, 0.5, 0.2), (5.0, 0.25, 2.0), (10.0, 0.5, 0.2), (15.0, 0.25, 2.0)];
    for (found, (pixel, mean, std)) in found.iter().zip(expected) {
        assert!((f64::from(*found) - (pixel / 255.0 - mean) / std).abs() < 1e-6, "{found}");
    }
}

#[test]
fn storage_and_gathering_change_no_bit() {
    let order = || Order::Shuffled { seed: 1, epoch: 0 };
    let batches = |storage| -> (Vec<Tensor>, Tensor) {
        let data = data(storage, Some(&rule())).unwrap();
        let batches = data.train.batches(3, order(), Tail::Drop).unwrap().shifted(1, 2, 0).unwrap();
        let fed = batches.device_cursor().unwrap().next_batch().unwrap().images;
        (batches.map(|batch| batch.images).collect(), fed)
    };
    let ((floats, fed), (bytes, fed_bytes)) = (batches(Storage::F32), batches(Storage::U8));
    assert_eq!((floats.len(), &floats), (3, &bytes));
    assert_eq!((&fed, &fed_bytes), (&floats[0], &floats[0]));
}

#[test]
fn numbers_that_do_not_fit_the_channels_are_refused() {
    let refused = |mean: &[f64], std: &[f64]| {
        data(Storage::F32, Some(&Normalise { mean: mean.into(), std: std.into() })).unwrap_err().to_string()
    };
    assert!(refused(&[0.5], &[0.2]).contains("2 channels"));
    assert!(refused(&[0.5, 0.5], &[0.2, 0.0]).contains("positive"));
    assert!(refused(&[f64::NAN, 0.5], &[0.2, 0.2]).contains("finite"));
    assert!(data(Storage::F32, None).unwrap().train.normalise().is_none());
}

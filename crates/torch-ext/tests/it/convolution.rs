//! The fused convolution against libtorch's own, value by value, forward and backward, on every instruction set.

use tch::{Device, Kind, Tensor};
use torch_ext::Isa;
use torch_ext::convolution::{convolve_pool, pack, supports, unpack};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

struct Case {
    pictures: i64,
    channels: i64,
    height: i64,
    width: i64,
    maps: i64,
    kernel: i64,
    keep_border: bool,
}

impl Case {
    fn check(&self) {
        tch::manual_seed(7);
        let leaf = |shape: &[i64], scale: f64| (Tensor::randn(shape, FLOAT) * scale).set_requires_grad(true);
        let Case { pictures, channels, height, width, maps, kernel, keep_border } = *self;
        let scale = 1.0 / ((channels * kernel * kernel) as f64).sqrt();
        let images = leaf(&[pictures, channels, height, width], 1.0);
        let (weight, bias) = (leaf(&[maps, channels, kernel, kernel], scale), leaf(&[maps], 1.0));
        let leaves = [&images, &weight, &bias];

        let expected = images.conv2d(&weight, Some(&bias), [1, 1], [0, 0], [1, 1], 1).max_pool2d(
            [2, 2],
            [2, 2],
            [0, 0],
            [1, 1],
            keep_border,
        );
        let direction = Tensor::randn(expected.size(), FLOAT);
        let expected_gradients =
            Tensor::run_backward(&[(&expected * &direction).sum(Kind::Float)], &leaves, false, false);

        for isa in Isa::available() {
            let maps = convolve_pool(&pack(&images, isa).unwrap(), &weight, &bias, keep_border, isa).unwrap();
            let found = unpack(&maps, pictures, isa).unwrap();
            assert_eq!(found.size(), expected.size());
            let gradients = Tensor::run_backward(&[(&found * &direction).sum(Kind::Float)], &leaves, false, false);
            self.compare(isa, "output", &found, &expected);
            for ((name, found), expected) in
                ["images", "weight", "bias"].iter().zip(&gradients).zip(&expected_gradients)
            {
                self.compare(isa, name, found, expected);
            }
            let unremembered =
                tch::no_grad(|| convolve_pool(&pack(&images, isa).unwrap(), &weight, &bias, keep_border, isa));
            assert_eq!(
                unpack(&unremembered.unwrap(), pictures, isa).unwrap(),
                found.detach(),
                "without gradients, {isa:?}"
            );
        }
    }

    /// Sums of up to some thousand products of numbers around 1 agree to a few units in the last place of the largest.
    fn compare(&self, isa: Isa, what: &str, found: &Tensor, expected: &Tensor) {
        let largest = expected.abs().max().double_value(&[]);
        let difference = (found - expected).abs().max().double_value(&[]);
        let Case { pictures, channels, height, width, maps, kernel, .. } = self;
        assert!(
            difference <= 1e-5 * largest.max(1.0),
            "{what} of {pictures} pictures ({channels}, {height}, {width}), {maps} maps, filters of {kernel}, {isa:?}: off by {difference} of {largest}"
        );
    }
}

#[test]
fn every_size_of_picture_filter_and_batch_agrees_with_libtorch() {
    let case = |pictures, [channels, height, width]: [i64; 3], maps, kernel, keep_border| Case {
        pictures,
        channels,
        height,
        width,
        maps,
        kernel,
        keep_border,
    };
    for case in [
        case(20, [1, 28, 28], 20, 5, false),
        case(33, [20, 12, 12], 50, 5, false),
        case(16, [3, 32, 32], 6, 5, false),
        case(1, [1, 6, 6], 1, 5, false),
        case(5, [3, 11, 13], 7, 3, false),
        case(5, [3, 11, 13], 7, 3, true),
        case(17, [2, 10, 9], 5, 7, true),
        case(17, [2, 10, 9], 5, 7, false),
        case(9, [5, 7, 8], 3, 1, true),
        case(4, [4, 17, 20], 13, 5, true),
        case(130, [2, 14, 15], 9, 3, false),
        case(3, [1, 5, 5], 2, 5, true),
        case(300, [3, 12, 11], 10, 5, false), // enough for whole blocks to every thread
    ] {
        case.check();
    }
}

#[test]
fn one_thread_and_two_agree_and_each_repeats_itself_to_the_bit() {
    tch::manual_seed(3);
    let images = Tensor::randn([50, 2, 12, 12], FLOAT);
    let weight = Tensor::randn([10, 2, 5, 5], FLOAT).set_requires_grad(true);
    let bias = Tensor::randn([10], FLOAT).set_requires_grad(true);
    let isa = Isa::best();
    let gradient = || {
        let maps = convolve_pool(&pack(&images, isa).unwrap(), &weight, &bias, false, isa).unwrap();
        let loss = unpack(&maps, 50, isa).unwrap().square().mean(Kind::Float);
        Tensor::run_backward(&[loss], &[&weight, &bias], false, false)
    };
    let before = tch::get_num_threads();
    let [one, again, two, once_more] = [1, 1, 2, 2].map(|threads| {
        tch::set_num_threads(threads);
        gradient()
    });
    tch::set_num_threads(before);
    assert_eq!(one, again);
    assert_eq!(two, once_more);
    assert!((&one[0] - &two[0]).abs().max().double_value(&[]) <= 1e-5 * one[0].abs().max().double_value(&[]));
}

#[test]
fn nan_is_passed_on_and_the_first_of_equal_values_gets_the_gradient_as_in_libtorch() {
    let weight = Tensor::ones([1, 1, 1, 1], FLOAT);
    let bias = Tensor::zeros([1], FLOAT);
    for values in [[1.0, f32::NAN, 3.0, 2.0], [f32::NAN, 1.0, 2.0, 3.0], [2.0, 2.0, 1.0, 2.0], [0.0, 1.0, 4.0, 4.0]] {
        let images = Tensor::from_slice(&values).reshape([1, 1, 2, 2]).set_requires_grad(true);
        let expected = images.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        let expected_gradient = Tensor::run_backward(&[expected.sum(Kind::Float)], &[&images], false, false);
        for isa in Isa::available() {
            let found =
                unpack(&convolve_pool(&pack(&images, isa).unwrap(), &weight, &bias, false, isa).unwrap(), 1, isa);
            let found = found.unwrap();
            assert!(found.allclose(&expected, 0.0, 0.0, true), "{values:?}, {isa:?}: {found}");
            let gradient = Tensor::run_backward(&[found.sum(Kind::Float)], &[&images], false, false);
            assert_eq!(gradient, expected_gradient, "{values:?}, {isa:?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_message() {
    let isa = Isa::best();
    let images = Tensor::zeros([2, 1, 8, 8], FLOAT);
    let packed = pack(&images, isa).unwrap();
    let refused = |weight: &[i64], bias: i64| {
        let (weight, bias) = (Tensor::zeros(weight, FLOAT), Tensor::zeros([bias], FLOAT));
        convolve_pool(&packed, &weight, &bias, false, isa).unwrap_err().to_string()
    };
    assert!(refused(&[4, 1, 2, 2], 4).contains("no kernels for filters of 2x2"));
    assert!(refused(&[4, 3, 5, 5], 4).contains("filters for 3 channels, pictures of 1"));
    assert!(refused(&[4, 1, 5, 5], 3).contains("4 maps, but a bias of [3]"));
    assert!(refused(&[4, 1, 9, 9], 4).contains("no kernels"));
    assert!(pack(&images.to_kind(Kind::Double), isa).unwrap_err().to_string().contains("expected Float on the CPU"));
    assert!(unpack(&packed, 40, isa).unwrap_err().to_string().contains("does not hold 40 pictures"));
    assert_eq!([1, 2, 3, 4, 5, 6, 7, 8, 9].map(supports), [true, false, true, false, true, false, true, false, false]);
}

#[test]
fn a_second_derivative_is_refused_rather_than_wrong() {
    let isa = Isa::best();
    let images = Tensor::randn([2, 1, 6, 6], FLOAT);
    let weight = Tensor::randn([1, 1, 3, 3], FLOAT).set_requires_grad(true);
    let maps = convolve_pool(&pack(&images, isa).unwrap(), &weight, &Tensor::zeros([1], FLOAT), false, isa).unwrap();
    let error = Tensor::f_run_backward(&[maps.square().sum(Kind::Float)], &[&weight], true, true).unwrap_err();
    assert!(error.to_string().contains("cannot be differentiated twice"), "{error}");
}

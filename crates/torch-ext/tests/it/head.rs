//! The last layer with its loss against libtorch's operations in f64: loss, errors and every gradient, on every
//! instruction set.

use tch::{Device, Kind, Tensor};
use torch_ext::{Isa, cross_entropy, linear, linear_cross_entropy};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Features, weight, bias, all of them leaves, and labels.
fn inputs(rows: i64, features: i64, classes: i64) -> ([Tensor; 3], Tensor) {
    tch::manual_seed(rows + features + classes);
    let leaf = |shape: &[i64], scale: f64| (Tensor::randn(shape, FLOAT) * scale).set_requires_grad(true);
    let leaves = [
        leaf(&[rows, features], 1.0),
        leaf(&[classes, features], 2.0 / (features as f64).sqrt()),
        leaf(&[classes], 1.0),
    ];
    (leaves, Tensor::randint(classes, [rows], (Kind::Int64, Device::Cpu)))
}

fn largest(of: &Tensor) -> f64 {
    of.abs().max().double_value(&[])
}

/// Sums of at most some thousand products of numbers around 1 agree to a few units in the last place of the largest.
fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let (off, size) = (largest(&(found.to_kind(Kind::Double) - expected)), largest(expected));
    assert!(off <= 1e-5 * size.max(1e-3), "{what}: off by {off} of {size}");
}

#[test]
fn loss_errors_and_gradients_are_libtorchs_for_every_size() {
    for (rows, features, classes) in
        [(1, 1, 1), (1, 784, 10), (33, 785, 10), (64, 15, 16), (67, 17, 3), (20, 500, 10), (301, 16, 2), (130, 49, 11)]
    {
        let (leaves, labels) = inputs(rows, features, classes);
        let [x, w, b] = leaves.each_ref().map(|leaf| leaf.detach().to_kind(Kind::Double).set_requires_grad(true));
        let logits = x.linear(&w, Some(&b));
        let expected = logits.cross_entropy_for_logits(&labels);
        let wrong = logits.argmax(1, false).ne_tensor(&labels).sum(Kind::Int64);
        let expected_gradients = Tensor::run_backward(&[&expected * 3.0], &[&x, &w, &b], false, false);
        for isa in Isa::available() {
            let what = format!("({rows}, {features}), {classes} classes, {isa:?}");
            let [x, w, b] = &leaves;
            let (loss, errors) = linear_cross_entropy(x, w, b, &labels, isa).unwrap();
            assert_close(&loss, &expected, &format!("loss of {what}"));
            assert_eq!(errors, wrong, "{what}");
            let gradients = Tensor::run_backward(&[&loss * 3.0], &[x, w, b], false, false);
            for ((name, found), expected) in
                ["features", "weight", "bias"].iter().zip(&gradients).zip(&expected_gradients)
            {
                assert_close(found, expected, &format!("gradient of the {name} of {what}"));
            }
            let (plain, _) = tch::no_grad(|| linear_cross_entropy(x, w, b, &labels, isa)).unwrap();
            assert_eq!(plain, loss.detach(), "without gradients, {what}");
        }
    }
}

#[test]
fn the_loss_is_to_the_bit_that_of_the_two_operations_apart() {
    let ([x, w, b], labels) = inputs(77, 130, 10);
    for isa in Isa::available() {
        let apart = cross_entropy(&linear(&x, &w, &b, isa).unwrap(), &labels, isa).unwrap();
        assert_eq!(linear_cross_entropy(&x, &w, &b, &labels, isa).unwrap(), apart, "{isa:?}");
    }
}

#[test]
fn pictures_that_need_no_gradient_get_none_and_the_others_stay_the_same() {
    let ([x, w, b], labels) = inputs(40, 100, 10);
    let gradients = |x: &Tensor| {
        let (loss, _) = linear_cross_entropy(x, &w, &b, &labels, Isa::best()).unwrap();
        Tensor::run_backward(&[loss], &[&w, &b], false, false)
    };
    assert_eq!(gradients(&x), gradients(&x.detach()));
}

#[test]
fn a_number_that_is_not_finite_shows_in_the_loss() {
    for bad in [f64::NAN, f64::INFINITY] {
        let ([x, w, b], labels) = inputs(20, 50, 10);
        let x = x.detach().copy();
        let _ = x.get(3).get(7).fill_(bad);
        for isa in Isa::available() {
            let (loss, _) = linear_cross_entropy(&x, &w, &b, &labels, isa).unwrap();
            assert!(!loss.double_value(&[]).is_finite(), "{bad} with {isa:?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let ([x, w, b], labels) = inputs(4, 8, 10);
    let refused = |x: &Tensor, w: &Tensor, b: &Tensor, labels: &Tensor| {
        linear_cross_entropy(x, w, b, labels, Isa::best()).unwrap_err().to_string()
    };
    let many = Tensor::zeros([17, 8], FLOAT);
    for (message, part) in [
        (refused(&x.narrow(1, 0, 7), &w, &b, &labels), "features of [4, 7] do not fit weights of [10, 8]"),
        (refused(&x, &w, &b.narrow(0, 0, 9), &labels), "10 outputs, but a bias of [9]"),
        (refused(&x, &many, &Tensor::zeros([17], FLOAT), &labels), "1 to 16 classes, found 4 and 17"),
        (refused(&x.narrow(0, 0, 0), &w, &b, &labels.narrow(0, 0, 0)), "at least one picture"),
        (refused(&x, &w, &b, &labels.full_like(10)), "label 10 of row 0 is none of the 10 classes"),
        (refused(&x, &w, &b, &labels.narrow(0, 0, 3)), "expected 4 labels"),
        (refused(&x.to_kind(Kind::BFloat16), &w, &b, &labels), "expected Float on the CPU"),
    ] {
        assert!(message.contains(part), "{message}");
    }
}

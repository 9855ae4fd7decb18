//! The loss of few classes against autograd in f64, value by value, on every instruction set.

use crate::common::{FLOAT, double, outcomes};
use tch::{Device, Kind, Tensor};
use torch_ext::{FEW_CLASSES, Isa, cross_entropy};

const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// The exponential is good to two units in the last place (4 roundings), a sum of 16 adds 15, logarithm and division
/// one, and rounding `x` less the greatest, at most 87 away before it counts for nothing, moves `exp(d)` by `d` roundings,
/// which `d * exp(d)` keeps below one: some 22, each of what is at most 1.
const ROUNDINGS: f64 = 24.0;

fn check(logits: &Tensor, labels: &Tensor, what: &str) {
    let factor = 3.0; // of the loss in what is differentiated
    let rows = logits.size()[0] as f64;
    let direction = Tensor::full([] as [i64; 0], factor, (Kind::Double, Device::Cpu));
    let wide = double(std::slice::from_ref(logits));
    let expected = outcomes(&wide, &direction, |leaves| leaves[0].cross_entropy_for_logits(labels));
    let expected_errors = wide[0].argmax(1, false).ne_tensor(labels).sum(Kind::Int64);
    for isa in Isa::available() {
        let what = format!("{what}, {isa}");
        let (loss, errors) = cross_entropy(logits, labels, isa).unwrap();
        assert_eq!(errors, expected_errors, "{what}");
        let found = outcomes(std::slice::from_ref(logits), &direction.to_kind(Kind::Float), |leaves| {
            cross_entropy(&leaves[0], labels, isa).unwrap().0
        });
        assert_eq!(found[0], loss, "with and without gradients, {what}");
        let off = |place: usize| (found[place].to_kind(Kind::Double) - &expected[place]).abs().max().double_value(&[]);
        let allowed = ROUNDINGS * ROUNDING;
        assert!(off(0) <= allowed * (1.0 + expected[0].double_value(&[])), "loss, {what}: off by {:.1e}", off(0));
        assert!(off(1) * rows / factor <= allowed, "gradient, {what}: off by {:.1e}", off(1));
    }
}

#[test]
fn loss_and_gradient_agree_with_f64_within_rounding_for_odd_numbers_of_rows_and_classes() {
    for rows in [1, 2, 15, 17, 257, 785] {
        for classes in [1, 2, 7, 15, FEW_CLASSES] {
            for spread in [1e-3, 1.0, 20.0, 300.0] {
                tch::manual_seed(43);
                let logits = Tensor::randn([rows, classes], FLOAT) * spread;
                let labels = Tensor::randint(classes, [rows], (Kind::Int64, Device::Cpu));
                check(&logits, &labels, &format!("{rows} rows, {classes} classes, spread {spread}"));
            }
        }
    }
}

#[test]
fn logits_and_labels_may_lie_in_memory_as_they_like() {
    tch::manual_seed(47);
    let labels = Tensor::randint(7, [66], (Kind::Int64, Device::Cpu)).slice(0, 0, None, 2);
    check(&Tensor::randn([7, 33], FLOAT).tr(), &labels, "transposed");
    check(&Tensor::randn([33, 10], FLOAT).narrow(1, 2, 7), &labels, "a part of the columns");
    check(&Tensor::randn([1, 7], FLOAT).expand([33, 7], false), &labels, "one row again and again");
    let one = Tensor::from_slice(&[2_i64]).expand([33], false);
    check(&Tensor::randn([33, 7], FLOAT), &one, "one label again and again");
}

#[test]
fn equal_logits_count_as_the_first_of_them() {
    let logits = Tensor::from_slice(&[1.0_f32, 1.0, 0.0, 0.0, 2.0, 2.0, -0.0, 0.0, 0.0]).view([3, 3]);
    check(&logits, &Tensor::from_slice(&[1_i64, 1, 0]), "ties");
}

#[test]
fn logits_in_a_shorter_dtype_are_refused_and_not_taken_for_f32() {
    let logits = Tensor::zeros([2, 3], FLOAT).to_kind(Kind::BFloat16);
    let message = cross_entropy(&logits, &Tensor::from_slice(&[0_i64, 1]), Isa::best()).unwrap_err().to_string();
    assert!(message.contains("expected Float on the CPU, found BFloat16"), "{message}");
}

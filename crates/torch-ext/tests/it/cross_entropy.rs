//! The loss of few classes against libtorch's own, with its gradient, on every instruction set.

use tch::{Device, Kind, Tensor};
use torch_ext::{Isa, cross_entropy};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

#[test]
fn loss_errors_and_gradient_agree_with_libtorch() {
    for (rows, classes, spread) in
        [(1, 1, 1.0), (20, 10, 1.0), (600, 10, 5.0), (1001, 16, 30.0), (37, 3, 100.0), (5, 2, 1e-3)]
    {
        tch::manual_seed(5);
        let logits = (Tensor::randn([rows, classes], FLOAT) * spread).set_requires_grad(true);
        let labels = Tensor::randint(classes, [rows], (Kind::Int64, Device::Cpu));
        let expected = logits.cross_entropy_for_logits(&labels);
        let expected_errors = logits.argmax(1, false).ne_tensor(&labels).sum(Kind::Int64).int64_value(&[]);
        let expected_gradient = &Tensor::run_backward(&[&expected * 3.0], &[&logits], false, false)[0];
        let expected = expected.double_value(&[]);
        for isa in Isa::available() {
            let (loss, errors) = cross_entropy(&logits, &labels, isa).unwrap();
            assert_eq!(errors.int64_value(&[]), expected_errors, "{rows}, {classes}, {isa:?}");
            let difference = (loss.double_value(&[]) - expected).abs();
            assert!(
                difference <= 1e-6 * expected.max(1.0),
                "{rows}, {classes}, {isa:?}: off by {difference} of {expected}"
            );
            let gradient = &Tensor::run_backward(&[&loss * 3.0], &[&logits], false, false)[0];
            let difference = (gradient - expected_gradient).abs().max().double_value(&[]) * rows as f64;
            assert!(difference <= 1e-6 * 3.0, "{rows}, {classes}, {isa:?}: gradient off by {difference}");
            let (without, _) = tch::no_grad(|| cross_entropy(&logits, &labels, isa)).unwrap();
            assert_eq!(without, loss.detach(), "without gradients");
        }
    }
}

#[test]
fn logits_that_are_not_finite_give_what_libtorch_gives() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let labels = Tensor::from_slice(&[1_i64]);
    for row in [[0.0, nan, 1.0], [nan, 0.0, 0.0], [0.0, inf, 1.0], [inf, 0.0, 0.0], [0.0, -inf, 1.0], [-inf, 2.0, -inf]]
    {
        let logits = Tensor::from_slice(&row).reshape([1, 3]);
        let expected = logits.cross_entropy_for_logits(&labels).double_value(&[]);
        let expected_errors = logits.argmax(1, false).ne_tensor(&labels).sum(Kind::Int64).int64_value(&[]);
        for isa in Isa::available() {
            let (loss, errors) = cross_entropy(&logits, &labels, isa).unwrap();
            let loss = loss.double_value(&[]);
            assert!(
                loss == expected || loss.is_nan() && expected.is_nan() || (loss - expected).abs() < 1e-6,
                "{row:?}, {isa:?}: {loss}, {expected}"
            );
            assert_eq!(errors.int64_value(&[]), expected_errors, "{row:?}, {isa:?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_message() {
    let refused = |shape: &[i64], labels: &[i64]| {
        cross_entropy(&Tensor::zeros(shape, FLOAT), &Tensor::from_slice(labels), Isa::best()).unwrap_err().to_string()
    };
    assert!(refused(&[2, 10], &[3, 10]).contains("label 10 of row 1 is none of the 10 classes"));
    assert!(refused(&[2, 10], &[-1, 0]).contains("label -1 of row 0"));
    assert!(refused(&[2, 17], &[0, 0]).contains("1 to 16 classes"));
    assert!(refused(&[3, 10], &[0, 0]).contains("expected 3 labels"));
}

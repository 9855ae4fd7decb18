//! Layers with few outputs against libtorch's own, forward and backward, on every instruction set.

use tch::{Device, Kind, Tensor};
use torch_ext::{Isa, linear};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

#[test]
fn every_number_of_outputs_features_and_pictures_agrees_with_libtorch() {
    for (pictures, features, outputs) in [
        (1, 1, 1),
        (7, 3, 2),
        (20, 500, 10),
        (600, 784, 10),
        (33, 17, 16),
        (65, 31, 5),
        (40, 100, 12),
        (70, 65, 27),
        (64, 784, 3),
    ] {
        tch::manual_seed(11);
        let leaf = |shape: &[i64]| Tensor::randn(shape, FLOAT).set_requires_grad(true);
        let (x, weight, bias) = (leaf(&[pictures, features]), leaf(&[outputs, features]), leaf(&[outputs]));
        let leaves = [&x, &weight, &bias];
        let direction = Tensor::randn([pictures, outputs], FLOAT);
        let gradients = |y: &Tensor| Tensor::run_backward(&[(y * &direction).sum(Kind::Float)], &leaves, false, false);
        let expected = x.linear(&weight, Some(&bias));
        let expected_gradients = gradients(&expected);
        for isa in Isa::available() {
            let found = linear(&x, &weight, &bias, isa).unwrap();
            let same = |found: &Tensor, expected: &Tensor| {
                let largest = expected.abs().max().double_value(&[]).max(1.0);
                found.size() == expected.size() && (found - expected).abs().max().double_value(&[]) <= 1e-5 * largest
            };
            assert!(same(&found, &expected), "{pictures} pictures, {features} features, {outputs} outputs, {isa:?}");
            for ((name, found), expected) in
                ["x", "weight", "bias"].iter().zip(gradients(&found)).zip(&expected_gradients)
            {
                assert!(same(&found, expected), "{name}: {pictures}, {features}, {outputs}, {isa:?}");
            }
            assert_eq!(tch::no_grad(|| linear(&x, &weight, &bias, isa)).unwrap(), found.detach(), "without gradients");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_message() {
    let zeros = |shape: &[i64]| Tensor::zeros(shape, FLOAT);
    let refused = |x: &Tensor, weight: &[i64], bias: i64| {
        linear(x, &zeros(weight), &zeros(&[bias]), Isa::best()).unwrap_err().to_string()
    };
    assert!(refused(&zeros(&[0, 8]), &[3, 8], 3).contains("at least one picture"));
    assert!(refused(&zeros(&[4, 8]), &[3, 9], 3).contains("do not fit"));
    assert!(refused(&zeros(&[4, 8]), &[3, 8], 4).contains("3 outputs, but a bias of [4]"));
    assert!(refused(&zeros(&[4, 8]).to_kind(Kind::Double), &[3, 8], 3).contains("expected Float on the CPU"));
}

//! Our kernels and libtorch's f64 layers side by side: values, gradients, and how far rounding may take them apart.

#![allow(dead_code, reason = "each test file uses its part")]

use tch::{Device, Kind, Tensor};

pub const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Half the distance from 1 to the next f32: the most that one operation rounds by, relatively.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// Whole numbers from -`most` to `most` as f32.
pub fn whole(shape: &[i64], most: i64) -> Tensor {
    Tensor::randint_low(-most, most + 1, shape, FLOAT)
}

/// What `layer` gives for `leaves`, then the gradient of (its output times `direction`, summed) for each leaf.
pub fn outcomes(leaves: &[Tensor], direction: &Tensor, layer: impl Fn(&[Tensor]) -> Tensor) -> Vec<Tensor> {
    let leaves: Vec<Tensor> = leaves.iter().map(|leaf| leaf.detach().set_requires_grad(true)).collect();
    let output = layer(&leaves);
    let loss = (&output * direction).sum(output.kind());
    let gradients = Tensor::run_backward(&[loss], &leaves, false, false);
    [output.detach()].into_iter().chain(gradients).collect()
}

/// The same values as f64.
pub fn double(tensors: &[Tensor]) -> Vec<Tensor> {
    tensors.iter().map(|tensor| tensor.to_kind(Kind::Double)).collect()
}

/// The same without signs, as f64: a layer of these adds up the sizes of all its products.
pub fn sizes(tensors: &[Tensor]) -> Vec<Tensor> {
    double(tensors).iter().map(Tensor::abs).collect()
}

/// The same numbers, NaN in the same places.
pub fn assert_equal(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let found = found.to_kind(Kind::Double);
    assert!(found.allclose(&expected.to_kind(Kind::Double), 0.0, 0.0, true), "{what}: {found} is not {expected}");
}

/// Value by value: a sum of `terms` products whose sizes add up to `sizes` is off by some `sqrt(terms)` roundings of
/// that, because roundings go either way (Higham and Mary 2019, "A new approach to probabilistic rounding error
/// analysis"; four times as much happens once in thousands of sums of terms that share a sign).
pub fn assert_within_rounding(found: &Tensor, expected: &Tensor, sizes: &Tensor, terms: i64, what: &str) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let allowed = sizes * (4.0 * (terms as f64).sqrt() * ROUNDING);
    let beyond = ((found.to_kind(Kind::Double) - expected).abs() - allowed).max().double_value(&[]);
    assert!(beyond <= 0.0, "{what}: {beyond:.1e} beyond rounding"); // NaN is beyond as well
}

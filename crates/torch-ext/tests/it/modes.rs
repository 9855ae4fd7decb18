//! Autocast, and switches for CUDA.

use tch::{Device, Kind, Tensor};
use torch_ext::{Autocast, allow_tf32, deterministic_convolutions};

#[test]
fn a_region_of_autocast_sees_weights_as_they_are_now_and_ends_with_its_guard() {
    let x = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
    let mut weight = Tensor::ones([4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    for kind in [Kind::BFloat16, Kind::Half] {
        for step in 1..=3 {
            let product = {
                let _region = Autocast::enter(Device::Cpu, kind).unwrap();
                x.matmul(&weight)
            };
            assert_eq!(product.kind(), kind);
            assert_eq!(product.to_kind(Kind::Float).double_value(&[0, 0]), 4.0 * f64::from(step));
            let _ = tch::no_grad(|| weight.f_add_scalar_(1.0)).unwrap();
        }
        tch::no_grad(|| weight.copy_(&x));
        assert_eq!(x.matmul(&weight).kind(), Kind::Float);
    }
    let outer = Autocast::enter(Device::Cpu, Kind::BFloat16).unwrap();
    drop(Autocast::enter(Device::Cpu, Kind::Half).unwrap());
    assert_eq!(x.matmul(&x).kind(), Kind::BFloat16, "the outer region continues");
    drop(outer);
}

#[test]
fn a_dtype_that_autocast_does_not_know_is_refused() {
    let error = Autocast::enter(Device::Cpu, Kind::Float).unwrap_err();
    assert_eq!(error.to_string(), "autocast takes BFloat16 or Half, not Float");
    let error = Autocast::enter(Device::Mps, Kind::Half).unwrap_err();
    assert!(error.to_string().contains("not on Mps"), "{error}");
}

#[test]
fn switches_for_cuda_are_harmless_without_it() {
    allow_tf32(true).unwrap();
    allow_tf32(false).unwrap();
    deterministic_convolutions(true).unwrap();
}

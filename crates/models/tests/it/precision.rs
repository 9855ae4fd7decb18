//! Whole models against libtorch's own layers and autograd in f64: in f32 and under autocast to bf16, on odd sizes, on
//! every instruction set.

use crate::alone;
use models::{Activation, Arch, Initial, Mode, Model};
use tch::{Device, Kind, Tensor};
use torch_ext::{Autocast, Isa};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);
/// Of the largest value: what sums of some thousand f32 products differ by.
const F32: f64 = 2e-6;
/// Of the largest value. bf16 holds 8 bits, so that one rounding moves a value by up to 1/256 of it. At most four meet in
/// any result: of logits the feature maps, the hidden layer's sums, its units, and the result itself; of gradients the
/// layer's input, the gradient of its units, that before the activation, and the result.
const BF16: f64 = 4.0 / 256.0;

fn lenet(filters: [i64; 2], kernel: i64, ignore_border: bool) -> Arch {
    let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
    Arch::LeNet { filters, kernel, hidden: 33, activation, initial, dropout: 0.0, ignore_border }
}

fn mlp(hidden: &[i64]) -> Arch {
    let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
    Arch::Mlp { hidden: hidden.to_vec(), activation, initial, dropout: 0.0 }
}

/// The model that `arch` describes, of libtorch's layers; `variables` are weight and bias of each layer in turn.
fn reference(arch: &Arch, variables: &[Tensor], images: &Tensor) -> Tensor {
    let mut layers = variables.chunks_exact(2);
    let mut x = images.shallow_clone();
    if let Arch::LeNet { ignore_border, .. } = arch {
        for layer in layers.by_ref().take(2) {
            let maps = x.conv2d(&layer[0], Some(&layer[1]), [1, 1], [0, 0], [1, 1], 1);
            x = maps.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], !ignore_border).tanh();
        }
    }
    x = x.flatten(1, -1);
    while let Some(layer) = layers.next() {
        x = x.linear(&layer[0], Some(&layer[1]));
        if layers.len() > 0 {
            x = x.tanh();
        }
    }
    x
}

/// Normal values of this shape that bf16 holds exactly.
fn values(shape: &[i64], scale: f64) -> Tensor {
    (Tensor::randn(shape, FLOAT) * scale).to_kind(Kind::BFloat16).to_kind(Kind::Float)
}

/// Logits and the gradients of all parameters, under autocast to bf16 or not.
fn check(arch: &Arch, input: [i64; 3], classes: i64, batch: i64, autocast: bool) {
    let _alone = alone();
    tch::manual_seed(53);
    let model = Model::new(arch, input, classes, Device::Cpu, 1).unwrap();
    let fan_in = |shape: &[i64]| shape[1..].iter().product::<i64>().max(1) as f64;
    let random = |(name, old): (String, Tensor)| {
        let scale = if old.dim() == 1 { 0.1 } else { 1.0 / fan_in(&old.size()).sqrt() };
        (name, values(&old.size(), scale))
    };
    model.load_values(&model.clone_values().into_iter().map(random).collect::<Vec<_>>()).unwrap();
    let images = values(&[batch, input[0], input[1], input[2]], 1.0);
    let direction = values(&[batch, classes], 1.0);

    let wide = |tensor: &Tensor| tensor.detach().to_kind(Kind::Double);
    let leaves: Vec<Tensor> = model.parameters().iter().map(|it| wide(&it.tensor).set_requires_grad(true)).collect();
    let expected = reference(arch, &leaves, &wide(&images));
    let loss = (&expected * wide(&direction)).sum(Kind::Double);
    let expected_gradients = Tensor::run_backward(&[loss], &leaves, false, false);

    for isa in Isa::available() {
        isa.limit();
        let logits = {
            let _region = autocast.then(|| Autocast::enter(Device::Cpu, Kind::BFloat16).unwrap());
            model.forward(&images, Mode::Train).to_kind(Kind::Float)
        };
        let parameters: Vec<&Tensor> = model.parameters().iter().map(|it| &it.tensor).collect();
        let gradients = Tensor::run_backward(&[(&logits * &direction).sum(Kind::Float)], &parameters, false, false);
        let compare = |name: &str, found: &Tensor, expected: &Tensor| {
            assert_eq!((found.size(), found.kind()), (expected.size(), Kind::Float), "{name}");
            let largest = expected.abs().max().double_value(&[]);
            let off = (found.to_kind(Kind::Double) - expected).abs().max().double_value(&[]) / largest;
            let allowed = if autocast { BF16 } else { F32 };
            let what = format!("{name} of {arch:?}, {input:?}, {classes} classes, {batch} pictures, {isa}");
            assert!(off <= allowed, "{what}, autocast {autocast}: off by {off:.1e} of the largest");
        };
        compare("logits", &logits, &expected);
        for ((parameter, found), expected) in model.parameters().iter().zip(&gradients).zip(&expected_gradients) {
            compare(&parameter.name, found, expected);
        }
    }
    Isa::Avx512.limit();
}

/// Odd batches, pictures and numbers of classes; more classes than the kernels for few take. Filters of 4x4, which the fused
/// convolution does not know, are convolved by libtorch: in f32 alone, because pooling of feature maps that were rounded to
/// bf16 may let another value win, and its gradient goes elsewhere. The fused convolution pools what it has not rounded.
fn check_all(autocast: bool) {
    for batch in [1, 17, 33] {
        for ignore_border in [true, false] {
            check(&lenet([5, 7], 5, ignore_border), [1, 29, 27], 7, batch, autocast);
            check(&lenet([3, 11], 3, ignore_border), [3, 17, 21], 7, batch, autocast);
        }
        if !autocast {
            check(&lenet([4, 6], 4, true), [1, 29, 27], 7, batch, autocast);
        }
        check(&mlp(&[15, 33]), [1, 29, 27], 7, batch, autocast);
        check(&mlp(&[16]), [1, 5, 3], 17, batch, autocast);
        check(&Arch::Softmax, [1, 29, 27], 7, batch, autocast);
        check(&Arch::Softmax, [3, 1, 5], 23, batch, autocast);
    }
}

#[test]
fn logits_and_gradients_of_every_model_are_those_of_f64_on_every_instruction_set() {
    check_all(false);
}

#[test]
fn under_autocast_to_bf16_they_are_those_of_f64_to_eight_bits() {
    check_all(true);
}

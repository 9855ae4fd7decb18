//! Networks of the zoo beside PyTorch's with the same weights: logits in evaluation; loss, gradients and running statistics in
//! training. zoo_golden/make.py wrote the expected values, in f64, and says how the weights are made.

use std::collections::HashMap;

use models::{Arch, Mode, Model, zoo};
use tch::{Device, Kind, Tensor};

fn numbers(shape: &[i64], seed: f64) -> Tensor {
    let count: i64 = shape.iter().product();
    let x = (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898 + seed).sin() * 43758.5453;
    ((&x - x.floor()) * 2.0 - 1.0).view(shape)
}

/// The same as `values` of make.py.
fn values(name: &str, shape: &[i64], seed: f64) -> Tensor {
    let x = numbers(shape, seed);
    let value = match shape {
        _ if name.ends_with("running_var") || (shape.len() == 1 && name.ends_with("weight")) => x * 0.2 + 1.0,
        [_] if name.ends_with("gamma") => x * 0.1 + 0.3,
        [_] => x * 0.1,
        _ if ["cls_token", "pos_embed"].contains(&name) => x * 0.1,
        [_, rest @ ..] => x * (6.0 / rest.iter().product::<i64>() as f64).sqrt(),
        [] => x,
    };
    value.to_kind(Kind::Float)
}

fn filled(name: &str, input: [i64; 3]) -> Model {
    let arch: Arch = zoo::list().into_iter().find(|entry| entry.name == name).unwrap().arch;
    let model = Model::new(&arch, input, 10, Device::Cpu, 1).unwrap();
    let mut tensors = model.named_tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let values = (0..).zip(tensors).map(|(place, (name, tensor))| {
        let value = values(&name, &tensor.size(), f64::from(place));
        (name, value)
    });
    model.load_values(&values.collect::<Vec<_>>()).unwrap();
    model
}

/// Largest difference, in parts of the largest expected value.
fn apart(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let largest = |x: &Tensor| x.to_kind(Kind::Double).abs().max().double_value(&[]);
    largest(&(found - expected)) / largest(expected).max(1e-3)
}

fn check(name: &str, height: i64, width: i64) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zoo_golden/zoo.safetensors");
    let golden: HashMap<String, Tensor> = Tensor::read_safetensors(path).unwrap().into_iter().collect();
    let expected = |key: &str| golden.get(&format!("{name}/{key}")).unwrap_or_else(|| panic!("{name}/{key}"));
    let model = filled(name, [3, height, width]);
    let images = numbers(&[5, 3, height, width], 1000.0).to_kind(Kind::Float);
    let found = apart(&model.forward(&images, Mode::Eval), expected("eval"));
    assert!(found < 1e-4, "{name}: logits in evaluation differ by {found}");
    let logits = model.forward(&images, Mode::Train);
    for buffer in model.buffers() {
        let found = apart(&buffer.tensor, expected(&format!("buffer/{}", buffer.name)));
        assert!(found < 1e-4, "{name}: {} differs by {found}", buffer.name);
    }
    if model.uses_randomness() {
        return;
    }
    let loss = logits.cross_entropy_for_logits(&Tensor::from_slice(&[0i64, 1, 2, 3, 4]));
    loss.backward();
    let found = apart(&loss, expected("loss"));
    assert!(found < 1e-4, "{name}: loss differs by {found}");
    for parameter in model.parameters() {
        let gradient = parameter.tensor.grad().flatten(0, -1).to_kind(Kind::Double);
        let expected = expected(&format!("gradient/{}", parameter.name));
        let weighted = (&gradient * numbers(&gradient.size(), 7.0)).sum(Kind::Double);
        let sums = Tensor::stack(&[gradient.abs().sum(Kind::Double), weighted], 0);
        let difference = (&sums - expected).abs().max().double_value(&[]);
        // A bias before a batch norm has no gradient but rounding.
        let allowed = 2e-3 * expected.double_value(&[0]) + 1e-4;
        assert!(difference < allowed, "{name}: gradient of {}: {sums:?} for {expected:?}", parameter.name);
    }
}

#[test]
fn residual_nets() {
    check("resnet20", 21, 17);
    check("resnet18", 37, 45);
}

#[test]
fn nets_of_airbench_and_convmixer() {
    check("airbench94", 33, 34);
    check("airbench96", 33, 34);
    check("convmixer-256-8", 15, 17);
}

/// Without gradients: their dropout before the head draws.
#[test]
fn nets_of_inverted_bottlenecks() {
    check("mobilenet-v2", 67, 45);
    check("mobilenet-v3-small", 67, 45);
    check("efficientnet-b0", 67, 45);
}

#[test]
fn convnext_and_vit() {
    check("convnext-atto", 67, 69);
    check("vit-tiny", 48, 32);
}

//! The models against plain PyTorch modules with the same parameters: logits, loss and gradients, and initial values
//! against an independent ChaCha8. golden/make.py wrote the expected values.

use std::collections::HashMap;

use models::{Activation, Arch, Initial, Mode, Model};
use tch::{Device, Tensor};

const SMALL: [i64; 3] = [1, 4, 4];
const ODD: [i64; 3] = [2, 13, 11];
const GREY: [i64; 3] = [1, 10, 12];

/// The tensors of one case of golden.safetensors.
struct Case(HashMap<String, Tensor>);

impl Case {
    fn load(case: &str) -> Case {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/golden.safetensors");
        let all = Tensor::read_safetensors(path).unwrap();
        let own = all.into_iter().filter_map(|(key, tensor)| {
            let (name, key) = key.split_once('/')?;
            (name == case).then(|| (key.to_owned(), tensor))
        });
        Case(own.collect())
    }

    fn under(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let strip = |(key, tensor): (&String, &Tensor)| Some((key.strip_prefix(prefix)?.to_owned(), tensor.copy()));
        self.0.iter().filter_map(strip).collect()
    }
}

fn mlp(hidden: &[i64], activation: Activation) -> Arch {
    Arch::Mlp { hidden: hidden.to_vec(), activation, initial: Initial::ByActivation, dropout: 0.0 }
}

fn lenet(activation: Activation, ignore_border: bool) -> Arch {
    let initial = Initial::ByActivation;
    Arch::LeNet { filters: [3, 4], kernel: 3, hidden: 6, activation, initial, dropout: 0.0, ignore_border }
}

fn assert_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size(), "shape of {what}");
    let apart = (found - expected).abs().max().double_value(&[]);
    assert!(apart < 2e-6, "{what} differs by {apart}");
}

fn check(case: &str, arch: &Arch, input: [i64; 3]) {
    let golden = Case::load(case);
    let model = Model::new(arch, input, 5, Device::Cpu, 1).unwrap();
    model.load_values(&golden.under("parameters.")).unwrap();
    let logits = model.forward(&golden.0["images"], Mode::Train);
    let loss = logits.cross_entropy_for_logits(&golden.0["labels"]);
    loss.backward();
    assert_close(&format!("{case} logits"), &logits, &golden.0["logits"]);
    assert_close(&format!("{case} loss"), &loss, &golden.0["loss"]);
    let gradients = golden.under("gradients.");
    assert_eq!(gradients.len(), model.parameters().len());
    for (name, expected) in gradients {
        let gradient = model.parameter(&name).unwrap().tensor.grad();
        assert_close(&format!("{case} gradient of {name}"), &gradient, &expected);
    }
}

#[test]
fn softmax_computes_what_pytorch_computes() {
    check("softmax", &Arch::Softmax, SMALL);
}

#[test]
fn mlps_compute_what_pytorch_computes() {
    check("mlp-tanh", &mlp(&[7], Activation::Tanh), SMALL);
    check("mlp-sigmoid", &mlp(&[7], Activation::Sigmoid), SMALL);
    check("mlp-relu", &mlp(&[7, 6, 4], Activation::Relu), SMALL);
}

#[test]
fn lenets_compute_what_pytorch_computes_with_the_bias_after_pooling() {
    check("lenet-tanh", &lenet(Activation::Tanh, true), ODD);
    check("lenet-grey", &lenet(Activation::Tanh, true), GREY);
    check("lenet-sigmoid", &lenet(Activation::Sigmoid, true), ODD);
    check("lenet-relu-border", &lenet(Activation::Relu, false), ODD);
}

#[test]
fn initial_values_are_the_documented_draws_bit_for_bit() {
    let model = Model::new(&lenet(Activation::Tanh, true), ODD, 5, Device::Cpu, 7).unwrap();
    let expected = Case::load("draws").under("");
    assert_eq!(expected.len(), 3);
    for (name, expected) in expected {
        assert_eq!(model.parameter(&name).unwrap().tensor, expected, "{name}");
    }
}

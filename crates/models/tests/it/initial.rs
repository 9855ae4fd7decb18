//! Initial values: bounds by arithmetic, a uniform distribution, zeros where zeros belong, and what a seed means.

use approx::assert_relative_eq;
use models::{Activation, Arch, Initial, Mode, Model, Role};
use tch::{Device, Kind, Tensor};

const MNIST: [i64; 3] = [1, 28, 28];

fn build(arch: &Arch, seed: u64) -> Model {
    Model::new(arch, MNIST, 10, Device::Cpu, seed).unwrap()
}

fn mlp(hidden: &[i64], activation: Activation, initial: Initial) -> Arch {
    Arch::Mlp { hidden: hidden.to_vec(), activation, initial, dropout: 0.0 }
}

fn lenet(activation: Activation, initial: Initial) -> Arch {
    let (filters, dropout) = ([20, 50], 0.0);
    Arch::LeNet { filters, kernel: 5, hidden: 500, activation, initial, dropout, ignore_border: true }
}

/// Uniform in `[-bound, bound]`: no value beyond it, the extremes near it, mean 0 and variance bound^2 / 3, each
/// within five standard errors for that many values.
fn check(model: &Model, name: &str, bound: f64) {
    let values = model.parameter(name).unwrap().tensor.detach().to_kind(Kind::Double);
    let count = values.numel() as f64;
    let largest = values.abs().max().double_value(&[]);
    assert!(largest <= bound * (1.0 + 1e-7), "{name} reaches {largest}, beyond {bound}");
    for extreme in [values.max(), -values.min()] {
        let extreme = extreme.double_value(&[]);
        assert!(extreme > bound * (1.0 - 20.0 / count), "{name} reaches only {extreme} of {bound}");
    }
    let mean = values.mean(Kind::Double).double_value(&[]);
    let variance = (&values * &values).mean(Kind::Double).double_value(&[]);
    assert!(mean.abs() < 5.0 * bound / (3.0 * count).sqrt(), "{name} has mean {mean}");
    assert_relative_eq!(variance, bound * bound / 3.0, max_relative = 5.0 * (0.8 / count).sqrt());
}

#[test]
fn hidden_layers_follow_the_rule_of_their_activation() {
    for (activation, initial, bound) in [
        (Activation::Tanh, Initial::ByActivation, (6.0_f64 / 1284.0).sqrt()),
        (Activation::Sigmoid, Initial::ByActivation, 4.0 * (6.0_f64 / 1284.0).sqrt()),
        (Activation::Relu, Initial::ByActivation, (6.0_f64 / 784.0).sqrt()),
        (Activation::Tanh, Initial::FanIn, 1.0 / 28.0),
        (Activation::Relu, Initial::FanIn, 1.0 / 28.0),
    ] {
        check(&build(&mlp(&[500], activation, initial), 3), "hidden1.weight", bound);
    }
}

#[test]
fn each_hidden_layer_has_its_own_bound() {
    let model = build(&mlp(&[300, 100], Activation::Tanh, Initial::ByActivation), 3);
    check(&model, "hidden1.weight", (6.0_f64 / 1084.0).sqrt());
    check(&model, "hidden2.weight", (6.0_f64 / 400.0).sqrt());
}

#[test]
fn filters_count_the_pooling_area_in_their_fan_out() {
    let model = build(&lenet(Activation::Tanh, Initial::ByActivation), 5);
    check(&model, "conv1.weight", 0.2); // sqrt(6 / (25 + 20 * 25 / 4))
    check(&model, "conv2.weight", (6.0_f64 / 812.5).sqrt()); // 20 * 25 + 50 * 25 / 4
    check(&model, "hidden1.weight", (6.0_f64 / 1300.0).sqrt()); // 50 * 4 * 4 + 500
    let model = build(&lenet(Activation::Relu, Initial::ByActivation), 5);
    check(&model, "conv1.weight", (6.0_f64 / 25.0).sqrt());
    check(&model, "conv2.weight", (6.0_f64 / 500.0).sqrt());
    let model = build(&lenet(Activation::Tanh, Initial::FanIn), 5);
    check(&model, "conv1.weight", 0.2); // 1 / sqrt(25)
    check(&model, "conv2.weight", 1.0 / 500_f64.sqrt());
}

#[test]
fn biases_and_the_output_layer_are_zero() {
    for arch in [Arch::Softmax, mlp(&[30, 20], Activation::Relu, Initial::FanIn), Arch::lenet()] {
        let model = build(&arch, 9);
        for parameter in model.parameters() {
            let zero = parameter.role == Role::Bias || parameter.name == "output.weight";
            let any = parameter.tensor.detach().abs().max().double_value(&[]) > 0.0;
            assert_eq!(any, !zero, "{}", parameter.name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let names = ["conv1.weight", "conv2.weight", "hidden1.weight"];
    let (model, same, other) = (build(&Arch::lenet(), 1), build(&Arch::lenet(), 1), build(&Arch::lenet(), 2));
    for name in names {
        let of = |model: &Model| model.parameter(name).unwrap().tensor.copy();
        assert_eq!(of(&model), of(&same));
        assert_ne!(of(&model), of(&other));
    }
}

#[test]
fn the_width_of_one_layer_leaves_the_draws_of_the_others_alone() {
    let of = |widths: &[i64], name: &str| {
        let model = build(&mlp(widths, Activation::Tanh, Initial::FanIn), 4);
        model.parameter(name).unwrap().tensor.copy()
    };
    assert_eq!(of(&[30, 20, 10], "hidden1.weight"), of(&[30, 25, 10], "hidden1.weight"));
    assert_eq!(of(&[30, 20, 10], "hidden3.weight"), of(&[35, 20, 10], "hidden3.weight"));
    assert_ne!(of(&[784, 784], "hidden1.weight"), of(&[784, 784], "hidden2.weight"), "layers share no draws");
}

#[test]
fn before_training_every_class_is_equally_likely() {
    for arch in [Arch::Softmax, Arch::mlp(), Arch::lenet()] {
        let images = Tensor::linspace(0.0, 1.0, 20 * 784, (Kind::Float, Device::Cpu)).view([20, 1, 28, 28]);
        let labels = Tensor::arange(20, (Kind::Int64, Device::Cpu)).remainder(10);
        let logits = build(&arch, 1).forward(&images, Mode::Eval);
        let loss = logits.cross_entropy_for_logits(&labels).double_value(&[]);
        assert_relative_eq!(loss, 10_f64.ln(), epsilon = 1e-6);
    }
}

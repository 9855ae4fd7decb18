//! A model as other code uses it: names, copies in and out, outputs of each layer, dropout, the table of sizes.

use models::{Activation, Arch, Error, Initial, Mode, Model, Role};
use tch::{Device, Kind, Tensor};

const MNIST: [i64; 3] = [1, 28, 28];
const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn build(arch: &Arch, seed: u64) -> Model {
    Model::new(arch, MNIST, 10, Device::Cpu, seed).unwrap()
}

fn deep_mlp() -> Arch {
    let (activation, initial) = (Activation::Relu, Initial::ByActivation);
    Arch::Mlp { hidden: vec![30, 20], activation, initial, dropout: 0.0 }
}

#[test]
fn names_and_shapes_are_those_of_pytorch_modules() {
    let check = |arch: &Arch, expected: &[(&str, &[i64])]| {
        let model = build(arch, 1);
        let found: Vec<_> = model.parameters().iter().map(|p| (p.name.clone(), p.tensor.size())).collect();
        let expected: Vec<_> = expected.iter().map(|(name, shape)| (name.to_string(), shape.to_vec())).collect();
        assert_eq!(found, expected);
        assert!(model.parameters().iter().all(|p| p.tensor.requires_grad() && p.tensor.is_leaf()));
        assert!(model.parameters().iter().all(|p| p.tensor.kind() == Kind::Float && p.tensor.is_contiguous()));
    };
    check(&Arch::Softmax, &[("output.weight", &[10, 784]), ("output.bias", &[10])]);
    let (first, second) = (
        [("hidden1.weight", &[30, 784][..]), ("hidden1.bias", &[30])],
        [("hidden2.weight", &[20, 30][..]), ("hidden2.bias", &[20])],
    );
    check(&deep_mlp(), &[&first[..], &second[..], &[("output.weight", &[10, 20]), ("output.bias", &[10])]].concat());
    check(
        &Arch::lenet(),
        &[
            ("conv1.weight", &[20, 1, 5, 5]),
            ("conv1.bias", &[20]),
            ("conv2.weight", &[50, 20, 5, 5]),
            ("conv2.bias", &[50]),
            ("hidden1.weight", &[500, 800]),
            ("hidden1.bias", &[500]),
            ("output.weight", &[10, 500]),
            ("output.bias", &[10]),
        ],
    );
}

#[test]
fn a_penalty_sees_weights_and_no_biases() {
    let model = build(&Arch::lenet(), 1);
    let shapes: Vec<_> = model.weights().iter().map(Tensor::size).collect();
    assert_eq!(shapes, [vec![20, 1, 5, 5], vec![50, 20, 5, 5], vec![500, 800], vec![10, 500]]);
    assert!(model.parameters().iter().all(|p| (p.role == Role::Weight) == p.name.ends_with(".weight")));
}

#[test]
fn the_table_of_lenet_adds_up() {
    let summary = build(&Arch::lenet(), 1).summary();
    assert_eq!(summary.parameters, 431_080); // 520 + 25,050 + 400,500 + 5,010
    assert_eq!(summary.flops(), 4_586_000); // 2 * (24 * 24 * 500 + 8 * 8 * 25,000 + 400,000 + 5,000)
    assert_eq!(
        summary.to_string(),
        "\
layer    output shape     parameters  multiply-adds
conv1    (1, 20, 24, 24)         520        288,000
pool1    (1, 20, 12, 12)           0              0
conv2    (1, 50, 8, 8)        25,050      1,600,000
pool2    (1, 50, 4, 4)             0              0
hidden1  (1, 500)            400,500        400,000
output   (1, 10)               5,010          5,000
total                        431,080      2,293,000"
    );
}

#[test]
fn the_table_counts_what_the_model_holds_and_gives() {
    for arch in [Arch::Softmax, deep_mlp(), Arch::lenet()] {
        let model = build(&arch, 1);
        let summary = model.summary();
        let held: usize = model.parameters().iter().map(|p| p.tensor.numel()).sum();
        assert_eq!(summary.parameters, held as i64);
        let outputs = model.activations(&Tensor::zeros([1, 1, 28, 28], FLOAT));
        let shapes: Vec<_> = outputs.iter().map(|(layer, output)| (layer.clone(), output.size())).collect();
        let rows: Vec<_> = summary.rows.into_iter().map(|row| (row.layer, row.output)).collect();
        assert_eq!(shapes, rows);
    }
}

#[test]
fn activations_end_in_the_logits_that_forward_gives() {
    let model = build(&Arch::lenet(), 1);
    let mut output = model.parameter("output.weight").unwrap().tensor.detach();
    let _ = output.fill_(0.01);
    let images = Tensor::linspace(0.0, 1.0, 3 * 784, FLOAT).view([3, 1, 28, 28]);
    let outputs = model.activations(&images);
    // The same sums in another order: `forward` takes convolution and pooling in one pass.
    assert!(outputs.last().unwrap().1.allclose(&model.forward(&images, Mode::Eval), 1e-5, 1e-6, false));
    assert!(outputs.last().unwrap().1.abs().max().double_value(&[]) > 0.0);
    let of = |layer: &str| &outputs.iter().find(|(name, _)| name == layer).unwrap().1;
    let pooled = of("conv1").max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).tanh();
    assert_eq!(of("pool1"), &pooled);
}

#[test]
fn logits_do_not_depend_on_how_images_lie_in_memory() {
    for input in [[1, 16, 18], [3, 18, 16]] {
        let model = Model::new(&Arch::lenet(), input, 10, Device::Cpu, 1).unwrap();
        let _ = model.parameter("output.weight").unwrap().tensor.detach().fill_diagonal_(1.0, true);
        let [c, h, w] = input;
        let all = Tensor::linspace(-1.0, 1.0, 6 * c * h * w, FLOAT).sin().view([6, c, h, w]);
        let turned = all.transpose(2, 3).contiguous().transpose(2, 3);
        let expected = model.forward(&all, Mode::Eval);
        assert!(expected.std(true).double_value(&[]) > 0.01, "the images are told apart");
        for (what, found, expected) in [
            ("a view of rows", model.forward(&all.narrow(0, 2, 3), Mode::Eval), expected.narrow(0, 2, 3)),
            ("one picture", model.forward(&all.narrow(0, 5, 1), Mode::Eval), expected.narrow(0, 5, 1)),
            ("columns side by side", model.forward(&turned, Mode::Eval), expected.shallow_clone()),
        ] {
            let apart = (found - expected).abs().max().double_value(&[]);
            assert!(apart < 1e-6, "{what}: {apart}");
        }
    }
}

#[test]
fn copied_values_stay_while_the_model_changes_and_can_be_put_back() {
    let model = build(&Arch::lenet(), 1);
    let best = model.clone_values();
    let shared = model.named_tensors();
    for parameter in model.parameters() {
        let _guard = tch::no_grad_guard();
        let _ = parameter.tensor.shallow_clone().fill_(7.0);
    }
    assert!(shared.iter().all(|(_, tensor)| tensor.min().double_value(&[]) == 7.0));
    assert!(best.iter().all(|(_, tensor)| !tensor.requires_grad()));
    let reversed: Vec<_> = best.iter().rev().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
    model.load_values(&reversed).unwrap();
    let fresh = build(&Arch::lenet(), 1);
    for (parameter, same) in model.parameters().iter().zip(fresh.parameters()) {
        assert_eq!(parameter.tensor, same.tensor, "{}", parameter.name);
        assert!(parameter.tensor.requires_grad() && parameter.tensor.is_leaf());
    }
}

#[test]
fn values_that_do_not_fit_are_refused_and_nothing_is_copied() {
    let model = build(&Arch::mlp(), 1);
    let before = model.clone_values();
    type Values = Vec<(String, Tensor)>;
    let check = |change: &dyn Fn(&mut Values), expected: &str| {
        let mut values = build(&Arch::mlp(), 2).clone_values();
        change(&mut values);
        assert_eq!(model.load_values(&values).unwrap_err().to_string(), expected);
        for ((name, value), parameter) in before.iter().zip(model.parameters()) {
            assert_eq!(value, &parameter.tensor, "{name}");
        }
    };
    check(
        &|values| values[0].0 = "hidden.weight".into(),
        "parameters do not fit the model: missing: hidden1.weight. unexpected: hidden.weight.",
    );
    check(
        &|values| {
            values.truncate(2);
            values.push(("hidden1.bias".into(), Tensor::zeros([500], FLOAT)));
        },
        "parameters do not fit the model: missing: output.weight, output.bias. given twice: hidden1.bias.",
    );
    check(
        &|values| values[2].1 = Tensor::zeros([500, 10], FLOAT),
        "parameter output.weight has shape (500, 10), but the model's is (10, 500); was it saved from an architecture \
         with other sizes?",
    );
    check(
        &|values| values[3].1 = Tensor::zeros([10], (Kind::Double, Device::Cpu)),
        "parameter output.bias holds Double values, but the model's are Float (f32); convert it first",
    );
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let model = build(&Arch::lenet(), 1);
    assert!(model.check_images(&Tensor::zeros([3, 1, 28, 28], FLOAT)).is_ok());
    for (shape, kind) in [
        (vec![3, 28, 28], Kind::Float),
        (vec![3, 3, 28, 28], Kind::Float),
        (vec![0, 1, 28, 28], Kind::Float),
        (vec![3, 1, 28, 28], Kind::Uint8),
    ] {
        let error = model.check_images(&Tensor::zeros(&shape, (kind, Device::Cpu))).unwrap_err();
        assert!(matches!(error, Error::Images { .. }));
    }
    let message = model.check_images(&Tensor::zeros([1, 784], FLOAT)).unwrap_err().to_string();
    assert_eq!(message, "images are (1, 784), Float, on Cpu, but the model takes (n, 1, 28, 28), Float, on Cpu");
}

/// With one input of 1, hidden weights of 1 and output weights of 1, each logit is the sum of the hidden units. This
/// is the only test here that draws from libtorch's global generator.
#[test]
fn dropout_zeroes_units_in_training_only_and_keeps_their_mean() {
    let (activation, initial) = (Activation::Relu, Initial::ByActivation);
    let arch = Arch::Mlp { hidden: vec![10_000], activation, initial, dropout: 0.2 };
    let model = Model::new(&arch, [1, 1, 1], 2, Device::Cpu, 1).unwrap();
    assert!(model.uses_randomness() && !build(&Arch::lenet(), 1).uses_randomness());
    for parameter in model.parameters().iter().filter(|p| p.role == Role::Weight) {
        let _ = parameter.tensor.detach().fill_(1.0);
    }
    let _alone = crate::alone();
    let sum = |mode: Mode, seed: i64| {
        tch::manual_seed(seed);
        model.forward(&Tensor::ones([1, 1, 1, 1], FLOAT), mode).double_value(&[0, 0])
    };
    assert_eq!(sum(Mode::Eval, 1), 10_000.0);
    let kept = sum(Mode::Train, 1) * 0.8; // each kept unit counts 1 / 0.8; about 8,000 of 10,000 with a deviation of 40
    assert!((kept - 8_000.0).abs() < 200.0, "{kept}");
    assert!((kept - kept.round()).abs() < 0.01, "{kept} is no whole number of units");
    assert_eq!(sum(Mode::Train, 1), sum(Mode::Train, 1), "the caller's seed decides");
    assert_ne!(sum(Mode::Train, 1), sum(Mode::Train, 2));
}

#[test]
fn convolution_and_pooling_in_one_pass_have_the_gradients_of_the_separate_layers() {
    for ignore_border in [true, false] {
        let mut arch = Arch::lenet();
        if let Arch::LeNet { ignore_border: key, filters, kernel, .. } = &mut arch {
            (*key, *filters, *kernel) = (ignore_border, [6, 11], 3);
        }
        let model = Model::new(&arch, [2, 17, 19], 10, Device::Cpu, 5).unwrap();
        let output = model.parameter("output.weight").unwrap().tensor.shallow_clone();
        let _alone = crate::alone();
        let _ = tch::no_grad(|| output.shallow_clone().uniform_(-0.1, 0.1));
        let images = Tensor::linspace(-1.0, 1.0, 21 * 2 * 17 * 19, FLOAT).view([21, 2, 17, 19]).cos();
        let labels = Tensor::arange(21, (Kind::Int64, Device::Cpu)).remainder(10);
        let parameters: Vec<_> = model.parameters().iter().map(|p| p.tensor.shallow_clone()).collect();
        let gradients = |logits: &Tensor| {
            Tensor::run_backward(&[logits.cross_entropy_for_logits(&labels)], &parameters, false, false)
        };
        let expected = gradients(&model.activations(&images).pop().unwrap().1);
        let found = gradients(&model.forward(&images, Mode::Train));
        for ((parameter, found), expected) in model.parameters().iter().zip(found).zip(expected) {
            assert!(expected.abs().max().double_value(&[]) > 1e-4, "{} has no gradient to compare", parameter.name);
            assert!(found.allclose(&expected, 1e-4, 1e-6, false), "{}", parameter.name);
        }
    }
}

/// By arithmetic: the mean of the plain logits of both views, in evaluation alone; so both views get the same answer.
#[test]
fn answers_from_both_sides_are_the_mean_of_two() {
    for arch in [deep_mlp(), Arch::lenet()] {
        let mut model = build(&arch, 4);
        let moved = |(name, value): (String, Tensor)| (name, (value.rand_like() - 0.5) * 0.2); // the output begins at zero
        model.load_values(&model.clone_values().into_iter().map(moved).collect::<Vec<_>>()).unwrap();
        let images = Tensor::rand([3, 1, 28, 28], (Kind::Float, Device::Cpu));
        let mirrored = images.flip([3]);
        let [one, other] = [&images, &mirrored].map(|it| model.forward(it, Mode::Eval));
        let trained = model.forward(&images, Mode::Train);
        model.set_answers_mirrored(true);
        let both = model.forward(&images, Mode::Eval);
        assert!(both == (&one + &other) * 0.5 && both != one);
        assert!(both == model.forward(&mirrored, Mode::Eval));
        assert!(model.forward_portable(&images).allclose(&both, 1e-5, 1e-6, false));
        assert!(model.twin().unwrap().forward(&images, Mode::Eval) == both);
        if !model.uses_randomness() {
            assert!(model.forward(&images, Mode::Train) == trained, "training is as before");
        }
        model.set_answers_mirrored(false);
        assert!(model.forward(&images, Mode::Eval) == one);
    }
}

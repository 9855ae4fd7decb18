//! Networks made of blocks: names, shapes and figures beside the same arithmetic written out with tch, in f64 where sums
//! are compared.

use models::block::{BatchNorm, Classifier, Conv, Init, Linear, Pool, Residual, Sequential};
use models::{Activation, Block, Error, Mode, Model, Network, Parameter, Role, Tensors};
use tch::{Device, Kind, Tensor};

/// The same numbers at each call, between -1 and 1.
fn numbers(shape: &[i64], seed: i64) -> Tensor {
    let count: i64 = shape.iter().product();
    (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898 + seed as f64).sin().to_kind(Kind::Float).view(shape)
}

/// A residual block as torchvision names it, with a projection where the shape changes.
fn basic_block(maps: i64, stride: i64) -> Residual {
    let body = Sequential::new()
        .named("conv1", Conv::new(maps, 3).stride(stride).padding(1).without_bias())
        .named("bn1", BatchNorm::default())
        .then(Activation::Relu)
        .named("conv2", Conv::new(maps, 3).padding(1).without_bias())
        .named("bn2", BatchNorm::default());
    let projection =
        Sequential::new().named("0", Conv::new(maps, 1).stride(stride).without_bias()).named("1", BatchNorm::default());
    Residual::new(body).shortcut("downsample", projection)
}

fn small_resnet() -> Classifier {
    let trunk = Sequential::new()
        .named("conv1", Conv::new(4, 3).padding(1).without_bias())
        .named("bn1", BatchNorm::default())
        .then(Activation::Relu)
        .named("layer1", Sequential::new().named("0", Sequential::new().then(basic_block(6, 2)).then(Activation::Relu)))
        .then(Block::GlobalAvgPool)
        .then(Block::Flatten);
    Classifier::new(trunk, "fc", Linear::new(3))
}

fn build(network: &Classifier, input: [i64; 3]) -> Result<Model, Error> {
    Model::from_blocks("test", network, input, Device::Cpu, 7)
}

fn close(found: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(found.size(), expected.size());
    let difference = (found.to_kind(Kind::Double) - expected.to_kind(Kind::Double)).abs().max().double_value(&[]);
    assert!(difference < tolerance, "they differ by {difference}");
}

#[test]
fn names_are_those_that_pytorch_gives() {
    let model = build(&small_resnet(), [3, 9, 9]).unwrap();
    let parameters: Vec<_> = model.parameters().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        parameters,
        [
            "conv1.weight",
            "bn1.weight",
            "bn1.bias",
            "layer1.0.conv1.weight",
            "layer1.0.bn1.weight",
            "layer1.0.bn1.bias",
            "layer1.0.conv2.weight",
            "layer1.0.bn2.weight",
            "layer1.0.bn2.bias",
            "layer1.0.downsample.0.weight",
            "layer1.0.downsample.1.weight",
            "layer1.0.downsample.1.bias",
            "fc.weight",
            "fc.bias",
        ]
    );
    let buffers: Vec<_> = model.buffers().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(buffers[2..4], ["layer1.0.bn1.running_mean", "layer1.0.bn1.running_var"]);
    assert_eq!(buffers.len(), 8);
    let roles = |role: Role| model.parameters().iter().filter(|it| it.role == role).count();
    assert_eq!((roles(Role::Weight), roles(Role::Scale), roles(Role::Bias)), (5, 4, 5));
}

#[test]
fn sizes_follow_by_arithmetic() {
    let model = build(&small_resnet(), [3, 9, 9]).unwrap();
    let summary = model.summary();
    let rows: Vec<_> =
        summary.rows.iter().map(|row| (row.layer.as_str(), row.output.clone(), row.parameters)).collect();
    assert_eq!(rows[0], ("conv1", vec![1, 4, 9, 9], 4 * 3 * 9));
    assert_eq!(rows[2], ("layer1.0.conv1", vec![1, 6, 5, 5], 6 * 4 * 9));
    assert_eq!(rows.last().unwrap(), &("fc", vec![1, 3], 6 * 3 + 3));
    // 4x3x3x3 at 81 places, 6x4x3x3 and 6x6x3x3 and 6x4 at 25 places, and the head
    assert_eq!(summary.multiply_adds, 108 * 81 + (216 + 324 + 24) * 25 + 18);
    let depthwise = Classifier::new(
        Sequential::new().named("dw", Conv::new(6, 3).groups(3)).then(Block::Flatten),
        "fc",
        Linear::new(2),
    );
    let model = build(&depthwise, [3, 5, 5]).unwrap();
    assert_eq!(model.parameter("dw.weight").unwrap().tensor.size(), [6, 1, 3, 3]);
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias`, written out.
fn normalised(x: &Tensor, mean: &Tensor, variance: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let by_channel = |of: &Tensor| of.to_kind(Kind::Double).view([1, -1, 1, 1]);
    (x.to_kind(Kind::Double) - by_channel(mean)) / (by_channel(variance) + 1e-5).sqrt() * by_channel(weight)
        + by_channel(bias)
}

#[test]
fn batch_norm_trains_on_the_minibatch_and_remembers() {
    let trunk = Sequential::new().named("bn", BatchNorm { momentum: 0.3, ..BatchNorm::default() });
    let model = build(&Classifier::new(trunk.then(Block::Flatten), "fc", Linear::new(2)), [2, 3, 3]).unwrap();
    let (weight, bias) = (Tensor::from_slice(&[0.5f32, 2.0]), Tensor::from_slice(&[0.1f32, -0.2]));
    let mut values = model.clone_values();
    for (name, value) in &mut values {
        match name.as_str() {
            "bn.weight" => *value = weight.shallow_clone(),
            "bn.bias" => *value = bias.shallow_clone(),
            _ => {}
        }
    }
    model.load_values(&values).unwrap();
    let x = numbers(&[4, 2, 3, 3], 1); // [n, c, h, w]
    let wide = x.to_kind(Kind::Double);
    let mean = wide.mean_dim([0i64, 2, 3].as_slice(), false, Kind::Double);
    let variance = wide.var_dim([0i64, 2, 3].as_slice(), false, false); // biased
    let trained = model.features(&x, Mode::Train).unwrap().features.view([4, 2, 3, 3]);
    close(&trained, &normalised(&x, &mean, &variance, &weight, &bias), 1e-5);
    // running = 0.7 * start + 0.3 * new; the variance that is remembered is the unbiased one of 36 values
    let unbiased = &variance * (36.0 / 35.0);
    let (remembered_mean, remembered_variance) = (&mean * 0.3, &unbiased * 0.3 + 0.7);
    close(&model.buffers()[0].tensor, &remembered_mean, 1e-6);
    close(&model.buffers()[1].tensor, &remembered_variance, 1e-6);
    let before = model.clone_values();
    let evaluated = model.features(&x, Mode::Eval).unwrap().features.view([4, 2, 3, 3]);
    close(&evaluated, &normalised(&x, &remembered_mean, &remembered_variance, &weight, &bias), 1e-5);
    assert!(before == model.clone_values(), "evaluation changes nothing");
}

#[test]
fn a_residual_net_computes_what_tch_computes() {
    let model = build(&small_resnet(), [3, 9, 9]).unwrap();
    let own = |name: &str| {
        let found = model.named_tensors().into_iter().find(|(own, _)| own == name);
        found.map(|(_, tensor)| tensor.detach().to_kind(Kind::Double)).unwrap()
    };
    let x = numbers(&[5, 3, 9, 9], 2);
    let conv = |x: &Tensor, name: &str, stride: i64, padding: i64| {
        x.conv2d(&own(&format!("{name}.weight")), None::<&Tensor>, [stride; 2], [padding; 2], [1, 1], 1)
    };
    let norm = |x: &Tensor, name: &str| {
        let own = |part: &str| own(&format!("{name}.{part}"));
        normalised(x, &own("running_mean"), &own("running_var"), &own("weight"), &own("bias"))
    };
    let stem = norm(&conv(&x.to_kind(Kind::Double), "conv1", 1, 1), "bn1").relu();
    let inner = norm(&conv(&stem, "layer1.0.conv1", 2, 1), "layer1.0.bn1").relu();
    let body = norm(&conv(&inner, "layer1.0.conv2", 1, 1), "layer1.0.bn2");
    let shortcut = norm(&conv(&stem, "layer1.0.downsample.0", 2, 0), "layer1.0.downsample.1");
    let features = (body + shortcut).relu().mean_dim([2i64, 3].as_slice(), false, Kind::Double);
    let expected = features.matmul(&own("fc.weight").tr()) + own("fc.bias");
    close(&model.forward(&x, Mode::Eval), &expected, 1e-5);
    let activations = model.activations(&x);
    let (name, last) = activations.last().unwrap();
    assert_eq!(name, "fc");
    close(last, &expected, 1e-5);
}

#[test]
fn convolution_and_pooling_fused_or_not_agree() {
    let pool = Pool { stride: 2, padding: 1, keep_border: true, ..Pool::new(3) };
    for pool in [Block::MaxPool(Pool::new(2)), Block::MaxPool(pool), Block::AvgPool(pool)] {
        let trunk = Sequential::new()
            .named("a", Conv::new(5, 3))
            .named("p", Sequential::new().then(pool.clone()).then(Activation::Relu))
            .named("b", Conv::new(4, 3).padding(1))
            .then(Block::Flatten);
        let model = build(&Classifier::new(trunk, "fc", Linear::new(3)), [2, 11, 11]).unwrap();
        let x = numbers(&[3, 2, 11, 11], 3);
        close(&model.forward(&x, Mode::Eval), &model.activations(&x).pop().unwrap().1, 1e-5);
        let rows = model.summary().rows.into_iter().map(|row| row.output[1..].to_vec());
        let shapes = model.activations(&x).into_iter().map(|(_, output)| output.size()[1..].to_vec());
        assert!(rows.eq(shapes), "{pool:?}");
    }
}

#[test]
fn parts_that_do_not_fit_are_named() {
    let refused =
        |trunk: Sequential| build(&Classifier::new(trunk, "fc", Linear::new(2)), [3, 8, 8]).unwrap_err().to_string();
    let skip = Residual::new(Sequential::new().named("conv", Conv::new(4, 3).padding(1)));
    assert_eq!(
        refused(Sequential::new().named("block", Sequential::new().then(skip)).then(Block::Flatten)),
        "model: block: the body gives (4, 8, 8) and the shortcut (3, 8, 8): they cannot be added"
    );
    assert_eq!(
        refused(Sequential::new()),
        "model: fc: a linear layer takes a row of features, not (3, 8, 8): flatten them first"
    );
    assert_eq!(
        refused(Sequential::new().then(Block::Flatten).named("late", Conv::new(2, 3))),
        "model: late: it takes channels, height and width, not (192): nothing may be flattened before it"
    );
    let twice = Sequential::new().named("a", Conv::new(2, 3)).named("a", Conv::new(2, 3)).then(Block::Flatten);
    assert_eq!(
        refused(twice),
        "model: a.weight: two tensors bear this name: give the parts that hold them names of their own"
    );
    let groups = Sequential::new().named("g", Conv::new(4, 3).groups(2)).then(Block::Flatten);
    assert!(refused(groups).contains("2 groups do not fit 3 channels and 4 maps"));
}

/// Softmax regression written with tch.
struct Plain {
    weight: Tensor,
}

impl Network for Plain {
    fn forward(&self, images: &Tensor, _mode: Mode) -> Tensor {
        images.flatten(1, -1).matmul(&self.weight.tr())
    }

    fn tensors(&self) -> Tensors {
        let weight = Parameter { name: "weight".into(), tensor: self.weight.shallow_clone(), role: Role::Weight };
        Tensors { parameters: vec![weight], buffers: Vec::new() }
    }
}

#[test]
fn a_network_of_ones_own_is_a_model() {
    let weight = numbers(&[3, 8], 4).set_requires_grad(true);
    let model = Model::own("plain", Box::new(Plain { weight }), [2, 2, 2], 3, Device::Cpu).unwrap();
    let x = numbers(&[5, 2, 2, 2], 5);
    let logits = model.forward(&x, Mode::Train);
    assert_eq!(logits.size(), [5, 3]);
    assert!(model.features(&x, Mode::Train).is_none());
    assert_eq!(model.activations(&x)[0].0, "output");
    assert_eq!((model.summary().parameters, model.arch().kind()), (24, "own"));
    let zeros: Vec<_> = model.clone_values().into_iter().map(|(name, value)| (name, value.zeros_like())).collect();
    model.load_values(&zeros).unwrap();
    assert_eq!(model.forward(&x, Mode::Eval).abs().max().double_value(&[]), 0.0);
    let error = Model::new(model.arch(), [2, 2, 2], 3, Device::Cpu, 0).unwrap_err().to_string();
    assert!(error.contains("\"plain\" was built by a program of its own"), "{error}");
}

#[test]
fn the_default_start_is_pytorchs_bound() {
    let network = Classifier::new(Sequential::new().then(Block::Flatten), "fc", Linear::new(50));
    let model = build(&network, [1, 10, 10]).unwrap();
    let weight = &model.parameters()[0].tensor;
    let (least, most) = (weight.min().double_value(&[]), weight.max().double_value(&[]));
    assert!((-0.1..-0.099).contains(&least) && (0.099..0.1).contains(&most), "{least} {most}");
    let zero = Classifier { head: Linear::new(5).init(Init::Zero), ..network };
    assert_eq!(build(&zero, [1, 4, 4]).unwrap().parameters()[0].tensor.abs().max().double_value(&[]), 0.0);
}

/// No picture, however large, leaves anything for such a window; the search for the smallest that does comes to an end.
#[test]
fn a_window_that_nothing_fills_is_refused() {
    let trunk = Sequential::new().named("a", Conv::new(1, 2)).named("p", Block::MaxPool(Pool::new(i64::MAX)));
    let network = Classifier::new(trunk.then(Block::Flatten), "fc", Linear::new(2));
    let told = build(&network, [1, 8, 8]).unwrap_err().to_string();
    assert!(told.contains("nothing is left for p"), "{told}");
}

#[test]
fn statistics_that_are_kept_serve_in_training_too() {
    let mut model = build(&small_resnet(), [3, 9, 9]).unwrap();
    let images = numbers(&[5, 3, 9, 9], 3);
    let _ = model.forward(&images, Mode::Train); // statistics that are not 0 and 1
    let before = model.clone_values();
    model.freeze_statistics().unwrap();
    let logits = model.forward(&images, Mode::Train);
    close(&logits, &model.forward(&images, Mode::Eval), 1e-5);
    assert!(before == model.clone_values());
    logits.square().sum(Kind::Float).backward();
    let scale = model.parameter("bn1.weight").unwrap().tensor.grad();
    assert!(scale.abs().max().double_value(&[]) > 0.0, "its own scale and shift train on");
}

#[test]
fn a_network_without_statistics_keeps_none() {
    let trunk = Sequential::new().then(Block::Flatten);
    let error =
        build(&Classifier::new(trunk, "fc", Linear::new(3)), [3, 9, 9]).unwrap().freeze_statistics().unwrap_err();
    assert!(error.to_string().contains("no batch normalisation"), "{error}");
}

#[test]
fn what_was_frozen_trains_again() {
    let mut model = build(&small_resnet(), [3, 9, 9]).unwrap();
    let all = model.trainable().count();
    model.freeze_trunk().unwrap();
    assert_eq!(model.trainable().count(), 2);
    model.thaw_trunk().unwrap();
    assert_eq!(model.trainable().count(), all);
    let images = numbers(&[5, 3, 9, 9], 3);
    model.forward(&images, Mode::Train).square().sum(Kind::Float).backward();
    assert!(model.parameter("conv1.weight").unwrap().tensor.grad().abs().max().double_value(&[]) > 0.0);
}

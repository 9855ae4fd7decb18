//! Saliency, Grad-CAM, occlusion and activation maximisation: against plain PyTorch (golden/attribution.py wrote the
//! expected values) and against arithmetic.

use std::collections::HashMap;

use models::attribution::{Window, grad_cam, occlusion, saliency};
use models::block::{Classifier, Conv, Linear, Residual, Sequential};
use models::maximise::{Ascent, activation, maximise};
use models::{Activation, Arch, Block, Error, Initial, Model, Placement};
use tch::{Device, Kind, Tensor};

const PICTURE: [i64; 3] = [2, 13, 11];
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

fn golden() -> HashMap<String, Tensor> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/attribution.safetensors");
    Tensor::read_safetensors(path).unwrap().into_iter().collect()
}

fn lenet() -> Arch {
    let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
    Arch::LeNet { filters: [3, 4], kernel: 3, hidden: 6, activation, initial, dropout: 0.5, ignore_border: true }
}

fn golden_lenet(golden: &HashMap<String, Tensor>) -> Model {
    let model = Model::new(&lenet(), PICTURE, 5, Device::Cpu, 1).unwrap();
    let own = |(key, tensor): (&String, &Tensor)| Some((key.strip_prefix("parameters.")?.to_owned(), tensor.copy()));
    model.load_values(&golden.iter().filter_map(own).collect::<Vec<_>>()).unwrap();
    model
}

/// A softmax model on pictures (1, 3, 4) whose weights are 12 different numbers for each of 3 classes.
fn softmax() -> Model {
    let model = Model::new(&Arch::Softmax, [1, 3, 4], 3, Device::Cpu, 1).unwrap();
    let weight = (Tensor::arange(36, CPU) - 17.5).view([3, 12]) / 10.0;
    let values = [("output.weight".to_owned(), weight), ("output.bias".to_owned(), Tensor::zeros([3], CPU))];
    model.load_values(&values).unwrap();
    model
}

fn assert_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size(), "shape of {what}");
    let apart = (found - expected).abs().max().double_value(&[]);
    assert!(apart < 2e-6, "{what} differs by {apart}");
}

#[test]
fn all_three_agree_with_pytorch_on_a_lenet() {
    let golden = golden();
    let model = golden_lenet(&golden);
    let images = &golden["images"];
    // A caller that holds a no-grad guard must get the same.
    let _guard = tch::no_grad_guard();
    assert_close("saliency", &saliency(&model, images, 3).unwrap(), &golden["saliency"]);
    assert_close("Grad-CAM of conv1", &grad_cam(&model, images, 3, Some("conv1")).unwrap(), &golden["grad_cam.conv1"]);
    assert_close("Grad-CAM", &grad_cam(&model, images, 3, None).unwrap(), &golden["grad_cam.conv2"]);
    let window = Window { size: 4, stride: 3 };
    assert_close("occlusion", &occlusion(&model, images, 3, window).unwrap(), &golden["occlusion"]);
    assert!(
        model.parameters().iter().all(|parameter| !parameter.tensor.grad().defined()),
        "a gradient was left behind"
    );
}

/// PyTorch measured the places by gradients, and drew the maps there with `grid_sample`.
#[test]
fn cells_of_grad_cam_lie_where_pytorch_says() {
    let golden = golden();
    for (height, width, kernel, ignore_border) in [(13, 11, 3, true), (28, 28, 5, true), (29, 24, 5, false)] {
        let (activation, initial) = (Activation::Tanh, Initial::ByActivation);
        let arch = Arch::LeNet { filters: [1, 1], kernel, hidden: 1, activation, initial, dropout: 0.0, ignore_border };
        let model = Model::new(&arch, [1, height, width], 2, Device::Cpu, 1).unwrap();
        for layer in ["conv1", "conv2"] {
            let place = Placement::of(&model, Some(layer)).unwrap();
            for (axis, found) in [("rows", place.rows()), ("columns", place.columns())] {
                let key = format!("centres.{height}x{width}.{layer}.{axis}");
                assert_eq!(found, Vec::<f64>::try_from(&golden[&key]).unwrap(), "{key}");
            }
        }
    }
    let model = golden_lenet(&golden);
    for layer in ["conv1", "conv2"] {
        let place = Placement::of(&model, Some(layer)).unwrap();
        let placed: Vec<Tensor> =
            (0..3).map(|i| place.spread(&golden[&format!("grad_cam.{layer}")].get(i), [52, 44])).collect();
        assert_close(layer, &Tensor::stack(&placed, 0), &golden[&format!("placed.{layer}")]);
    }
}

/// On 8x8 pixels: filters of 3 with padding 1 keep cells at their pixels, and a stride of 2 takes every second.
#[test]
fn cells_inside_a_residual_part_are_found() {
    let body = Sequential::new().named("conv1", Conv::new(2, 3).stride(2).padding(1)).then(Activation::Relu);
    let body = body.named("conv2", Conv::new(2, 3).padding(1));
    let shortcut = Conv::new(2, 1).stride(2);
    let trunk = Sequential::new()
        .named("stem", Conv::new(2, 3).padding(1))
        .named("block", Sequential::new().then(Residual::new(body).shortcut("down", shortcut)))
        .named("after", Conv::new(2, 3))
        .then(Block::Flatten);
    let network = Classifier::new(trunk, "fc", Linear::new(2));
    let model = Model::from_blocks("small", &network, [1, 8, 8], Device::Cpu, 1).unwrap();
    let every_second = [0.5, 2.5, 4.5, 6.5];
    for layer in ["block.conv1", "block.conv2", "block.down"] {
        assert_eq!(Placement::of(&model, Some(layer)).unwrap().rows(), every_second, "{layer}");
    }
    assert_eq!(Placement::of(&model, None).unwrap().columns(), [2.5, 4.5]);
}

#[test]
fn saliency_of_a_softmax_model_is_the_magnitude_of_its_weights() {
    let model = softmax();
    let images = Tensor::ones([2, 1, 3, 4], CPU) / 3.0;
    for class in 0..3 {
        let row = model.parameters()[0].tensor.detach().get(class).abs().view([1, 3, 4]);
        assert_close("saliency", &saliency(&model, &images, class).unwrap(), &row.expand([2, 3, 4], false));
    }
}

#[test]
fn covering_what_is_black_changes_nothing() {
    let model = softmax();
    let images = Tensor::zeros([1, 1, 3, 4], CPU);
    let _ = images.narrow(3, 3, 1).fill_(1.0);
    let heat = occlusion(&model, &images, 2, Window { size: 2, stride: 1 }).unwrap();
    assert_eq!(heat.narrow(2, 0, 2).abs().max().double_value(&[]), 0.0);
    assert!(heat.narrow(2, 3, 1).abs().min().double_value(&[]) > 0.01, "{heat}");
}

#[test]
fn an_ascent_raises_the_activation_and_comes_again_with_its_seed() {
    let model = golden_lenet(&golden());
    let check = |layer: &str, units: &[i64]| {
        let value = |steps| {
            let pictures = maximise(&model, layer, units, &Ascent { steps, ..Ascent::default() }).unwrap();
            assert_eq!(pictures.size(), [units.len() as i64, 2, 13, 11]);
            assert!(pictures.min().double_value(&[]) >= 0.0 && pictures.max().double_value(&[]) <= 1.0);
            let index = Tensor::from_slice(units).view([-1, 1]);
            activation(&model, layer, &pictures).unwrap().detach().gather(1, &index, false)
        };
        let gain = (value(40) - value(0)).min().double_value(&[]);
        assert!(gain > 0.0, "{layer}: {gain}");
    };
    check("output", &[0, 1, 2, 3, 4]);
    check("conv1", &[2]);
    check("hidden1", &[5, 0]);
    let picture = |units: &[i64], seed| {
        let options = Ascent { steps: 5, seed, ..Ascent::default() };
        maximise(&model, "output", units, &options).unwrap().narrow(0, 0, 1)
    };
    assert_close("the same unit among others", &picture(&[3, 1], 7), &picture(&[3], 7));
    assert!(!picture(&[3], 7).equal(&picture(&[3], 8)));
}

#[test]
fn what_is_not_there_is_named() {
    let check = |error: Error, message: &str| assert_eq!(error.to_string(), message);
    let (lenet, softmax) = (golden_lenet(&golden()), softmax());
    let (images, small) = (Tensor::zeros([1, 2, 13, 11], CPU), Tensor::zeros([1, 1, 3, 4], CPU));
    check(saliency(&lenet, &images, 5).unwrap_err(), "layer output has no unit 5: it has 5, numbered from 0");
    check(grad_cam(&softmax, &small, 0, None).unwrap_err(), "Grad-CAM needs a convolution: this model has none");
    let error = grad_cam(&lenet, &images, 0, Some("pool1")).unwrap_err();
    check(error, "Grad-CAM needs a convolution: pool1 is none; take conv1 or conv2");
    let error = grad_cam(&softmax, &small, 0, Some("conv9")).unwrap_err();
    check(error, "the model has no layer conv9; it has output");
    check(
        maximise(&softmax, "output", &[0, -1], &Ascent::default()).unwrap_err(),
        "layer output has no unit -1: it has 3, numbered from 0",
    );
    for (size, stride, message) in
        [(0, 1, "window` is 0"), (4, 1, "window` is 4"), (2, 3, "stride` is 3"), (2, 0, "stride` is 0")]
    {
        let error = occlusion(&softmax, &small, 0, Window { size, stride }).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    for options in [Ascent { rate: 0.0, ..Ascent::default() }, Ascent { jitter: -1, ..Ascent::default() }] {
        assert!(maximise(&softmax, "output", &[0], &options).is_err());
    }
    assert!(saliency(&lenet, &small, 0).is_err());
}

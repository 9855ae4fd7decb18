//! Names of other libraries, brought to the network's: shapes fit, and the network computes what the library's computes.
//! ../dialects/make.py wrote the expected values, in f64.

use models::{Mode, Model, zoo};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use weights::Weights;

fn numbers(shape: &[i64], seed: f64) -> Tensor {
    let count: i64 = shape.iter().product();
    let x = (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898 + seed).sin() * 43758.5453;
    ((&x - x.floor()) * 2.0 - 1.0).view(shape)
}

/// The same as `values` of make.py.
fn values(name: &str, shape: &[i64], seed: f64) -> Tensor {
    let x = numbers(shape, seed);
    let is_embedding = ["cls_token", "class_token", "pos_embed", "encoder.pos_embedding"].contains(&name);
    let value = match shape {
        _ if name.ends_with("running_var") || (shape.len() == 1 && name.ends_with("weight")) => x * 0.2 + 1.0,
        _ if name.ends_with("gamma") || name.ends_with("layer_scale") => x * 0.1 + 0.3,
        _ if shape.len() == 1 || is_embedding => x * 0.1,
        [_, rest @ ..] => x * (6.0 / rest.iter().product::<i64>() as f64).sqrt(),
        [] => x,
    };
    value.to_kind(Kind::Float)
}

fn entries() -> Vec<Value> {
    serde_json::from_str(include_str!("../dialects/dialects.json")).unwrap()
}

fn file(entry: &Value) -> Weights {
    let shapes = entry["shapes"].as_object().unwrap();
    let tensor = |(place, (name, shape)): (usize, (&String, &Value))| {
        let shape: Vec<i64> = shape.as_array().unwrap().iter().map(|size| size.as_i64().unwrap()).collect();
        (name.clone(), values(name, &shape, place as f64))
    };
    Weights { tensors: shapes.iter().enumerate().map(tensor).collect(), left_out: Vec::new() }
}

fn model(entry: &Value) -> Model {
    let name = entry["network"].as_str().unwrap();
    let side = entry["side"].as_i64().unwrap();
    let arch = zoo::list().into_iter().find(|entry| entry.name == name).unwrap().arch;
    Model::new(&arch, [3, side, side], 10, Device::Cpu, 1).unwrap()
}

fn names(model: &Model) -> Vec<String> {
    model.named_tensors().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn networks_compute_what_other_libraries_compute() {
    for entry in entries() {
        let (model, about) = (model(&entry), format!("{} {}", entry["network"], entry["dialect"]));
        let fitted = file(&entry).fitted(&names(&model));
        assert_eq!(fitted.dialect, entry["dialect"].as_str(), "{about}");
        assert!(
            fitted.missing.is_empty() && fitted.unexpected.is_empty(),
            "{about}: {:?} {:?}",
            fitted.missing,
            fitted.unexpected
        );
        model.load_named(&fitted.tensors).unwrap_or_else(|error| panic!("{about}: {error}"));
        let side = entry["side"].as_i64().unwrap();
        let found = model.forward(&numbers(&[2, 3, side, side], 1000.0).to_kind(Kind::Float), Mode::Eval);
        let expected: Vec<f64> = entry["logits"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        let expected = Tensor::from_slice(&expected).view([2, 10]);
        let largest = |x: Tensor| x.abs().max().double_value(&[]);
        let apart = largest(found.to_kind(Kind::Double) - &expected) / largest(expected);
        assert!(apart < 1e-4, "{about}: logits differ by {apart} of the largest");
    }
}

#[test]
fn what_is_missing_and_what_is_not_expected_is_listed() {
    let timm = entries().into_iter().find(|it| it["network"] == "mobilenet-v2" && it["dialect"] == "timm").unwrap();
    let mut file = file(&timm);
    file.tensors.retain(|(name, _)| name != "blocks.3.1.bn2.running_mean");
    file.tensors.push(("head.fc.weight".to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu))));
    file.tensors.push(("blocks.9.0.extra.weight".to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu))));
    let model = model(&timm);
    let mut fitted = file.fitted(&names(&model));
    assert_eq!(fitted.missing, ["features.8.conv.1.1.running_mean"]);
    assert_eq!(fitted.leave_other_heads_out(), ["head.fc.weight"]);
    assert_eq!(fitted.unexpected, ["blocks.9.0.extra.weight"]);
    let told = model.load_named(&fitted.tensors).unwrap_err().to_string();
    assert!(
        told.contains("missing: features.8.conv.1.1.running_mean") && told.contains("unexpected: blocks.9"),
        "{told}"
    );
}

/// Names of lukemelas/EfficientNet-PyTorch for EfficientNet-B0 and of kuangliu/pytorch-cifar, as in their own code.
#[test]
fn single_names_of_other_programs() {
    let fitted = |network: &str, pairs: &[(&str, &str)]| {
        let entry = zoo::list().into_iter().find(|entry| entry.name == network).unwrap();
        let model = Model::new(&entry.arch, entry.input, 10, Device::Cpu, 1).unwrap();
        let tensors =
            pairs.iter().map(|(name, _)| ((*name).to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu))));
        let found = Weights { tensors: tensors.collect(), left_out: Vec::new() }.fitted(&names(&model));
        let mut expected: Vec<&str> = pairs.iter().map(|(_, own)| *own).collect();
        expected.sort_unstable();
        let found: Vec<&str> = found.tensors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, expected);
    };
    fitted(
        "efficientnet-b0",
        &[
            ("_conv_stem.weight", "features.0.0.weight"),
            ("_bn0.running_var", "features.0.1.running_var"),
            ("_blocks.0._depthwise_conv.weight", "features.1.0.block.0.0.weight"),
            ("_blocks.0._se_reduce.bias", "features.1.0.block.1.fc1.bias"),
            ("_blocks.0._project_conv.weight", "features.1.0.block.2.0.weight"),
            ("_blocks.2._expand_conv.weight", "features.2.1.block.0.0.weight"),
            ("_blocks.2._se_reduce.weight", "features.2.1.block.2.fc1.weight"),
            ("_blocks.2._se_expand.weight", "features.2.1.block.2.fc2.weight"),
            ("_blocks.2._bn2.bias", "features.2.1.block.3.1.bias"),
            ("_conv_head.weight", "features.8.0.weight"),
            ("_fc.bias", "classifier.1.bias"),
        ],
    );
    fitted(
        "resnet18-cifar",
        &[
            ("layer2.0.shortcut.0.weight", "layer2.0.downsample.0.weight"),
            ("layer2.0.shortcut.1.running_mean", "layer2.0.downsample.1.running_mean"),
            ("conv1.weight", "conv1.weight"),
            ("linear.weight", "fc.weight"),
        ],
    );
}

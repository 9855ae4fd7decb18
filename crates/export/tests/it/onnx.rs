//! ONNX files in ONNX Runtime beside the model that they were made from.

use export::{Answering, Check, OnnxSession, Original, Pixels, Runtime};
use models::block::{Classifier, Conv, Linear, Pool, Sequential};
use models::{Arch, Block, Model};
use tch::Device;

use crate::support::{assert_equal, description, entry, model, pixels, runtime, shaken};

fn check(runtime: Runtime, model: &Model, kind: Pixels) {
    let description = description(model, kind);
    let bytes = export::onnx(model, &description).unwrap();
    let mut session = OnnxSession::new(runtime, &bytes, 1).unwrap();
    let mut original = Original { model, description: &description };
    let pictures = pixels(3, model.input());
    let check = Check::of(&mut original, &mut session, &pictures, &description).unwrap();
    assert_equal(check, 3, &description.network);
    for (key, value) in description.metadata() {
        assert_eq!(session.metadata(key).unwrap().as_deref(), Some(value.as_str()), "{key}");
    }
}

/// All kinds of layers that the zoo has.
#[test]
fn networks_answer_the_same_in_onnx_runtime() {
    let Some(runtime) = runtime() else { return };
    for (name, side) in [
        ("softmax", 28),
        ("mlp", 28),
        ("lenet", 28),
        ("lenet5", 28),
        ("vgg-small", 32),
        ("resnet20", 32),
        ("resnet50-cifar", 32),
        ("wrn-16-4", 32),
        ("resnet9", 32),
        ("airbench94", 32),
        ("airbench96", 32),
        ("convmixer-256-8", 32),
        ("resnet18", 64),
        ("mobilenet-v2", 64),
        ("mobilenet-v3-small", 64),
        ("efficientnet-b0", 64),
        ("efficientnet-lite0", 65),
        ("convnext-atto", 64),
        ("vit-tiny", 48),
    ] {
        let entry = entry(name);
        check(runtime, &model(&entry.arch, [entry.input[0], side, side + side % 2]), Pixels::U8);
    }
}

#[test]
fn answers_from_both_sides_are_in_the_graph() {
    let Some(runtime) = runtime() else { return };
    for (name, side) in [("lenet", 28), ("resnet20", 32)] {
        let entry = entry(name);
        let mut model = model(&entry.arch, [entry.input[0], side, side]);
        model.set_answers_mirrored(true);
        check(runtime, &model, Pixels::U8);
    }
}

#[test]
fn pixels_may_be_floating_point_numbers() {
    let Some(runtime) = runtime() else { return };
    check(runtime, &model(&Arch::lenet(), [1, 28, 28]), Pixels::F32);
}

/// Sides that leave a border, with it and without it, and windows that overlap.
#[test]
fn borders_of_poolings_are_the_same() {
    let Some(runtime) = runtime() else { return };
    for keep_border in [true, false] {
        for pool in [
            Block::MaxPool(Pool { keep_border, ..Pool::new(2) }),
            Block::MaxPool(Pool { keep_border, padding: 1, stride: 2, ..Pool::new(3) }),
            Block::AvgPool(Pool { keep_border, stride: 2, ..Pool::new(3) }),
            Block::AvgPool(Pool { padding: if keep_border { 0 } else { 1 }, keep_border, ..Pool::new(3) }),
        ] {
            let trunk =
                Sequential::new().named("conv", Conv::new(4, 3).stride(2).padding(1)).then(pool).then(Block::Flatten);
            let network = Classifier::new(trunk, "fc", Linear::new(10));
            for size in [23, 24, 25, 26] {
                let model = Model::from_blocks("pooled", &network, [3, size, size + 3], Device::Cpu, 1).unwrap();
                shaken(&model);
                check(runtime, &model, Pixels::U8);
            }
        }
    }
    let pool = Block::AvgPool(Pool { keep_border: true, padding: 1, ..Pool::new(3) });
    let network = Classifier::new(Sequential::new().then(pool).then(Block::Flatten), "fc", Linear::new(10));
    let model = Model::from_blocks("pooled", &network, [3, 8, 8], Device::Cpu, 1).unwrap();
    let told = export::onnx(&model, &description(&model, Pixels::U8)).unwrap_err().to_string();
    assert!(told.contains("cannot be written as ONNX") && told.contains("leave out the padding"), "{told}");
}

#[test]
fn a_changed_tensor_is_noticed() {
    let Some(runtime) = runtime() else { return };
    let model = model(&Arch::lenet(), [1, 28, 28]);
    let description = description(&model, Pixels::U8);
    let bytes = export::onnx(&model, &description).unwrap();
    let bias = model.parameter("output.bias").unwrap().tensor.detach();
    let _ = bias.get(3).g_add_scalar_(1e-3);
    let mut session = OnnxSession::new(runtime, &bytes, 1).unwrap();
    let mut original = Original { model: &model, description: &description };
    let check = Check::of(&mut original, &mut session, &pixels(2, model.input()), &description).unwrap();
    assert!(!check.is_equal() && (check.logits - 1e-3).abs() < 1e-4, "{check:?}");
}

#[test]
fn a_damaged_file_is_refused_in_one_line() {
    let Some(runtime) = runtime() else { return };
    let model = model(&Arch::Softmax, [1, 8, 8]);
    let bytes = export::onnx(&model, &description(&model, Pixels::U8)).unwrap();
    let told = OnnxSession::new(runtime, &bytes[..bytes.len() / 2], 1).unwrap_err().to_string();
    assert!(told.starts_with("ONNX Runtime could not take the file") && told.lines().count() == 1, "{told}");
    let mut session = OnnxSession::new(runtime, &bytes, 1).unwrap();
    assert!(session.answer(&[0; 64], [1, 4, 16]).is_err(), "another shape");
}

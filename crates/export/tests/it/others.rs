//! TorchScript and safetensors files beside the model that they were made from.

use export::{Check, Original, Pixels, TorchScriptModule};
use models::{Arch, Model};

use crate::support::{assert_equal, description, entry, model, pixels};

fn traced(model: &Model, kind: Pixels) {
    let description = description(model, kind);
    let bytes = export::torchscript(model, &description).unwrap();
    let mut module = TorchScriptModule::from_bytes(&bytes, kind).unwrap();
    let mut original = Original { model, description: &description };
    // Other numbers of pictures than were traced.
    for count in [1, 3] {
        let check = Check::of(&mut original, &mut module, &pixels(count, model.input()), &description).unwrap();
        assert_equal(check, count, &description.network);
    }
}

#[test]
fn networks_answer_the_same_in_torchscript() {
    for (name, side) in [
        ("lenet", 28),
        ("resnet20", 32),
        ("airbench96", 32),
        ("mobilenet-v3-small", 64),
        ("efficientnet-lite0", 65),
        ("convnext-atto", 64),
        ("vit-tiny", 48),
    ] {
        let entry = entry(name);
        traced(&model(&entry.arch, [entry.input[0], side, side + side % 2]), Pixels::U8);
    }
    traced(&model(&Arch::mlp(), [1, 28, 28]), Pixels::F32);
    // Of the full size, whose code is written in other lines.
    traced(&model(&entry("efficientnet-lite0").arch, [3, 224, 224]), Pixels::U8);
}

#[test]
fn safetensors_hold_the_same_values() {
    let model = model(&entry("resnet20").arch, [3, 32, 32]);
    let description = description(&model, Pixels::U8);
    let bytes = export::safetensors(&model, &description).unwrap();
    let again = export::reread(&model, &bytes).unwrap();
    assert!(again.clone_values() == model.clone_values());
    let header = String::from_utf8_lossy(&bytes[8..2000]).into_owned();
    for part in ["__metadata__", "layer1.0.conv1.weight", "\"resizing\":\"the middle\""] {
        assert!(header.contains(part), "{part} in {header}");
    }
    assert!(
        export::reread(&model, &bytes[..bytes.len() - 4])
            .unwrap_err()
            .to_string()
            .starts_with("libtorch could not read")
    );
}

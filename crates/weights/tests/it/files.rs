//! Files of all formats, whole and wrong, and what networks compute with them. Without the shared data (MINIBATCH_DATA) nothing is
//! tested, and each test says so.

use std::fs;
use std::path::PathBuf;

use models::{Mode, Model, zoo};
use tch::{Device, Kind, Tensor};

pub fn data(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("MINIBATCH_DATA").map(|folder| PathBuf::from(folder).join("weights").join(name));
    let found = path.filter(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: weights/{name} is not in MINIBATCH_DATA");
    }
    found
}

pub fn model(name: &str) -> Model {
    let entry = zoo::list().into_iter().find(|entry| entry.name == name).unwrap();
    Model::new(&entry.arch, entry.input, entry.classes, Device::Cpu, 1).unwrap()
}

fn floats(tensors: Vec<(String, Tensor)>) -> Vec<(String, Tensor)> {
    tensors.into_iter().filter(|(name, _)| !name.ends_with("num_batches_tracked")).collect()
}

#[test]
fn all_formats_hold_the_same_tensors() {
    let Some(path) = data("cifar10_resnet20.safetensors") else { return };
    let expected = floats(weights::read(&path).unwrap().tensors);
    for name in ["resnet20-12fca82f.legacy.th", "resnet20.nested.zip.pt", "resnet20.flat.zip.pt"] {
        let found = weights::read(&path.with_file_name(name)).unwrap();
        assert_eq!(found.left_out, Vec::<String>::new(), "{name}");
        assert!(floats(found.tensors) == expected, "{name}");
    }
    model("resnet20").load_named(&expected).unwrap();
}

#[test]
fn a_wrong_file_is_one_line() {
    let Some(path) = data("resnet20.flat.zip.pt") else { return };
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let told = weights::read(&path).unwrap_err().to_string();
        assert!(told.starts_with(&format!("weights {}: ", path.display())) && !told.contains('\n'), "{told}");
        told
    };
    for name in ["resnet20.flat.zip.pt", "resnet20-12fca82f.legacy.th", "cifar10_resnet20.safetensors"] {
        let whole = fs::read(path.with_file_name(name)).unwrap();
        for part in [3, 2] {
            let told = told(name, &whole[..whole.len() / part]);
            assert!(told.contains("not a whole safetensors file or PyTorch checkpoint"), "{told}");
        }
    }
    assert!(told("text.pt", b"no checkpoint at all").contains("not a whole"));
    told("empty.pt", b"");
}

#[test]
fn a_hostile_pickle_is_refused_and_does_nothing() {
    let Some(path) = data("hostile_pickle.pt") else { return };
    let told = weights::read(&path).unwrap_err().to_string();
    assert!(told.contains("whoever loads it with Python runs posix.system") && !told.contains('\n'), "{told}");
    assert!(!PathBuf::from("HOSTILE_PICKLE_RAN").exists() && !path.with_file_name("HOSTILE_PICKLE_RAN").exists());
}

#[test]
fn a_checkpoint_of_another_network_is_one_line() {
    let Some(path) = data("cifar10_resnet56.safetensors") else { return };
    let others = weights::read(&path).unwrap().tensors;
    let small = model("resnet20");
    let before = small.clone_values();
    let told = small.load_named(&others).unwrap_err().to_string();
    assert!(told.contains("unexpected: layer1.3.") && told.contains(" more.") && !told.contains('\n'), "{told}");
    let told = model("resnet110").load_named(&others).unwrap_err().to_string();
    assert!(told.contains("missing: layer1.9.") && !told.contains('\n'), "{told}");
    let mut own = floats(weights::read(&path.with_file_name("cifar10_resnet20.safetensors")).unwrap().tensors);
    let head = own.iter_mut().find(|(name, _)| name == "linear.weight").unwrap();
    head.1 = Tensor::zeros([11, 64], (Kind::Float, Device::Cpu));
    let told = small.load_named(&own).unwrap_err().to_string();
    assert!(told.contains("linear.weight has shape (11, 64), but the model's is (10, 64)"), "{told}");
    assert!(before == small.clone_values(), "nothing was copied");
    small.load_named_body(&own).unwrap();
    assert!(
        small.parameter("linear.weight").unwrap().tensor == before.iter().find(|it| it.0 == "linear.weight").unwrap().1
    );
}

/// Features and logits of PyTorch for three photographs, prepared by its own program.
#[test]
fn efficientnet_lite0_computes_what_pytorch_computes() {
    let Some(path) = data("efficientnet_lite0_imagenet.safetensors") else { return };
    let model = model("efficientnet-lite0");
    model.load_named(&weights::read(&path).unwrap().tensors).unwrap();
    let reference = weights::read(&path.with_file_name("efficientnet_lite0_reference.safetensors")).unwrap().tensors;
    let of = |name: &str| &reference.iter().find(|(own, _)| own == name).unwrap().1;
    for photo in ["chelsea.png", "coffee.png", "rocket.jpg"] {
        let images = of(&format!("{photo}.input")).unsqueeze(0);
        let features = model.features(&images, Mode::Eval).unwrap().features;
        for (found, own) in [(features, "features"), (model.forward(&images, Mode::Eval), "logits")] {
            let apart = (found.squeeze_dim(0) - of(&format!("{photo}.{own}"))).abs().max().double_value(&[]);
            assert!(apart < 1e-4, "{photo}: {own} differ by {apart}");
        }
    }
}

//! Published CIFAR-10 weights on the test pictures as JPEG files: the accuracy follows the decoder, because these networks never saw
//! JPEG's noise. PyTorch on the pixels that libjpeg-turbo (Pillow 13.0.0, libjpeg-turbo 3.2.0) decodes, normalised as the weights were
//! trained (ImageNet's mean and deviation), gets 81.03 % with ResNet-20 and 83.20 % with ResNet-56.

use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use models::{Mode, Model};
use tch::{Kind, Tensor};

use crate::files::{data, model};

/// Pictures of 3 x 32 x 32 bytes and labels.
struct Test {
    images: Tensor,
    labels: Tensor,
}

/// The test pictures by name, each with its class's number among the sorted names, decoded by `decode`.
fn test_pictures(archive: PathBuf, mut decode: impl FnMut(Vec<Vec<u8>>) -> Option<Vec<u8>>) -> Option<Test> {
    let mut files = Vec::new();
    let gzip = flate2::read::GzDecoder::new(std::fs::File::open(archive).unwrap());
    for entry in tar::Archive::new(gzip).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        if path.contains("test/") && path.ends_with(".jpg") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.push((path.rsplit('/').nth(1).unwrap().to_owned(), bytes));
        }
    }
    assert_eq!(files.len(), 10_000);
    let mut classes: Vec<String> = files.iter().map(|(class, _)| class.clone()).collect();
    classes.sort();
    classes.dedup();
    let (names, bytes): (Vec<String>, Vec<Vec<u8>>) = files.into_iter().unzip();
    let labels: Vec<i64> =
        names.iter().map(|name| classes.iter().position(|class| class == name).unwrap() as i64).collect();
    let pixels = decode(bytes)?; // picture, row, column, channel
    let images = Tensor::from_slice(&pixels).view([-1, 32, 32, 3]).permute([0, 3, 1, 2]);
    Some(Test { images, labels: Tensor::from_slice(&labels) })
}

fn by_jpeg_decoder(files: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    Some(files.iter().flat_map(|file| jpeg_decoder::Decoder::new(file.as_slice()).decode().unwrap()).collect())
}

/// By libjpeg-turbo, where a Python has Pillow; all files in one process.
fn by_pillow(files: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    let program = "import sys, io, os\nfrom PIL import Image\n\
                   for name in sorted(os.listdir(sys.argv[1])):\n \
                   sys.stdout.buffer.write(Image.open(os.path.join(sys.argv[1], name)).convert('RGB').tobytes())";
    let folder = tempfile::tempdir().unwrap();
    for (number, file) in files.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:05}.jpg")), file).unwrap();
    }
    let python = std::env::var_os("MINIBATCH_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let done = Command::new(python).args(["-c", program]).arg(folder.path()).output().ok()?;
    if !done.status.success() {
        eprintln!("SKIPPED: no Python with Pillow, whose libjpeg-turbo the published figures are for");
        return None;
    }
    Some(done.stdout)
}

fn accuracy(model: &Model, test: &Test) -> f64 {
    let _guard = tch::no_grad_guard();
    let row = |values: [f32; 3]| Tensor::from_slice(&values).view([3, 1, 1]);
    let (mean, std) = (row([0.485, 0.456, 0.406]), row([0.229, 0.224, 0.225]));
    let mut right = 0;
    for start in (0..10_000).step_by(500) {
        let images = (test.images.narrow(0, start, 500).to_kind(Kind::Float) / 255.0 - &mean) / &std;
        let found = model.forward(&images.contiguous(), Mode::Eval).argmax(1, false);
        right += found.eq_tensor(&test.labels.narrow(0, start, 500)).sum(Kind::Int64).int64_value(&[]);
    }
    right as f64 / 100.0
}

fn trained(depth: i64) -> Option<(Model, PathBuf)> {
    let path = data(&format!("cifar10_resnet{depth}.safetensors"))?;
    let model = model(&format!("resnet{depth}"));
    model.load_named(&weights::read(&path).unwrap().tensors).unwrap();
    let archive = path.parent()?.with_file_name("cifar10-jpg.tar.gz");
    if !archive.exists() {
        eprintln!("SKIPPED: cifar10-jpg.tar.gz is not in MINIBATCH_DATA");
        return None;
    }
    Some((model, archive))
}

/// Our own decoder's pixels differ from libjpeg-turbo's, which changes the answers to few pictures.
#[test]
fn cifar_resnet20_with_our_decoder() {
    let Some((model, archive)) = trained(20) else { return };
    let found = accuracy(&model, &test_pictures(archive, by_jpeg_decoder).unwrap());
    assert!((found - 81.03).abs() <= 0.2, "{found}");
}

#[test]
fn cifar_resnets_with_libjpeg_turbo() {
    let Some((_, archive)) = trained(20) else { return };
    let Some(test) = test_pictures(archive, by_pillow) else { return };
    for (depth, expected) in [(20, 81.03), (56, 83.20)] {
        let Some((model, _)) = trained(depth) else { return };
        let found = accuracy(&model, &test);
        assert!((found - expected).abs() <= 0.05, "ResNet-{depth}: {found}");
        eprintln!("ResNet-{depth}: {found} %");
    }
}

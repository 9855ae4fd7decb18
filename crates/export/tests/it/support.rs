//! Models with values that hide no mistake, and the ONNX Runtime of this machine.

use std::path::PathBuf;
use std::process::Command;

use export::{Check, Description, Pixels, Runtime};
use models::{Arch, Model, zoo};
use tch::{Device, Kind, Tensor};
use tensor_data::Normalise;

/// ONNX Runtime's library: `$ORT_DYLIB_PATH`, or that of a Python on the PATH.
pub fn runtime() -> Option<Runtime> {
    let named = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    let Some(library) = named.or_else(of_python) else {
        eprintln!("SKIPPED: no ONNX Runtime (pip install onnxruntime, or let ORT_DYLIB_PATH name libonnxruntime.so)");
        return None;
    };
    Some(Runtime::load(&library).unwrap())
}

fn of_python() -> Option<PathBuf> {
    let program = "import onnxruntime, pathlib; print(pathlib.Path(onnxruntime.__file__).parent / 'capi')";
    let output = Command::new("python3").args(["-c", program]).output().ok().filter(|it| it.status.success())?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let files = folder.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .into_iter()
        .find(|path| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("libonnxruntime.so")))
}

/// The network of that name for ten classes, with running statistics, scales and shifts that differ from their beginnings.
pub fn model(arch: &Arch, input: [i64; 3]) -> Model {
    let model = Model::new(arch, input, 10, Device::Cpu, 3).unwrap();
    shaken(&model);
    model
}

pub fn shaken(model: &Model) {
    let mut state = 0.0;
    let values = model.clone_values().into_iter().map(|(name, value)| {
        state += 1.0;
        let count = value.numel() as i64;
        let wave = ((Tensor::arange(count, (Kind::Double, Device::Cpu)) * 1.7 + state).sin()).view_(value.size());
        let moved = match value.dim() {
            _ if name.ends_with("gamma") => wave * 0.1 + 0.3,
            _ if name.ends_with("running_var") => wave * 0.3 + 1.0,
            // Weights of the head begin at 0 in some networks.
            0 | 1 => value.to_kind(Kind::Double) + wave * 0.1,
            _ => value.to_kind(Kind::Double) + wave * 0.01,
        };
        (name, moved.to_kind(Kind::Float))
    });
    model.load_values(&values.collect::<Vec<_>>()).unwrap();
}

pub fn entry(name: &str) -> zoo::Entry {
    zoo::list().into_iter().find(|entry| entry.name == name).unwrap()
}

/// The description of a model of coloured or grey pictures, with everything in use.
pub fn description(model: &Model, pixels: Pixels) -> Description {
    let channels = model.input()[0] as usize;
    let of = |values: [f64; 3]| values[..channels].to_vec();
    Description {
        input: model.input(),
        pixels,
        classes: (0..10).map(|class| format!("class \"{class}\", ä")).collect(),
        divisor: 255.0,
        normalise: Some(Normalise { mean: of([0.485, 0.456, 0.406]), std: of([0.229, 0.224, 0.225]) }),
        temperature: 1.7,
        resizing: "the middle".to_owned(),
        mirrored: model.answers_mirrored(),
        network: model.arch().name().to_owned(),
        data_set: "noise".to_owned(),
    }
}

/// Bytes of `count` pictures that no network can take for one another.
pub fn pixels(count: usize, input: [i64; 3]) -> Vec<u8> {
    let values = count * input.iter().product::<i64>() as usize;
    (0..values as u64).map(|i| ((i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i >> 5)) >> 33) as u8).collect()
}

pub fn assert_equal(check: Check, pictures: usize, about: &str) {
    assert!(check.is_equal() && check.pictures == pictures, "{about}: {check:?}");
}

//! `export`: files that other programs run, checked before they are there.

use crate::pictures::{folder, trained};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn export(run: &str, args: &[&str], runtime: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minibatch"));
    command.args([&["export", run], args].concat()).env("OMP_NUM_THREADS", "1").env("ORT_DYLIB_PATH", runtime);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// ONNX Runtime's library: `$ORT_DYLIB_PATH`, or that of a Python on the PATH.
fn runtime() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ORT_DYLIB_PATH") {
        return Some(named.into());
    }
    let program = "import onnxruntime, glob, os; print(glob.glob(os.path.dirname(onnxruntime.__file__) + '/capi/libonnxruntime.so*')[0])";
    let output = Command::new("python3").args(["-c", program]).output().ok().filter(|it| it.status.success());
    let found = output.map(|it| PathBuf::from(String::from_utf8_lossy(&it.stdout).trim().to_owned()));
    if found.is_none() {
        eprintln!("SKIPPED: no ONNX Runtime (pip install onnxruntime, or let ORT_DYLIB_PATH name libonnxruntime.so)");
    }
    found
}

#[test]
fn torchscript_and_safetensors_are_checked_and_written() {
    let place = folder("exported");
    for (form, ending) in [("--torchscript", "pt"), ("--safetensors", "safetensors")] {
        let file = place.join(format!("lenet.{ending}"));
        let output = export(&trained("lenet"), &[form, "--out", file.to_str().unwrap(), "--json"], Path::new(""));
        assert!(output.status.success(), "{}", said(&output));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["checked"]["same_class"], 256, "{told}");
        assert!(told["checked"]["largest_difference_of_logits"].as_f64().unwrap() < 1e-4, "{told}");
        assert_eq!(std::fs::metadata(&file).unwrap().len(), told["bytes"].as_u64().unwrap());
        let again = export(&trained("lenet"), &[form, "--out", file.to_str().unwrap()], Path::new(""));
        assert_eq!(again.status.code(), Some(2), "{}", said(&again));
        assert!(said(&again).contains("exists already and is never overwritten"), "{}", said(&again));
    }
}

#[test]
fn onnx_files_are_checked_with_onnx_runtime() {
    let Some(runtime) = runtime() else { return };
    let output = export(&trained("mlp"), &["--onnx", "--pixels", "f32"], &runtime);
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("mlp.onnx (") && told.contains("the same class on 256"), "{told}");
    assert!(Path::new(&trained("mlp")).join("export/mlp.onnx").is_file());
}

#[test]
fn without_a_check_nothing_is_written_unless_asked() {
    let place = folder("unchecked");
    let file = place.join("softmax.onnx");
    let args = ["--onnx", "--out", file.to_str().unwrap()];
    let output = export(&trained("softmax"), &args, Path::new("/nowhere/libonnxruntime.so"));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("ORT_DYLIB_PATH names /nowhere/libonnxruntime.so, which is not there"),
        "{}",
        said(&output)
    );
    assert!(!file.exists());
    let output = export(&trained("softmax"), &[&args[..], &["--unchecked"]].concat(), Path::new("/nowhere"));
    assert!(output.status.success() && said(&output).contains("not checked, as asked"), "{}", said(&output));
    assert!(file.is_file());
    let output = export(&trained("softmax"), &[], Path::new(""));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

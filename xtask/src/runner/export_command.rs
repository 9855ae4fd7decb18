//! `export`: the command line and the words of the crate `export`.

use crate::console::{self, Usage, shown};
use crate::{data_sets, onnx_runtime};
use anyhow::{Context, Result, bail};
use export::{Check, Description, Form, Pixels, TOLERANCE};
use inspect::conversion;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use tch::Device;
use train::run_folder::{identity, load_model};
use xtask::cli::{ExportArgs, PixelType};

/// Pictures that the file is checked on.
const PICTURES: usize = 256;

#[derive(Serialize)]
struct Exported {
    file: String,
    bytes: usize,
    checked: Option<Checked>,
}

#[derive(Serialize)]
struct Checked {
    pictures: usize,
    largest_difference_of_logits: f64,
    largest_difference_of_probabilities: f64,
    same_class: usize,
}

/// Writes the file, checked before it is there, and prints how it was checked.
pub fn run(args: &ExportArgs) -> Result<ExitCode> {
    let form = match (args.onnx, args.torchscript) {
        (true, _) => Form::Onnx,
        (_, true) => Form::TorchScript,
        _ => Form::Safetensors,
    };
    let saved = console::saved(&args.checkpoint);
    let (model, meta) = load_model(&args.run, &saved, Device::Cpu)?;
    let path = args.out.clone().unwrap_or_else(|| default_path(args, saved.folder(), form));
    if path.exists() {
        let problem =
            format!("{} exists already and is never overwritten: name another file with --out", shown::path(&path));
        return Err(Usage(problem).into());
    }
    let pixels = if args.pixels == PixelType::U8 { Pixels::U8 } else { Pixels::F32 };
    let description = Description::of(&meta, conversion::rule(&meta), pixels);
    let bytes = form.bytes(&model, &description)?;
    let check = match args.unchecked {
        true => None,
        false => {
            let runtime = (form == Form::Onnx).then(onnx_runtime::load).transpose()?;
            let known = identity(&args.run, Some(&meta))?;
            let source = data_sets::find_of_run(&args.run, &known, &args.data)
                .context(
                    "the pictures that the file is checked on cannot be had (--unchecked writes it without a check)",
                )?
                .source;
            let count = source.test.len().min(PICTURES);
            let evenly: Vec<usize> = (0..count).map(|place| place * source.test.len() / count).collect();
            let pictures = source.test.select(&evenly)?;
            let threads = tch::get_num_threads().try_into().unwrap_or(1);
            Some(form.check(&bytes, (&model, &description), pictures.pixels(), runtime, threads)?)
        }
    };
    if let Some(check) = check.filter(|check| !check.is_equal()) {
        bail!("{}; at most {TOLERANCE} and the same class on all are allowed, so nothing was written", told(&check));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", shown::path(folder)))?;
    }
    whole_file::write(&path, &bytes).with_context(|| format!("cannot write {}", shown::path(&path)))?;
    print(args, &path, bytes.len(), check.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

/// `RUN/export/RUN.onnx`, for another model than the best `RUN/export/RUN-last.onnx`.
fn default_path(args: &ExportArgs, saved: &str, form: Form) -> PathBuf {
    let run = fs::canonicalize(&args.run).unwrap_or_else(|_| args.run.clone());
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let model = saved.rsplit('/').next().filter(|&model| model != "best").map(|model| format!("-{model}"));
    args.run.join("export").join(format!("{name}{}.{}", model.unwrap_or_default(), form.ending()))
}

fn told(check: &Check) -> String {
    let Check { pictures, logits, probabilities, same } = check;
    let pictures = console::count(*pictures as i64, "test picture");
    format!(
        "on {pictures} logits differ by {logits:.1e} at most, probabilities by {probabilities:.1e}; the same class on {same}"
    )
}

fn print(args: &ExportArgs, path: &std::path::Path, bytes: usize, check: Option<&Check>) -> Result<()> {
    if args.output.json {
        return console::print_json(&Exported {
            file: path.display().to_string(),
            bytes,
            checked: check.map(|check| Checked {
                pictures: check.pictures,
                largest_difference_of_logits: check.logits,
                largest_difference_of_probabilities: check.probabilities,
                same_class: check.same,
            }),
        });
    }
    let checked = check.map_or("not checked, as asked".to_owned(), told);
    console::line(false, &format!("{} ({}): {checked}", shown::path(path), libtorch::disk::size(bytes as u64)));
    Ok(())
}

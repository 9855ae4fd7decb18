//! ONNX Runtime: the library that is named, or one in the cache, fetched where it is not there.

use crate::console::shown;
use anyhow::{Context, Result, bail};
use export::Runtime;
use known_file::{KnownFile, Origin};
use std::path::PathBuf;
use xtask::places;
use xtask::progress::say;

/// Names the library; the name that its other users know.
const VARIABLE: &str = "ORT_DYLIB_PATH";
/// The wheels for all Pythons hold the same library.
const LIBRARY: KnownFile = KnownFile {
    name: "libonnxruntime.so.1.32.0",
    sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
    bytes: 34_824_680,
    origin: Origin::Package {
        requirement: "onnxruntime==1.32.0",
        choice: &["--python-version", "3.13", "--platform", "manylinux_2_28_x86_64"],
        member: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    },
};

/// Loads the library.
///
/// # Errors
/// Where there is none and none can be fetched; the message says how to name one.
pub fn load() -> Result<Runtime> {
    Ok(Runtime::load(&find()?)?)
}

fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from) {
        if !named.is_file() {
            bail!("{VARIABLE} names {}, which is not there", shown::path(&named));
        }
        return Ok(named);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "there is no ONNX Runtime to fetch for this platform: let {VARIABLE} name its library, or pass --unchecked"
        );
    }
    let folder = places::cache()?.join("onnxruntime");
    if let Some(cached) = LIBRARY.cached(&folder)? {
        return Ok(cached);
    }
    say(format!("fetching ONNX Runtime ({})", libtorch::disk::size(LIBRARY.bytes)));
    let fetched = LIBRARY.fetch(&folder, &places::pythons(), &mut |_| ());
    fetched.with_context(|| {
        format!("ONNX Runtime, which checks the file, could not be fetched: let {VARIABLE} name its library, or pass --unchecked")
    })
}

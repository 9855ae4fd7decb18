//! Which device to compute on, found when the program runs and not when it is built.

use crate::console::Usage;
use anyhow::Result;
use std::path::Path;
use std::sync::OnceLock;
use tch::{Cuda, Device};
use xtask::cli;

/// The device that the user asked for.
pub fn resolve(asked: cli::Device) -> Result<Device> {
    match asked {
        cli::Device::Cpu => Ok(Device::Cpu),
        cli::Device::Auto if cuda_devices() > 0 => Ok(Device::Cuda(0)),
        cli::Device::Auto => Ok(Device::Cpu),
        cli::Device::Cuda(index) => match cuda_devices() {
            0 => Err(Usage(format!(
                "--device cuda:{index}: no CUDA device can be used here{}; choose --device cpu, or see `cargo xtask doctor`",
                if cuda_library_loaded() { "" } else { " (this libtorch has no CUDA part: `cargo xtask setup --cuda` fetches one)" }
            ))
            .into()),
            count if index < count => Ok(Device::Cuda(index)),
            count => Err(Usage(format!("--device cuda:{index}: there are {count} CUDA devices, numbered from 0")).into()),
        },
    }
}

/// How the device is written in `summary.json` and on the terminal.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Cpu => "cpu".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// CUDA devices that libtorch can use.
pub fn cuda_devices() -> usize {
    if cuda_library_loaded() && Cuda::is_available() { Cuda::device_count().max(0) as usize } else { 0 }
}

/// Loads libtorch's CUDA part where it lies beside the rest, and no other: one that `LD_LIBRARY_PATH` leads to belongs to
/// another libtorch. The linker leaves it out, because nothing names its symbols: its kernels register themselves when it
/// is loaded.
fn cuda_library_loaded() -> bool {
    static LOADED: OnceLock<bool> = OnceLock::new();
    *LOADED.get_or_init(|| {
        let path = Path::new(env!("MINIBATCH_LIBTORCH_LIB")).join("libtorch_cuda.so");
        #[expect(unsafe_code, reason = "loading runs the library's initialisers, which libtorch means to be run so")]
        let library = unsafe { libloading::Library::new(path) };
        // Its kernels are registered now: it must stay for as long as the process lives.
        library.map(std::mem::forget).is_ok()
    })
}

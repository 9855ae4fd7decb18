//! Which device to compute on, found when the program runs and not when it is built.

use crate::console::Usage;
use anyhow::Result;
use tch::Device;
use torch_ext::{cuda_devices, cuda_library_loaded};
use xtask::cli;
use xtask::places;

/// The device that the user asked for.
pub fn resolve(asked: cli::Device) -> Result<Device> {
    let program = places::program();
    match asked {
        cli::Device::Cpu => Ok(Device::Cpu),
        cli::Device::Auto if cuda_devices() > 0 => Ok(Device::Cuda(0)),
        cli::Device::Auto => Ok(Device::Cpu),
        cli::Device::Cuda(index) => match cuda_devices() {
            0 => Err(Usage(format!(
                "--device cuda:{index}: no CUDA device can be used here{}; choose --device cpu, or see `{program} doctor`",
                if cuda_library_loaded() {
                    String::new()
                } else {
                    format!(" (this libtorch has no CUDA part: `{program} setup --cuda` fetches one)")
                }
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

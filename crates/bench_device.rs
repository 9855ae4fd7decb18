//! The device that benches run on, shared by the packages that have such benches: `MINIBATCH_BENCH_DEVICE` is `cpu` (the
//! default), `cuda` or `cuda:N`.

use tch::Device;

/// The device asked for.
///
/// # Errors
/// If the variable holds anything else.
pub fn chosen() -> Result<Device, String> {
    let name = std::env::var("MINIBATCH_BENCH_DEVICE").unwrap_or_else(|_| "cpu".into());
    let index = match name.split_once(':') {
        None if name == "cpu" => return Ok(Device::Cpu),
        None if name == "cuda" => Some(0),
        Some(("cuda", index)) => index.parse().ok(),
        _ => None,
    };
    let wrong = || format!("MINIBATCH_BENCH_DEVICE is `{name}`, but must be cpu, cuda or cuda:N");
    index.map(Device::Cuda).ok_or_else(wrong)
}

/// The name of a group of benches on that device, so that figures of two devices are never compared.
pub fn group(name: &str, device: Device) -> String {
    match device {
        Device::Cpu => name.to_owned(),
        other => format!("{name} on {other:?}"),
    }
}

/// Waits until the device has done what it was given: on CUDA work is only queued.
pub fn finish(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}

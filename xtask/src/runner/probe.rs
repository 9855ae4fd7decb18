//! What libtorch says of itself, for `doctor`.

use crate::{console, threads};
use anyhow::Result;
use serde::Serialize;
use std::process::ExitCode;
use tch::Device;
use train::Stepping;
use xtask::cli::ProbeArgs;

/// The version of libtorch that `tch` is made for and `setup` insists on.
pub const LIBTORCH: &str = "2.11.0";

#[derive(Serialize)]
struct Probe {
    libtorch: &'static str,
    cuda_available: bool,
    cuda_devices: usize,
    /// Why no CUDA graphs can be captured; absent where they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_cuda_graphs: Option<String>,
    threads: i32,
    interop_threads: i32,
    /// How they wait for one another.
    waiting: String,
    /// Which of the hand-written kernels are used.
    vectors: String,
}

/// Prints the probe.
pub fn run(args: &ProbeArgs, adapts_waiting: bool) -> Result<ExitCode> {
    let cuda_devices = torch_ext::cuda_devices();
    let probe = Probe {
        libtorch: LIBTORCH,
        cuda_available: cuda_devices > 0,
        cuda_devices,
        no_cuda_graphs: no_cuda_graphs(cuda_devices),
        threads: tch::get_num_threads(),
        interop_threads: tch::get_num_interop_threads(),
        waiting: threads::waiting(adapts_waiting),
        vectors: torch_ext::Isa::best().to_string(),
    };
    if args.output.json {
        console::print_json(&probe)?;
    } else {
        let Probe { libtorch, cuda_devices, threads, interop_threads, vectors, .. } = probe;
        console::line(
            false,
            &format!(
                "libtorch {libtorch}, {cuda_devices} CUDA devices, {threads} threads, {interop_threads} between operations, {vectors} kernels"
            ),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn no_cuda_graphs(devices: usize) -> Option<String> {
    match Stepping::on(Device::Cuda(0)) {
        _ if devices == 0 => Some("there is no CUDA device".to_owned()),
        Stepping::Captured => None,
        Stepping::Eager(reason) => Some(reason.to_string()),
    }
}

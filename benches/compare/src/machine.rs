//! The machine that rows were taken on, and the versions that took part.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Hardware and versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Processors that this process may use.
    pub processors: u32,
    /// The operating system's kernel.
    pub kernel: String,
    /// Rust's compiler.
    pub rustc: String,
    /// libtorch, ours.
    pub libtorch: String,
    /// PyTorch; empty where it took no part.
    pub torch: String,
    /// The GPU, where the sides computed on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
    /// Other libraries that took part, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<String>,
}

/// A GPU and what drives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// The version of its driver.
    pub driver: String,
    /// The version of CUDA that PyTorch was built with.
    pub cuda: String,
}

impl Machine {
    /// This machine without GPU and other libraries; `torch` is the version that the other side has.
    pub fn here(torch: &str) -> Machine {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let named = field("model name").unwrap_or_else(|| env::consts::ARCH.to_owned());
        let numbers = [("family", field("cpu family")), ("model", field("model\t"))];
        let numbers = numbers.map(|(name, value)| value.map(|value| format!(", {name} {value}")).unwrap_or_default());
        Machine {
            cpu: format!("{named}{}", numbers.concat()),
            processors: std::thread::available_parallelism().map_or(0, |n| n.get() as u32),
            kernel: said("uname", &["-sr"]),
            rustc: said("rustc", &["--version"]),
            libtorch: libtorch::inspect::VERSION.to_owned(),
            torch: torch.to_owned(),
            gpu: None,
            peers: Vec::new(),
        }
    }
}

/// The first line that a program prints; `unknown` where it does not run.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().ok();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { UNKNOWN.to_owned() } else { text }
}

/// What stands for a version that nobody told.
pub const UNKNOWN: &str = "unknown";

/// Prints name and CUDA version of the device of that index, a line each.
const QUERY: &str = "import sys, torch; print(torch.cuda.get_device_name(int(sys.argv[1]))); print(torch.version.cuda)";

impl Gpu {
    /// The CUDA device of this index, as PyTorch in `python` knows it.
    ///
    /// # Errors
    /// If PyTorch cannot use it.
    pub fn query(python: &Path, index: usize) -> Result<Gpu> {
        let output = Command::new(python).args(["-c", QUERY, &index.to_string()]).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot start {}", python.display()))?;
        ensure!(
            output.status.success(),
            "PyTorch in {} cannot use CUDA device {index} ({}): give a Python whose torch can with --python",
            python.display(),
            String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it said nothing")
        );
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines().map(|line| line.trim().to_owned());
        let mut next = || lines.next().context("PyTorch told no name and CUDA version of the GPU");
        let (name, cuda) = (next()?, next()?);
        let driver = said("nvidia-smi", &["--query-gpu=driver_version", "--format=csv,noheader"]);
        Ok(Gpu { name, driver: driver.lines().next().unwrap_or_default().to_owned(), cuda })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_gpu_is_what_pytorch_tells_of_it_and_one_that_it_cannot_use_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let ask = |script: &str| {
            fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
            Gpu::query(&python, 1)
        };
        // The index is the last argument; the driver depends on the machine at hand.
        let gpu = ask("echo \"NVIDIA H$3\"; echo 13.0").unwrap();
        assert_eq!((gpu.name.as_str(), gpu.cuda.as_str()), ("NVIDIA H1", "13.0"));
        let message = format!("{:#}", ask("echo 'AssertionError: no CUDA' >&2; exit 1").unwrap_err());
        assert!(
            message.contains("CUDA device 1 (AssertionError: no CUDA)") && message.contains("--python"),
            "{message}"
        );
        assert!(ask("echo NVIDIA").is_err());
    }
}

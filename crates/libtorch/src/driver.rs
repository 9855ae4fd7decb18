//! The NVIDIA driver. A driver's library alone does not count: distributions install it on machines without a GPU.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The driver in a few words, if there is one. `smi` is the program `nvidia-smi`, if there is one.
pub fn nvidia(smi: Option<&Path>) -> Option<String> {
    if let Ok(text) = fs::read_to_string("/proc/driver/nvidia/version") {
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        return Some(format!("NVIDIA driver {}", version.unwrap_or("of unknown version")));
    }
    let output = Command::new(smi?).args(["--query-gpu=driver_version", "--format=csv,noheader"]).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned());
    version.filter(|v| output.status.success() && !v.is_empty()).map(|v| format!("NVIDIA driver {v}"))
}

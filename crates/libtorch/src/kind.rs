//! Which libtorch is wanted: its version, and what it can compute on.

use serde::{Deserialize, Serialize};

/// The version that the `tch` crate in use was written for.
pub const VERSION: &str = "2.11.0";

/// What a libtorch can compute on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The CPU alone.
    Cpu,
    /// The CPU and NVIDIA GPUs.
    Cuda,
}

impl Kind {
    /// `cpu` or `cuda`, as in the names of cache folders and options.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Cpu => "cpu",
            Kind::Cuda => "cuda",
        }
    }

    /// How people write it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Cpu => "CPU",
            Kind::Cuda => "CPU and CUDA",
        }
    }
}

//! What is fetched: the wheels that hold libtorch's CPU parts, and which of their files are wanted.

use crate::kind::Kind;

/// One wheel of the package index, pinned to one content.
#[derive(Clone, Debug)]
pub struct Wheel {
    /// Name and version, such as `torch==2.11.0`.
    pub requirement: String,
    /// Name of the file.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Files wanted: a path in the wheel, or a folder if it ends with a slash, and where it goes below the cache
    /// entry. Licence files are always taken.
    pub take: Vec<(String, String)>,
}

/// Headers that CUDA's own run-time headers include; the complete package comes without them.
pub const CUDA_CRT: &str = "nvidia-cuda-crt==13.0.88";

/// Bytes on the disk once the CPU parts are unpacked: 0.46 GB of libraries, 0.07 GB of headers in small files.
pub const CPU_PARTS_UNPACKED: u64 = 600_000_000;

/// Bytes that a complete install needs while it is put together, wheels included: 4.6 GB unpacked with CUDA.
pub fn complete_space(kind: Kind) -> u64 {
    match kind {
        Kind::Cpu => 2_000_000_000,
        Kind::Cuda => 9_000_000_000,
    }
}

/// pip options that name the platform of the pinned wheels, so that the Python that runs pip may be of any version.
/// pip compares platform tags by name, so each glibc version that wheels are built for.
pub fn platform() -> Vec<String> {
    let fixed = ["--only-binary=:all:", "--implementation=cp", "--python-version=3.12", "--abi=cp312"];
    let glibc = (5..=28).rev().map(|minor| format!("--platform=manylinux_2_{minor}_x86_64"));
    let legacy = ["--platform=manylinux2014_x86_64", "--platform=manylinux1_x86_64"];
    fixed.map(str::to_owned).into_iter().chain(glibc).chain(legacy.map(str::to_owned)).collect()
}

/// The wheels of libtorch 2.11.0 for x86-64 Linux, smallest first so that trouble shows early. The build is the one
/// with CUDA, whose `libtorch_cpu.so` names CUDA's run-time and profiling libraries; the GPU code is left behind. CUDA's
/// headers lie where the complete package has them, so that a program built here can capture graphs with that one.
pub fn cpu_parts() -> Vec<Wheel> {
    let wheel = |requirement: &str, file: &str, bytes, sha256: &str, take: &[(&str, &str)]| Wheel {
        requirement: requirement.to_owned(),
        file: file.to_owned(),
        bytes,
        sha256: sha256.to_owned(),
        take: take.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect(),
    };
    let libraries = ["libtorch_cpu.so", "libc10.so", "libgomp.so.1"].map(|name| format!("torch/lib/{name}"));
    let mut torch = vec![("torch/include/", "torch/include/")];
    torch.extend(libraries.iter().map(|path| (path.as_str(), path.as_str())));
    let cuda_headers = ("nvidia/cu13/include/", "nvidia/cu13/include/");
    vec![
        wheel(
            CUDA_CRT,
            "nvidia_cuda_crt-13.0.88-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            134_086,
            "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4",
            &[cuda_headers],
        ),
        wheel(
            "nvidia-cuda-runtime==13.0.96",
            "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            2_243_632,
            "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            &[("nvidia/cu13/lib/libcudart.so.13", "torch/lib/libcudart.so.13"), cuda_headers],
        ),
        wheel(
            "nvidia-cuda-cupti==13.0.85",
            "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            10_715_597,
            "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            &[("nvidia/cu13/lib/libcupti.so.13", "torch/lib/libcupti.so.13")],
        ),
        wheel(
            "torch==2.11.0",
            "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
            530_712_279,
            "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
            &torch,
        ),
    ]
}

impl Wheel {
    /// Where the file `name` of this wheel goes below the cache entry; `None` if it is not wanted.
    pub fn destination(&self, name: &str) -> Option<String> {
        // A name that leaves the folder cannot be in a wheel whose hash is right, but costs one line to refuse.
        if name.ends_with('/') || name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return None;
        }
        if let Some((package, licence)) = name.split_once(".dist-info/licenses/") {
            return Some(format!("licences/{package}/{licence}"));
        }
        self.take.iter().find_map(|(from, to)| {
            if from.ends_with('/') {
                return name.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}"));
            }
            (from == name).then(|| to.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wanted_files_and_licences_are_taken() {
        let parts = cpu_parts();
        let [crt, runtime, _, torch] = &parts[..] else { panic!("{} wheels", parts.len()) };
        for (name, expected) in [
            ("torch/include/torch/headeronly/version.h", Some("torch/include/torch/headeronly/version.h")),
            ("torch/lib/libtorch_cpu.so", Some("torch/lib/libtorch_cpu.so")),
            ("torch/lib/libtorch_cuda.so", None),
            ("torch/lib/libtorch_cpu.so.old", None),
            ("torch-2.11.0.dist-info/licenses/NOTICE", Some("licences/torch-2.11.0/NOTICE")),
            ("torch-2.11.0.dist-info/RECORD", None),
            ("torch/include/", None),
            ("torch/include/../../../etc/passwd", None),
        ] {
            assert_eq!(torch.destination(name).as_deref(), expected, "{name}");
        }
        let cudart = runtime.destination("nvidia/cu13/lib/libcudart.so.13");
        assert_eq!(cudart.as_deref(), Some("torch/lib/libcudart.so.13"));
        assert_eq!(runtime.destination("nvidia/cu13/lib/libcudart_static.a"), None);
        for (wheel, header) in [(runtime, "cuda_runtime_api.h"), (crt, "crt/host_config.h")] {
            let path = format!("nvidia/cu13/include/{header}");
            assert_eq!(wheel.destination(&path), Some(path), "beside torch/, where the build script looks");
        }
    }
}

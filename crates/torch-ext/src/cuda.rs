//! The GPUs that libtorch can use. Whether there are any is found when the program runs and not when it is built.
//!
//! libtorch asks once in a process whether its CUDA part is loaded, at the first call that could need it
//! (`tch::manual_seed` is one), and believes the answer for good. So the part is loaded before `main` where a driver is to
//! be found; `tch::Device::cuda_if_available` then tells the truth, whatever was called before it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tch::Cuda;

/// CUDA devices that libtorch can use; 0 without an NVIDIA driver, and with a libtorch that has no CUDA part.
pub fn cuda_devices() -> usize {
    if cuda_library_loaded() && Cuda::is_available() { Cuda::device_count().max(0) as usize } else { 0 }
}

/// Whether libtorch's CUDA part is there. It is loaded from beside the rest, and from nowhere else: one that
/// `LD_LIBRARY_PATH` leads to belongs to another libtorch. The linker leaves it out, because nothing names its symbols: its
/// kernels register themselves when it is loaded.
pub fn cuda_library_loaded() -> bool {
    static LOADED: OnceLock<bool> = OnceLock::new();
    *LOADED.get_or_init(|| {
        let Some(path) = beside_libtorch() else { return false };
        #[allow(unsafe_code, reason = "loading runs the library's initialisers, which libtorch means to be run so")]
        let library = unsafe { libloading::Library::new(path) };
        // Its kernels are registered now: it must stay for as long as the process lives.
        library.map(std::mem::forget).is_ok()
    })
}

/// Where a driver of NVIDIA's shows itself: its devices, and what stands for them in WSL 2.
const DRIVER: [&str; 2] = ["/dev/nvidiactl", "/dev/dxg"];

/// Run by the system before `main`, after the initialisers of libtorch, on which this program depends.
#[cfg(target_os = "linux")]
#[used]
#[allow(unsafe_code, reason = "the section holds functions of this type, which are called with what `main` gets")]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn load_where_there_is_a_driver() {
        if DRIVER.iter().any(|device| Path::new(device).exists()) {
            cuda_library_loaded();
        }
    }
    load_where_there_is_a_driver
};

/// Where the CUDA part would lie: beside the libtorch that this process has loaded, wherever the program was built.
fn beside_libtorch() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    loaded(&maps, "/libtorch_cpu.so").map(|path| path.with_file_name("libtorch_cuda.so"))
}

/// The file of a process's memory map whose path ends in `name`. A line is address, rights, offset, device, inode, path.
fn loaded(maps: &str, name: &str) -> Option<PathBuf> {
    let line = maps.lines().find(|line| line.ends_with(name))?;
    Some(PathBuf::from(line.get(line.find('/')?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_library_is_found_by_its_name() {
        let maps =
            "55d0-55d1 r-xp 00000000 fe:01 12 /bin/a\n7f00-7f01 r--p 00000000 fe:01 34 /a b/lib/libtorch_cpu.so\n";
        assert_eq!(loaded(maps, "/libtorch_cpu.so"), Some("/a b/lib/libtorch_cpu.so".into()));
        assert_eq!(loaded(maps, "/libc10.so"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_loaded_libtorch() {
        assert!(tch::get_num_threads() > 0);
        assert!(beside_libtorch().is_some_and(|path| path.with_file_name("libtorch_cpu.so").is_file()));
    }
}

//! Compiles the C++ side against libtorch's headers: the kernels once per instruction set, the shim around them, and, where
//! CUDA's headers are to be had, the library for CUDA graphs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    println!("cargo:rerun-if-changed=cpp");
    // Set by torch-sys (its `links` key is "tch") for its direct dependents.
    let library = env::var("DEP_TCH_LIBTORCH_LIB").map_err(|_| "torch-sys did not say where libtorch lies")?;
    println!("cargo:rustc-link-arg=-Wl,-rpath,{library}");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" {
        // As DT_RPATH, which comes before LD_LIBRARY_PATH.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
    }
    let is_x86 = target("ARCH") == "x86_64";

    kernels(
        "avx512",
        16,
        32,
        if is_x86 { &["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma"] } else { &[] },
    );
    kernels("avx2", 8, 16, if is_x86 { &["-mavx2", "-mfma"] } else { &[] });
    kernels("plain", 4, if is_x86 { 16 } else { 32 }, &[]);

    let include = PathBuf::from(&library).join("../include");
    let mut shim = cc::Build::new();
    shim.cpp(true).std("c++17").opt_level(2).debug(false).warnings(false);
    shim.include(&include).include(include.join("torch/csrc/api/include"));
    if target("OS") == "linux" {
        // libtorch's parallel_for is a header: without OpenMP it would run on one thread.
        shim.flag("-fopenmp");
    }
    let sources = ["convolve_pool", "linear", "cross_entropy", "head", "update", "modes", "waiting", "shim"];
    shim.files(sources.map(|name| format!("cpp/{name}.cpp")));
    shim.compile("minibatch_shim");
    distributed(&include);
    if target("OS") == "linux" {
        println!("cargo:rustc-link-lib=gomp");
    }
    match cuda_graphs(Path::new(&library), &target("OS")) {
        Ok(built) => println!("cargo:rustc-env=MINIBATCH_CUDA_SHIM={}", built.display()),
        Err(lack) => println!("cargo:rustc-env=MINIBATCH_CUDA_SHIM_LACKS={lack}"),
    }
    Ok(())
}

/// Processes that compute together, on libtorch's c10d. No wheel has gloo's headers: `cpp/gloo_decl` declares what is named of them.
fn distributed(include: &Path) {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(2).debug(false).warnings(false).define("USE_C10D_GLOO", None);
    build.include("cpp/gloo_decl").include(include).include(include.join("torch/csrc/api/include"));
    build.file("cpp/distributed.cpp").compile("minibatch_distributed");
}

/// One table of kernels. Elsewhere than on x86-64 only the plain one is ever asked for.
fn kernels(name: &str, lanes: u32, registers: u32, flags: &[&str]) {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(3).debug(false).flag("-ffp-contract=fast").flag_if_supported("-Wno-psabi");
    for flag in flags {
        build.flag(flag);
    }
    let table = format!("{name}_kernels");
    build.define("TABLE", table.as_str()).define("LANES", lanes.to_string().as_str());
    build.define("REGISTERS", registers.to_string().as_str());
    build.file("cpp/kernels.cpp").compile(&format!("minibatch_{table}"));
}

/// Compiles `cpp/cuda/graph.cpp` to `libminibatch_cuda.so`, which is loaded when the program runs and finds libtorch's CUDA
/// part. A build without CUDA's headers is whole without it; what it lacks is told by the program.
fn cuda_graphs(library: &Path, system: &str) -> Result<PathBuf, String> {
    const NAME: &str = "libminibatch_cuda.so";
    println!("cargo:rerun-if-env-changed=CUDA_HOME");
    // Newer when another libtorch was fetched, perhaps with CUDA's headers.
    let libtorch = library.join("libc10.so");
    if libtorch.exists() {
        println!("cargo:rerun-if-changed={}", libtorch.display());
    }
    if system != "linux" {
        return Err("it is made for Linux alone".to_owned());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not say where to build")?);
    let built = out.join(NAME);
    // target/<profile>, where the programs lie: OUT_DIR is target/<profile>/build/<package>/out.
    let beside_programs = out.ancestors().nth(3).map(|profile| profile.join(NAME));
    // Removed and not written over: a program that runs may have it in memory, and one of another libtorch must not stay.
    beside_programs.iter().for_each(|old| drop(fs::remove_file(old)));
    let headers = cuda_headers(library).ok_or(
        "CUDA's headers were found neither beside libtorch (nvidia/cu13/include) nor in CUDA_HOME or /usr/local/cuda",
    )?;
    let include = library.join("../include");
    let mut compiler = cc::Build::new();
    compiler.cpp(true).std("c++17").opt_level(2).debug(false).warnings(false).pic(true);
    compiler.include(&include).include(include.join("torch/csrc/api/include")).include(&headers);
    let mut command: Command = compiler.try_get_compiler().map_err(|error| error.to_string())?.to_command();
    let output = command.args(["-shared", "cpp/cuda/graph.cpp", "-o"]).arg(&built).output();
    let output = output.map_err(|error| format!("the C++ compiler does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().find(|line| line.contains("error")).unwrap_or("no message").to_owned();
        return Err(format!("it does not compile against {}: {error}", headers.display()));
    }
    if let Some(copy) = beside_programs {
        fs::copy(&built, copy).map_err(|error| format!("it cannot be put beside the programs: {error}"))?;
    }
    Ok(built)
}

/// The folder of CUDA's headers: those that came with libtorch, or a CUDA toolkit's.
fn cuda_headers(library: &Path) -> Option<PathBuf> {
    let beside = library.canonicalize().ok().and_then(|lib| Some(lib.parent()?.parent()?.join("nvidia/cu13/include")));
    let toolkits = env::var_os("CUDA_HOME").map(PathBuf::from).into_iter().chain(["/usr/local/cuda".into()]);
    let folders = beside.into_iter().chain(toolkits.map(|toolkit| toolkit.join("include")));
    let holds = |folder: &PathBuf, name: &str| folder.join(name).exists();
    folders.into_iter().find(|it| holds(it, "cuda_runtime_api.h") && holds(it, "crt/host_config.h"))
}

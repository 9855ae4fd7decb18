//! Compiles the C++ side against libtorch's headers: the kernels once per instruction set, and the shim around them.

use std::env;
use std::path::PathBuf;

#[allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    println!("cargo:rerun-if-changed=cpp");
    // Set by torch-sys (its `links` key is "tch") for its direct dependents.
    let library = env::var("DEP_TCH_LIBTORCH_LIB").map_err(|_| "torch-sys did not say where libtorch lies")?;
    println!("cargo:rustc-link-arg=-Wl,-rpath,{library}");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
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
    let sources = ["convolve_pool", "linear", "cross_entropy", "head", "update", "modes", "shim"];
    shim.files(sources.map(|name| format!("cpp/{name}.cpp")));
    shim.compile("minibatch_shim");
    if target("OS") == "linux" {
        println!("cargo:rustc-link-lib=gomp");
    }
    Ok(())
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

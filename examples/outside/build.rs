//! Puts libtorch's folder on the program's run path. torch-sys tells it to its direct dependents alone.

fn main() {
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}

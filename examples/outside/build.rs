//! Puts libtorch's folder on the program's run path. torch-sys tells it to its direct dependents alone. As DT_RPATH it
//! comes before LD_LIBRARY_PATH, which may name another libtorch.

fn main() {
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
            println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
        }
    }
}

//! Build script shared by the packages that link libtorch: it puts libtorch's folder on the run path of their
//! binaries, tests, benches and examples, so that they start without any environment variable, and with this libtorch
//! whatever `LD_LIBRARY_PATH` names.

#[expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
fn main() {
    // Naming anything here keeps cargo from running this again whenever a file of the package changes.
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    // Set by torch-sys (its `links` key is "tch") for its direct dependents; absent in builds without libtorch.
    let told = std::env::var("DEP_TCH_LIBTORCH_LIB");
    // A package that gets it through another one: the tests of `formats`, where the whole workspace is built.
    let linked = std::env::var("CARGO_MANIFEST_DIR").map(|package| format!("{package}/../../.libtorch/lib"));
    if let Ok(folder) = told.or(linked) {
        let is_linux = std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
        // First in a link beside the program: an installed one has it there.
        let own = if is_linux { "$ORIGIN" } else { "@loader_path" };
        println!("cargo:rustc-link-arg=-Wl,-rpath,{own}/.libtorch/lib");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
        if is_linux {
            // As DT_RPATH, which comes before LD_LIBRARY_PATH, and not as DT_RUNPATH, which comes behind it.
            println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
        }
    }
}

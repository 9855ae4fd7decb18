//! Lets `cargo run` and `cargo test` of programs that depend on this crate find libtorch when they start. Cargo puts the
//! library folders that build scripts name on the loader's path, but only those inside its own target folder: so links
//! to libtorch's files in this script's folder.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Set by torch-sys for the packages that depend on it.
    let (Some(libtorch), Some(out)) = (env::var_os("DEP_TCH_LIBTORCH_LIB"), env::var_os("OUT_DIR")) else {
        return Ok(());
    };
    let folder = Path::new(&out).join("libtorch");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&folder)?,
    }
    for file in fs::read_dir(PathBuf::from(libtorch))? {
        let file = file?;
        symlink(fs::canonicalize(file.path())?, folder.join(file.file_name()))?;
    }
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    Ok(())
}

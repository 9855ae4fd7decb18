//! Cargo, called from the launcher.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Result, bail};

use crate::places;

/// Cargo as it was called, working on this workspace. What the user set for libtorch is left out: it has been linked
/// as `.libtorch` by now, and cargo would otherwise build everything again whenever it changes. So is what the cargo that runs
/// this program said of this program's package: build scripts that look at it (ring's) would run again every time.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(places::workspace()).env_remove("LIBTORCH").env_remove("LIBTORCH_USE_PYTORCH");
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(variable);
        }
    }
    command
}

/// The C++ compiler that the build of libtorch's bindings will call.
///
/// # Errors
/// If there is none; the message says how to get one.
pub fn cxx_compiler() -> Result<std::path::PathBuf> {
    let named = env::var("CXX").ok().filter(|name| !name.trim().is_empty());
    // CXX may hold a wrapper or options after the program.
    let program = named.as_deref().and_then(|name| name.split_whitespace().next()).unwrap_or("c++");
    if let Some(path) = places::on_path(program) {
        return Ok(path);
    }
    match named {
        Some(name) => bail!("CXX is set to {name}, which is not on the PATH: let it name a C++ compiler, or unset it"),
        None => bail!(
            "there is no C++ compiler (c++) on the PATH, and libtorch's bindings need one: install it (Debian, Ubuntu: \
             apt install g++; macOS: xcode-select --install), or let CXX name one"
        ),
    }
}

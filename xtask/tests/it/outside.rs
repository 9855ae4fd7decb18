//! A program outside the workspace that imports `tensor-data` and `optim`: `examples/outside`, copied away from here,
//! built with nothing but LIBTORCH and run without it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Copies the program into `folder` and lets its paths lead back here.
fn copy_program(folder: &Path) {
    let program = workspace().join("examples/outside");
    fs::create_dir_all(folder.join("src")).unwrap();
    for file in ["build.rs", "src/main.rs"] {
        fs::copy(program.join(file), folder.join(file)).unwrap();
    }
    let manifest = fs::read_to_string(program.join("Cargo.toml")).unwrap();
    let crates = workspace().join("crates");
    let moved = manifest.replace("../../crates", crates.to_str().unwrap());
    assert_ne!(manifest, moved, "the program names the crates by path");
    fs::write(folder.join("Cargo.toml"), moved).unwrap();
    // The same versions of everything, without asking the registry.
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

#[test]
fn a_program_outside_the_workspace_links_libtorch_and_learns() {
    let folder = tempfile::tempdir().unwrap();
    copy_program(folder.path());
    // Kept between runs, because torch-sys takes a minute and a half.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let libtorch = fs::canonicalize(workspace().join(".libtorch")).unwrap();

    let cargo = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        // What this test's own cargo has set would reach the program's build as well.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(folder.path())
            .env("CARGO_TARGET_DIR", &target)
            .env("LIBTORCH", &libtorch)
            .env_remove("LIBTORCH_USE_PYTORCH")
            .env_remove("LD_LIBRARY_PATH")
            .output()
            .unwrap()
    };
    let built = cargo(&["build", "--offline"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let ran = Command::new(target.join("debug/outside")).env_clear().current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    // The copy lay in a folder of its own, so that its build is of no use to the next run.
    assert!(cargo(&["clean", "--offline", "-p", "outside"]).status.success());

    let losses: Vec<f64> =
        said.lines().filter_map(|line| line.split_once("loss ")).map(|(_, loss)| loss.parse().unwrap()).collect();
    assert_eq!(losses.len(), 5, "{said}");
    assert!(losses[4] < 0.5 * losses[0], "{said}");
    // ln 4 is the loss of a model that knows nothing; one epoch of 16 steps starts there.
    assert!(losses[0] < 4f64.ln() && losses[0] > 0.1, "{said}");
    assert!(said.contains("test error 0.00 %"), "{said}");
}

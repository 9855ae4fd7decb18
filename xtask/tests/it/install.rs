//! An installed program, called from a folder that has nothing to do with the clone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A machine with an installation and an empty folder to work in.
struct Installed {
    root: TempDir,
    program: PathBuf,
}

impl Installed {
    fn new() -> Installed {
        let root = tempfile::tempdir().unwrap();
        let libtorch = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.libtorch");
        let [launcher, runner] = [env!("CARGO_BIN_EXE_xtask"), env!("CARGO_BIN_EXE_minibatch")].map(Path::new);
        let program = xtask::install::place(launcher, runner, &libtorch, &root.path().join("prefix")).unwrap();
        for folder in ["work", "home"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Installed { root, program }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn run(&self, words: &str) -> Output {
        let mut command = Command::new(&self.program);
        command.args(words.split_whitespace()).current_dir(self.path("work")).stdin(Stdio::null());
        command.env_clear().env("HOME", self.path("home")).env("PATH", "/usr/bin:/bin").env("OMP_NUM_THREADS", "1");
        // The dynamic linker tells where it finds each library.
        command.env("LD_DEBUG", "libs").env("LD_DEBUG_OUTPUT", self.path("linked"));
        command.output().unwrap()
    }

    /// What it prints on standard output; it must succeed.
    fn good(&self, words: &str) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn it_trains_and_evaluates_and_predicts_in_any_folder() {
    let installed = Installed::new();
    let said = installed.good("train softmax --dataset glyphs --epochs 1 --device cpu");
    assert!(said.contains("minibatch eval runs/softmax-") && !said.contains("cargo xtask"), "{said}");
    let runs: Vec<_> = fs::read_dir(installed.path("work/runs")).unwrap().map(|it| it.unwrap().file_name()).collect();
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    let run = format!("runs/{}", run.to_str().unwrap());
    assert!(installed.path("work").join(&run).join("summary.json").is_file());

    let result: serde_json::Value = serde_json::from_str(&installed.good(&format!("eval {run} --json"))).unwrap();
    assert!(result["error"].as_f64().is_some_and(|error| error < 0.5), "{result}");

    let digit =
        image::GrayImage::from_fn(28, 28, |x, y| image::Luma([u8::from(x == 14 && (4..24).contains(&y)) * 255]));
    digit.save(installed.path("work/one.png")).unwrap();
    let told = installed.good(&format!("predict {run} one.png"));
    assert!(told.contains("one.png"), "{told}");
}

#[test]
#[cfg(target_os = "linux")]
fn it_loads_the_libtorch_of_its_own_installation() {
    let installed = Installed::new();
    installed.good("probe --json");
    let entries = fs::read_dir(installed.root.path()).unwrap().map(|entry| entry.unwrap().path());
    let linked =
        entries.filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"linked.")));
    let told: String = linked.map(|path| fs::read_to_string(path).unwrap()).collect();
    let loaded = |line: &&str| line.contains("calling init") && line.contains("/libtorch_cpu.so");
    // The launcher of the tests links libtorch, too; the runner takes its place and comes last.
    let line = told.lines().rfind(loaded).unwrap_or_else(|| panic!("{told}"));
    assert!(line.contains("prefix/lib/minibatch/.libtorch/lib/"), "{line}");
}

#[test]
fn it_has_its_own_name_and_knows_what_needs_a_clone() {
    let installed = Installed::new();
    let help = installed.good("--help");
    assert!(help.contains("Usage: minibatch") && !help.contains("cargo xtask"), "{help}");
    for name in ["bench", "test", "install"] {
        let output = installed.run(name);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let line =
            format!("error: `{name}` works in a clone of the repository alone: run `cargo xtask {name}` there\n");
        assert_eq!(said, line);
    }
    let unknown = installed.run("train no-such-recipe");
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{said}");
    assert!(
        said.contains("built in are fashion, lenet, mlp, photos, photos-scratch, softmax, tutorial-lenet"),
        "{said}"
    );
}

#[test]
fn another_program_of_that_name_is_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let other = root.path().join("bin/minibatch");
    fs::create_dir(root.path().join("bin")).unwrap();
    fs::write(&other, "other").unwrap();
    let here = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let error = xtask::install::place(here, here, root.path(), root.path()).unwrap_err().to_string();
    assert!(error.contains("is another program") && error.contains("--root"), "{error}");
    assert_eq!(fs::read(&other).unwrap(), b"other");
}

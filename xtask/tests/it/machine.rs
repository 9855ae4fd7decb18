//! A machine in a temporary folder: a workspace, a home, and a PATH that holds nothing but what a test puts there.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use libtorch::wheels::Wheel;
use sha2::{Digest, Sha256};

/// The version that a good libtorch has.
pub const VERSION: &str = "2.11.0";

/// A machine to try things on.
pub struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    /// A workspace and a home, both empty; a shell and the few tools that fake programs need, and no Python.
    pub fn new() -> Self {
        let machine = Machine { root: tempfile::tempdir().unwrap() };
        for folder in ["ws/xtask", "bin", "cache"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        for tool in ["sh", "cp", "sleep", "cat", "kill", "mkdir"] {
            let real = ["/bin", "/usr/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
            if let Some(real) = real {
                symlink(real, machine.path("bin").join(tool)).unwrap();
            }
        }
        machine
    }

    /// A path on this machine.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    /// A program on its PATH, as a shell script.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A `python3` without torch whose `pip download` or `pip install` runs `pip_script`, in which `$into` is the
    /// folder that gets the files. Every such call is counted.
    pub fn python(&self, pip_script: &str) -> PathBuf {
        let calls = self.path("calls");
        let script = format!(
            r#"if [ "$1" = -c ]; then echo; exit 0; fi
if [ "$3" = --version ]; then echo "pip 23.0 (fake)"; exit 0; fi
echo "$@" >> {}
into=
while [ $# -gt 0 ]; do
  case "$1" in -d|--target) into="$2" ;; -r) wanted=$(cat "$2") ;; esac
  shift
done
{pip_script}"#,
            calls.display()
        );
        self.program("python3", &script)
    }

    /// How often pip was asked to fetch something.
    pub fn pip_calls(&self) -> usize {
        fs::read_to_string(self.path("calls")).unwrap_or_default().lines().count()
    }

    /// The launcher, run on this machine.
    pub fn xtask(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(args)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("CARGO_MANIFEST_DIR", self.path("ws/xtask"))
            .current_dir(self.path("ws"));
        command
    }

    /// Runs the launcher, which must exit with `status`; gives back what it wrote to standard error.
    pub fn expect(&self, args: &[&str], status: i32) -> String {
        let output = self.xtask(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        said
    }

    /// Where `.libtorch` of the workspace leads.
    pub fn linked_to(&self) -> Option<PathBuf> {
        fs::read_link(self.path("ws/.libtorch")).ok()
    }

    /// The folder `cache/minibatch`, which the launcher uses.
    pub fn cache(&self) -> PathBuf {
        self.path("cache/minibatch")
    }
}

/// A folder that looks like libtorch of this version.
pub fn libtorch(folder: &Path, version: &str) {
    for (path, content) in libtorch_files(version) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn libtorch_files(version: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = version.split('.').collect();
    let names = ["MAJOR", "MINOR", "PATCH"].iter().zip(parts);
    let header = names.map(|(name, part)| format!("#define TORCH_VERSION_{name} {part}\n")).collect();
    let dll = std::env::consts::DLL_EXTENSION;
    vec![
        ("include/torch/headeronly/version.h".to_owned(), header),
        (format!("lib/libtorch_cpu.{dll}"), "the code of libtorch".to_owned()),
        (format!("lib/libc10.{dll}"), "more code".to_owned()),
    ]
}

/// Two small wheels in `shelf` that together make a libtorch of this version, pinned as the real ones are.
pub fn wheels(shelf: &Path, version: &str) -> Vec<Wheel> {
    let files = libtorch_files(version);
    let torch: Vec<_> = files.into_iter().map(|(path, text)| (format!("torch/{path}"), text)).collect();
    let licence = ("small-1.0.dist-info/licenses/LICENSE".to_owned(), "do as you like".to_owned());
    let extra = [("nvidia/lib/libcudart.so.13".to_owned(), "cuda code".to_owned()), licence];
    let unwanted = ("torch/lib/libtorch_python.so".to_owned(), "not wanted".to_owned());
    let torch: Vec<_> = torch.into_iter().chain([unwanted]).collect();
    let all_but_python = ["torch/include/", "torch/lib/libtorch_cpu.", "torch/lib/libc10."];
    let take = torch.iter().filter(|(path, _)| all_but_python.iter().any(|start| path.starts_with(start)));
    let take = take.map(|(path, _)| (path.clone(), path.clone())).collect();
    let cudart = ("nvidia/lib/libcudart.so.13".to_owned(), "torch/lib/libcudart.so.13".to_owned());
    vec![wheel(shelf, "small", &extra, vec![cudart]), wheel(shelf, "torch", &torch, take)]
}

fn wheel(shelf: &Path, name: &str, files: &[(String, String)], take: Vec<(String, String)>) -> Wheel {
    let file = format!("{name}-1.0.whl");
    fs::create_dir_all(shelf).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(shelf.join(&file)).unwrap());
    for (path, content) in files {
        archive.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let bytes = fs::read(shelf.join(&file)).unwrap();
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Wheel { requirement: format!("{name}==1.0"), file, bytes: bytes.len() as u64, sha256, take }
}

//! Pythons on the PATH: whether they have a torch, and their pip.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;
use crate::inspect::VERSION;
use crate::search::PythonTorch;

/// Finds the package without importing it, which would take seconds; the current folder is left out, because a
/// folder called `torch` in it is no package.
const WHERE_IS_TORCH: &str = "\
import sys
sys.path[:] = [p for p in sys.path if p]
from importlib.util import find_spec
spec = find_spec('torch')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')";

/// Those of `pythons` that have a torch of any version.
pub fn with_torch(pythons: &[PathBuf]) -> Vec<PythonTorch> {
    let torch_of = |python: &PathBuf| {
        let output = Command::new(python).args(["-c", WHERE_IS_TORCH]).stdin(Stdio::null()).output().ok()?;
        let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        (output.status.success() && folder.is_dir()).then(|| PythonTorch { python: python.clone(), folder })
    };
    pythons.iter().filter_map(torch_of).collect()
}

/// A pip that starts.
#[derive(Clone, Debug)]
pub struct Pip {
    python: PathBuf,
    /// What it says of itself, such as `pip 23.0.1 from ... (python 3.11)`.
    pub about: String,
}

impl Pip {
    /// The pip of the first of `pythons` that has one; they are those on the PATH.
    ///
    /// # Errors
    /// If there is no Python or none has pip; the message says how to get it.
    pub fn find(pythons: &[PathBuf]) -> Result<Pip, Error> {
        if pythons.is_empty() {
            return Err(Error::Unusable(format!(
                "there is no python3 on the PATH, whose pip would fetch libtorch {VERSION}: install it (Debian, \
                 Ubuntu: apt install python3-pip), or let LIBTORCH name a libtorch that is already there"
            )));
        }
        pythons.iter().find_map(|python| Pip::of(python)).ok_or_else(|| {
            let first = pythons.first().map(|p| p.display().to_string()).unwrap_or_default();
            Error::Unusable(format!(
                "{first} has no pip, which would fetch libtorch {VERSION}: install it (Debian, Ubuntu: apt install \
                 python3-pip; elsewhere: {first} -m ensurepip), or let LIBTORCH name a libtorch that is already there"
            ))
        })
    }

    /// The pip of this Python, if it has one that starts.
    pub fn of(python: &Path) -> Option<Pip> {
        let output = Command::new(python).args(["-m", "pip", "--version"]).stdin(Stdio::null()).output().ok()?;
        let about = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then(|| Pip { python: python.to_path_buf(), about })
    }

    /// Runs `pip ARGS` with its temporary files in `scratch`, where they can be watched, count against the right
    /// disk and are removed with the rest; calls `watch` ten times a second meanwhile.
    ///
    /// # Errors
    /// If pip does not start or fails; the message holds what pip said last and what to do.
    pub fn run(&self, args: &[String], scratch: &Path, watch: &mut dyn FnMut()) -> Result<(), Error> {
        fs::create_dir_all(scratch).map_err(Error::io("create", scratch))?;
        let log = scratch.join("pip.log");
        let output = File::create(&log).map_err(Error::io("create", &log))?;
        let mut child = Command::new(&self.python)
            .args(["-m", "pip"])
            .args(args)
            .args(["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"])
            .env("TMPDIR", scratch)
            .env("PIP_USER", "0")
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(Error::io("write", &log))?)
            .stderr(output)
            .spawn()
            .map_err(Error::io("start", &self.python))?;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(Error::io("wait for", &self.python))? {
                break status;
            }
            watch();
            std::thread::sleep(Duration::from_millis(100));
        };
        if !status.success() {
            let said = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
            return Err(Error::Unusable(explain(&said, &status.to_string())));
        }
        Ok(())
    }
}

/// Turns what pip said into one message: what failed, pip's own last word, how to mend it.
fn explain(said: &str, status: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let last = lines().rfind(|l| l.starts_with("ERROR:")).or_else(|| lines().next_back()).unwrap_or("nothing");
    let holds = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if holds(&["DO NOT MATCH THE HASHES"]) {
        let details: Vec<_> = lines().filter(|l| l.starts_with("Expected sha256") || l.starts_with("Got")).collect();
        return format!(
            "what pip got is not the published file ({}): nothing of it was kept. Try again, or another index \
             (pip config set global.index-url URL)",
            details.join(", ")
        );
    }
    if holds(&["No space left on device", "Errno 28"]) {
        return format!("the disk is full (pip: {last}): free some space and try again");
    }
    let network = ["Retrying (", "Connection", "timed out", "ProxyError", "SSLError", "name resolution", "getaddrinfo"];
    if holds(&network) {
        let reason = lines().rfind(|line| network.iter().any(|word| line.contains(word))).unwrap_or_default();
        return format!(
            "pip does not reach its package index: no network? (pip: {last}; {reason}). Mend the connection and try \
             again, or let LIBTORCH name a libtorch {VERSION} that is already there"
        );
    }
    format!("pip failed, {status} (pip: {last})")
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[test]
    fn what_pip_said_becomes_one_message_with_a_remedy() {
        let unreachable = "\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(\"[Errno 101]\")'
ERROR: Could not find a version that satisfies the requirement torch==2.11.0 (from versions: none)
ERROR: No matching distribution found for torch==2.11.0";
        let changed = "\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated
    torch==2.11.0 from file:///torch.whl:
        Expected sha256 aaaa
             Got        bbbb
";
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
        let unknown = "ERROR: No matching distribution found for torch==2.11.0\n\n";
        for (said, expected) in [
            (unreachable, ["no network?", "No matching distribution found for torch==2.11.0"]),
            (changed, ["Expected sha256 aaaa", "nothing of it was kept"]),
            (full, ["the disk is full", "Errno 28"]),
            (unknown, ["exit status: 1", "No matching distribution"]),
            ("", ["exit status: 1", "nothing"]),
        ] {
            let message = explain(said, "exit status: 1");
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
        }
    }
}

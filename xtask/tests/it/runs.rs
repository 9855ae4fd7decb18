//! What the tests of training share: a temporary folder with small pictures, recipes, and the runner to use on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use tensor_data::{Samples, glyphs, idx};

/// A network with dropout, momentum, shifts and shuffling, so that nothing that a run depends on is left out; it saves
/// at every validation. 50 minibatches an epoch.
pub const RECIPE: &str = r#"
epochs = 40
learning_rate = 0.05
data = { set = "mnist", validation = 200 }
minibatch = { size = 20, shift = 1 }
model = { kind = "mlp", hidden = [16], activation = "relu", dropout = 0.2 }
optimizer = { kind = "sgd", momentum = 0.9 }
schedule = { kind = "one-cycle" }
checkpoint = { seconds = 0 }
"#;

/// How long to wait for what must happen; generous, because the machine may be busy.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// A folder of its own for a test, with pictures under `data/mnist/`.
pub struct Place {
    root: tempfile::TempDir,
}

/// What a finished process left.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Place {
    /// 1,200 pictures to train and validate with, 300 to test.
    pub fn new() -> Place {
        let place = Place { root: tempfile::tempdir().unwrap() };
        place.pictures("data/mnist", &glyphs::draw(1200, 1).unwrap(), &glyphs::draw(300, 2).unwrap());
        fs::create_dir_all(place.path("ws/xtask")).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes the four files of a data set into a folder.
    pub fn pictures(&self, folder: &str, train: &Samples, test: &Samples) {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        for (prefix, samples) in [("train", train), ("t10k", test)] {
            let images = folder.join(format!("{prefix}-images-idx3-ubyte"));
            idx::write_samples(samples, &images, &folder.join(format!("{prefix}-labels-idx1-ubyte"))).unwrap();
        }
    }

    /// Writes a recipe and gives its path.
    pub fn recipe(&self, name: &str, text: &str) -> String {
        let path = self.path(&format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The runner with one thread, no network, and this place as its workspace; in `words`, `{}` stands for the place.
    pub fn minibatch(&self, words: &str) -> Command {
        let here = self.root.path().display().to_string();
        let mut command = self.alone(env!("CARGO_BIN_EXE_minibatch"));
        command.args(words.split_whitespace().map(|word| word.replace("{}", &here)));
        command
    }

    /// A program in the environment of [`Place::minibatch`].
    pub fn alone(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("OMP_NUM_THREADS", "1")
            .env("RUST_BACKTRACE", "1")
            .env("MINIBATCH_DATA", self.path("data"))
            .env("CARGO_MANIFEST_DIR", self.path("ws/xtask"))
            .env("ALL_PROXY", "http://127.0.0.1:9")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .stdin(Stdio::null());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(&self, words: &str) -> Done {
        finish(&mut self.minibatch(words))
    }

    /// Runs it, which must succeed.
    pub fn good(&self, words: &str) -> Done {
        let done = self.run(words);
        assert_eq!(done.status, Some(0), "{words}: {done:?}");
        done
    }

    /// Starts it.
    pub fn spawn(&self, words: &str) -> Child {
        let mut command = self.minibatch(words);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.bytes(name)).unwrap()
    }

    /// Two runs ended with the same parameters, the same table and the same figures.
    pub fn assert_same_run(&self, one: &str, other: &str) {
        for file in [
            "metrics.csv",
            "steps.csv",
            "best/model.safetensors",
            "last/model.safetensors",
            "last/optimizer.safetensors",
        ] {
            let [one, other] = [one, other].map(|run| self.bytes(&format!("{run}/{file}")));
            assert!(one == other, "{file} differs");
        }
        let [one, other] = [one, other].map(|run| self.json(&format!("{run}/summary.json")));
        for key in ["test_error", "test_loss", "best_validation_error", "iterations", "stopped_by"] {
            assert_eq!(one[key], other[key], "{key}");
        }
    }

    /// Every file under a folder with its bytes and the time it was last changed.
    pub fn state(&self, folder: &str) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let mut state = BTreeMap::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let changed = fs::metadata(&path).unwrap().modified().unwrap();
                    state.insert(path.clone(), (fs::read(&path).unwrap(), changed));
                }
            }
        }
        state
    }

    /// A copy of a run.
    pub fn copy(&self, from: &str, to: &str) {
        let status = Command::new("cp").arg("-r").args([self.path(from), self.path(to)]).status();
        assert!(status.unwrap().success());
    }
}

/// Runs a command to its end. Whatever happens, no panic and no backtrace of libtorch may reach the user.
pub fn finish(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    let done = Done {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    for sign in ["panicked", "stack backtrace", "c10::", "frame #", "at::native", "Exception raised from"] {
        assert!(!done.err.contains(sign) && !done.out.contains(sign), "{sign}: {done:?}");
    }
    done
}

/// Waits until something holds, while the process lives.
pub fn wait_until(child: &mut Child, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(child.try_wait().unwrap().is_none(), "the process ended before its time");
        assert!(start.elapsed() < LONGEST_WAIT, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal by its name.
pub fn signal(child: &Child, name: &str) {
    let word = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &word]).status().unwrap().success());
}

/// Rows of a run's `metrics.csv`, 0 as long as there is none.
pub fn rows(run: &Path) -> usize {
    let text = fs::read_to_string(run.join("metrics.csv")).unwrap_or_default();
    text.lines().count().saturating_sub(1)
}

/// A Python that has these modules, separated by commas; where there is none, the test says that it is skipped.
pub fn python_with(modules: &str) -> Option<String> {
    let python = std::env::var("MINIBATCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    let has_them = import.is_ok_and(|output| output.status.success());
    if !has_them {
        eprintln!("SKIPPED: {python} has no {modules}; name one that has in MINIBATCH_PYTHON");
    }
    has_them.then_some(python)
}

//! Programs outside the workspace: the folders of `examples/`, copied away from here, built with nothing but LIBTORCH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const PROGRAMS: [&str; 5] = ["outside", "lenet", "own-net", "own-data", "embed"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// All programs, built once for all tests, in a workspace of their own.
struct Built {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Built {
    fn get() -> &'static Built {
        static BUILT: OnceLock<Built> = OnceLock::new();
        BUILT.get_or_init(|| {
            // Kept between runs, because torch-sys takes a minute and a half.
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
            let built = Built { folder: tempfile::tempdir().unwrap(), target };
            PROGRAMS.iter().for_each(|name| built.copy(name));
            // As the programs' own manifests have it.
            let profile = "[profile.dev]\nopt-level = 3\n[profile.dev.build-override]\nopt-level = 0\n\
                           [profile.dev.package.torch-sys]\nopt-level = 0\ndebug = false\n";
            let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {PROGRAMS:?}\n{profile}");
            fs::write(built.folder.path().join("Cargo.toml"), manifest).unwrap();
            // The same versions of everything, without asking the registry.
            fs::copy(workspace().join("Cargo.lock"), built.folder.path().join("Cargo.lock")).unwrap();
            let done = built.cargo(&["build", "--offline", "--workspace"]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            built
        })
    }

    /// Copies a program and lets its paths lead back here.
    fn copy(&self, name: &str) {
        let (from, to) = (workspace().join("examples").join(name), self.folder.path().join(name));
        fs::create_dir_all(to.join("src")).unwrap();
        for file in ["build.rs", "src/main.rs"].into_iter().filter(|file| from.join(file).exists()) {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
        let manifest = fs::read_to_string(from.join("Cargo.toml")).unwrap();
        let crates = workspace().join("crates");
        let moved = manifest.replace("../../crates", crates.to_str().unwrap()).replace("[workspace]\n", "");
        assert_ne!(manifest, moved, "the program names the crates by path");
        fs::write(to.join("Cargo.toml"), moved).unwrap();
    }

    fn cargo(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO"));
        // What this test's own cargo has set would reach the programs' build as well.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", &self.target)
            // Built once and never debugged: a third of the disk space does.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("LIBTORCH", fs::canonicalize(workspace().join(".libtorch")).unwrap())
            .env_remove("LIBTORCH_USE_PYTORCH")
            .env_remove("LD_LIBRARY_PATH")
            .output()
            .unwrap()
    }

    /// What a program printed that cargo started; it has no build script of its own.
    fn run(&self, name: &str, args: &[&str]) -> String {
        assert!(!self.folder.path().join(name).join("build.rs").exists());
        said(self.cargo(&[&["run", "--offline", "-q", "-p", name, "--"], args].concat()))
    }
}

fn said(done: Output) -> String {
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// The number behind a word, at its last place in a text.
fn number(said: &str, word: &str) -> f64 {
    let (_, rest) = said.rsplit_once(word).unwrap_or_else(|| panic!("no \"{word}\" in {said}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

/// With the five lines of a build script it runs without cargo, in an empty environment.
#[test]
fn a_program_of_single_crates_runs_by_itself() {
    let built = Built::get();
    let program = built.target.join("debug/outside");
    let said = said(Command::new(program).env_clear().current_dir(built.folder.path()).output().unwrap());
    let losses: Vec<f64> =
        said.lines().filter_map(|line| line.split_once("loss ")).map(|(_, loss)| loss.parse().unwrap()).collect();
    assert_eq!(losses.len(), 5, "{said}");
    assert!(losses[4] < 0.5 * losses[0], "{said}");
    // ln 4 is the loss of a model that knows nothing; one epoch of 16 steps starts there.
    assert!(losses[0] < 4f64.ln() && losses[0] > 0.1, "{said}");
    assert!(said.contains("test error 0.00 %"), "{said}");
}

#[test]
fn the_lenet_program_learns_mnist() {
    let text = fs::read_to_string(workspace().join("examples/lenet/src/main.rs")).unwrap();
    assert!(text.lines().count() <= 40, "it is to be read at a glance");
    let data = std::env::var_os("MINIBATCH_DATA").map(|root| PathBuf::from(root).join("mnist"));
    let Some(data) = data.filter(|folder| folder.is_dir()) else {
        eprintln!("SKIPPED: there is no MNIST in $MINIBATCH_DATA/mnist");
        return;
    };
    let said = Built::get().run("lenet", &[data.to_str().unwrap()]);
    assert!(said.contains("epoch 1/1"), "{said}");
    // One epoch leaves some three percent wrong; a network that learns nothing has ninety.
    assert!(number(&said, "test error ") < 5.0, "{said}");
}

#[test]
fn networks_of_ones_own_learn() {
    let said = Built::get().run("own-net", &[]);
    for name in ["small-resnet", "written"] {
        assert!(number(&said, &format!("{name}: test error ")) < 20.0, "{said}");
    }
}

#[test]
fn arrays_in_memory_become_a_saved_model() {
    let built = Built::get();
    let run = built.folder.path().join("run");
    let said = built.run("own-data", &[run.to_str().unwrap()]);
    assert!(said.contains("100 of 100 test pictures right"), "{said}");
    assert!(run.join("best/model.safetensors").is_file() && run.join("last/manifest.json").is_file());
}

/// A run of `own-data`, whose class is the number of the bright corner, answers for picture files.
#[test]
fn a_trained_model_is_embedded() {
    let built = Built::get();
    let text = fs::read_to_string(workspace().join("examples/embed/src/main.rs")).unwrap();
    assert!(text.lines().count() <= 30, "it is to be read at a glance");
    let folder = built.folder.path().join("embedded");
    let run = folder.join("run");
    fs::create_dir(&folder).unwrap();
    built.run("own-data", &[run.to_str().unwrap()]);
    for class in 0..4u32 {
        let bright = |x: u32, y: u32| y / 4 * 2 + x / 4 == class;
        let picture = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([if bright(x, y) { 180 } else { 30 }]));
        let file = folder.join(format!("{class}.png"));
        picture.save(&file).unwrap();
        let said = built.run("embed", &[run.to_str().unwrap(), file.to_str().unwrap()]);
        let answer = said.trim().strip_prefix(&format!("{}: ", file.display())).unwrap();
        assert_eq!(answer.split(' ').next(), Some(class.to_string().as_str()), "{said}");
        assert!(number(&said, &format!(": {class} ")) > 0.25, "more than chance: {said}");
    }
    let broken = folder.join("broken.png");
    fs::write(&broken, "no picture").unwrap();
    let said = built.run("embed", &[run.to_str().unwrap(), broken.to_str().unwrap()]);
    assert!(said.contains("broken.png") && !said.contains("0."), "{said}");
}

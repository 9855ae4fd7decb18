//! The launcher as users meet it on machines that lack something: one message, what to do about it, exit status 1.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::machine::{Machine, VERSION, libtorch};
use libtorch::inspect::Kind;
use libtorch::manifest::{MANIFEST, Manifest};

/// One message of one line, which names the problem and the remedy.
fn assert_says(said: &str, parts: &[&str]) {
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// A cache entry as a fetch leaves it.
fn cache_entry(machine: &Machine, kind: Kind) -> std::path::PathBuf {
    let entry = machine.cache().join(format!("libtorch-2.11.0-{}", kind.name()));
    libtorch(&entry.join("torch"), VERSION);
    let manifest = Manifest::of(&entry, kind).unwrap();
    fs::write(entry.join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
    entry
}

#[test]
fn without_python_it_says_what_to_install() {
    let said = Machine::new().expect(&["setup"], 1);
    assert_says(&said, &["no python3 on the PATH", "apt install python3-pip", "LIBTORCH"]);
}

#[test]
fn without_pip_it_says_what_to_install() {
    let machine = Machine::new();
    machine.program("python3", r#"[ "$1" = -c ] && exit 0; echo "No module named pip" >&2; exit 1"#);
    assert_says(&machine.expect(&["setup"], 1), &["has no pip", "apt install python3-pip"]);
}

#[test]
fn without_network_it_repeats_the_last_word_of_pip() {
    let machine = Machine::new();
    machine.python(
        r#"echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'" >&2
echo "ERROR: No matching distribution found for nvidia-cuda-runtime==13.0.96" >&2
exit 1"#,
    );
    let said = machine.expect(&["setup", "--cpu"], 1);
    assert_says(&said, &["no network?", "No matching distribution found", "try again"]);
    assert_eq!(machine.linked_to(), None);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_wheel_with_another_hash_is_not_used() {
    let machine = Machine::new();
    machine.python(
        r#"echo other > "$into/nvidia_cuda_crt-13.0.88-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl""#,
    );
    assert_says(&machine.expect(&["setup", "--cpu"], 1), &["nvidia_cuda_crt-13.0.88", "not the published one"]);
    assert!(!machine.cache().join("libtorch-2.11.0-cpu").exists());
}

#[test]
fn a_launcher_killed_while_fetching_leaves_no_entry() {
    let machine = Machine::new();
    machine.python(r#"echo half > "$into/half.whl"; sleep 3"#);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let mut child = command
        .args(["setup", "--cpu"])
        .env_clear()
        .env("PATH", machine.path("bin"))
        .env("XDG_CACHE_HOME", machine.path("cache"))
        .env("HOME", machine.path("home"))
        .env("CARGO_MANIFEST_DIR", machine.path("ws/xtask"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while machine.pip_calls() == 0 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(machine.pip_calls(), 1);
    assert!(!machine.cache().join("libtorch-2.11.0-cpu").exists());
    assert_eq!(machine.linked_to(), None);
}

#[test]
fn libtorch_in_the_environment_is_linked_and_said() {
    let machine = Machine::new();
    let own = machine.path("own");
    libtorch(&own, VERSION);
    cache_entry(&machine, Kind::Cpu);
    let output = machine.xtask(&["setup", "--print"]).env("LIBTORCH", &own).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), fs::canonicalize(&own).unwrap().to_str().unwrap());
    assert!(String::from_utf8(output.stderr).unwrap().contains("from LIBTORCH"));
    assert_eq!(machine.linked_to().as_deref(), Some(own.as_path()));
}

#[test]
fn a_wrong_version_in_the_environment_is_refused_and_the_link_left_alone() {
    let machine = Machine::new();
    let own = machine.path("own");
    libtorch(&own, "2.6.0");
    let output = machine.xtask(&["setup"]).env("LIBTORCH", &own).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_says(&said, &["found libtorch 2.6.0 at", own.to_str().unwrap(), "need 2.11.0", "unset it"]);
    assert_eq!(machine.linked_to(), None);
}

#[test]
fn the_torch_of_a_python_is_linked_where_it_lies() {
    let machine = Machine::new();
    let torch = machine.path("site-packages/torch");
    libtorch(&torch, VERSION);
    machine.program("python3", &format!("echo {}", torch.display()));
    assert!(machine.expect(&["setup"], 0).contains("python3"));
    assert_eq!(machine.linked_to(), Some(torch));
}

#[test]
fn the_cache_serves_a_second_clone_and_a_good_link_needs_no_python() {
    let machine = Machine::new();
    let entry = cache_entry(&machine, Kind::Cpu);
    assert!(machine.expect(&["setup"], 0).contains("the cache"));
    assert_eq!(machine.linked_to(), Some(entry.join("torch")));
    machine.program("python3", &format!("echo started >> {}", machine.path("started").display()));
    machine.expect(&["setup"], 0);
    assert!(!machine.path("started").exists(), "Python was started although the link is good");
}

#[test]
fn damage_of_the_same_size_in_the_cache_is_found_by_setup() {
    let machine = Machine::new();
    let entry = cache_entry(&machine, Kind::Cpu);
    machine.expect(&["setup"], 0);
    fs::write(entry.join(format!("torch/lib/libc10.{}", std::env::consts::DLL_EXTENSION)), "edoc erom").unwrap();
    // Fetching again is what it tries next; there is no Python here.
    let said = machine.expect(&["setup"], 1);
    assert!(said.contains("is damaged") && said.contains("no python3"), "{said}");
}

#[test]
fn something_else_in_the_place_of_the_link_is_never_removed() {
    let machine = Machine::new();
    cache_entry(&machine, Kind::Cpu);
    fs::create_dir(machine.path("ws/.libtorch")).unwrap();
    assert_says(&machine.expect(&["setup"], 1), &["is in the way", "Move it away"]);
    assert!(machine.path("ws/.libtorch").is_dir());
}

#[test]
fn without_a_compiler_training_says_so_before_anything_is_built() {
    let machine = Machine::new();
    cache_entry(&machine, Kind::Cpu);
    // A launcher without a runner beside it, as in a new clone.
    let alone = machine.path("xtask");
    fs::copy(env!("CARGO_BIN_EXE_xtask"), &alone).unwrap();
    let run = |cxx: &str| {
        let output = std::process::Command::new(&alone)
            .args(["train", "lenet"])
            .env_clear()
            .env("PATH", machine.path("bin"))
            .env("XDG_CACHE_HOME", machine.path("cache"))
            .env("CARGO_MANIFEST_DIR", machine.path("ws/xtask"))
            .env("HOME", machine.path("home"))
            .env("CXX", cxx)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_says(&run(""), &["no C++ compiler", "apt install g++"]);
    assert_says(&run("my-c++ -O2"), &["CXX is set to my-c++ -O2"]);
}

#[test]
fn doctor_finds_fault_with_a_bare_machine_and_says_how_to_mend_it() {
    let machine = Machine::new();
    let output = machine.xtask(&["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["can_train"], false);
    for name in ["C++ compiler", "Python", "libtorch"] {
        let found = report["found"].as_array().unwrap();
        let line = found.iter().find(|line| line["name"] == name).unwrap();
        assert_eq!(line["state"], "bad", "{name}");
        assert!(line["mend"].as_str().is_some_and(|mend| !mend.is_empty()), "{name}");
    }
    assert!(!machine.path("ws/.libtorch").exists() && !machine.cache().exists(), "doctor changes nothing");
}

/// A runner that the dynamic linker cannot start beside a preloaded libtorch: a new build would not mend that.
#[test]
fn doctor_says_when_the_environment_stops_the_runner() {
    let machine = Machine::new();
    let alone = machine.path("bin/xtask");
    fs::copy(env!("CARGO_BIN_EXE_xtask"), &alone).unwrap();
    let lost = r#"[ -n "$LD_LIBRARY_PATH" ] && { echo "minibatch: symbol lookup error: undefined symbol: at" >&2; exit 127; }"#;
    machine.program("minibatch", &format!("{lost}\necho '{{}}'"));
    let other = machine.path("other");
    libtorch(&other, VERSION);
    let examine = |folder: &Path| {
        let mut command = std::process::Command::new(&alone);
        command.args(["doctor", "--json"]).env_clear().env("HOME", machine.path("home"));
        command.env("PATH", machine.path("bin")).env("CARGO_MANIFEST_DIR", machine.path("ws/xtask"));
        let output = command.env("LD_LIBRARY_PATH", folder).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = report["found"].as_array().unwrap();
        ["runner", "libraries"].map(|name| found.iter().find(|line| line["name"] == name).cloned())
    };
    let [runner, libraries] = examine(&other.join("lib"));
    let runner = runner.unwrap();
    assert_eq!(runner["state"], "bad", "{runner}");
    assert!(runner["found"].as_str().unwrap().contains("undefined symbol: at"), "{runner}");
    assert!(runner["mend"].as_str().unwrap().contains("starts without LD_LIBRARY_PATH"), "{runner}");
    let file = other.join("lib/libtorch_cpu.so").display().to_string();
    assert!(libraries.unwrap()["found"].as_str().unwrap().contains(&file), "the file is named");
    let [runner, libraries] = examine(Path::new(""));
    assert_eq!((&runner.unwrap()["state"], libraries), (&"good".into(), None));
}

#[test]
fn data_sets_are_listed_with_what_their_folder_lacks() {
    let machine = Machine::new();
    let mnist = machine.path("sets/mnist");
    fs::create_dir_all(&mnist).unwrap();
    for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"] {
        fs::write(mnist.join(name), "").unwrap();
    }
    let list = |name: &str| {
        let output = machine.xtask(&["data", "--json"]).env("MINIBATCH_DATA", machine.path("sets")).output().unwrap();
        let sets: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        sets.into_iter().find(|set| set["name"] == name).unwrap()
    };
    assert_eq!(list("mnist")["complete"], false);
    assert_eq!(list("mnist")["missing"], serde_json::json!(["t10k-labels-idx1-ubyte"]));
    assert_eq!(list("glyphs")["complete"], true);
    assert_eq!(list("fashion-mnist")["missing"].as_array().map(Vec::len), Some(4));
    fs::write(mnist.join("t10k-labels-idx1-ubyte.gz"), "").unwrap();
    let set = list("mnist");
    assert_eq!((set["complete"].as_bool(), set["folder"].as_str().map(Path::new)), (Some(true), Some(mnist.as_path())));
    assert!(set["usable"] == false && set["content"].as_str().unwrap().contains("the file is empty"), "{set}");

    let pictures = tensor_data::glyphs::draw(12, 1).unwrap();
    fs::remove_file(mnist.join("train-images-idx3-ubyte.gz")).unwrap();
    for prefix in ["train", "t10k"] {
        let [images, labels] = ["images-idx3", "labels-idx1"].map(|it| mnist.join(format!("{prefix}-{it}-ubyte")));
        tensor_data::idx::write_samples(&pictures, &images, &labels).unwrap();
    }
    assert_eq!(list("mnist")["usable"], true);
    let content = list("mnist")["content"].as_str().unwrap().to_owned();
    assert!(content.contains("not the published MNIST: 12 + 12 of 28x28 in 10 classes"), "{content}");
}

#[test]
fn wrong_usage_exits_with_two_and_unknown_data_sets_with_one() {
    let machine = Machine::new();
    assert!(machine.expect(&["train"], 2).contains("Usage: cargo xtask train"));
    assert_says(&machine.expect(&["data", "cifar"], 1), &["no data set \"cifar\"", "mnist, fashion-mnist and glyphs"]);
}

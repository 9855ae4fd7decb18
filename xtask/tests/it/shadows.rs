//! Another libtorch on `LD_LIBRARY_PATH`: the program keeps to its own, and `doctor` names the other.

use crate::runs::{Done, Place, RECIPE, finish};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A folder with a library that holds nothing, and one that is none.
fn another(place: &Place) -> PathBuf {
    let folder = place.path("another/lib");
    fs::create_dir_all(&folder).unwrap();
    let source = place.path("empty.c");
    fs::write(&source, "").unwrap();
    for name in ["libc10.so", "libtorch_cpu.so"] {
        let soname = format!("-Wl,-soname,{name}");
        let made = Command::new("cc").args(["-shared", &soname, "-o"]).arg(folder.join(name)).arg(&source).status();
        assert!(made.unwrap().success());
    }
    fs::write(folder.join("libgomp.so.1"), "not a library").unwrap();
    folder
}

/// The launcher's `doctor` on the real workspace, with this environment.
fn doctor(place: &Place, variables: &[(&str, String)]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["doctor", "--json"]).env("MINIBATCH_DATA", place.path("data"));
    finish(command.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD").envs(variables.iter().cloned()))
}

fn line(done: &Done, name: &str) -> Option<serde_json::Value> {
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    report["found"].as_array().unwrap().iter().find(|line| line["name"] == name).cloned()
}

#[test]
fn ours_is_taken_whatever_the_path_names() {
    let place = Place::new();
    let folder = another(&place);
    let recipe = place.recipe("net", RECIPE);
    for words in ["probe".to_owned(), format!("train {recipe} --out {{}}/run --device cpu --epochs 1")] {
        let done = finish(place.minibatch(&words).env("LD_LIBRARY_PATH", &folder));
        assert_eq!(done.status, Some(0), "{done:?}");
    }
}

#[test]
fn a_cuda_part_of_another_libtorch_is_not_loaded() {
    let place = Place::new();
    let folder = place.path("another");
    fs::create_dir_all(&folder).unwrap();
    let source = place.path("cuda.c");
    fs::write(&source, "#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { exit(77); }\n")
        .unwrap();
    let library = folder.join("libtorch_cuda.so");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(made.unwrap().success());
    let done = finish(place.minibatch("probe").env("LD_LIBRARY_PATH", &folder));
    assert_eq!(done.status, Some(0), "{done:?}");
}

#[test]
fn doctor_names_the_other_libtorch() {
    let place = Place::new();
    let folder = another(&place);
    assert_eq!(line(&doctor(&place, &[]), "libraries"), None, "nothing is in the way");
    let search = format!("/nowhere:{}", folder.display());
    let done = doctor(&place, &[("LD_LIBRARY_PATH", search)]);
    let found = line(&done, "libraries").unwrap();
    assert_eq!(found["state"], "note", "{found}");
    for name in ["libc10.so", "libtorch_cpu.so"] {
        let file = folder.join(name).display().to_string();
        assert!(found["found"].as_str().unwrap().contains(&file), "{file}: {found}");
    }
    assert!(found["mend"].as_str().unwrap().contains("LD_LIBRARY_PATH"), "{found}");
    assert_eq!(line(&done, "runner").unwrap()["state"], "good");
}

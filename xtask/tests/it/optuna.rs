//! A sweep as a study of Optuna, and Optuna as the one that searches.

use crate::runs::{Place, finish, python_with};
use crate::sweep::TINY;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const MLP: &str = "epochs = 2\nlearning_rate = 0.1\ndata = { set = \"mnist\", validation = 200 }\n\
                   minibatch = { size = 100 }\nmodel = { kind = \"mlp\", hidden = [10] }\n";

/// A file of the repository.
fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

#[test]
fn a_sweep_is_a_study_of_optuna() {
    let place = Place::new();
    place.recipe("mlp", MLP);
    let grid = "--grid model.hidden=10,20 --grid model.activation=\"tanh\",\"relu\" --grid learning_rate=0.1,1e30";
    place.good(&format!("sweep {{}}/mlp.toml {grid} --seeds 2 --out {{}}/sweep"));
    let lines: Vec<Value> =
        place.text("sweep/optuna.jsonl").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let trials: Vec<&Value> = lines.iter().filter(|line| line["op_code"] == 4).collect();
    assert_eq!((&lines[0]["study_name"], &lines[0]["directions"], trials.len()), (&json!("sweep"), &json!([1]), 8));
    let states = |state: u8| trials.iter().filter(|line| line["state"] == state).count();
    assert_eq!((states(1), states(3)), (4, 4), "half of the trials diverge");
    let distribution =
        |key: &str| -> Value { serde_json::from_str(trials[0]["distributions"][key].as_str().unwrap()).unwrap() };
    assert_eq!(distribution("model.hidden")["name"], "IntDistribution");
    assert_eq!(distribution("model.activation")["attributes"]["choices"], json!(["tanh", "relu"]));
    assert_eq!(distribution("learning_rate")["attributes"]["log"], true);
    let result = place.json("sweep/result.json");
    let best = &trials[result["winner"]["trial"].as_u64().unwrap() as usize - 1];
    assert_eq!(best["values"][0], result["winner"]["objective"]);
    assert_eq!(best["intermediate_values"].as_object().unwrap().len(), 2, "a validation an epoch");
    let Some(python) = python_with("optuna") else { return };
    let done = finish(Command::new(python).arg(file("scripts/check_optuna.py")).arg(place.path("sweep")));
    assert!(done.status == Some(0) && done.out.contains("8 trials"), "{done:?}");
}

#[test]
fn optuna_drives_training_and_stops_poor_trials() {
    let Some(python) = python_with("optuna") else { return };
    let place = Place::new();
    place.recipe("tiny", TINY);
    let mut tune = place.alone(&python);
    tune.arg(file("examples/optuna/tune.py")).arg(place.path("tiny.toml")).args(["--trials", "10", "--epochs", "4"]);
    tune.args(["--program", env!("CARGO_BIN_EXE_minibatch")]).arg("--out").arg(place.path("tuned"));
    let done = finish(&mut tune);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.out.contains("validation error") && done.err.contains("pruned"), "{done:?}");
    let told = place.good("sweep collect {}/tuned");
    assert!(told.out.contains("collected 10 trials") && told.out.contains("test      not looked at"), "{}", told.out);
    let checked = finish(Command::new(&python).arg(file("scripts/check_optuna.py")).arg(place.path("tuned")));
    assert_eq!(checked.status, Some(0), "{checked:?}");
}

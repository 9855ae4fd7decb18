//! Runs whose numbers stop being finite: each ends with status 1 and one message that says what went first, and leaves
//! the last finite checkpoint and the best model as they were.

use crate::runs::{Place, RECIPE};
use std::path::Path;

/// Every number of a saved model.
fn numbers(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let floats = |tensor: safetensors::tensor::TensorView<'_>| -> Vec<f32> {
        tensor.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    file.tensors().into_iter().flat_map(|(_, tensor)| floats(tensor)).collect()
}

/// Ends with status 1 and one message that says all of this; what is saved is finite and can be evaluated.
fn check(place: &Place, run: &str, words: &str, parts: &[&str]) {
    let done = place.run(words);
    assert_eq!(done.status, Some(1), "{words}: {done:?}");
    assert_eq!(done.err.matches("error:").count(), 1, "{words}: {}", done.err);
    for part in ["training diverged at iteration", "(epoch ", "learning rate", "are kept", "ten times smaller"] {
        assert!(done.err.contains(part), "{words}: \"{part}\" is not in: {}", done.err);
    }
    for part in parts {
        assert!(done.err.contains(part), "{words}: \"{part}\" is not in: {}", done.err);
    }
    assert!(!place.path(&format!("{run}/summary.json")).exists(), "a run that diverged has not ended");
    let saved = numbers(&place.path(&format!("{run}/last/model.safetensors")));
    assert!(!saved.is_empty() && saved.iter().all(|x| x.is_finite()), "{words}");
    place.good(&format!("eval {{}}/{run} --checkpoint last --split valid"));
}

#[test]
fn what_went_first_is_told_with_where_and_how_to_mend_it() {
    let place = Place::new();
    let recipe = place.recipe("thing", &RECIPE.replace("schedule = { kind = \"one-cycle\" }", ""));
    let lenet = "--set model.kind=lenet --set model.activation=relu";
    // A rate of 3e36, in two factors that each have their range.
    let faster = "--set groups=[{parameters='output',learning_rate_factor=3e6}]";
    let deep = "--set model.hidden=[16,16,16,16]";
    let cases = [
        ("lenet", format!("--set learning_rate=1e6 {lenet}"), "the output of layer "),
        ("hidden", format!("--set learning_rate=1e10 {deep}"), "the output of layer hidden2"),
        ("output", "--set learning_rate=1e15".into(), "the output of layer output"),
        ("values", "--set learning_rate=1e30".into(), "the values of hidden1.weight"),
        ("gradient", "--set penalty.l2=1e30 --set learning_rate=1e-19".into(), "the gradient of "),
        ("loss", format!("--set model.kind=softmax --set learning_rate=1e30 {faster}"), "the loss itself"),
    ];
    for (case, keys, culprit) in cases {
        let run = case.replace(' ', "-");
        check(&place, &run, &format!("train {recipe} {keys} --out {{}}/{run}"), &[culprit]);
    }
}

#[test]
fn a_run_that_diverges_late_keeps_its_last_checkpoint_and_its_best_model_to_the_byte() {
    let place = Place::new();
    let recipe = place.recipe("thing", &RECIPE.replace("schedule = { kind = \"one-cycle\" }", ""));
    for accumulate in ["", "--set gradients.accumulate=7 --set average.decay=0.9"] {
        let _ = std::fs::remove_dir_all(place.path("run"));
        place.good(&format!("train {recipe} --epochs 2 {accumulate} --out {{}}/run"));
        std::fs::remove_file(place.path("run/summary.json")).unwrap();
        let files = ["last/model.safetensors", "last/optimizer.safetensors", "best/model.safetensors", "metrics.csv"];
        let saved = || files.map(|file| place.bytes(&format!("run/{file}")));
        let before = saved();
        check(&place, "run", "train --resume {}/run --epochs 4 --set learning_rate=1e30", &["(epoch 3)", "1e30"]);
        assert!(saved() == before, "{accumulate}");
        // With its old rate it continues as if nothing had been.
        place.good("train --resume {}/run --set learning_rate=0.05");
        place.good(&format!("train {recipe} --epochs 4 {accumulate} --out {{}}/whole{}", accumulate.len()));
        place.assert_same_run("run", &format!("whole{}", accumulate.len()));
    }
}

#[test]
fn a_stop_between_the_bad_step_and_the_loss_that_shows_it_saves_nothing() {
    let place = Place::new();
    let recipe = place.recipe("thing", &RECIPE.replace("schedule = { kind = \"one-cycle\" }", ""));
    // The second step makes the parameters bad and the third loss would show it; here there is no third.
    for (run, keys) in [("limit", "--set limits.iterations=2"), ("validation", "--set minibatch.size=500")] {
        let words = format!("train {recipe} --set learning_rate=1e30 {keys} --out {{}}/{run}");
        check(&place, run, &words, &["iteration 2 (epoch 1)", "the values of hidden1.weight"]);
    }
}

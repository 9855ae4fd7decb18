//! Predictions are the answers that the error is counted from.

#![allow(clippy::unwrap_used, reason = "helpers of a test stop it where they cannot go on")]

mod common;

use common::{data, recipe, trained};
use tensor_data::Tail;
use train::{evaluate, predictions};

#[test]
fn predictions_make_the_error_that_evaluation_counts() {
    let recipe = recipe(&["epochs=2"]);
    let (learner, _) = trained(&recipe, &mut ());
    let data = data(&recipe);
    for (size, tail, samples) in [(200, Tail::Keep, 200), (77, Tail::Keep, 200), (77, Tail::Drop, 154)] {
        let predictions = predictions(&learner.model, &data.test, size, tail).unwrap();
        let score = evaluate(&learner.model, &data.test, size, tail).unwrap();
        let error = predictions.confusion().unwrap().error();
        assert_eq!((predictions.len(), error), (samples, Some(score.error)), "{size} {tail:?}");
    }
}

#[test]
fn probabilities_add_up_to_one_and_the_predicted_class_has_the_largest() {
    let recipe = recipe(&["epochs=2"]);
    let (learner, _) = trained(&recipe, &mut ());
    let data = data(&recipe);
    let predictions = predictions(&learner.model, &data.test, 64, Tail::Keep).unwrap();
    let mut loss = 0.0;
    for picture in 0..predictions.len() {
        let probabilities = predictions.probabilities(picture);
        let sum: f32 = probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert!(probabilities.iter().all(|&p| p <= predictions.confidence(picture)));
        loss -= f64::from(probabilities[predictions.labels()[picture]]).ln();
    }
    // The mean negative log-likelihood of the true classes is the loss that evaluation counts.
    let score = evaluate(&learner.model, &data.test, 64, Tail::Keep).unwrap();
    assert!((loss / 200.0 - score.loss).abs() < 1e-5, "{} {}", loss / 200.0, score.loss);
}

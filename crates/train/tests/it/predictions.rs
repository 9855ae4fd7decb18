//! Predictions are the answers that the error is counted from.

use crate::common::{data, recipe, trained};
use tensor_data::Tail;
use train::recipe::Evaluation;
use train::{evaluate, predictions};

#[test]
fn predictions_make_the_error_that_evaluation_counts() {
    let recipe = recipe(&["epochs=2"]);
    let (learner, _) = trained(&recipe, &mut ());
    let data = data(&recipe);
    for (size, tail, samples) in [(200, Tail::Keep, 200), (77, Tail::Keep, 200), (77, Tail::Drop, 154)] {
        let predictions = predictions(&learner.model, &data.test, size, tail).unwrap();
        let score = evaluate(&learner.model, &data.test, &Evaluation { size, tail, top_k: 1, ..Evaluation::default() })
            .unwrap();
        let error = predictions.confusion().unwrap().error();
        assert_eq!(score.top_k_error, score.error, "the own class not first is what misclassified means");
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
    let score = evaluate(&learner.model, &data.test, &Evaluation { size: 64, ..Evaluation::default() }).unwrap();
    assert!((loss / 200.0 - score.loss).abs() < 1e-5, "{} {}", loss / 200.0, score.loss);
}

#[test]
fn the_top_k_error_counts_pictures_whose_class_is_not_among_the_k_most_probable() {
    let recipe = recipe(&["epochs=1", "learning_rate=0.01"]);
    let (learner, _) = trained(&recipe, &mut ());
    let data = data(&recipe);
    let predictions = predictions(&learner.model, &data.test, 64, Tail::Keep).unwrap();
    let error = |k: u64| {
        let how = Evaluation { size: 64, top_k: k, ..Evaluation::default() };
        evaluate(&learner.model, &data.test, &how).unwrap().top_k_error
    };
    for k in [1, 2, 5] {
        let missed = (0..predictions.len()).filter(|&picture| {
            let probabilities = predictions.probabilities(picture);
            let own = probabilities[predictions.labels()[picture]];
            probabilities.iter().filter(|&&p| p > own).count() >= k
        });
        assert_eq!(error(k as u64), missed.count() as f64 / 200.0, "top {k}");
    }
    assert!(error(1) > error(2) && error(2) > error(5), "{} {} {}", error(1), error(2), error(5));
    assert_eq!((error(10), error(1000)), (0.0, 0.0), "there are ten classes");
}

//! The rules against tables of errors, and the plateau against PyTorch's rates.

use super::*;

/// Feeds validation errors, one per epoch of `steps` minibatches; returns the epoch (from 1) after which the rule
/// stopped, and the epoch of the best.
fn check(rule: Stopping, steps: u64, errors: &[f64]) -> (Option<usize>, usize) {
    let mut stopper = Stopper::new(&rule);
    let mut best = 0;
    for (epoch, error) in errors.iter().enumerate() {
        for step in 0..steps {
            let iteration = epoch as u64 * steps + step;
            if step == steps - 1 && stopper.observe(iteration, *error) {
                best = epoch + 1;
            }
            if stopper.is_over(iteration) {
                return (Some(epoch + 1), best);
            }
        }
    }
    (None, best)
}

const PATIENT: Stopping = Stopping::Patience { patience: 10, increase: 2.0, threshold: 0.995 };

#[test]
fn patience_runs_out_where_the_published_rule_says() {
    // No improvement after the first validation: stops once iteration 10 is done, in the 3rd epoch of 5.
    assert_eq!(check(PATIENT, 5, &[0.5, 0.6, 0.6, 0.6, 0.6]), (Some(3), 1));
    // Best at iteration 14 (epoch 3): patience 28, reached in epoch 6 (iterations 25 to 29).
    assert_eq!(check(PATIENT, 5, &[0.5, 0.4, 0.3, 0.3, 0.3, 0.3, 0.3]), (Some(6), 3));
}

#[test]
fn an_insignificant_improvement_is_the_best_but_buys_no_patience() {
    // 0.499 is below 0.5 but not below 0.5 * 0.995.
    assert_eq!(check(PATIENT, 5, &[0.5, 0.499, 0.6, 0.6]), (Some(3), 2));
}

#[test]
fn validation_is_as_frequent_as_the_published_rule_says() {
    assert_eq!(PATIENT.validation_frequency(83), 5);
    assert_eq!(Stopping::Patience { patience: 5000, increase: 2.0, threshold: 0.995 }.validation_frequency(83), 83);
    assert_eq!(Stopping::Never.validation_frequency(83), 83);
}

#[test]
fn no_improvement_in_n_stops_at_the_nth_stale_epoch() {
    let rule = |epochs| Stopping::NoImprovement { epochs };
    assert_eq!(check(rule(3), 2, &[5.0, 4.0, 4.0, 4.0, 4.0, 4.0]), (Some(5), 2));
    assert_eq!(check(rule(1), 2, &[5.0, 4.0, 4.0]), (Some(3), 2));
    assert_eq!(check(rule(2), 2, &[5.0, 5.0, 4.0, 5.0, 3.0]), (None, 5));
}

#[test]
fn halving_goes_on_at_a_smaller_rate_until_the_floor() {
    let mut stopper = Stopper::new(&Stopping::Halving { epochs: 2, factor: 0.5, floor: 0.25 });
    let mut factors = Vec::new();
    for epoch in 0..8 {
        stopper.observe(epoch, if epoch == 0 { 0.1 } else { 0.2 });
        factors.push((stopper.lr_multiplier(), stopper.is_over(epoch)));
    }
    let expected = [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
        .into_iter()
        .zip([false, false, false, false, false, false, true, true]);
    assert_eq!(factors, expected.collect::<Vec<_>>());
}

#[test]
fn ten_halvings_fit_above_the_usual_floor_and_the_eleventh_ends_training() {
    let rule = Stopping::Halving { epochs: 3, factor: 0.5, floor: 1.0 / 1024.0 };
    // Best in epoch 2, and none after it: 2 + 11 * 3.
    let errors: Vec<f64> = [0.5, 0.4].into_iter().chain(std::iter::repeat_n(0.4, 60)).collect();
    assert_eq!(check(rule, 2, &errors), (Some(35), 2));
}

const PLATEAU: Stopping =
    Stopping::Plateau { epochs: 2, factor: 0.5, floor: 0.3, threshold: 0.01, mode: Mode::Relative, cooldown: 1 };

#[test]
fn a_plateau_shrinks_the_rate_after_the_epochs_that_pytorch_does() {
    #[derive(Deserialize)]
    struct Case {
        rule: Stopping,
        rates: Vec<f64>,
    }
    #[derive(Deserialize)]
    struct Golden {
        errors: Vec<f64>,
        cases: Vec<Case>,
    }
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/plateau.json")).unwrap();
    assert_eq!(golden.cases.len(), 4);
    for Case { rule, rates } in golden.cases {
        let mut stopper = Stopper::new(&rule);
        for (epoch, (error, rate)) in golden.errors.iter().zip(rates).enumerate() {
            stopper.observe(epoch as u64, *error);
            let found = stopper.lr_multiplier();
            assert!((found / rate - 1.0).abs() < 1e-12, "{rule:?}, epoch {epoch}: {found}, PyTorch {rate}");
        }
    }
}

#[test]
fn nan_is_never_the_best() {
    let halving = Stopping::Halving { epochs: 3, factor: 0.5, floor: 0.1 };
    for rule in [Stopping::Never, PATIENT, Stopping::NoImprovement { epochs: 3 }, halving, PLATEAU] {
        let mut stopper = Stopper::new(&rule);
        assert!(!stopper.observe(0, f64::NAN));
        assert_eq!(stopper.memory().best, None);
        assert!(stopper.observe(1, 0.9));
        assert!(!stopper.observe(2, f64::NAN));
        assert_eq!(stopper.memory().best, Some(0.9));
    }
}

#[test]
fn a_stopper_resumed_at_any_point_decides_as_the_undisturbed_one() {
    let errors = [0.5, 0.4, 0.45, 0.39, 0.41, 0.42, 0.43, 0.38, 0.5, 0.5, 0.5, 0.5];
    let halving = Stopping::Halving { epochs: 2, factor: 0.5, floor: 0.3 };
    for rule in [PATIENT, Stopping::NoImprovement { epochs: 3 }, halving, PLATEAU] {
        for cut in 0..errors.len() {
            let mut whole = Stopper::new(&rule);
            let mut parts = Stopper::new(&rule);
            for (i, error) in errors.iter().enumerate() {
                if i == cut {
                    let saved = serde_json::to_string(parts.memory()).unwrap();
                    parts = Stopper::resume(&rule, serde_json::from_str(&saved).unwrap());
                }
                assert_eq!(whole.observe(i as u64, *error), parts.observe(i as u64, *error));
                assert_eq!(whole, parts);
            }
        }
    }
}

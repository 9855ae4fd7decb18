//! Rules and penalties as recipe values: defaults, names, ranges; no libtorch needed.

use optim::{AdamOptions, AdamWOptions, Error, Penalty, RmsPropOptions, Rule, SgdOptions, range};

#[test]
fn a_recipe_names_each_rule_and_gets_pytorch_s_defaults() {
    #[track_caller]
    fn check(name: &str, expected: Rule) {
        let rule: Rule = toml::from_str(&format!("kind = '{name}'")).unwrap();
        assert_eq!(rule, expected);
        assert_eq!(rule.name(), name);
        rule.check().unwrap();
        let written = toml::to_string(&rule).unwrap();
        assert_eq!(toml::from_str::<Rule>(&written).unwrap(), expected, "{written}");
    }
    let moments = AdamOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    check("sgd", Rule::Sgd(SgdOptions { momentum: 0.0, dampening: 0.0, nesterov: false }));
    check("adam", Rule::Adam(moments));
    check("adamw", Rule::AdamW(AdamWOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }));
    check("rmsprop", Rule::RmsProp(RmsPropOptions { smoothing: 0.99, epsilon: 1e-8, momentum: 0.0, centered: false }));
    assert_eq!(Rule::default().name(), "sgd");
}

#[test]
fn a_recipe_with_an_unknown_key_is_refused_by_name() {
    #[track_caller]
    fn check(text: &str, named: &str) {
        let message = toml::from_str::<Rule>(text).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
    check("kind = 'sgd'\nmomemtum = 0.9", "momemtum");
    check("kind = 'sgd'\nbeta1 = 0.9", "beta1");
    check("kind = 'adam'\nweight_decay = 0.9", "weight_decay");
    check("kind = 'adamw'\nmomentum = 0.9", "momentum");
    check("kind = 'rmsprop'\nalpha = 0.9", "alpha");
    check("kind = 'adagrad'", "adagrad");
    let message = toml::from_str::<Penalty>("l3 = 1.0").unwrap_err().to_string();
    assert!(message.contains("l3"), "{message}");
}

#[test]
fn options_out_of_range_are_refused_with_key_value_and_range() {
    #[track_caller]
    fn check(text: &str, message: &str) {
        let rule: Rule = toml::from_str(text).unwrap();
        assert_eq!(rule.check().unwrap_err().to_string(), message);
    }
    check("kind = 'sgd'\nmomentum = 1.0", "`momentum` is 1, but must be at least 0 and below 1");
    check("kind = 'sgd'\nmomentum = nan", "`momentum` is NaN, but must be at least 0 and below 1");
    check("kind = 'sgd'\ndampening = -0.5", "`dampening` is -0.5, but must be at least 0 and at most 1");
    check(
        "kind = 'sgd'\nnesterov = true",
        "nesterov = true needs momentum above 0 and dampening = 0, but momentum = 0 and dampening = 0",
    );
    check(
        "kind = 'sgd'\nnesterov = true\nmomentum = 0.9\ndampening = 0.5",
        "nesterov = true needs momentum above 0 and dampening = 0, but momentum = 0.9 and dampening = 0.5",
    );
    check("kind = 'adam'\nbeta1 = 1.0", "`beta1` is 1, but must be at least 0 and below 1");
    check("kind = 'adam'\nbeta2 = -0.1", "`beta2` is -0.1, but must be at least 0 and below 1");
    check("kind = 'adam'\nepsilon = 0.0", "`epsilon` is 0, but must be at least 1e-30 and at most 1e30");
    check("kind = 'adamw'\nbeta2 = inf", "`beta2` is inf, but must be at least 0 and below 1");
    check("kind = 'adamw'\nweight_decay = -1.0", "`weight_decay` is -1, but must be at least 0 and at most 1e8");
    check("kind = 'rmsprop'\nsmoothing = 1.5", "`smoothing` is 1.5, but must be at least 0 and below 1");
    check("kind = 'rmsprop'\nmomentum = 1.5", "`momentum` is 1.5, but must be at least 0 and below 1");
    check("kind = 'rmsprop'\nepsilon = nan", "`epsilon` is NaN, but must be at least 1e-30 and at most 1e30");
}

#[test]
fn a_penalty_is_two_factors_from_zero() {
    assert!(Penalty::default().is_zero());
    let penalty: Penalty = toml::from_str("l2 = 1e-4").unwrap();
    assert_eq!(penalty, Penalty { l1: 0.0, l2: 1e-4 });
    assert!(!penalty.is_zero());
    penalty.check().unwrap();
    for (l1, l2, message) in [
        (-1.0, 0.0, "`l1` is -1, but must be at least 0 and at most 1e30"),
        (0.0, f64::NAN, "`l2` is NaN, but must be at least 0 and at most 1e30"),
        (f64::INFINITY, 0.0, "`l1` is inf, but must be at least 0 and at most 1e30"),
    ] {
        assert_eq!(Penalty { l1, l2 }.check().unwrap_err().to_string(), message);
    }
}

#[test]
fn a_learning_rate_of_a_run_is_above_zero_and_that_of_a_step_may_be_zero() {
    let told = range::LEARNING_RATE.check(0.0).map_err(Error::from).unwrap_err().to_string();
    assert_eq!(told, "`learning_rate` is 0, but must be at least 1e-30 and at most 1e30");
    assert_eq!(range::LEARNING_RATE.check(0.13).unwrap(), 0.13);
    assert_eq!(range::STEP_RATE.check(0.0).unwrap(), 0.0);
    assert!(range::STEP_RATE.check(-1e-9).is_err());
}

#[test]
fn only_adamw_decays_weights_by_itself() {
    let decay = |kind: &str| toml::from_str::<Rule>(&format!("kind = '{kind}'")).unwrap().weight_decay();
    assert_eq!(["sgd", "adam", "adamw", "rmsprop"].map(decay), [0.0, 0.0, 0.01, 0.0]);
}

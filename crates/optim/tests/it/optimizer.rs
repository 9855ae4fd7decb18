//! What an optimiser promises beside its formulas: refusals by name, biases that do not decay, no NaN of its own making.

use crate::common::{Net, bits, leaf, numbers, rules};
use optim::{AdamWOptions, Optimizer, Parameter, Penalty, Rule, SgdOptions, clip_norm, clip_value, range};
use tch::{Device, Kind, Tensor};

#[test]
fn parameters_that_cannot_be_optimised_are_refused_by_name() {
    #[track_caller]
    fn check(parameters: Vec<Parameter>, message: &str) {
        let error = Optimizer::new(parameters, &Rule::default()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let one = |tensor: Tensor| vec![Parameter::weight("w", tensor)];
    let refused = "parameter \"w\" cannot be optimised:";
    check(vec![], "an optimiser needs at least one parameter, but the list is empty");
    check(one(Tensor::new()), &format!("{refused} the tensor is undefined"));
    check(
        one(leaf(&[1.0]).detach()),
        &format!("{refused} it does not require gradients; call set_requires_grad(true) on it"),
    );
    check(
        one(leaf(&[1.0]) * 2.0),
        &format!("{refused} it is the result of a computation; pass the leaf it was computed from"),
    );
    for kind in [Kind::Half, Kind::Int64] {
        let message = format!(
            "{refused} its dtype is {kind:?}; keep parameters as Float or Double and use autocast for half precision"
        );
        check(one(Tensor::zeros([2], (kind, Device::Cpu))), &message);
    }
    check(
        vec![Parameter::weight("w", leaf(&[1.0])), Parameter::bias("w", leaf(&[1.0]))],
        &format!("{refused} two parameters have this name; give each its own"),
    );
    let tied = leaf(&[1.0]);
    check(
        vec![Parameter::weight("v", tied.shallow_clone()), Parameter::weight("w", tied)],
        &format!("{refused} it shares its memory with \"v\"; pass a shared tensor once"),
    );
    let rule = Rule::Sgd(SgdOptions { momentum: 2.0, ..SgdOptions::default() });
    let error = Optimizer::new(one(leaf(&[1.0])), &rule).unwrap_err();
    assert_eq!(error.to_string(), "`momentum` is 2, but must be at least 0 and below 1");
}

#[test]
fn losses_gradients_and_rates_that_make_no_sense_are_refused_and_move_nothing() {
    let w = leaf(&[1.0, 2.0]);
    let mut optimizer = Optimizer::new(vec![Parameter::weight("w", w.shallow_clone())], &Rule::default()).unwrap();
    let error = |result: Result<(), optim::Error>| result.unwrap_err().to_string();
    assert_eq!(
        error(optimizer.gradients(&(&w * 2.0)).map(drop)),
        "no gradient can be taken of this loss: it has shape [2]; reduce it to one number, for example by its mean"
    );
    assert_eq!(
        error(optimizer.gradients(&Tensor::from(1.0)).map(drop)),
        "no gradient can be taken of this loss: it was not computed from the parameters, or gradients were switched off"
    );
    assert_eq!(
        error(optimizer.apply(&[], 0.1)),
        "the gradients do not fit the parameters: 0 gradients for 1 parameters"
    );
    assert_eq!(
        error(optimizer.apply(&[Tensor::from_slice(&[1f32])], 0.1)),
        "the gradients do not fit the parameters: \"w\" is ([2], Float, Cpu), its gradient ([1], Float, Cpu)"
    );
    let gradients = [Tensor::from_slice(&[1f32, 1.0])];
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(
            error(optimizer.apply(&gradients, rate)),
            format!("`learning rate of the step` is {rate}, but must be at least 0 and at most 1e30")
        );
        assert!(optimizer.step(rate).is_err());
    }
    for max in [0.0, -1.0, f64::NAN] {
        assert!(error(clip_norm(&gradients, max).map(drop)).starts_with("`max_norm` is "));
        assert!(error(clip_value(&gradients, max)).starts_with("`max_value` is "));
    }
    assert_eq!(numbers(&gradients[0]), [1.0, 1.0]);
    assert_eq!(numbers(&w), [1.0, 2.0]);
}

#[test]
fn a_parameter_without_a_gradient_is_left_alone_with_its_step_count() {
    for rule in rules() {
        let (used, idle) = (leaf(&[1.0]), leaf(&[1.0]));
        let parameters =
            vec![Parameter::weight("used", used.shallow_clone()), Parameter::weight("idle", idle.shallow_clone())];
        let mut optimizer = Optimizer::new(parameters, &rule).unwrap();
        optimizer.zero_grad();
        optimizer.step(0.1).unwrap();
        assert_eq!(numbers(&used), [1.0], "{rule:?}: no gradients at all yet");
        let gradients = optimizer.gradients(&used.square().sum(Kind::Float)).unwrap();
        assert!(!gradients[1].defined());
        optimizer.apply(&gradients, 0.1).unwrap();
        used.square().sum(Kind::Float).backward();
        optimizer.step(0.1).unwrap();
        assert!(numbers(&used)[0] < 1.0, "{rule:?}");
        assert_eq!(numbers(&idle), [1.0], "{rule:?}");
        for (name, tensor) in optimizer.state().unwrap().iter().filter(|(name, _)| name.starts_with("steps")) {
            assert_eq!(tensor.int64_value(&[]), if name == "steps.used" { 2 } else { 0 }, "{name}");
        }
    }
}

#[test]
fn adamw_decays_weights_and_not_biases() {
    let (weight, bias) = (leaf(&[2.0]), leaf(&[2.0]));
    let parameters = vec![Parameter::weight("w", weight.shallow_clone()), Parameter::bias("b", bias.shallow_clone())];
    let rule = Rule::AdamW(AdamWOptions { weight_decay: 0.5, ..AdamWOptions::default() });
    let mut optimizer = Optimizer::new(parameters, &rule).unwrap();
    let zero = || Tensor::zeros([1], (Kind::Float, Device::Cpu));
    optimizer.apply(&[zero(), zero()], 0.5).unwrap();
    assert_eq!((numbers(&weight), numbers(&bias)), (vec![1.5], vec![2.0]));
}

#[test]
fn a_rate_of_zero_moves_nothing_and_makes_no_nan() {
    for rule in rules() {
        let net = Net::new();
        let mut optimizer = net.optimizer(&rule);
        let gradients = [net.weight.ones_like().detach(), net.bias.zeros_like().detach()];
        for _ in 0..2 {
            optimizer.apply(&gradients, 0.0).unwrap();
        }
        assert_eq!(bits(&net.weight), bits(&Net::new().weight), "{rule:?}");
        assert_eq!(bits(&net.bias), bits(&Net::new().bias), "{rule:?}");
    }
}

#[test]
fn zeroed_gradients_are_zero_and_gradients_returned_leave_grad_alone() {
    let w = leaf(&[3.0]);
    let mut optimizer = Optimizer::new(vec![Parameter::weight("w", w.shallow_clone())], &Rule::default()).unwrap();
    assert!(!optimizer.accumulated()[0].defined());
    let gradients = optimizer.gradients(&w.square().sum(Kind::Float)).unwrap();
    assert_eq!(numbers(&gradients[0]), [6.0]);
    assert!(!w.grad().defined());
    w.square().sum(Kind::Float).backward();
    w.square().sum(Kind::Float).backward();
    assert_eq!(numbers(&optimizer.accumulated()[0]), [12.0]);
    optimizer.zero_grad();
    assert_eq!(numbers(&w.grad()), [0.0]);
}

#[test]
fn clipping_by_norm_touches_nothing_within_the_bound_and_hides_no_nan() {
    let gradients = [Tensor::from_slice(&[3f32]), Tensor::from_slice(&[4f32])];
    assert_eq!(clip_norm(&gradients, 6.0).unwrap().double_value(&[]), 5.0);
    assert_eq!(numbers(&gradients[1]), [4.0]);
    let poisoned = [Tensor::from_slice(&[f32::NAN]), Tensor::from_slice(&[4f32])];
    assert!(clip_norm(&poisoned, 1.0).unwrap().double_value(&[]).is_nan());
    assert!(numbers(&poisoned[1])[0].is_nan());
    assert_eq!(clip_norm(&[], 1.0).unwrap().double_value(&[]), 0.0);
    let zero = [Tensor::from_slice(&[0f32])];
    assert_eq!(clip_norm(&zero, 1.0).unwrap().double_value(&[]), 0.0);
    assert_eq!(numbers(&zero[0]), [0.0]);
}

#[test]
fn square_averages_that_are_zero_or_subnormal_make_no_nan() {
    for rule in rules() {
        let w = leaf(&[1.0, 1.0, 1.0]);
        let mut optimizer = Optimizer::new(vec![Parameter::weight("w", w.shallow_clone())], &rule).unwrap();
        // The square of 1e-21 is below the smallest normal f32.
        let gradients = [Tensor::from_slice(&[0f32, 1e-21, 1.0])];
        for _ in 0..3 {
            optimizer.apply(&gradients, 1e-3).unwrap();
        }
        let w = numbers(&w);
        assert!(w.iter().all(|x| (0.9..=1.0).contains(x)) && w[2] < 1.0, "{rule:?}: {w:?}");
    }
}

#[test]
fn numbers_beyond_f32_round_to_infinity_as_its_arithmetic_does_and_end_no_program() {
    for rule in rules() {
        let net = Net::new();
        // The greatest rate times the greatest factor is an f32 still; four such steps are not.
        let fast = |it: Parameter| Parameter { lr_multiplier: 1e8, ..it };
        let (weight, bias) = (net.weight.shallow_clone(), net.bias.shallow_clone());
        let parameters = vec![fast(Parameter::weight("w", weight)), fast(Parameter::bias("b", bias))];
        let mut optimizer = Optimizer::new(parameters, &rule).unwrap();
        let gradients = [net.weight.ones_like().detach(), net.bias.ones_like().detach()];
        let _norm = clip_norm(&gradients, range::MOST).unwrap();
        clip_value(&gradients, range::MOST).unwrap();
        assert_eq!(numbers(&gradients[1]), [1.0; 5], "a bound without effect");
        optimizer.add_penalty(&Penalty { l1: 1e300, l2: 0.0 }, &gradients).unwrap();
        for beyond in [1e31, 1e300] {
            assert!(optimizer.apply(&gradients, beyond).is_err() && clip_norm(&gradients, beyond).is_err());
        }
        for _ in 0..9 {
            optimizer.apply(&gradients, range::MOST).unwrap();
        }
        assert!(numbers(&net.bias).iter().all(|x| !x.is_finite()), "{rule:?}");
    }
    let value = Penalty { l1: 1e300, l2: 1e300 }.value(&[leaf(&[1.0])]).unwrap();
    assert_eq!(value.double_value(&[]), f64::INFINITY);
    let (weight, rule) =
        (leaf(&[1.0]), Rule::AdamW(AdamWOptions { weight_decay: 1e8, epsilon: range::MOST, ..Default::default() }));
    let fast = Parameter { lr_multiplier: 1e8, ..Parameter::weight("w", weight.shallow_clone()) };
    let mut optimizer = Optimizer::new(vec![fast], &rule).unwrap();
    optimizer.apply(&[weight.ones_like().detach()], range::MOST).unwrap();
    assert_eq!(numbers(&weight), [f32::NEG_INFINITY]);
}

#[test]
fn a_factor_scales_the_rate_and_the_decay_of_its_parameter_alone() {
    let rule = Rule::AdamW(AdamWOptions { weight_decay: 0.5, ..AdamWOptions::default() });
    let moved = |lr_multiplier: f64, rate: f64| {
        let (one, other) = (leaf(&[2.0]), leaf(&[2.0]));
        let first = Parameter { lr_multiplier, ..Parameter::weight("one", one.shallow_clone()) };
        let mut optimizer =
            Optimizer::new(vec![first, Parameter::weight("other", other.shallow_clone())], &rule).unwrap();
        let gradient = || leaf(&[0.25]).detach();
        optimizer.apply(&[gradient(), gradient()], rate).unwrap();
        (bits(&one), bits(&other))
    };
    let (half, whole) = moved(0.5, 0.25);
    assert_eq!(half, moved(1.0, 0.125).0);
    assert_eq!(whole, moved(1.0, 0.25).1);
    assert_eq!(moved(0.0, 0.25).0, bits(&leaf(&[2.0])), "a factor of 0 freezes");
    for lr_multiplier in [-1.0, f64::NAN, f64::INFINITY] {
        let parameter = Parameter { lr_multiplier, ..Parameter::weight("w", leaf(&[1.0])) };
        let told = Optimizer::new(vec![parameter], &rule).unwrap_err().to_string();
        assert!(told.contains("`lr_multiplier` is") && told.contains("at least 0 and at most 1e8"), "{told}");
    }
}

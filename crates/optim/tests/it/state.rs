//! What is saved and loaded: resume to the bit, names, refusals.

use crate::common::{Net, bits, rules};
use optim::{Optimizer, Parameter, Rule, SgdOptions};
use tch::{Device, Kind, Tensor};

type State = Vec<(String, Tensor)>;

#[test]
fn a_run_that_saves_and_loads_midway_ends_with_the_same_bits_as_an_undisturbed_one() {
    for rule in rules() {
        for pause in [0, 1, 4] {
            let whole = Net::new();
            whole.train(&mut whole.optimizer(&rule), 0..9);

            let first = Net::new();
            let mut optimizer = first.optimizer(&rule);
            first.train(&mut optimizer, 0..pause);
            let state = optimizer.state().unwrap();
            let second = first.copy();
            // A saved state does not change with the run it was taken from.
            first.train(&mut optimizer, pause..9);
            let mut resumed = second.optimizer(&rule);
            resumed.load_state(&state).unwrap();
            second.train(&mut resumed, pause..9);

            assert_eq!(bits(&whole.weight), bits(&second.weight), "{rule:?} paused at {pause}");
            assert_eq!(bits(&whole.bias), bits(&second.bias), "{rule:?} paused at {pause}");
            assert_ne!(bits(&whole.weight), bits(&Net::new().weight));

            if rule != Rule::default() && pause > 0 {
                let forgetful = first.copy();
                forgetful.train(&mut forgetful.optimizer(&rule), pause..9);
                assert_ne!(bits(&whole.weight), bits(&forgetful.weight), "{rule:?}: the state must matter");
            }
        }
    }
}

#[test]
fn an_optimiser_of_more_parameters_takes_over_what_is_known_of_some() {
    for rule in rules() {
        let net = Net::new();
        let mut earlier = net.optimizer(&rule);
        net.train(&mut earlier, 0..4);
        let (known, fresh) = (earlier.state().unwrap(), net.optimizer(&rule).state().unwrap());
        let part = |state: &State, name: &str| -> Vec<f64> {
            let of = state.iter().filter(|(it, _)| it.ends_with(name));
            of.flat_map(|(_, it)| Vec::try_from(it.to_kind(Kind::Double).view(-1)).unwrap()).collect::<Vec<f64>>()
        };
        let mut bias = Optimizer::new(vec![Parameter::bias("dense.bias", net.bias.shallow_clone())], &rule).unwrap();
        bias.take_over(earlier).unwrap();
        let mut whole = net.optimizer(&rule);
        whole.take_over(bias).unwrap();
        let whole = whole.state().unwrap();
        assert_eq!(part(&whole, "dense.bias"), part(&known, "dense.bias"), "{rule:?}");
        assert_eq!(part(&whole, "dense.weight"), part(&fresh, "dense.weight"), "{rule:?}");
    }
    let net = Net::new();
    let mut adam = net.optimizer(&Rule::Adam(Default::default()));
    assert!(adam.take_over(net.optimizer(&Rule::default())).unwrap_err().to_string().contains("its rule"));
}

#[test]
fn the_state_is_named_after_the_parameters_and_contiguous() {
    let state = |rule: &Rule| {
        let net = Net::new();
        let mut optimizer = net.optimizer(rule);
        net.train(&mut optimizer, 0..3);
        optimizer.state().unwrap()
    };
    let names = |rule: &Rule| state(rule).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let rules = rules();
    assert!(names(&rules[0]).is_empty());
    assert_eq!(
        names(&rules[1]),
        ["momentum.dense.weight", "steps.dense.weight", "momentum.dense.bias", "steps.dense.bias"]
    );
    assert_eq!(
        names(&rules[5])[..3],
        ["first_moment.dense.weight", "second_moment.dense.weight", "steps.dense.weight"]
    );
    assert_eq!(
        names(&rules[9])[..4],
        ["square_average.dense.weight", "average.dense.weight", "momentum.dense.weight", "steps.dense.weight"]
    );
    for rule in &rules {
        for (name, tensor) in state(rule) {
            assert!(tensor.is_contiguous() && !tensor.requires_grad(), "{name}");
            if name.starts_with("steps") {
                assert_eq!((tensor.kind(), tensor.size(), tensor.int64_value(&[])), (Kind::Int64, vec![], 3));
            }
        }
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused_by_name_and_changes_nothing() {
    let rule = Rule::Sgd(SgdOptions { momentum: 0.9, ..SgdOptions::default() });
    let net = Net::new();
    let mut optimizer = net.optimizer(&rule);
    net.train(&mut optimizer, 0..3);
    let before: Vec<_> = optimizer.state().unwrap();
    let copy = || {
        let mut state: State = before.iter().map(|(n, t)| (n.clone(), t.copy())).collect();
        // Would show if a refused state were taken over in part.
        state[0].1 = state[0].1.zeros_like();
        state
    };
    let mut check = |spoil: &dyn Fn(&mut State), message: &str| {
        let mut state = copy();
        spoil(&mut state);
        assert_eq!(optimizer.load_state(&state).unwrap_err().to_string(), message);
        for ((name, a), (_, b)) in before.iter().zip(optimizer.state().unwrap()) {
            assert!(a.equal(&b), "{name} changed");
        }
    };
    let refused = "the saved optimiser state does not fit:";
    check(
        &|state| drop(state.pop()),
        &format!(r#"{refused} "steps.dense.bias" is missing; was it saved by another rule, or for another model?"#),
    );
    check(
        &|state| state[2].0 = "momentum.conv.bias".into(),
        &format!(r#"{refused} "momentum.dense.bias" is missing; was it saved by another rule, or for another model?"#),
    );
    check(
        &|state| state.push(("average.dense.bias".into(), Tensor::from(1.0))),
        &format!(
            r#"{refused} "average.dense.bias" is unknown here; was it saved by another rule, or for another model?"#
        ),
    );
    check(
        &|state| state.push((state[0].0.clone(), Tensor::from(1.0))),
        &format!(r#"{refused} "momentum.dense.weight" is there twice"#),
    );
    check(
        &|state| state[2].1 = Tensor::zeros([6], (Kind::Float, Device::Cpu)),
        &format!(r#"{refused} "momentum.dense.bias" is Float [6], expected Float [5]"#),
    );
    check(
        &|state| state[2].1 = Tensor::zeros([5], (Kind::Double, Device::Cpu)),
        &format!(r#"{refused} "momentum.dense.bias" is Double [5], expected Float [5]"#),
    );
    check(&|state| state[2].1 = Tensor::new(), &format!(r#"{refused} "momentum.dense.bias" is an undefined tensor"#));
    check(
        &|state| state[3].1 = Tensor::from(-1i64),
        &format!(r#"{refused} "steps.dense.bias" is -1, expected a count from 0"#),
    );
    // A state of another rule.
    let adam = net.optimizer(&Rule::Adam(Default::default())).state().unwrap();
    assert!(optimizer.load_state(&adam).unwrap_err().to_string().contains("momentum.dense.weight"));
    // Another order is fine.
    let mut state = copy();
    state.reverse();
    optimizer.load_state(&state).unwrap();
    assert!(optimizer.state().unwrap()[0].1.equal(&state[3].1));
}

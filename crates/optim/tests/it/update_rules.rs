//! Update rules and clipping against PyTorch's, to 1e-12 in f64 (the formulas) and to rounding in f32.

use approx::assert_relative_eq;
use optim::{Optimizer, Parameter, Penalty, Rule, clip_norm, clip_value};
use serde_json::Value;
use tch::{Kind, Tensor};

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// `weight` or `bias` out of one of the file's pairs, in its shape.
fn tensor(golden: &Value, pair: &Value, name: &str, kind: Kind) -> Tensor {
    let shape: Vec<i64> = golden["shapes"][name].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
    Tensor::from_slice(&numbers(&pair[name])).view(shape.as_slice()).to_kind(kind)
}

struct Pair {
    weight: Tensor,
    bias: Tensor,
}

impl Pair {
    fn new(golden: &Value, kind: Kind) -> Self {
        let leaf = |name| tensor(golden, &golden["start"], name, kind).set_requires_grad(true);
        Pair { weight: leaf("weight"), bias: leaf("bias") }
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::weight("weight", self.weight.shallow_clone()),
            Parameter::bias("bias", self.bias.shallow_clone()),
        ]
    }

    /// A loss whose gradient is the file's.
    fn loss(&self, golden: &Value, gradients: &Value) -> Tensor {
        let term = |w: &Tensor, name| (w * tensor(golden, gradients, name, w.kind())).sum(w.kind());
        term(&self.weight, "weight") + term(&self.bias, "bias")
    }

    #[track_caller]
    fn check(&self, expected: &Value, what: &str) {
        let (relative, absolute) = if self.weight.kind() == Kind::Double { (1e-12, 1e-13) } else { (2e-6, 4e-7) };
        for (tensor, name) in [(&self.weight, "weight"), (&self.bias, "bias")] {
            let found: Vec<f64> = tensor.reshape([-1]).to_kind(Kind::Double).try_into().unwrap();
            let expected = numbers(&expected[name]);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                println!("{what} {name}: {found} {expected}");
                assert_relative_eq!(found, expected, max_relative = relative, epsilon = absolute);
            }
        }
    }
}

const KINDS: [(Kind, &str); 2] = [(Kind::Double, "f64"), (Kind::Float, "f32")];

#[test]
fn every_rule_moves_parameters_as_pytorch_does_along_returned_gradients() {
    let golden = golden();
    let cases = golden["rules"].as_array().unwrap();
    assert!(cases.len() >= 45);
    for case in cases {
        let rule: Rule = serde_json::from_value(case["rule"].clone()).unwrap();
        let penalty: Penalty = serde_json::from_value(case["penalty"].clone()).unwrap();
        for (kind, key) in KINDS {
            let pair = Pair::new(&golden, kind);
            let mut optimizer = Optimizer::new(pair.parameters(), &rule).unwrap();
            for (gradients, rate) in
                golden["gradients"].as_array().unwrap().iter().zip(numbers(&golden["learning_rates"]))
            {
                let gradients = optimizer.gradients(&pair.loss(&golden, gradients)).unwrap();
                optimizer.add_penalty(&penalty, &gradients).unwrap();
                optimizer.apply(&gradients, rate).unwrap();
            }
            pair.check(&case[key], &format!("{rule:?} {penalty:?}"));
        }
    }
}

#[test]
fn every_rule_moves_parameters_as_pytorch_does_along_accumulated_gradients() {
    let golden = golden();
    for case in golden["rules"].as_array().unwrap() {
        let rule: Rule = serde_json::from_value(case["rule"].clone()).unwrap();
        let penalty: Penalty = serde_json::from_value(case["penalty"].clone()).unwrap();
        for (kind, key) in KINDS {
            let pair = Pair::new(&golden, kind);
            let mut optimizer = Optimizer::new(pair.parameters(), &rule).unwrap();
            for (gradients, rate) in
                golden["gradients"].as_array().unwrap().iter().zip(numbers(&golden["learning_rates"]))
            {
                optimizer.zero_grad();
                // In two halves, as an accumulation over two minibatches would.
                for _ in 0..2 {
                    (pair.loss(&golden, gradients) * 0.5).backward();
                }
                penalty.add_gradient(&[pair.weight.shallow_clone()]).unwrap();
                optimizer.step(rate).unwrap();
            }
            pair.check(&case[key], &format!("{rule:?} {penalty:?}"));
        }
    }
}

#[test]
fn clipping_leaves_the_gradients_and_the_norm_that_pytorch_does() {
    let golden = golden();
    for case in golden["clipping"].as_array().unwrap() {
        let bound = case["bound"].as_f64().unwrap();
        for (kind, key) in KINDS {
            let gradient = |name| tensor(&golden, &golden["gradients"][1], name, kind);
            let gradients = [gradient("weight"), Tensor::new(), gradient("bias")];
            if case["by"] == "norm" {
                let norm = clip_norm(&gradients, bound).unwrap();
                assert_eq!((norm.kind(), norm.size()), (kind, vec![]));
                let expected = case[key]["norm"].as_f64().unwrap();
                assert_relative_eq!(norm.double_value(&[]), expected, max_relative = 1e-6);
            } else {
                clip_value(&gradients, bound).unwrap();
            }
            let [weight, _, bias] = gradients;
            Pair { weight, bias }.check(&case[key], &format!("clip by {} {bound}", case["by"]));
        }
    }
}

//! Penalties: the value by arithmetic, the gradient by autograd.

use optim::{Optimizer, Parameter, Penalty, Rule};
use tch::{Device, Kind, Tensor};

fn leaf(numbers: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(numbers).view(shape).set_requires_grad(true)
}

/// Two weights with a zero and a negative zero among their numbers; sum |w| = 10.5, sum w^2 = 34.25.
fn weights() -> Vec<Tensor> {
    vec![leaf(&[1.0, -2.0, 0.0, 5.0], &[2, 2]), leaf(&[-0.5, 2.0, -0.0], &[3])]
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.reshape([-1]).try_into().unwrap()
}

#[test]
fn the_value_is_l1_times_the_sum_of_sizes_plus_l2_times_the_sum_of_squares() {
    for (l1, l2, expected) in [(0.0, 0.0, 0.0), (1.0, 0.0, 10.5), (0.0, 1.0, 34.25), (0.5, 0.25, 5.25 + 8.5625)] {
        let value = Penalty { l1, l2 }.value(&weights()).unwrap();
        assert_eq!((value.size(), value.kind()), (vec![], Kind::Float));
        assert_eq!(value.double_value(&[]), expected);
    }
}

#[test]
fn the_value_is_f32_for_f64_weights_and_zero_for_none() {
    let penalty = Penalty { l1: 1.0, l2: 1.0 };
    let weights = [Tensor::from_slice(&[3f64, -4.0])];
    let value = penalty.value(&weights).unwrap();
    assert_eq!((value.kind(), value.double_value(&[])), (Kind::Float, 32.0));
    assert_eq!(penalty.value(&[]).unwrap().double_value(&[]), 0.0);
}

#[test]
fn the_gradient_added_is_the_one_that_autograd_finds_of_the_value() {
    for (l1, l2) in [(0.5, 0.0), (0.0, 0.25), (0.5, 0.25)] {
        let penalty = Penalty { l1, l2 };
        let by_autograd = weights();
        penalty.value(&by_autograd).unwrap().backward();
        let by_formula = weights();
        for weight in &by_formula {
            // Defines `.grad` as zeros.
            (weight * 0.0).sum(Kind::Float).backward();
        }
        penalty.add_gradient(&by_formula).unwrap();
        for (a, b) in by_autograd.iter().zip(&by_formula) {
            // All numbers are sums of powers of two, so equality is exact.
            assert_eq!(numbers(&a.grad()), numbers(&b.grad()), "{penalty:?}");
        }
    }
}

#[test]
fn the_gradient_is_added_to_what_is_there_and_needs_no_graph() {
    let weights = weights();
    (&weights[0] * 3.0).sum(Kind::Float).backward();
    Penalty { l1: 1.0, l2: 0.5 }.add_gradient(&weights).unwrap();
    assert_eq!(numbers(&weights[0].grad()), [3.0 + 1.0 + 1.0, 3.0 - 1.0 - 2.0, 3.0, 3.0 + 1.0 + 5.0]);
    assert!(!weights[0].grad().requires_grad());
    assert!(!weights[1].grad().defined(), "a weight without a gradient is skipped");
}

#[test]
fn an_optimiser_penalises_weights_and_not_biases() {
    let (w, b) = (leaf(&[2.0, -4.0], &[2]), leaf(&[8.0], &[1]));
    let parameters = vec![Parameter::weight("w", w.shallow_clone()), Parameter::bias("b", b.shallow_clone())];
    let optimizer = Optimizer::new(parameters, &Rule::default()).unwrap();
    let gradients = [Tensor::zeros([2], (Kind::Float, Device::Cpu)), Tensor::zeros([1], (Kind::Float, Device::Cpu))];
    optimizer.add_penalty(&Penalty { l1: 1.0, l2: 0.25 }, &gradients).unwrap();
    assert_eq!(numbers(&gradients[0]), [2.0, -3.0]);
    assert_eq!(numbers(&gradients[1]), [0.0]);
}

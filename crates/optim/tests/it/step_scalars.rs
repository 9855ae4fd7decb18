//! Steps whose numbers lie in a tensor: the same bits as steps at a rate, over every rule and over many steps.

use crate::common::{Net, bits, leaf, rules};
use optim::{AdamWOptions, Optimizer, Parameter, Rule};
use tch::{Device, Kind, Tensor};

fn rate(step: u64) -> f64 {
    0.05 / (1.0 + step as f64)
}

/// The gradients of step `step`.
fn gradients(net: &Net, optimizer: &Optimizer, step: u64) -> Vec<Tensor> {
    let x = (Tensor::arange(6, (Kind::Float, Device::Cpu)) * 0.3 + step as f64).sin();
    let loss = (net.weight.matmul(&x) + &net.bias).tanh().square().sum(Kind::Float);
    optimizer.gradients(&loss).unwrap()
}

#[test]
fn steps_with_numbers_from_a_tensor_give_the_same_bits_for_every_rule() {
    let strong = Rule::AdamW(AdamWOptions { weight_decay: 0.3, ..AdamWOptions::default() });
    for rule in rules().into_iter().chain([strong]) {
        let (usual, given) = (Net::new(), Net::new());
        let (mut by_rate, mut by_scalars) = (usual.optimizer(&rule), given.optimizer(&rule));
        usual.train(&mut by_rate, 0..103);
        given.train(&mut by_scalars, 0..3);
        // The numbers of the hundred steps to come, all at once and before the first of them.
        let table: Vec<f64> =
            (0..100).flat_map(|ahead| by_scalars.step_scalars(rate(3 + ahead), ahead).unwrap()).collect();
        let table = Tensor::from_slice(&table).view([100, -1]);
        for step in 3..103 {
            let gradients = gradients(&given, &by_scalars, step);
            by_scalars.apply_step_scalars(&gradients, &table.select(0, step as i64 - 3)).unwrap();
            by_scalars.count_step();
        }
        assert_eq!(bits(&usual.weight), bits(&given.weight), "{rule:?}");
        assert_eq!(bits(&usual.bias), bits(&given.bias), "{rule:?}");
        let (usual, given) = (by_rate.state().unwrap(), by_scalars.state().unwrap());
        assert!(usual == given, "what {rule:?} remembers, its steps included");
    }
}

#[test]
fn groups_and_both_dtypes_take_their_own_numbers_out_of_one_list() {
    let make = || {
        let single = leaf(&[1.0, -2.0]);
        let double = Tensor::from_slice(&[0.5f64, 0.25]).set_requires_grad(true);
        let slow = Parameter { lr_multiplier: 0.1, ..Parameter::weight("double", double.shallow_clone()) };
        let parameters = vec![Parameter::bias("single", single.shallow_clone()), slow];
        (single, double, Optimizer::new(parameters, &Rule::AdamW(AdamWOptions::default())).unwrap())
    };
    let ((single, double, mut usual), (other_single, other_double, mut given)) = (make(), make());
    let gradients = [Tensor::from_slice(&[0.3f32, -0.7]), Tensor::from_slice(&[0.1f64, 0.2])];
    for step in 0..10 {
        let step_scalars = Tensor::from_slice(&given.step_scalars(rate(step), 0).unwrap());
        usual.apply(&gradients, rate(step)).unwrap();
        match step {
            0 => given.apply(&gradients, rate(0)).unwrap(),
            _ => {
                given.apply_step_scalars(&gradients, &step_scalars).unwrap();
                given.count_step();
            }
        }
    }
    assert_eq!(bits(&single), bits(&other_single));
    assert_eq!(double, other_double);
}

#[test]
fn numbers_that_do_not_fit_a_missing_gradient_and_a_first_step_are_refused_and_nothing_moves() {
    let net = Net::new();
    let before = net.copy();
    let mut optimizer = net.optimizer(&Rule::default());
    let told = |result: Result<(), optim::Error>| result.unwrap_err().to_string();
    let found = gradients(&net, &optimizer, 0);
    let step_scalars = Tensor::from_slice(&optimizer.step_scalars(0.1, 0).unwrap());
    assert!(told(optimizer.apply_step_scalars(&found, &step_scalars)).contains("first step"), "no step was made");
    optimizer.count_step();
    let short = step_scalars.narrow(0, 0, 1);
    assert!(told(optimizer.apply_step_scalars(&found, &short)).contains("shape [1] for a step that takes 2"));
    let missing = [found[0].shallow_clone(), Tensor::new()];
    assert!(told(optimizer.apply_step_scalars(&missing, &step_scalars)).contains("\"dense.bias\" has none"));
    assert!(optimizer.step_scalars(f64::NAN, 0).is_err());
    assert_eq!(bits(&net.weight), bits(&before.weight));
    optimizer.apply_step_scalars(&found, &step_scalars).unwrap();
    assert_ne!(bits(&net.weight), bits(&before.weight));
}

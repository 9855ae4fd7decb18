//! A small network and every rule worth trying on it.
#![allow(clippy::unwrap_used, dead_code)]

use optim::{Optimizer, Parameter, RmsPropOptions, Rule, SgdOptions};
use tch::{Device, Kind, Tensor};

pub fn leaf(numbers: &[f32]) -> Tensor {
    Tensor::from_slice(numbers).set_requires_grad(true)
}

pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.reshape([-1]).try_into().unwrap()
}

pub fn bits(tensor: &Tensor) -> Vec<u32> {
    numbers(tensor).into_iter().map(f32::to_bits).collect()
}

pub fn rules() -> Vec<Rule> {
    let sgd = |momentum, dampening, nesterov| Rule::Sgd(SgdOptions { momentum, dampening, nesterov });
    let rmsprop =
        |momentum, centered| Rule::RmsProp(RmsPropOptions { momentum, centered, ..RmsPropOptions::default() });
    vec![
        Rule::default(),
        sgd(0.9, 0.0, false),
        sgd(0.9, 0.5, false),
        sgd(0.9, 0.0, true),
        Rule::Adam(Default::default()),
        Rule::AdamW(Default::default()),
        rmsprop(0.0, false),
        rmsprop(0.0, true),
        rmsprop(0.9, false),
        rmsprop(0.9, true),
    ]
}

/// A small network with curvature, so that every step depends on all steps before it.
pub struct Net {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Net {
    pub fn new() -> Self {
        let weight: Vec<f32> = (0..30).map(|i| (i as f32 * 0.7).sin()).collect();
        Net { weight: Tensor::from_slice(&weight).view([5, 6]).set_requires_grad(true), bias: leaf(&[0.1; 5]) }
    }

    pub fn copy(&self) -> Self {
        let copy = |tensor: &Tensor| tensor.detach().copy().set_requires_grad(true);
        Net { weight: copy(&self.weight), bias: copy(&self.bias) }
    }

    pub fn optimizer(&self, rule: &Rule) -> Optimizer {
        let parameters = vec![
            Parameter::weight("dense.weight", self.weight.shallow_clone()),
            Parameter::bias("dense.bias", self.bias.shallow_clone()),
        ];
        Optimizer::new(parameters, rule).unwrap()
    }

    pub fn train(&self, optimizer: &mut Optimizer, steps: std::ops::Range<u64>) {
        for step in steps {
            let x = (Tensor::arange(6, (Kind::Float, Device::Cpu)) * 0.3 + step as f64).sin();
            let loss = (self.weight.matmul(&x) + &self.bias).tanh().square().sum(Kind::Float);
            let gradients = optimizer.gradients(&loss).unwrap();
            optimizer.apply(&gradients, 0.05 / (1.0 + step as f64)).unwrap();
        }
    }
}

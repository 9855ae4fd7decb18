//! One parameter with what its rule remembers of it.

use tch::Tensor;

use crate::pass::{Scalars, saturated};
use crate::{AdamOptions, Error, Parameter, RmsPropOptions, Rule, SgdOptions, adam, rmsprop, sgd};

#[derive(Debug)]
pub(crate) struct Slot {
    pub parameter: Parameter,
    /// Steps this parameter has made: those in which it had a gradient.
    pub steps: u64,
    memory: Memory,
}

/// A rule's options together with what it keeps between steps, so that one cannot be there without the other. Each tensor
/// has the parameter's shape, dtype and device.
#[derive(Debug)]
enum Memory {
    Sgd { options: SgdOptions, momentum: Option<Tensor> },
    Adam { options: AdamOptions, weight_decay: f64, first: Tensor, second: Tensor },
    RmsProp { options: RmsPropOptions, memory: rmsprop::Memory },
}

impl Slot {
    /// All memory is allocated here, so that a run which starts has the memory to go on.
    pub fn new(parameter: Parameter, rule: &Rule) -> Result<Self, Error> {
        let zeros = || parameter.tensor.detach().f_zeros_like();
        let memory = match *rule {
            Rule::Sgd(options) => Memory::Sgd { options, momentum: (options.momentum != 0.0).then(zeros).transpose()? },
            Rule::Adam(options) => Memory::Adam { options, weight_decay: 0.0, first: zeros()?, second: zeros()? },
            Rule::AdamW(options) => {
                let weight_decay = if parameter.decay { options.weight_decay } else { 0.0 };
                Memory::Adam { options: options.moments(), weight_decay, first: zeros()?, second: zeros()? }
            }
            Rule::RmsProp(options) => Memory::RmsProp {
                options,
                memory: rmsprop::Memory {
                    square_average: zeros()?,
                    average: options.centered.then(zeros).transpose()?,
                    momentum: (options.momentum != 0.0).then(zeros).transpose()?,
                },
            },
        };
        Ok(Slot { parameter, steps: 0, memory })
    }

    /// The tensors that a saved state holds of this parameter, by the first part of their names.
    pub fn tensors(&self) -> Vec<(&'static str, &Tensor)> {
        match &self.memory {
            Memory::Sgd { momentum, .. } => momentum.iter().map(|tensor| ("momentum", tensor)).collect(),
            Memory::Adam { first, second, .. } => {
                vec![("first_moment", first), ("second_moment", second)]
            }
            Memory::RmsProp { memory, .. } => [
                ("square_average", Some(&memory.square_average)),
                ("average", memory.average.as_ref()),
                ("momentum", memory.momentum.as_ref()),
            ]
            .into_iter()
            .filter_map(|(part, tensor)| Some((part, tensor?)))
            .collect(),
        }
    }

    /// One step along `gradient`; the caller has switched gradients off.
    pub fn update(&mut self, gradient: &Tensor, rate: f64, scalars: &mut Scalars) -> Result<(), Error> {
        self.steps += 1;
        let rate = rate * self.parameter.rate_factor;
        let (w, g, steps) = (&mut self.parameter.tensor, gradient, self.steps);
        match &mut self.memory {
            Memory::Sgd { options, momentum } => sgd::update(options, momentum.as_mut(), steps, w, g, rate, scalars),
            Memory::Adam { options, weight_decay, first, second } => {
                if *weight_decay != 0.0 {
                    let _ = w.f_mul_scalar_(saturated(1.0 - rate * *weight_decay, w.kind()))?;
                }
                adam::update(options, first, second, steps, w, g, rate, scalars)
            }
            Memory::RmsProp { options, memory } => rmsprop::update(options, memory, w, g, rate, scalars),
        }
    }
}

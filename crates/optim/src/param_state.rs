//! One parameter with what its rule remembers of it.

use tch::{Device, Kind, Tensor};
use torch_ext::{Isa, SgdStep};

use crate::pass::Scalars;
use crate::{AdamOptions, Error, Parameter, Penalty, RmsPropOptions, Rule, SgdOptions, adam, rmsprop, sgd};

#[derive(Debug)]
pub(crate) struct ParamState {
    pub parameter: Parameter,
    /// Steps this parameter has made: those in which it had a gradient.
    pub steps: u64,
    memory: RuleState,
}

/// A rule's options together with what it keeps between steps, so that one cannot be there without the other. Each tensor
/// has the parameter's shape, dtype and device.
#[derive(Debug)]
enum RuleState {
    Sgd { options: SgdOptions, momentum: Option<Tensor> },
    Adam { options: AdamOptions, weight_decay: f64, first: Tensor, second: Tensor },
    RmsProp { options: RmsPropOptions, memory: rmsprop::Averages },
}

impl ParamState {
    /// All memory is allocated here, so that a run which starts has the memory to continue.
    pub fn new(parameter: Parameter, rule: &Rule) -> Result<Self, Error> {
        let zeros = || parameter.tensor.detach().f_zeros_like();
        let memory = match *rule {
            Rule::Sgd(options) => {
                RuleState::Sgd { options, momentum: (options.momentum != 0.0).then(zeros).transpose()? }
            }
            Rule::Adam(options) => RuleState::Adam { options, weight_decay: 0.0, first: zeros()?, second: zeros()? },
            Rule::AdamW(options) => {
                let weight_decay = if parameter.decay { options.weight_decay } else { 0.0 };
                RuleState::Adam { options: options.moments(), weight_decay, first: zeros()?, second: zeros()? }
            }
            Rule::RmsProp(options) => RuleState::RmsProp {
                options,
                memory: rmsprop::Averages {
                    square_average: zeros()?,
                    average: options.centered.then(zeros).transpose()?,
                    momentum: (options.momentum != 0.0).then(zeros).transpose()?,
                },
            },
        };
        Ok(ParamState { parameter, steps: 0, memory })
    }

    /// Remembers what `earlier` does; both are of one rule.
    pub fn take_over(&mut self, earlier: ParamState) -> Result<(), Error> {
        let of = |tensor: &Tensor| (tensor.size(), tensor.kind(), tensor.device());
        let (wanted, found) = (of(&self.parameter.tensor), of(&earlier.parameter.tensor));
        if wanted != found {
            let name = self.parameter.name.clone();
            return Err(Error::Parameter { name, reason: format!("it is {wanted:?}, and was {found:?}") });
        }
        (self.steps, self.memory) = (earlier.steps, earlier.memory);
        Ok(())
    }

    /// The tensors that a saved state holds of this parameter, by the first part of their names.
    pub fn tensors(&self) -> Vec<(&'static str, &Tensor)> {
        match &self.memory {
            RuleState::Sgd { momentum, .. } => momentum.iter().map(|tensor| ("momentum", tensor)).collect(),
            RuleState::Adam { first, second, .. } => {
                vec![("first_moment", first), ("second_moment", second)]
            }
            RuleState::RmsProp { memory, .. } => [
                ("square_average", Some(&memory.square_average)),
                ("average", memory.average.as_ref()),
                ("momentum", memory.momentum.as_ref()),
            ]
            .into_iter()
            .filter_map(|(part, tensor)| Some((part, tensor?)))
            .collect(),
        }
    }

    /// The numbers of a step at `rate` that change from step to step, in the order in which [`update`](ParamState::update) takes
    /// them: those of the step that comes `ahead` steps after the next one.
    pub fn step_scalars(&self, rate: f64, ahead: u64) -> Vec<f64> {
        let (rate, step) = (rate * self.parameter.lr_multiplier, self.steps + ahead + 1);
        match &self.memory {
            RuleState::Sgd { options, .. } => sgd::step_scalars(options, rate),
            RuleState::Adam { options, weight_decay, .. } => adam::step_scalars(options, *weight_decay, step, rate),
            RuleState::RmsProp { .. } => vec![-rate],
        }
    }

    /// One step at `rate` along `gradient` and the slope of `penalty`, in one pass over the parameter: for SGD
    /// without dampening on CPUs in f32.
    /// Says whether it was made; the caller counts it.
    pub fn descend(&mut self, penalty: &Penalty, gradient: &Tensor, rate: f64) -> Result<bool, Error> {
        let w = &mut self.parameter.tensor;
        let RuleState::Sgd { options, momentum } = &mut self.memory else { return Ok(false) };
        let fits = |it: &Tensor| it.device() == Device::Cpu && it.kind() == Kind::Float && it.is_contiguous();
        if !(fits(w) && fits(gradient) && options.dampening == 0.0) {
            return Ok(false);
        }
        let Penalty { l1, l2 } = if self.parameter.decay { *penalty } else { Penalty::default() };
        let SgdOptions { momentum: mu, nesterov, .. } = *options;
        let (rate, first) = (rate * self.parameter.lr_multiplier, self.steps == 0);
        let step = SgdStep { rate, l1, l2, momentum: mu, nesterov, first };
        let finite = torch_ext::sgd(w, gradient, momentum.as_mut(), &step, Isa::best())?;
        if !finite && !penalty.is_zero() {
            // With the penalty in it, which the tensor does not hold: who looks for what went first must find it there.
            let _ = gradient.shallow_clone().f_fill_(f64::NAN)?;
        }
        Ok(true)
    }

    /// One step along `gradient` with `numbers`, 0-dim tensors of the parameter's dtype and on its device; the caller has
    /// switched gradients off, and counts the step.
    pub fn update(&mut self, gradient: &Tensor, step_scalars: &[Tensor], scalars: &mut Scalars) -> Result<(), Error> {
        let is_first = self.steps == 0;
        let (w, g) = (&mut self.parameter.tensor, gradient);
        match &mut self.memory {
            RuleState::Sgd { options, momentum } => {
                sgd::update(options, momentum.as_mut(), is_first, w, g, step_scalars, scalars)
            }
            RuleState::Adam { options, first, second, .. } => adam::update(options, first, second, w, g, step_scalars),
            RuleState::RmsProp { options, memory } => rmsprop::update(options, memory, w, g, step_scalars, scalars),
        }
    }
}

//! The optimiser: a rule applied to named parameters, with a state that can be saved, loaded and checked.

use std::collections::{HashMap, HashSet};

use tch::{Kind, Tensor};

use crate::param_state::ParamState;
use crate::pass::Scalars;
use crate::{Error, Penalty, Rule, range};

/// A tensor to be optimised.
#[derive(Debug)]
pub struct Parameter {
    /// The field's plain name, for example `conv1.weight`; unique within an optimiser, and part of the state's names.
    pub name: String,
    /// A leaf that requires gradients, f32 or f64, any shape and device. Shared with the model (`shallow_clone`).
    pub tensor: Tensor,
    /// Whether penalties and decoupled weight decay fall on it: weights and filters yes, biases no.
    pub decay: bool,
    /// What a step's learning rate is multiplied with for this parameter, in `[0, 1e8]`; decoupled weight decay follows it,
    /// as it follows the rate of a parameter group in PyTorch. At 0 the parameter does not move.
    pub lr_multiplier: f64,
}

impl Parameter {
    /// A weight matrix or filter: decays.
    pub fn weight(name: impl Into<String>, tensor: Tensor) -> Self {
        Parameter { name: name.into(), tensor, decay: true, lr_multiplier: 1.0 }
    }

    /// A bias, or the scale of a normalisation: never decays.
    pub fn bias(name: impl Into<String>, tensor: Tensor) -> Self {
        Parameter { name: name.into(), tensor, decay: false, lr_multiplier: 1.0 }
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |reason: String| Err(Error::Parameter { name: self.name.clone(), reason });
        if let Err(problem) = range::LR_MULTIPLIER.check(self.lr_multiplier) {
            return refuse(problem.to_string());
        }
        if !self.tensor.defined() {
            return refuse("the tensor is undefined".into());
        }
        // Half precision loses small updates: w + rate * g is w.
        if !matches!(self.tensor.kind(), Kind::Float | Kind::Double) {
            return refuse(format!(
                "its dtype is {:?}; keep parameters as Float or Double and use autocast for half precision",
                self.tensor.kind()
            ));
        }
        if !self.tensor.requires_grad() {
            return refuse("it does not require gradients; call set_requires_grad(true) on it".into());
        }
        if !self.tensor.f_is_leaf()? {
            return refuse("it is the result of a computation; pass the leaf it was computed from".into());
        }
        Ok(())
    }
}

/// Moves parameters along their gradients by a [`Rule`], in place and without an autograd graph.
///
/// Gradients come to it in one of two ways, with the same result to the bit:
///
/// | | `gradients` and `apply` | `backward` and `step` |
/// | --- | --- | --- |
/// | gradients are | tensors returned by `gradients(&loss)` | each tensor's `.grad` |
/// | before | nothing | `zero_grad()` |
/// | penalty | `add_penalty(&penalty, &gradients)` | `penalty.add_gradient(&weights)` |
/// | clipping | `clip_norm(&gradients, max)` | `clip_norm(&optimizer.accumulated(), max)` |
/// | serves | speed: no pass to zero, none to add | accumulation over several minibatches |
///
/// A parameter without a gradient (the loss does not depend on it) is left alone, memory and step count included.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    pub(crate) params: Vec<ParamState>,
}

impl Optimizer {
    /// An optimiser that has made no step. All it will remember is allocated at once, beside the parameters.
    ///
    /// # Errors
    /// Options or a rate factor out of range; no parameters; a name twice; two names for one tensor (it would move twice); a
    /// tensor that is not f32 or f64, not a leaf, or does not require gradients.
    pub fn new(parameters: Vec<Parameter>, rule: &Rule) -> Result<Self, Error> {
        rule.check()?;
        if parameters.is_empty() {
            return Err(Error::NoParameters);
        }
        let mut names = HashSet::new();
        let mut owners = HashMap::new();
        for parameter in &parameters {
            parameter.check()?;
            let refuse = |reason| Err(Error::Parameter { name: parameter.name.clone(), reason });
            if !names.insert(&parameter.name) {
                return refuse("two parameters have this name; give each its own".into());
            }
            if parameter.tensor.numel() > 0
                && let Some(other) = owners.insert(parameter.tensor.data_ptr() as usize, &parameter.name)
            {
                return refuse(format!("it shares its memory with \"{other}\"; pass a shared tensor once"));
            }
        }
        let params =
            parameters.into_iter().map(|parameter| ParamState::new(parameter, rule)).collect::<Result<_, _>>()?;
        Ok(Optimizer { rule: *rule, params })
    }

    /// The rule it was made with.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The parameters, in the order of all lists of gradients.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = &Parameter> {
        self.params.iter().map(|param| &param.parameter)
    }

    /// Sets each `.grad` to zero in place.
    ///
    /// An undefined `.grad` would be faster, because autograd then keeps its own buffer where it now adds to this one, but
    /// libtorch's C interface has no way back to it. [`gradients`](Optimizer::gradients) avoids both passes.
    pub fn zero_grad(&mut self) {
        for param in &mut self.params {
            param.parameter.tensor.zero_grad();
        }
    }

    /// The gradients that `backward` has accumulated: each tensor's `.grad`, sharing its memory, in the order of the
    /// parameters; undefined where there is none.
    pub fn accumulated(&self) -> Vec<Tensor> {
        self.params.iter().map(|param| param.parameter.tensor.grad()).collect()
    }

    /// The gradients of `loss` (one number, any float dtype) as new tensors in the order of the parameters, undefined
    /// where the loss does not depend on a parameter. `.grad` is neither read nor written; the graph is freed.
    ///
    /// # Errors
    /// A loss that is not a single number or that carries no graph.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, Error> {
        let refuse = |reason: String| Err(Error::Loss { reason });
        if loss.numel() != 1 {
            return refuse(format!("it has shape {:?}; reduce it to one number, for example by its mean", loss.size()));
        }
        if !loss.requires_grad() {
            return refuse("it was not computed from the parameters, or gradients were switched off".into());
        }
        let inputs: Vec<&Tensor> = self.params.iter().map(|param| &param.parameter.tensor).collect();
        Ok(Tensor::f_run_backward(&[loss], &inputs, false, false)?)
    }

    /// Adds the penalty's gradient at each decaying parameter to its entry of `gradients`, in place. Undefined entries
    /// are skipped.
    ///
    /// # Errors
    /// Gradients that do not fit the parameters.
    pub fn add_penalty(&self, penalty: &Penalty, gradients: &[Tensor]) -> Result<(), Error> {
        if penalty.is_zero() {
            return Ok(());
        }
        self.check_gradients(gradients)?;
        let mut scalars = Scalars::default();
        for (param, gradient) in self.params.iter().zip(gradients) {
            if param.parameter.decay && gradient.defined() {
                penalty.add_to(&param.parameter.tensor, &mut gradient.shallow_clone(), &mut scalars)?;
            }
        }
        Ok(())
    }

    /// One step along `gradients` (as from [`gradients`](Optimizer::gradients)) at `learning_rate`, in `[0, 1e30]`.
    ///
    /// # Errors
    /// A rate out of range or gradients that do not fit the parameters; nothing has moved then.
    pub fn apply(&mut self, gradients: &[Tensor], learning_rate: f64) -> Result<(), Error> {
        self.apply_penalised(&Penalty::default(), gradients, learning_rate)
    }

    /// [`add_penalty`](Optimizer::add_penalty) and [`apply`](Optimizer::apply) at once, with the same result to rounding. SGD
    /// in f32 on a CPU makes it one pass over each parameter ([`torch_ext::sgd`]). What becomes of `gradients` is
    /// open, but that one which is not finite with its penalty is not finite afterwards.
    ///
    /// # Errors
    /// A rate out of range or gradients that do not fit the parameters; nothing has moved then.
    pub fn apply_penalised(
        &mut self,
        penalty: &Penalty,
        gradients: &[Tensor],
        learning_rate: f64,
    ) -> Result<(), Error> {
        self.check_gradients(gradients)?;
        self.advance(penalty, gradients, learning_rate)
    }

    /// One step along each tensor's `.grad` at `learning_rate`, in `[0, 1e30]`.
    ///
    /// # Errors
    /// A rate out of range; nothing has moved then.
    pub fn step(&mut self, learning_rate: f64) -> Result<(), Error> {
        // autograd gives each `.grad` its tensor's shape, dtype and device.
        self.advance(&Penalty::default(), &self.accumulated(), learning_rate)
    }

    /// All numbers of a step that change from step to step (rates, bias corrections, what decay leaves), parameter by
    /// parameter: those of the step that comes `ahead` steps after the next one, at `learning_rate`. The same list, as a
    /// tensor, makes [`apply_step_scalars`](Optimizer::apply_step_scalars) the step that [`apply`](Optimizer::apply) would be.
    ///
    /// # Errors
    /// A rate out of range.
    pub fn step_scalars(&self, learning_rate: f64, ahead: u64) -> Result<Vec<f64>, Error> {
        let rate = range::STEP_RATE.check(learning_rate)?;
        Ok(self.params.iter().flat_map(|param| param.step_scalars(rate, ahead)).collect())
    }

    /// One step along `gradients` whose [`numbers`](Optimizer::step_scalars) come from a tensor (1-D, f64, on the parameters'
    /// device), so that a captured CUDA graph can make it again with others. The step is not counted: that is
    /// [`count_step`](Optimizer::count_step)'s, once for each time the work is done.
    ///
    /// # Errors
    /// Gradients that do not fit the parameters or are undefined; another number of numbers; an optimiser that has made no
    /// step yet, because momentum's first step differs from all others.
    pub fn apply_step_scalars(&mut self, gradients: &[Tensor], step_scalars: &Tensor) -> Result<(), Error> {
        self.check_gradients(gradients)?;
        let refuse = |reason: String| Err(Error::Gradients { reason });
        let lengths: Vec<usize> = self.params.iter().map(|param| param.step_scalars(0.0, 0).len()).collect();
        let expected: usize = lengths.iter().sum();
        if step_scalars.size() != [expected as i64] {
            return refuse(format!("numbers of shape {:?} for a step that takes {expected}", step_scalars.size()));
        }
        if let Some(param) = self.params.iter().zip(gradients).find(|(_, it)| !it.defined()).map(|(param, _)| param) {
            return refuse(format!("\"{}\" has none, but every step must do the same", param.parameter.name));
        }
        if !self.has_stepped() {
            return refuse("the first step differs from the others; make it with `apply`".to_owned());
        }
        let _guard = tch::no_grad_guard();
        let mut scalars = Scalars::default();
        let (mut converted, mut start) = (step_scalars.shallow_clone(), 0);
        for ((param, gradient), length) in self.params.iter_mut().zip(gradients).zip(lengths) {
            if converted.kind() != gradient.kind() {
                converted = step_scalars.f_to_kind(gradient.kind())?;
            }
            let own =
                (start..start + length).map(|i| converted.f_select(0, i as i64)).collect::<Result<Vec<_>, _>>()?;
            param.update(gradient, &own, &mut scalars)?;
            start += length;
        }
        Ok(())
    }

    /// Whether every parameter has made a step, so that [`apply_step_scalars`](Optimizer::apply_step_scalars) can make the next.
    pub fn has_stepped(&self) -> bool {
        self.params.iter().all(|param| param.steps > 0)
    }

    /// Counts a step made by [`apply_step_scalars`](Optimizer::apply_step_scalars).
    pub fn count_step(&mut self) {
        self.params.iter_mut().for_each(|param| param.steps += 1);
    }

    fn advance(&mut self, penalty: &Penalty, gradients: &[Tensor], learning_rate: f64) -> Result<(), Error> {
        let rate = range::STEP_RATE.check(learning_rate)?;
        let _guard = tch::no_grad_guard();
        let mut scalars = Scalars::default();
        for (param, gradient) in self.params.iter_mut().zip(gradients).filter(|(_, gradient)| gradient.defined()) {
            if !param.descend(penalty, gradient, rate)? {
                if param.parameter.decay {
                    penalty.add_to(&param.parameter.tensor, &mut gradient.shallow_clone(), &mut scalars)?;
                }
                let step_scalars = param.step_scalars(rate, 0).into_iter().map(|number| scalars.get(number, gradient));
                let step_scalars = step_scalars.collect::<Result<Vec<_>, _>>()?;
                param.update(gradient, &step_scalars, &mut scalars)?;
            }
            param.steps += 1;
        }
        Ok(())
    }

    fn check_gradients(&self, gradients: &[Tensor]) -> Result<(), Error> {
        if gradients.len() != self.params.len() {
            let reason = format!("{} gradients for {} parameters", gradients.len(), self.params.len());
            return Err(Error::Gradients { reason });
        }
        for (param, gradient) in self.params.iter().zip(gradients).filter(|(_, gradient)| gradient.defined()) {
            let of = |tensor: &Tensor| (tensor.size(), tensor.kind(), tensor.device());
            let (found, expected) = (of(gradient), of(&param.parameter.tensor));
            if found != expected {
                let reason = format!("\"{}\" is {expected:?}, its gradient {found:?}", param.parameter.name);
                return Err(Error::Gradients { reason });
            }
        }
        Ok(())
    }
}

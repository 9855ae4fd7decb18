//! Saving and loading what an optimiser remembers.

use std::collections::HashMap;

use tch::{Kind, Tensor};

use crate::param_state::ParamState;
use crate::{Error, Optimizer};

impl Optimizer {
    /// What the rule remembers, as independent copies on the parameters' device: `momentum.conv1.weight` and so on, each
    /// of its parameter's shape and dtype, and `steps.conv1.weight` (0-dim i64 on the CPU). Empty for SGD without
    /// momentum, which remembers nothing.
    ///
    /// | rule | first part of the names |
    /// | --- | --- |
    /// | `sgd` with momentum | `momentum`, `steps` |
    /// | `adam`, `adamw` | `first_moment`, `second_moment`, `steps` |
    /// | `rmsprop` | `square_average`, `average` (centred), `momentum` (with momentum), `steps` |
    ///
    /// # Errors
    ///
    /// [`Error::Libtorch`], as where memory for the copies runs out.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, Error> {
        let _guard = tch::no_grad_guard();
        let mut state = Vec::new();
        for param in &self.params {
            let name = &param.parameter.name;
            let tensors = param.tensors();
            for (part, tensor) in &tensors {
                // Contiguous whatever the parameter's layout, because file formats want it so.
                let mut copy = Tensor::f_empty(tensor.size(), (tensor.kind(), tensor.device()))?;
                copy.f_copy_(tensor)?;
                state.push((format!("{part}.{name}"), copy));
            }
            if !tensors.is_empty() {
                let steps = Tensor::f_from_slice(&[param.steps as i64])?.f_reshape([] as [i64; 0])?;
                state.push((format!("steps.{name}"), steps));
            }
        }
        Ok(state)
    }

    /// The same tensors without the counts, shared and not copied: for those who look at them and change nothing.
    pub fn memory(&self) -> Vec<(String, Tensor)> {
        let mut memory = Vec::new();
        for param in &self.params {
            let name = &param.parameter.name;
            memory.extend(param.tensors().into_iter().map(|(part, it)| (format!("{part}.{name}"), it.shallow_clone())));
        }
        memory
    }

    /// Takes over a [`state`](Optimizer::state), from any device and in any order. Parameters are not part of it.
    ///
    /// # Errors
    /// A name that is missing, unknown or there twice, another shape or dtype, a negative step count. Everything is
    /// checked first: a state that does not fit changes nothing.
    pub fn load_state(&mut self, state: &[(String, Tensor)]) -> Result<(), Error> {
        let _guard = tch::no_grad_guard();
        let mut saved = Saved::new(state)?;
        let mut copies = Vec::new();
        let mut counts = Vec::new();
        for param in &self.params {
            let name = &param.parameter.name;
            let tensors = param.tensors();
            for (part, tensor) in &tensors {
                let found = saved.take(format!("{part}.{name}"), &tensor.size(), tensor.kind())?;
                copies.push((tensor.shallow_clone(), found));
            }
            counts.push(if tensors.is_empty() { 0 } else { saved.take_count(format!("steps.{name}"))? });
        }
        saved.finish()?;
        for (mut tensor, found) in copies {
            tensor.f_copy_(found)?;
        }
        for (param, steps) in self.params.iter_mut().zip(counts) {
            param.steps = steps;
        }
        Ok(())
    }

    /// Takes over what an `earlier` optimiser of the same rule remembers of the parameters that both name, counts of steps included: for
    /// a network of which more is trained from now on.
    ///
    /// # Errors
    /// Another rule; a parameter of another shape, dtype or device.
    pub fn take_over(&mut self, earlier: Optimizer) -> Result<(), Error> {
        if earlier.rule() != self.rule() {
            return Err(Error::State {
                name: "its rule".into(),
                reason: format!("is {:?}, not {:?}", earlier.rule(), self.rule()),
            });
        }
        let mut earlier: HashMap<String, ParamState> =
            earlier.params.into_iter().map(|param| (param.parameter.name.clone(), param)).collect();
        for param in &mut self.params {
            if let Some(earlier) = earlier.remove(&param.parameter.name) {
                param.take_over(earlier)?;
            }
        }
        Ok(())
    }
}

/// The tensors of a saved state by name; each can be taken once.
struct Saved<'a>(HashMap<&'a str, &'a Tensor>);

fn refuse<T>(name: &str, reason: String) -> Result<T, Error> {
    Err(Error::State { name: name.to_owned(), reason })
}

impl<'a> Saved<'a> {
    fn new(state: &'a [(String, Tensor)]) -> Result<Self, Error> {
        let mut tensors = HashMap::new();
        for (name, tensor) in state {
            if tensors.insert(name.as_str(), tensor).is_some() {
                return refuse(name, "is there twice".into());
            }
        }
        Ok(Saved(tensors))
    }

    fn take(&mut self, name: String, size: &[i64], kind: Kind) -> Result<&'a Tensor, Error> {
        let Some(found) = self.0.remove(name.as_str()) else {
            return refuse(&name, "is missing; was it saved by another rule, or for another model?".into());
        };
        if !found.defined() {
            return refuse(&name, "is an undefined tensor".into());
        }
        if found.size() != size || found.kind() != kind {
            let found = format!("{:?} {:?}", found.kind(), found.size());
            return refuse(&name, format!("is {found}, expected {kind:?} {size:?}"));
        }
        Ok(found)
    }

    fn take_count(&mut self, name: String) -> Result<u64, Error> {
        let count = self.take(name.clone(), &[], Kind::Int64)?.f_int64_value(&[])?;
        u64::try_from(count).or_else(|_| refuse(&name, format!("is {count}, expected a count from 0")))
    }

    fn finish(self) -> Result<(), Error> {
        match self.0.keys().min() {
            None => Ok(()),
            Some(name) => refuse(name, "is unknown here; was it saved by another rule, or for another model?".into()),
        }
    }
}

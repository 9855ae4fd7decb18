//! A model's variables: how they are made from their initial values and how other values are copied into them.

use std::collections::HashSet;

use tch::{Device, Kind, Tensor};

use crate::layer::Layer;
use crate::{Error, initial};

/// A variable of a model.
#[derive(Debug)]
pub struct Parameter {
    /// The layer's name and `weight` or `bias`, for instance `conv1.weight`.
    pub name: String,
    /// f32 leaf with `requires_grad`, on the model's device: `[out, in]` or `[out, in, height, width]` for weights,
    /// `[out]` for biases.
    pub tensor: Tensor,
    /// What it is to its layer.
    pub role: Role,
}

/// What a parameter is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight matrix or filters: what a penalty sees.
    Weight,
    /// Added to each output; never penalised.
    Bias,
}

/// The variables of all layers with their initial values, each weight followed by its bias.
pub(crate) fn create(layers: &[Layer], device: Device, seed: u64) -> Result<Vec<Parameter>, Error> {
    let mut parameters = Vec::new();
    for layer in layers {
        if let Some(weight) = layer.weight() {
            let (shape, bias) = (&weight.shape, &weight.shape[..1]);
            let values = match weight.bound {
                0.0 => vec![0.0; count(shape)],
                bound => initial::uniform(seed, weight.number, count(shape), bound),
            };
            parameters.push(Parameter::new(layer, Role::Weight, &values, shape, device)?);
            let values = vec![0.0; count(bias)];
            parameters.push(Parameter::new(layer, Role::Bias, &values, bias, device)?);
        }
    }
    Ok(parameters)
}

impl Parameter {
    fn new(layer: &Layer, role: Role, values: &[f32], shape: &[i64], device: Device) -> Result<Parameter, Error> {
        let name = match role {
            Role::Weight => format!("{}.weight", layer.name),
            Role::Bias => format!("{}.bias", layer.name),
        };
        let tensor = Tensor::f_from_slice(values)
            .and_then(|tensor| tensor.f_reshape(shape))
            .and_then(|tensor| tensor.f_to_device(device))
            .and_then(|tensor| tensor.f_set_requires_grad(true))
            .map_err(Error::libtorch(format!("put {name} on {device:?}")))?;
        Ok(Parameter { name, tensor, role })
    }
}

/// Number of values; the list of layers holds no negative size and no more values than `MAX_PARAMETERS`.
fn count(shape: &[i64]) -> usize {
    shape.iter().product::<i64>() as usize
}

/// Copies values into the parameters of the same names: all of them or, on an error in names, shapes or types, none.
pub(crate) fn load(parameters: &[Parameter], values: &[(String, Tensor)]) -> Result<(), Error> {
    check_names(parameters, values)?;
    let mut pairs = Vec::with_capacity(values.len());
    for (name, value) in values {
        pairs.extend(find(parameters, name).map(|parameter| (parameter, value)));
    }
    for (parameter, value) in &pairs {
        let (expected, found) = (parameter.tensor.size(), value.size());
        if found != expected {
            let name = parameter.name.clone();
            return Err(Error::Shape { name, expected, found });
        }
        if value.kind() != Kind::Float {
            let (name, found) = (parameter.name.clone(), format!("{:?}", value.kind()));
            return Err(Error::Kind { name, found });
        }
    }
    let _guard = tch::no_grad_guard();
    for (parameter, value) in pairs {
        let copied = parameter.tensor.shallow_clone().f_copy_(value);
        copied.map_err(Error::libtorch(format!("copy values into {}", parameter.name)))?;
    }
    Ok(())
}

pub(crate) fn find<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Parameter> {
    parameters.iter().find(|parameter| parameter.name == name)
}

fn check_names(parameters: &[Parameter], values: &[(String, Tensor)]) -> Result<(), Error> {
    let mut given = HashSet::new();
    let (mut unexpected, mut repeated) = (Vec::new(), Vec::new());
    for (name, _) in values {
        if find(parameters, name).is_none() {
            unexpected.push(name.clone());
        } else if !given.insert(name.as_str()) {
            repeated.push(name.clone());
        }
    }
    let names = parameters.iter().map(|parameter| &parameter.name);
    let missing: Vec<String> = names.filter(|name| !given.contains(name.as_str())).cloned().collect();
    if missing.is_empty() && unexpected.is_empty() && repeated.is_empty() {
        return Ok(());
    }
    Err(Error::Names { missing, unexpected, repeated })
}

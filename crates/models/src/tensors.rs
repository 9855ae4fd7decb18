//! A model's tensors: parameters, which training moves along gradients, and buffers, which it moves otherwise. How they are
//! made from their initial values, and how other values are copied into them.

use std::collections::HashSet;

use tch::{Device, Kind, TchError, Tensor};

use crate::plan::{BufferPlan, ParameterPlan, Start};
use crate::role::Role;
use crate::{Error, initial};

/// A variable of a model.
#[derive(Debug)]
pub struct Parameter {
    /// The layer's name and `weight` or `bias`, for instance `conv1.weight`.
    pub name: String,
    /// f32 leaf with `requires_grad`, on the model's device: `[out, in]` or `[out, in, height, width]` for weights,
    /// `[out]` for biases and scales.
    pub tensor: Tensor,
    /// What it is to its layer.
    pub role: Role,
}

/// Values that belong to a model and take no gradient, such as the running statistics of a batch normalisation.
#[derive(Debug)]
pub struct Buffer {
    /// The layer's name and its own, for instance `bn1.running_mean`.
    pub name: String,
    /// f32 on the model's device.
    pub tensor: Tensor,
}

/// All tensors of a model.
#[derive(Debug, Default)]
pub struct Tensors {
    /// In the order of the layers, each weight followed by its bias.
    pub parameters: Vec<Parameter>,
    /// In the order of the layers.
    pub buffers: Vec<Buffer>,
}

impl Tensors {
    /// The tensors that were planned, with their initial values.
    pub(crate) fn create(
        parameters: &[ParameterPlan],
        buffers: &[BufferPlan],
        device: Device,
        seed: u64,
    ) -> Result<Tensors, Error> {
        let failed = |name: &str| Error::libtorch(format!("put {name} on {device:?}"));
        let parameter = |plan: &ParameterPlan| {
            // Checked when planned: no size is negative, and all are fewer than `MAX_PARAMETERS` together.
            let count = plan.shape.iter().product::<i64>() as usize;
            let values = match plan.start {
                Start::Constant(value) => vec![value; count],
                Start::Uniform { bound, layer } => initial::uniform(seed, layer, count, bound),
                Start::Normal { deviation, layer } => initial::normal(seed, layer, count, deviation),
                Start::Dirac { bound, layer } => dirac(initial::uniform(seed, layer, count, bound), &plan.shape),
            };
            let tensor = placed(&values, &plan.shape, device).and_then(|tensor| tensor.f_set_requires_grad(true));
            let tensor = tensor.map_err(failed(&plan.name))?;
            Ok(Parameter { name: plan.name.clone(), tensor, role: plan.role })
        };
        let buffer = |plan: &BufferPlan| {
            let tensor = placed(&vec![plan.value; plan.length as usize], &[plan.length], device);
            Ok(Buffer { name: plan.name.clone(), tensor: tensor.map_err(failed(&plan.name))? })
        };
        Ok(Tensors {
            parameters: parameters.iter().map(parameter).collect::<Result<_, Error>>()?,
            buffers: buffers.iter().map(buffer).collect::<Result<_, Error>>()?,
        })
    }

    /// The same names and values in memory of their own.
    pub(crate) fn copied(&self) -> Result<Tensors, Error> {
        let copy = |name: &str, tensor: &Tensor, learns: bool| {
            let copy = || -> Result<Tensor, TchError> {
                let mut copy = tensor.f_detach()?.f_empty_like()?;
                copy.f_copy_(&tensor.f_detach()?)?;
                copy.f_set_requires_grad(learns)
            };
            copy().map_err(Error::libtorch(format!("copy {name}")))
        };
        let parameter = |it: &Parameter| {
            Ok(Parameter { name: it.name.clone(), tensor: copy(&it.name, &it.tensor, true)?, role: it.role })
        };
        let buffer = |it: &Buffer| Ok(Buffer { name: it.name.clone(), tensor: copy(&it.name, &it.tensor, false)? });
        Ok(Tensors {
            parameters: self.parameters.iter().map(parameter).collect::<Result<_, Error>>()?,
            buffers: self.buffers.iter().map(buffer).collect::<Result<_, Error>>()?,
        })
    }

    /// Names and tensors, parameters first.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let parameters = self.parameters.iter().map(|it| (it.name.as_str(), &it.tensor));
        parameters.chain(self.buffers.iter().map(|it| (it.name.as_str(), &it.tensor)))
    }

    fn find(&self, name: &str) -> Option<&Tensor> {
        self.named().find(|(own, _)| *own == name).map(|(_, tensor)| tensor)
    }

    /// Copies values into the tensors of the same names: all of them or, on an error in names, shapes or types, none.
    pub(crate) fn load(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        self.check_names(values)?;
        let mut pairs = Vec::with_capacity(values.len());
        for (name, value) in values {
            pairs.extend(self.find(name).map(|own| (name, own, value)));
        }
        for &(name, own, value) in &pairs {
            let (expected, found) = (own.size(), value.size());
            if found != expected {
                return Err(Error::Shape { name: name.clone(), expected, found });
            }
            if value.kind() != Kind::Float {
                return Err(Error::Kind { name: name.clone(), found: format!("{:?}", value.kind()) });
            }
        }
        let _guard = tch::no_grad_guard();
        for (name, own, value) in pairs {
            own.shallow_clone().f_copy_(value).map_err(Error::libtorch(format!("copy values into {name}")))?;
        }
        Ok(())
    }

    fn check_names(&self, values: &[(String, Tensor)]) -> Result<(), Error> {
        let mut given = HashSet::new();
        let (mut unexpected, mut repeated) = (Vec::new(), Vec::new());
        for (name, _) in values {
            if self.find(name).is_none() {
                unexpected.push(name.clone());
            } else if !given.insert(name.as_str()) {
                repeated.push(name.clone());
            }
        }
        let missing: Vec<String> =
            self.named().filter(|(name, _)| !given.contains(name)).map(|(name, _)| name.to_owned()).collect();
        if missing.is_empty() && unexpected.is_empty() && repeated.is_empty() {
            return Ok(());
        }
        Err(Error::Names { missing, unexpected, repeated })
    }
}

/// The same filters `[maps, channels, k, k]`, of which filter `i` is 1 in the middle of channel `i` and 0 elsewhere, as long as there
/// are channels.
fn dirac(mut values: Vec<f32>, shape: &[i64]) -> Vec<f32> {
    let [_, channels, height, width] = *shape else { return values };
    let (area, middle) = ((height * width) as usize, (height / 2 * width + width / 2) as usize);
    let size = channels as usize * area;
    for (number, filter) in values.chunks_mut(size).take(channels as usize).enumerate() {
        filter.fill(0.0);
        filter[number * area + middle] = 1.0;
    }
    values
}

fn placed(values: &[f32], shape: &[i64], device: Device) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(values)?.f_reshape(shape)?.f_to_device(device)
}

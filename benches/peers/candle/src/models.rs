//! The three networks. Parameters are shaped as in PyTorch.

use anyhow::Result;
use candle_core::{Device, Tensor, Var};
use side::{Model, Parameters};

use crate::pool::max_pool_2x2;

/// Weight and bias of a layer.
struct Layer {
    weight: Var,
    bias: Var,
}

/// The layers from the pictures on.
pub struct Network {
    convolutions: Vec<Layer>,
    linear: Vec<Layer>,
}

/// The same layers without gradients, for the validation pass.
pub struct Detached<'a>(&'a Network);

impl Network {
    pub fn new(model: Model, initial: &Parameters) -> Result<Network> {
        let (convolutions, linear): (&[&str], &[&str]) = match model {
            Model::Softmax => (&[], &["output"]),
            Model::Mlp => (&[], &["hidden1", "output"]),
            Model::Lenet => (&["conv1", "conv2"], &["hidden1", "output"]),
        };
        let var = |name: String| -> Result<Var> {
            let (shape, values) = initial.get(&name)?;
            Ok(Var::from_vec(values, shape, &Device::Cpu)?)
        };
        let layers = |names: &[&str]| -> Result<Vec<Layer>> {
            let layer =
                |name: &&str| Ok(Layer { weight: var(format!("{name}.weight"))?, bias: var(format!("{name}.bias"))? });
            names.iter().map(layer).collect()
        };
        Ok(Network { convolutions: layers(convolutions)?, linear: layers(linear)? })
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.convolutions.iter().chain(&self.linear)
    }

    pub fn parameters(&self) -> Vec<Var> {
        self.layers().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect()
    }

    pub fn weights(&self) -> impl Iterator<Item = &Var> {
        self.layers().map(|layer| &layer.weight)
    }

    pub fn detached(&self) -> Detached<'_> {
        Detached(self)
    }

    /// Logits, `[n, 10]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_with(x, |var| var.as_tensor().clone())
    }

    fn forward_with(&self, x: &Tensor, value: impl Fn(&Var) -> Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for layer in &self.convolutions {
            x = x.conv2d(&value(&layer.weight), 0, 1, 1, 1)?;
            // The bias is the same all over a window, so it may be added to the fewer numbers that pooling leaves.
            x = max_pool_2x2(&x)?.broadcast_add(&value(&layer.bias).reshape((1, (), 1, 1))?)?.tanh()?;
        }
        if !self.convolutions.is_empty() {
            x = x.flatten_from(1)?;
        }
        for (index, layer) in self.linear.iter().enumerate() {
            x = x.matmul(&value(&layer.weight).t()?)?.broadcast_add(&value(&layer.bias))?;
            if index + 1 < self.linear.len() {
                x = x.tanh()?;
            }
        }
        Ok(x)
    }
}

impl Detached<'_> {
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward_with(x, |var| var.as_detached_tensor())
    }
}

//! The three networks.

use anyhow::{Context, Result};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};
use side::{Model, Parameters};

/// The layers from the pictures on.
#[derive(Module, Debug)]
pub struct Network {
    convolutions: Vec<Conv2d>,
    linear: Vec<Linear>,
}

impl Network {
    pub fn new(model: Model, initial: &Parameters, device: &Device) -> Result<Network> {
        let (convolutions, linear): (&[&str], &[&str]) = match model {
            Model::Softmax => (&[], &["output"]),
            Model::Mlp => (&[], &["hidden1", "output"]),
            Model::Lenet => (&["conv1", "conv2"], &["hidden1", "output"]),
        };
        let from = Source { initial, device };
        Ok(Network {
            convolutions: convolutions.iter().map(|name| from.convolution(name)).collect::<Result<_>>()?,
            linear: linear.iter().map(|name| from.linear(name)).collect::<Result<_>>()?,
        })
    }

    pub fn weights(&self) -> impl Iterator<Item = Tensor<2>> {
        let convolutions = self.convolutions.iter().map(|layer| layer.weight.val().flatten(1, 3));
        convolutions.chain(self.linear.iter().map(|layer| layer.weight.val()))
    }

    /// Logits, `[n, 10]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut x = images;
        for layer in &self.convolutions {
            x = max_pool2d(layer.forward(x), MaxPoolOptions::new([2, 2])).tanh();
        }
        let mut x: Tensor<2> = x.flatten(1, 3);
        for (index, layer) in self.linear.iter().enumerate() {
            x = layer.forward(x);
            if index + 1 < self.linear.len() {
                x = x.tanh();
            }
        }
        x
    }
}

/// Where initial parameters come from, and where they go to.
struct Source<'a> {
    initial: &'a Parameters,
    device: &'a Device,
}

impl Source<'_> {
    fn data<const D: usize>(&self, name: &str) -> Result<(TensorData, [usize; D])> {
        let (shape, values) = self.initial.get(name)?;
        let shape: [usize; D] = shape.try_into().ok().with_context(|| format!("{name} has not {D} dimensions"))?;
        Ok((TensorData::new(values, shape), shape))
    }

    fn bias(&self, layer: &str) -> Result<Option<Param<Tensor<1>>>> {
        let (data, [_]) = self.data(&format!("{layer}.bias"))?;
        Ok(Some(Param::from_data(data, self.device)))
    }

    fn convolution(&self, name: &str) -> Result<Conv2d> {
        let (weight, [outputs, inputs, height, width]) = self.data(&format!("{name}.weight"))?;
        let mut layer = Conv2dConfig::new([inputs, outputs], [height, width]).init(self.device);
        layer.weight = Param::from_data(weight, self.device);
        layer.bias = self.bias(name)?;
        Ok(layer)
    }

    /// burn's weights are `[inputs, outputs]`, those handed over are the other way round.
    fn linear(&self, name: &str) -> Result<Linear> {
        let (weight, [outputs, inputs]) = self.data(&format!("{name}.weight"))?;
        let weight = Tensor::<2>::from_data(weight, &self.device.clone().without_autodiff()).transpose();
        let mut layer = LinearConfig::new(inputs, outputs).init(self.device);
        layer.weight = Param::from_data(weight.into_data(), self.device);
        layer.bias = self.bias(name)?;
        Ok(layer)
    }
}

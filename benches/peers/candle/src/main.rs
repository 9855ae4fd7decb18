//! candle's side of `cargo xtask bench --versus --peers`: trains one model on the CPU, and prints a JSON line per measure.

mod models;
mod pool;

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use candle_nn::{Optimizer, SGD, loss::cross_entropy};
use clap::Parser;
use side::{Learner, Mnist, Model, Options, Parameters, Split};

use models::Network;

/// The model, and its minibatches as tensors of their own, so that nothing is copied in an epoch.
struct Side {
    network: Network,
    optimizer: SGD,
    l1: f64,
    l2: f64,
    train: Vec<(Tensor, Tensor)>,
    valid: Vec<(Tensor, Tensor)>,
}

impl Learner for Side {
    fn step(&mut self, minibatch: usize) -> Result<f32> {
        let (images, labels) = &self.train[minibatch];
        let loss = cross_entropy(&self.network.forward(images)?, labels)?;
        let mut gradients = loss.backward()?;
        if self.l1 != 0.0 || self.l2 != 0.0 {
            // Through autograd the penalties would take most of a step.
            for weight in self.network.weights() {
                let value = weight.as_detached_tensor();
                let penalty = ((value.sign()? * self.l1)? + (value * (2.0 * self.l2))?)?;
                let gradient = gradients.remove(weight).context("a weight has no gradient")?;
                gradients.insert(weight, (gradient + penalty)?);
            }
        }
        self.optimizer.step(&gradients)?;
        Ok(loss.to_scalar()?)
    }

    fn wrong(&mut self, minibatch: usize) -> Result<u64> {
        let (images, labels) = &self.valid[minibatch];
        let classes = self.network.detached().forward(images)?.argmax(1)?;
        Ok(classes.ne(labels)?.to_dtype(DType::U32)?.sum_all()?.to_scalar::<u32>()?.into())
    }
}

/// A pair of tensors for each minibatch: pictures as the model wants them, labels u32.
fn minibatches(split: &Split, options: &Options) -> Result<Vec<(Tensor, Tensor)>> {
    let batch = options.batch as usize;
    let shape = if options.model == Model::Lenet { vec![batch, 1, 28, 28] } else { vec![batch, 28 * 28] };
    let pair = |(images, labels): (&[f32], &[u8])| {
        let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
        Ok((Tensor::from_slice(images, shape.clone(), &Device::Cpu)?, Tensor::from_vec(labels, batch, &Device::Cpu)?))
    };
    split.minibatches(batch).map(pair).collect()
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mnist = Mnist::load(&options.data, options.pictures)?;
    let network = Network::new(options.model, &Parameters::read(&options.initial)?)?;
    let mut side = Side {
        optimizer: SGD::new(network.parameters(), options.learning_rate)?,
        network,
        l1: options.l1,
        l2: options.l2,
        train: minibatches(&mnist.train, &options)?,
        valid: minibatches(&mnist.valid, &options)?,
    };
    drop(mnist);
    let (train, valid) = (side.train.len(), side.valid.len());
    side::run(&options, &mut side, train, valid)
}

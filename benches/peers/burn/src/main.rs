//! burn's side of `cargo xtask bench --versus --peers`: trains one model on the CPU with the backend flex, and prints a JSON
//! line per measure.

mod models;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::Parser;
use side::{Learner, Mnist, Options, Parameters, Split};

use models::Network;

/// Pictures `[n, 1, 28, 28]` and labels `[n]`.
type Minibatch = (Tensor<4>, Tensor<1, Int>);

/// The model, and its minibatches as tensors of their own, so that nothing is copied in an epoch.
struct Side {
    /// Taken out and put back by the optimiser's step; there between steps.
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    loss: CrossEntropyLoss,
    learning_rate: f64,
    l1: f64,
    l2: f64,
    train: Vec<Minibatch>,
    valid: Vec<Minibatch>,
}

impl Learner for Side {
    fn step(&mut self, minibatch: usize) -> Result<f32> {
        let network = self.network.take().context("the step before failed")?;
        let (images, labels) = self.train[minibatch].clone();
        let loss = self.loss.forward(network.forward(images), labels);
        let mut total = loss.clone();
        if self.l1 != 0.0 || self.l2 != 0.0 {
            for weight in network.weights() {
                total = total + weight.clone().abs().sum() * self.l1 + weight.square().sum() * self.l2;
            }
        }
        let gradients = GradientsParams::from_grads(total.backward(), &network);
        self.network = Some(self.optimizer.step(self.learning_rate, network, gradients));
        Ok(loss.try_into_scalar()?)
    }

    fn wrong(&mut self, minibatch: usize) -> Result<u64> {
        let network = self.network.as_ref().context("the step before failed")?;
        let (images, labels) = self.valid[minibatch].clone();
        // Without gradients; the parameters are shared and not copied.
        let classes = network.valid().forward(images).argmax(1).flatten::<1>(0, 1);
        let wrong: i64 = classes.not_equal(labels).int().sum().try_into_scalar()?;
        Ok(wrong.try_into()?)
    }
}

fn minibatches(split: &Split, batch: usize, device: &Device) -> Vec<Minibatch> {
    let pair = |(images, labels): (&[f32], &[u8])| {
        let labels: Vec<i32> = labels.iter().map(|&label| label.into()).collect();
        let images = TensorData::new(images.to_vec(), [batch, 1, 28, 28]);
        (Tensor::from_data(images, device), Tensor::from_data(TensorData::new(labels, [batch]), device))
    };
    split.minibatches(batch).map(pair).collect()
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mnist = Mnist::load(&options.data, options.pictures)?;
    let device = Device::flex();
    let batch = options.batch as usize;
    let mut side = Side {
        network: Some(Network::new(options.model, &Parameters::read(&options.initial)?, &device.clone().autodiff())?),
        optimizer: SgdConfig::new().init(),
        loss: CrossEntropyLossConfig::new().init(&device),
        learning_rate: options.learning_rate,
        l1: options.l1,
        l2: options.l2,
        train: minibatches(&mnist.train, batch, &device),
        valid: minibatches(&mnist.valid, batch, &device),
    };
    drop(mnist);
    let (train, valid) = (side.train.len(), side.valid.len());
    side::run(&options, &mut side, train, valid)
}

//! Softmax regression on pictures of one's own, with minibatches from `tensor-data` and updates from `optim`.
//!
//! Build and run it from a folder outside the workspace:
//!
//! ```text
//! export LIBTORCH="$(cd path/to/minibatch && cargo xtask setup --print)"
//! cargo run
//! ```

use std::error::Error;

use optim::{Optimizer, Parameter, Rule, SgdOptions};
use tch::{Device, Kind, Tensor};
use tensor_data::{Dataset, Holdout, Order, Samples, Source, Storage, Tail};

const CLASSES: usize = 4;
const SIDE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let source = Source::new("corners", pictures(400)?, pictures(100)?);
    let data = Dataset::upload(&source, Holdout::Last(80), 1.0 / 255.0, Storage::F32, Device::Cpu)?;

    let inputs = (SIDE * SIDE) as i64;
    let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let (weight, bias) = (zeros(&[CLASSES as i64, inputs]), zeros(&[CLASSES as i64]));
    let logits = |images: &Tensor| images.flatten(1, -1).linear(&weight, Some(&bias));

    let parameters = vec![
        Parameter::weight("softmax.weight", weight.shallow_clone()),
        Parameter::bias("softmax.bias", bias.shallow_clone()),
    ];
    let mut optimizer = Optimizer::new(parameters, &Rule::Sgd(SgdOptions::default()))?;

    for epoch in 0..5 {
        let (mut loss_sum, mut steps) = (0.0, 0);
        for batch in data.train.batches(20, Order::Shuffled { seed: 1, epoch }, Tail::Drop)? {
            let loss = logits(&batch.images).cross_entropy_for_logits(batch.labels());
            let gradients = optimizer.gradients(&loss)?;
            optimizer.apply(&gradients, 0.5)?;
            loss_sum += loss.double_value(&[]);
            steps += 1;
        }
        println!("epoch {epoch}: loss {:.4}", loss_sum / f64::from(steps));
    }
    let right = logits(data.test.images())
        .argmax(-1, false)
        .eq_tensor(data.test.labels());
    let error = 1.0 - right.to_kind(Kind::Float).mean(Kind::Float).double_value(&[]);
    println!("test error {:.2} %", error * 100.0);
    Ok(())
}

/// Grey pictures with one bright corner; the class says which.
fn pictures(count: usize) -> Result<Samples, tensor_data::Error> {
    let mut pixels = Vec::with_capacity(count * SIDE * SIDE);
    let mut labels = Vec::with_capacity(count);
    for index in 0..count {
        let class = index % CLASSES;
        labels.push(class as u32);
        for place in 0..SIDE * SIDE {
            let (row, column) = (place / SIDE, place % SIDE);
            let corner = usize::from(row >= SIDE / 2) * 2 + usize::from(column >= SIDE / 2);
            let grain = (index * 31 + place * 17) % 60;
            pixels.push((if corner == class { 150 + grain } else { grain }) as u8);
        }
    }
    Samples::new([1, SIDE, SIDE], CLASSES, pixels, labels)
}

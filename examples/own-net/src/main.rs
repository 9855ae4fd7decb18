//! Two networks of one's own, with batch normalisation and a skip connection: one made of blocks, one written with tch.
//! Both learn ten digits that the program draws.

use std::error::Error;

use minibatch::models::block::{BatchNorm, Block, Classifier, Conv, Linear, Pool, Residual, Sequential};
use minibatch::models::{Buffer, Network, Parameter, Role, Tensors};
use minibatch::tensor_data::glyphs;
use minibatch::train::{Printer, recipe::Minibatch};
use minibatch::{Activation, Device, Kind, Learner, Mode, Model, Plan, Recipe, Source, Tensor, evaluate, fit};

const INPUT: [i64; 3] = [1, 28, 28];
const CLASSES: i64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let draw = |count, seed| glyphs::draw(count, seed);
    let source = Source::new("digits", draw(2500, 1)?, draw(500, 2)?);
    let blocks = Model::from_blocks("small-resnet", &small_resnet(), INPUT, Device::Cpu, 1)?;
    let written = Model::own("written", Box::new(Written::new()), INPUT, CLASSES, Device::Cpu)?;
    for model in [blocks, written] {
        let mut recipe = Recipe::new("digits", model.arch().clone(), 3, 0.05);
        recipe.minibatch = Minibatch::shuffled(50);
        recipe.data.validation = 500;
        let data = recipe.upload(&source, Device::Cpu)?;
        let plan = Plan::new(&recipe, &data)?;
        let mut learner = Learner::with_model(&plan, &data, model)?;
        fit(&plan, &data, &mut learner, &mut Printer::new(std::io::stdout()))?;
        let name = learner.model.arch().name();
        let test = evaluate(&learner.model, &data.test, &recipe.evaluation)?;
        println!("{name}: test error {:.2} %\n", 100.0 * test.error);
    }
    Ok(())
}

/// A stem, one residual block, pooling, a linear head.
fn small_resnet() -> Classifier {
    let body = Sequential::new()
        .named("conv1", Conv::new(8, 3).padding(1).without_bias())
        .named("bn1", BatchNorm::default())
        .then(Activation::Relu)
        .named("conv2", Conv::new(8, 3).padding(1).without_bias())
        .named("bn2", BatchNorm::default());
    let trunk = Sequential::new()
        .named("stem", Conv::new(8, 5))
        .then(Block::MaxPool(Pool::new(2)))
        .then(Activation::Relu)
        .named("block", Sequential::new().then(Residual::new(body)).then(Activation::Relu))
        .then(Block::MaxPool(Pool::new(2)))
        .then(Block::Flatten);
    Classifier::new(trunk, "fc", Linear::new(CLASSES))
}

/// The same idea with tch's tensors: a convolution, batch normalisation, a skip around a second convolution, a linear layer.
struct Written {
    conv: [Tensor; 2],
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    variance: Tensor,
    linear: Tensor,
}

impl Written {
    fn new() -> Written {
        minibatch::tch::manual_seed(1);
        let float = (Kind::Float, Device::Cpu);
        let weight = |shape: &[i64]| {
            let fan_in: i64 = shape[1..].iter().product();
            (Tensor::randn(shape, float) * (2.0 / fan_in as f64).sqrt()).set_requires_grad(true)
        };
        Written {
            conv: [weight(&[8, 1, 5, 5]), weight(&[8, 8, 3, 3])],
            scale: Tensor::ones([8], float).set_requires_grad(true),
            shift: Tensor::zeros([8], float).set_requires_grad(true),
            mean: Tensor::zeros([8], float),
            variance: Tensor::ones([8], float),
            linear: weight(&[CLASSES, 8 * 12 * 12]),
        }
    }
}

impl Network for Written {
    fn forward(&self, images: &Tensor, mode: Mode) -> Tensor {
        let none = None::<&Tensor>;
        let x = images.conv2d(&self.conv[0], none, [1, 1], [0, 0], [1, 1], 1).max_pool2d_default(2); // [n, 8, 12, 12]
        let (train, scale, shift) = (mode == Mode::Train, Some(&self.scale), Some(&self.shift));
        let x = x.batch_norm(scale, shift, Some(&self.mean), Some(&self.variance), train, 0.1, 1e-5, false).relu();
        let x = &x + x.conv2d(&self.conv[1], none, [1, 1], [1, 1], [1, 1], 1).relu(); // [n, 8, 12, 12]
        x.flatten(1, -1).matmul(&self.linear.tr()) // [n, 10]
    }

    fn tensors(&self) -> Tensors {
        let parameter = |name: &str, tensor: &Tensor, role| Parameter {
            name: name.into(),
            tensor: tensor.shallow_clone(),
            role,
        };
        let buffer = |name: &str, tensor: &Tensor| Buffer { name: name.into(), tensor: tensor.shallow_clone() };
        Tensors {
            parameters: vec![
                parameter("conv1.weight", &self.conv[0], Role::Weight),
                parameter("bn.weight", &self.scale, Role::Scale),
                parameter("bn.bias", &self.shift, Role::Bias),
                parameter("conv2.weight", &self.conv[1], Role::Weight),
                parameter("linear.weight", &self.linear, Role::Weight),
            ],
            buffers: vec![buffer("bn.running_mean", &self.mean), buffer("bn.running_var", &self.variance)],
        }
    }
}

//! Whether networks of one shape train faster as one batched computation (batched matrix products, grouped convolutions) than one
//! after another: `cargo run --release -p compare --example together -- 4` for four of each, on random pictures.
//!
//! Both sides take turns; the table has the median of the rounds, in steps of all networks a second.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program prints, and stops where libtorch fails"
)]

use compare::stats::median;
use std::time::Instant;
use tch::{Device, Kind, Reduction, Tensor};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);
const ROUNDS: usize = 5;
const STEPS: usize = 10;
const RATE: f64 = 0.01;

/// Networks with their parameters: each alone, or all stacked along the first axis.
struct Side {
    parameters: Vec<Vec<Tensor>>,
}

impl Side {
    fn new(networks: usize, shapes: &[Vec<i64>]) -> Side {
        let one = |shape: &Vec<i64>| (Tensor::randn(shape.as_slice(), FLOAT) * 0.05).set_requires_grad(true);
        Side { parameters: (0..networks).map(|_| shapes.iter().map(one).collect()).collect() }
    }

    /// A step of SGD of every network.
    fn step(&mut self, loss: &dyn Fn(&[Tensor]) -> Tensor) {
        for network in &mut self.parameters {
            loss(network).backward();
            tch::no_grad(|| {
                for parameter in network {
                    let change = parameter.grad() * RATE;
                    parameter.g_sub_(&change).requires_grad();
                    parameter.zero_grad();
                }
            });
        }
    }

    fn seconds(&mut self, loss: &dyn Fn(&[Tensor]) -> Tensor) -> f64 {
        let clock = Instant::now();
        (0..STEPS).for_each(|_| self.step(loss));
        clock.elapsed().as_secs_f64() / STEPS as f64
    }
}

/// A case: the shapes of one network and of all, and the loss of either.
struct Case<'a> {
    name: String,
    alone: Vec<Vec<i64>>,
    loss: &'a dyn Fn(&[Tensor]) -> Tensor,
    together: Vec<Vec<i64>>,
    loss_of_all: &'a dyn Fn(&[Tensor]) -> Tensor,
}

impl Case<'_> {
    fn measure(&self, networks: usize) {
        let (mut alone, mut together) = (Side::new(networks, &self.alone), Side::new(1, &self.together));
        let mut seconds = [Vec::new(), Vec::new()];
        for round in 0..=ROUNDS {
            let pair = [alone.seconds(self.loss), together.seconds(self.loss_of_all)];
            // The first round warms up.
            seconds.iter_mut().zip(pair).filter(|_| round > 0).for_each(|(all, one)| all.push(one));
        }
        let [alone, together] = seconds.map(|all| 1.0 / median(&all).unwrap());
        println!("{:<24} {alone:>10.1} {together:>10.1} {:>6.2}", self.name, together / alone);
    }
}

/// The mean loss of each network, summed over all.
fn cross_entropy(logits: &Tensor, labels: &Tensor, batch: i64) -> Tensor {
    let logits = logits.reshape([-1, 10]);
    logits.cross_entropy_loss::<&Tensor>(labels, None, Reduction::Sum, -100, 0.0) / batch as f64
}

fn dense(networks: i64, hidden: Option<i64>, batch: i64) {
    let pictures = Tensor::rand([batch, 784], FLOAT);
    let labels = Tensor::randint(10, [batch], (Kind::Int64, Device::Cpu));
    let (of_all, all_labels) = (pictures.unsqueeze(0).expand([networks, batch, 784], false), labels.repeat([networks]));
    let sizes = [Some(784), hidden, Some(10)].into_iter().flatten().collect::<Vec<i64>>();
    let pairs = || sizes.windows(2).map(|pair| (pair[0], pair[1]));
    let name = hidden.map_or("softmax".to_owned(), |hidden| format!("MLP, {hidden} hidden"));
    Case {
        name: format!("{name}, {batch}"),
        alone: pairs().flat_map(|(from, to)| [vec![from, to], vec![to]]).collect(),
        loss: &|p| {
            let first = p[1].addmm(&pictures, &p[0]);
            let logits = if p.len() == 2 { first } else { p[3].addmm(&first.tanh(), &p[2]) };
            cross_entropy(&logits, &labels, batch)
        },
        together: pairs().flat_map(|(from, to)| [vec![networks, from, to], vec![networks, 1, to]]).collect(),
        loss_of_all: &|p| {
            let first = p[1].baddbmm(&of_all, &p[0], 1.0, 1.0);
            let logits = if p.len() == 2 { first } else { p[3].baddbmm(&first.tanh(), &p[2], 1.0, 1.0) };
            cross_entropy(&logits, &all_labels, batch)
        },
    }
    .measure(networks as usize);
}

fn lenet(networks: i64, batch: i64) {
    let pictures = Tensor::rand([batch, 1, 28, 28], FLOAT);
    let labels = Tensor::randint(10, [batch], (Kind::Int64, Device::Cpu));
    let all_labels = labels.repeat([networks]);
    let convolved = |p: &[Tensor], groups: i64| {
        let layer = |x: &Tensor, w: &Tensor, b: &Tensor, groups: i64| {
            x.conv2d(w, Some(b), [1, 1], [0, 0], [1, 1], groups).max_pool2d_default(2).tanh()
        };
        layer(&layer(&pictures, &p[0], &p[1], 1), &p[2], &p[3], groups)
    };
    let n = networks;
    Case {
        name: format!("LeNet (20, 50, 500), {batch}"),
        alone: vec![
            vec![20, 1, 5, 5],
            vec![20],
            vec![50, 20, 5, 5],
            vec![50],
            vec![800, 500],
            vec![500],
            vec![500, 10],
            vec![10],
        ],
        loss: &|p| {
            let hidden = p[5].addmm(&convolved(p, 1).flatten(1, -1), &p[4]).tanh();
            cross_entropy(&p[7].addmm(&hidden, &p[6]), &labels, batch)
        },
        together: vec![
            vec![n * 20, 1, 5, 5],
            vec![n * 20],
            vec![n * 50, 20, 5, 5],
            vec![n * 50],
            vec![n, 800, 500],
            vec![n, 1, 500],
            vec![n, 500, 10],
            vec![n, 1, 10],
        ],
        loss_of_all: &|p| {
            let flat = convolved(p, networks).view([batch, networks, 800]).transpose(0, 1);
            let hidden = p[5].baddbmm(&flat, &p[4], 1.0, 1.0).tanh();
            cross_entropy(&p[7].baddbmm(&hidden, &p[6], 1.0, 1.0), &all_labels, batch)
        },
    }
    .measure(networks as usize);
}

fn main() {
    let networks = std::env::args().nth(1).map_or(4, |word| word.parse().unwrap());
    println!("{networks} networks, {} threads: steps of all of them a second", tch::get_num_threads());
    println!("{:<24} {:>10} {:>10} {:>6}", "network, minibatch", "one by one", "together", "ratio");
    dense(networks, None, 600);
    dense(networks, Some(100), 100);
    dense(networks, Some(500), 20);
    dense(networks, Some(500), 100);
    lenet(networks, 20);
    lenet(networks, 100);
}

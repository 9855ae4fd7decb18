//! Initial values, drawn on the host so that a seed means the same bits on every device, and drawn for each layer
//! from a stream of its own so that the width of one layer does not shift the draws of another.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::Activation;

/// The first of this crate's ChaCha streams ("init" in ASCII, then 32 bits for the layer's number), so that weights
/// share no draws with whatever else, such as a shuffle, is drawn from the same seed.
const FIRST_STREAM: u64 = 0x696e_6974 << 32;

/// The rule for a layer's initial weights: uniform in `[-bound, bound]`. Biases start at 0, and so does the whole
/// output layer, whatever the rule.
///
/// | rule | activation | bound | source |
/// | --- | --- | --- | --- |
/// | `by-activation` | `tanh` | `sqrt(6 / (fan_in + fan_out))` | Glorot and Bengio 2010; `torch.nn.init.xavier_uniform_` |
/// | | `sigmoid` | `4 * sqrt(6 / (fan_in + fan_out))` | the same, scaled for the logistic function's slope of 1/4 |
/// | | `relu` and those like it | `sqrt(6 / fan_in)` | He et al. 2015; `torch.nn.init.kaiming_uniform_(nonlinearity="relu")` |
/// | `fan-in` | any | `1 / sqrt(fan_in)` | the older rule, LeCun et al. 1998; PyTorch's default for `Linear` and `Conv2d` |
///
/// A linear layer has `fan_in = in` and `fan_out = out`. A convolution has `fan_in = in_maps * height * width` and
/// `fan_out = out_maps * height * width / 4`, 4 being the area of the pooling that follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initial {
    /// The bound that suits the layer's activation.
    #[default]
    ByActivation,
    /// `1 / sqrt(fan_in)` for every activation.
    FanIn,
}

impl Initial {
    /// The bound of the uniform distribution; see the table above. Fans are positive and need not be whole.
    pub fn bound(self, activation: Activation, fan_in: f64, fan_out: f64) -> f64 {
        match (self, activation) {
            (Initial::FanIn, _) => 1.0 / fan_in.sqrt(),
            (Initial::ByActivation, Activation::Tanh) => (6.0 / (fan_in + fan_out)).sqrt(),
            (Initial::ByActivation, Activation::Sigmoid) => 4.0 * (6.0 / (fan_in + fan_out)).sqrt(),
            (Initial::ByActivation, _) => (6.0 / fan_in).sqrt(),
        }
    }
}

/// Draws `count` values uniformly from `[-bound, bound]`: `(2u - 1) * bound` in f64, rounded to f32, where u has 53
/// random bits. `layer` counts the layers that have weights, from 0.
pub(crate) fn uniform(seed: u64, layer: usize, count: usize, bound: f64) -> Vec<f32> {
    let mut rng = stream(seed, layer);
    (0..count).map(|_| ((2.0 * rng.random::<f64>() - 1.0) * bound) as f32).collect()
}

/// Draws `count` values from a normal distribution around 0: f64 of [`StandardNormal`] times `deviation`, rounded to f32.
pub(crate) fn normal(seed: u64, layer: usize, count: usize, deviation: f64) -> Vec<f32> {
    let mut rng = stream(seed, layer);
    (0..count).map(|_| (rng.sample::<f64, _>(StandardNormal) * deviation) as f32).collect()
}

fn stream(seed: u64, layer: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(FIRST_STREAM + layer as u64);
    rng
}

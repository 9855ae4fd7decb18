//! From an architecture and a picture's shape to a checked list of layers. All sizes are settled here, once:
//! building, running and summarising a model only walk the list.

use crate::arch::at_least_one;
use crate::summary::shape_text;
use crate::{Activation, Arch, Error, Initial};

/// The most parameters a model may have (4 GiB of f32), so that a slip in a recipe is a message rather than a
/// machine out of memory.
pub const MAX_PARAMETERS: i64 = 1 << 30;

/// Height, width and stride of the pooling windows.
pub(crate) const POOL: i64 = 2;

#[derive(Debug)]
pub(crate) struct Layer {
    pub name: String,
    pub op: Op,
    /// Shape of the output for one picture, without the batch dimension.
    pub output: Vec<i64>,
}

#[derive(Debug)]
pub(crate) enum Op {
    /// Convolution without padding, stride 1, plus bias.
    Convolve(Weight),
    /// 2x2 max-pooling, then the activation.
    Pool { ignore_border: bool, activation: Activation },
    /// Fully connected; the output layer has no activation.
    Connect { weight: Weight, activation: Option<Activation>, dropout: f64 },
}

#[derive(Debug)]
pub(crate) struct Weight {
    /// `[out, in]` or `[out, in, height, width]`; the bias has shape `[out]`.
    pub shape: Vec<i64>,
    /// Initial values are uniform in `[-bound, bound]`; 0 for a layer that starts at zero.
    pub bound: f64,
    /// Which of the layers with weights this is, from 0.
    pub number: usize,
}

impl Layer {
    pub fn weight(&self) -> Option<&Weight> {
        match &self.op {
            Op::Convolve(weight) | Op::Connect { weight, .. } => Some(weight),
            Op::Pool { .. } => None,
        }
    }

    pub fn is_convolution(&self) -> bool {
        matches!(self.op, Op::Convolve(_))
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> i64 {
        self.weight().map_or(0, |weight| product(&weight.shape).saturating_add(weight.shape[0]))
    }

    /// Multiply-adds for one picture: each weight is used once at each position of the output.
    pub fn multiply_adds(&self) -> i64 {
        self.weight().map_or(0, |weight| product(&weight.shape).saturating_mul(product(&self.output[1..])))
    }
}

/// The layers of a model, first to last, every size checked.
pub(crate) fn layers(arch: &Arch, input: [i64; 3], classes: i64) -> Result<Vec<Layer>, Error> {
    arch.check()?;
    for (key, size) in ["picture channels", "picture height", "picture width"].into_iter().zip(input) {
        at_least_one(key, size)?;
    }
    if classes < 2 {
        let (key, value) = ("number of classes".into(), classes.to_string());
        return Err(Error::OutOfRange { key, value, range: "at least 2" });
    }
    let mut plan = Plan { input, layers: Vec::new() };
    match arch {
        Arch::Softmax => {}
        Arch::Mlp { hidden, activation, initial, dropout } => {
            for (number, &units) in (1..).zip(hidden) {
                plan.connect(format!("hidden{number}"), units, Some((*activation, *initial)), *dropout)?;
            }
        }
        Arch::LeNet { filters, kernel, hidden, activation, initial, dropout, ignore_border } => {
            for (number, &maps) in (1..).zip(filters) {
                plan.convolve(format!("conv{number}"), maps, *kernel, *activation, *initial)?;
                plan.pool(format!("pool{number}"), *ignore_border, *activation)?;
                plan.check_not_empty(*kernel, *ignore_border)?;
            }
            plan.connect("hidden1".into(), *hidden, Some((*activation, *initial)), *dropout)?;
        }
    }
    plan.connect("output".into(), classes, None, 0.0)?;
    Ok(plan.layers)
}

/// The layers so far; each new one takes up the shape that the last one gives.
struct Plan {
    input: [i64; 3],
    layers: Vec<Layer>,
}

impl Plan {
    fn shape(&self) -> &[i64] {
        self.layers.last().map_or(&self.input, |layer| &layer.output)
    }

    fn convolve(
        &mut self,
        name: String,
        maps: i64,
        kernel: i64,
        activation: Activation,
        initial: Initial,
    ) -> Result<(), Error> {
        let (before, height, width) = self.picture();
        let output = vec![maps, left_by_filters(height, kernel), left_by_filters(width, kernel)];
        let weight = self.weight(vec![maps, before, kernel, kernel], Some((activation, initial)), POOL * POOL);
        self.push(Layer { name, op: Op::Convolve(weight), output })
    }

    fn pool(&mut self, name: String, ignore_border: bool, activation: Activation) -> Result<(), Error> {
        let (maps, height, width) = self.picture();
        let pooled = |size: i64| {
            if ignore_border { size / POOL } else { size / POOL + size % POOL }
        };
        let output = vec![maps, pooled(height), pooled(width)];
        self.push(Layer { name, op: Op::Pool { ignore_border, activation }, output })
    }

    /// A fully connected layer on the flattened output of the last; without a rule it starts at zero.
    fn connect(
        &mut self,
        name: String,
        units: i64,
        rule: Option<(Activation, Initial)>,
        dropout: f64,
    ) -> Result<(), Error> {
        let weight = self.weight(vec![units, product(self.shape())], rule, 1);
        let op = Op::Connect { weight, activation: rule.map(|(activation, _)| activation), dropout };
        self.push(Layer { name, op, output: vec![units] })
    }

    fn weight(&self, shape: Vec<i64>, rule: Option<(Activation, Initial)>, pool_area: i64) -> Weight {
        let fan_in = product(&shape[1..]) as f64;
        let fan_out = shape[0] as f64 * product(&shape[2..]) as f64 / pool_area as f64;
        let bound = rule.map_or(0.0, |(activation, initial)| initial.bound(activation, fan_in, fan_out));
        let number = self.layers.iter().filter(|layer| layer.weight().is_some()).count();
        Weight { shape, bound, number }
    }

    fn push(&mut self, layer: Layer) -> Result<(), Error> {
        let so_far = self.layers.iter().chain([&layer]).map(Layer::parameters).fold(0, i64::saturating_add);
        if so_far > MAX_PARAMETERS {
            return Err(Error::TooLarge { layer: layer.name });
        }
        self.layers.push(layer);
        Ok(())
    }

    /// Maps, height and width so far; only called while the shape is still a picture's.
    fn picture(&self) -> (i64, i64, i64) {
        let shape = self.shape();
        (shape[0], shape[1], shape[2])
    }

    fn check_not_empty(&self, kernel: i64, ignore_border: bool) -> Result<(), Error> {
        let Some(empty) = self.layers.iter().find(|layer| layer.output.contains(&0)) else {
            return Ok(());
        };
        let before = self.layers.iter().take_while(|layer| !layer.output.contains(&0));
        let sizes: Vec<String> = std::iter::once(format!("picture {}", shape_text(&self.input)))
            .chain(before.map(|layer| format!("{} {}", layer.name, shape_text(&layer.output))))
            .collect();
        // Backwards from one value after pool2: pool2 needs 2 (or 1) before it, conv2 adds kernel - 1, pool1 doubles
        // (less 1 where the border is kept), conv1 adds kernel - 1 again.
        let needed = kernel.saturating_mul(3).saturating_add(if ignore_border { 1 } else { -2 });
        Err(Error::PictureTooSmall {
            input: self.input,
            kernel,
            sizes: sizes.join(", "),
            layer: empty.name.clone(),
            needed,
        })
    }
}

/// Positions of a filter inside a row or column of `size` values; 0 where it does not fit.
fn left_by_filters(size: i64, kernel: i64) -> i64 {
    (size - kernel + 1).max(0)
}

/// Saturating, so that absurd sizes end at the limit on parameters instead of wrapping round.
pub(crate) fn product(shape: &[i64]) -> i64 {
    shape.iter().fold(1, |product, &size| product.saturating_mul(size))
}

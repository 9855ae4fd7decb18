//! The picture that a unit likes best: gradient ascent on the pixels of a model whose parameters stay as they are.

use std::ops::Bound::{Excluded, Included};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};
use values::{Range, Whole};

use crate::attribution::{check_unit, find, gradient, no_layer};
use crate::{Error, Model};

/// The start is drawn uniformly from 0 to this.
const START: f32 = 0.1;
/// ChaCha8's stream for jitter; those of the starts bear the units' numbers.
const JITTER: u64 = u64::MAX;

/// How [`maximise`] climbs. Each step moves every picture by `rate` times its gradient divided by the gradient's root
/// mean square, then by `decay` towards 0 and by `blur` towards its mean with its neighbours, and cuts pixels to
/// `[0, 1]`. Decay is the L2 penalty of Simonyan et al. 2013; blur follows Yosinski et al. 2015.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Number of steps.
    pub steps: u64,
    /// Seed of start and jitter.
    pub seed: u64,
    /// Mean move of a pixel in a step, above 0.
    pub rate: f64,
    /// Share of its value that a pixel loses in each step, in `[0, 1)`.
    pub decay: f64,
    /// Weight of the blurred picture in each step, in `[0, 1]`.
    pub blur: f64,
    /// In each step the pictures are moved by up to this many pixels along both axes (what leaves on one side comes in
    /// on the other) before the gradient is taken, and back after it; at least 0.
    pub jitter: i64,
}

impl Default for Ascent {
    fn default() -> Ascent {
        Ascent { steps: 200, seed: 0, rate: 0.05, decay: 0.02, blur: 0.1, jitter: 1 }
    }
}

/// Pictures that excite units of `layer`, f32 `[units, channels, height, width]` in `[0, 1]`: one ascent for each of
/// `units`, which may be repeated (Erhan et al. 2009, "Visualizing Higher-Layer Features of a Deep Network", section
/// 3.1). A unit's activation is its value in [`Model::activations`], of a map the mean over its positions; for
/// `output` it is the logit. The same seed gives a unit the same start whichever others are asked for.
///
/// # Errors
/// [`Error::NoLayer`], [`Error::NoUnit`], [`Error::OutOfRange`] for no units or an option outside its range,
/// [`Error::Libtorch`].
pub fn maximise(model: &Model, layer: &str, units: &[i64], options: &Ascent) -> Result<Tensor, Error> {
    let count = units_of(model, layer)?;
    units.iter().try_for_each(|&unit| check_unit(layer, unit, count))?;
    options.check(units.len())?;
    let device = model.device();
    let index = Tensor::from_slice(units).view([-1, 1]).to_device(device); // i64 [k, 1]
    let mut pictures = start(model, units, options.seed); // [k, c, h, w]
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(JITTER);
    for _ in 0..options.steps {
        let shift = [0, 1].map(|_| rng.random_range(-options.jitter..=options.jitter));
        let slope = tch::with_grad(|| {
            let moved = pictures.roll(shift, [2, 3]).detach().set_requires_grad(true); // [k, c, h, w]
            let activation = activation(model, layer, &moved)?.gather(1, &index, false).sum(Kind::Float); // []
            gradient(&activation, &moved) // [k, c, h, w]
        })?;
        let _guard = tch::no_grad_guard();
        let slope = slope.roll(shift.map(|pixels| -pixels), [2, 3]); // [k, c, h, w]
        let size = slope.square().mean_dim([1i64, 2, 3].as_slice(), true, Kind::Float).sqrt(); // [k, 1, 1, 1]
        let next = pictures + options.rate * slope / size.clamp_min(1e-12); // [k, c, h, w]
        let next = next * (1.0 - options.decay); // [k, c, h, w]
        pictures = (blurred(&next) * options.blur + next * (1.0 - options.blur)).clamp(0.0, 1.0); // [k, c, h, w]
    }
    Ok(pictures)
}

/// Activations of all units of a layer, f32 `[n, units]`, of a map the mean over its positions: what [`maximise`]
/// raises. Part of autograd's graph unless a no-grad guard is held.
///
/// # Errors
/// [`Error::Images`], [`Error::NoLayer`].
pub fn activation(model: &Model, layer: &str, images: &Tensor) -> Result<Tensor, Error> {
    model.check_images(images)?;
    let mut found = None;
    let _ = model.trace(images, &mut |name, output| {
        if name == layer {
            found = Some(output.shallow_clone());
        }
    });
    let output = found.ok_or_else(|| no_layer(model, layer))?; // [n, units] or [n, maps, h, w]
    Ok(if output.dim() == 4 { output.mean_dim([2i64, 3].as_slice(), false, Kind::Float) } else { output })
}

/// How many units or maps a layer has.
///
/// # Errors
/// [`Error::NoLayer`].
pub fn units_of(model: &Model, layer: &str) -> Result<i64, Error> {
    Ok(find(model, layer)?.output[0])
}

impl Ascent {
    fn check(&self, units: usize) -> Result<(), Error> {
        Whole::new("number of units", 1, i64::MAX).check(units)?;
        Range::new("rate of the ascent", Included(1e-30), Included(1e30)).check(self.rate)?;
        Range::new("decay of the ascent", Included(0.0), Excluded(1.0)).check(self.decay)?;
        Range::new("blur of the ascent", Included(0.0), Included(1.0)).check(self.blur)?;
        Whole::new("jitter of the ascent", 0, 1_000_000_000).check(self.jitter)?;
        Ok(())
    }
}

/// One start for each unit, drawn on the host.
fn start(model: &Model, units: &[i64], seed: u64) -> Tensor {
    let [channels, height, width] = model.input();
    let pixels = (channels * height * width).unsigned_abs() as usize;
    let mut values = Vec::with_capacity(units.len() * pixels);
    for unit in units {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(unit.unsigned_abs());
        values.extend((0..pixels).map(|_| rng.random_range(0.0..START)));
    }
    Tensor::from_slice(&values).view([-1, channels, height, width]).to_device(model.device()) // [k, c, h, w]
}

/// Each pixel as the mean of its neighbourhood, weighted 1 2 1 along both axes; the edge repeats outwards.
fn blurred(pictures: &Tensor) -> Tensor {
    let shape = pictures.size();
    let line = Tensor::from_slice(&[0.25f32, 0.5, 0.25]).to_device(pictures.device()); // [3]
    let kernel = line.outer(&line).view([1, 1, 3, 3]); // [1, 1, 3, 3]
    let planes = pictures.reshape([-1, 1, shape[2], shape[3]]).replication_pad2d([1, 1, 1, 1]); // [k c, 1, h + 2, w + 2]
    planes.conv2d(&kernel, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1).view(shape.as_slice()) // [k, c, h, w]
}

//! What is inside the best model: how its weights and the outputs of its layers are spread, and which units never answer.

use crate::curves::inline;
use crate::error::Error;
use models::{Model, Role};
use tch::{Device, Kind, TchError, Tensor};
use tensor_data::{Order, Split, Tail};
use viz::{Histogram, Scale};

/// Test pictures that the layers are asked for.
pub const PICTURES: usize = 128;
/// Layers that are drawn; of more, those evenly spread.
const MOST: usize = 9;
/// Values that a histogram is made of; of more, those evenly spread.
const VALUES: i64 = 100_000;

/// Histograms and dead units.
pub struct Layers {
    pub weights: Vec<String>,
    /// None for a network whose layers' outputs cannot be had.
    pub outputs: Vec<String>,
    /// Layers that end in a rectifier: name, units, and units that were 0 for every picture.
    pub dead: Vec<(String, usize, usize)>,
    pub pictures: usize,
}

/// Draws the layers of `model` on pictures of `split`.
pub fn draw(model: &Model, split: &Split) -> Result<Option<Layers>, Error> {
    let weights: Vec<_> = model.parameters().iter().filter(|it| it.role == Role::Weight).collect();
    let weights = evenly(&weights).into_iter().map(|it| histogram(&it.name, &it.tensor, Scale::Linear));
    let weights = weights.collect::<Result<Vec<_>, _>>()?;
    if weights.is_empty() {
        return Ok(None);
    }
    let pictures = split.len().min(PICTURES);
    let some = split.spread(pictures).map_err(train::Error::from)?;
    let mut batches = some.batches(pictures, Order::Stored, Tail::Keep).map_err(train::Error::from)?;
    let outputs = tch::no_grad(|| batches.next().map(|batch| model.activations(&batch.images))).unwrap_or_default();
    let mut dead = Vec::new();
    // The maps that a shortcut adds are 0 by its construction.
    for (name, output) in outputs.iter().filter(|(name, _)| !name.ends_with("shortcut")) {
        if let Some((units, silent)) = silent(output)? {
            dead.push((name.clone(), units, silent));
        }
    }
    let outputs = evenly(&outputs).into_iter().map(|(name, output)| histogram(name, output, Scale::Log));
    Ok(Some(Layers { weights, outputs: outputs.collect::<Result<_, _>>()?, dead, pictures }))
}

/// Units of a layer that ends in a rectifier (nothing below 0, some 0), and those that are 0 everywhere; `None` for other layers.
pub fn silent(output: &Tensor) -> Result<Option<(usize, usize)>, Error> {
    let most = || -> Result<(f64, Vec<f32>), TchError> {
        let by_unit = output.f_to_kind(Kind::Float)?.f_transpose(0, 1)?.f_reshape([output.size()[1], -1])?; // [units, values]
        let most = by_unit.f_amax([1i64].as_slice(), false)?.f_to_device(Device::Cpu)?;
        Ok((by_unit.f_min()?.f_double_value(&[])?, Vec::try_from(most)?))
    };
    let (least, most) = most().map_err(torch_ext::Error::doing("look for dead units")).map_err(train::Error::from)?;
    Ok((least == 0.0).then(|| (most.len(), most.iter().filter(|&&value| value <= 0.0).count())))
}

fn histogram(name: &str, tensor: &Tensor, scale: Scale) -> Result<String, Error> {
    Ok(inline(&viz::histogram(&Histogram::new(name, &values(tensor)?)?, scale)))
}

/// At most about [`VALUES`] numbers of a tensor, evenly spread.
pub fn values(tensor: &Tensor) -> Result<Vec<f32>, Error> {
    let flat = || -> Result<Vec<f32>, TchError> {
        let flat = tensor.detach().f_to_kind(Kind::Float)?.f_reshape([-1])?;
        let step = (flat.size()[0] / VALUES).max(1);
        Vec::try_from(flat.f_slice(0, None, None, step)?.f_to_device(Device::Cpu)?.f_contiguous()?)
    };
    Ok(flat().map_err(torch_ext::Error::doing("read a layer")).map_err(train::Error::from)?)
}

/// At most [`MOST`] of them, evenly spread.
pub fn evenly<T>(all: &[T]) -> Vec<&T> {
    let step = all.len().div_ceil(MOST).max(1);
    all.iter().step_by(step).collect()
}

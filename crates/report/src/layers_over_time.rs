//! How weights, gradients and outputs of layers changed over training, and when units died, where snapshots were kept.

use crate::curves::inline;
use crate::error::Error;
use crate::filters::spread;
use crate::layers::{PICTURES, evenly, silent, values};
use crate::record::Record;
use models::{Mode, Model, Role};
use std::collections::BTreeMap;
use tch::{Device, Kind, Reduction, TchError, Tensor};
use tensor_data::{Batch, Order, Split, Tail};
use train::run_folder;
use viz::Course;

/// Moments of training that are looked at.
const MOMENTS: usize = 12;
/// Multiply-adds for all of them together; large networks are shown fewer pictures, at least [`FEWEST`].
const MULTIPLY_ADDS: i64 = 100_000_000_000;
const FEWEST: i64 = 8;

/// Layers over time.
pub struct OverTime {
    /// What is drawn, and a drawing for each layer.
    pub parts: Vec<(&'static str, Vec<String>)>,
    /// What the moments are called.
    pub moments: Vec<String>,
    /// Layers in which units were dead at some moment: name, units, and at each moment how many were 0 for every picture.
    pub dead: Vec<(String, usize, Vec<usize>)>,
    pub pictures: usize,
}

/// The courses of one kind of numbers, by layer in order.
#[derive(Default)]
struct Courses(Vec<(String, Course)>);

/// Looks at the snapshots of a run with some pictures of `split`; `None` where fewer than two were kept.
pub fn draw(record: &Record, split: &Split) -> Result<Option<OverTime>, Error> {
    let names = run_folder::snapshots(&record.path)?;
    if names.len() < 2 {
        return Ok(None);
    }
    let device = split.device();
    let cost = record.best.as_ref().map_or(1, |model| model.summary().multiply_adds.max(1));
    let pictures = (MULTIPLY_ADDS / MOMENTS as i64 / cost).clamp(FEWEST, PICTURES as i64) as usize;
    let some = split.spread(pictures.min(split.len())).map_err(train::Error::from)?;
    let mut batches = some.batches(some.len(), Order::Stored, Tail::Keep).map_err(train::Error::from)?;
    let Some(batch) = batches.next() else { return Ok(None) };
    let (mut weights, mut gradients, mut outputs) = (Courses::default(), Courses::default(), Courses::default());
    let (mut moments, mut dead) = (Vec::new(), BTreeMap::<String, (usize, Vec<usize>)>::new());
    for name in spread(&names, MOMENTS) {
        let (model, _) = run_folder::load_snapshot(&record.path, name, device)?;
        let epoch: f64 = name.trim_start_matches("epoch-").parse().unwrap_or(moments.len() as f64);
        moments.push(format!("epoch {epoch}"));
        let parameters: Vec<_> = model.trainable().filter(|it| it.role == Role::Weight).collect();
        let tensors: Vec<&Tensor> = parameters.iter().map(|it| &it.tensor).collect();
        let of_loss = gradients_of(&model, &batch, &tensors, device)?;
        for ((parameter, tensor), gradient) in
            evenly(&parameters).into_iter().zip(evenly(&tensors)).zip(evenly(&of_loss))
        {
            weights.add(&parameter.name, epoch, &values(tensor)?)?;
            gradients.add(&parameter.name, epoch, &values(gradient)?)?;
        }
        let seen = tch::no_grad(|| model.activations(&batch.images));
        for (layer, output) in evenly(&seen) {
            outputs.add(layer, epoch, &values(output)?)?;
        }
        for (layer, output) in seen.iter().filter(|(name, _)| !name.ends_with("shortcut")) {
            if let Some((units, count)) = silent(output)? {
                let row = dead.entry(layer.clone()).or_insert((units, Vec::new()));
                row.1.resize(moments.len(), 0);
                row.1[moments.len() - 1] = count;
            }
        }
    }
    let dead = dead.into_iter().map(|(layer, (units, mut counts))| {
        counts.resize(moments.len(), 0);
        (layer, units, counts)
    });
    let dead = dead.filter(|(_, _, counts)| counts.iter().any(|count| *count > 0)).collect();
    let parts = [("Weights", weights), ("Gradients of the loss", gradients), ("Outputs of layers", outputs)];
    let parts = parts.into_iter().filter(|(_, courses)| !courses.0.is_empty());
    let parts = parts.map(|(title, courses)| Ok((title, courses.drawn()?))).collect::<Result<Vec<_>, Error>>()?;
    Ok(Some(OverTime { parts, moments, dead, pictures: some.len() }))
}

/// Gradients of the mean cross-entropy of a batch by `weights`.
fn gradients_of(model: &Model, batch: &Batch, weights: &[&Tensor], device: Device) -> Result<Vec<Tensor>, Error> {
    let gradients = || -> Result<Vec<Tensor>, TchError> {
        let labels = batch.labels().f_to_device(device)?;
        let logits = model.forward(&batch.images, Mode::Eval).f_to_kind(Kind::Float)?;
        let loss = logits.f_cross_entropy_loss(&labels, None::<Tensor>, Reduction::Mean, -100, 0.0)?;
        Tensor::f_run_backward(&[loss], weights, false, false)
    };
    let gradients = tch::with_grad(gradients).map_err(torch_ext::Error::doing("differentiate the loss"));
    Ok(gradients.map_err(train::Error::from)?)
}

impl Courses {
    fn add(&mut self, layer: &str, at: f64, values: &[f32]) -> Result<(), Error> {
        let place = self.0.iter().position(|(name, _)| name == layer).unwrap_or_else(|| {
            self.0.push((layer.to_owned(), Course::new(layer)));
            self.0.len() - 1
        });
        Ok(self.0[place].1.add(at, values)?)
    }

    fn drawn(&self) -> Result<Vec<String>, Error> {
        self.0.iter().map(|(_, course)| Ok(inline(&course.draw("epoch")?))).collect()
    }
}

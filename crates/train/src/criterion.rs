//! The data loss of a minibatch as `[loss]` asks for it, and how much a minibatch weighs in a mean over several.

use crate::error::Error;
use crate::mismatch::Mismatch;
use crate::precision;
use crate::recipe::{ClassRule, ClassWeights, Loss, Precision};
use models::{Features, Model};
use tch::{Device, Kind, Reduction, Tensor};
use tensor_data::{Batch, Split, Targets};
use torch_ext::{FEW_CLASSES, Isa};

/// libtorch's value for "no class is left out".
const IGNORE_NONE: i64 = -100;

/// [`Loss`] fitted to a training set.
#[derive(Debug)]
pub(crate) struct Criterion {
    label_smoothing: f64,
    /// f32 `[classes]` on the device; `None` where every class weighs 1.
    class_weights: Option<Tensor>,
}

/// A minibatch's figures, on its device.
pub(crate) struct Measured {
    /// Mean loss, 0-dim f32, with its graph.
    pub loss: Tensor,
    /// Misclassified samples, 0-dim Int64.
    pub errors: Tensor,
}

impl Criterion {
    /// With the weights of [`class_weights`].
    pub(crate) fn new(label_smoothing: f64, class_weights: Option<&[f64]>, device: Device) -> Criterion {
        let on_device = |weights: &[f64]| Tensor::from_slice(weights).to_kind(Kind::Float).to_device(device);
        Criterion { label_smoothing, class_weights: class_weights.map(on_device) }
    }

    /// The plain negative log-likelihood, which every evaluation is measured with.
    pub(crate) fn plain(device: Device) -> Criterion {
        Criterion::new(0.0, None, device)
    }

    /// Sends a training minibatch through the model: its mean loss, and how many rows are wrong. No device wait.
    ///
    /// On a CPU the output layer and the plain loss of few classes are one operation ([`torch_ext::linear_cross_entropy`]).
    pub(crate) fn forward(&self, precision: Precision, model: &Model, batch: &Batch) -> Result<Measured, Error> {
        if let Targets::Classes(labels) = &batch.targets
            && self.has_kernel(model.device(), model.classes())
            && let Some(Features { features, weight, bias }) = precision::features(precision, model, &batch.images)?
        {
            let (loss, errors) = torch_ext::linear_cross_entropy(&features, weight, bias, labels, Isa::best())?;
            return Ok(Measured { loss, errors });
        }
        let logits = precision::forward(precision, model, &batch.images)?; // [m, classes]
        Ok(self.measure(&logits, &batch.targets))
    }

    /// Mean loss of logits `[m, classes]`, and how many rows are wrong: of a mixture of two classes, those whose answer is
    /// not the one with the greater share. No device wait.
    pub(crate) fn measure(&self, logits: &Tensor, targets: &Targets) -> Measured {
        if let Targets::Classes(labels) = targets
            && self.has_kernel(logits.device(), logits.size()[1])
            && let Ok((loss, errors)) = torch_ext::cross_entropy(logits, labels, Isa::best())
        {
            return Measured { loss, errors };
        }
        let weights = self.class_weights.as_ref();
        let expected = match targets {
            Targets::Classes(labels) => labels.shallow_clone(),
            Targets::Mixed { .. } => targets.probabilities(logits.size()[1]), // f32 [m, classes]
        };
        let loss = logits.cross_entropy_loss(&expected, weights, Reduction::Mean, IGNORE_NONE, self.label_smoothing);
        let errors = tch::no_grad(|| logits.argmax(1, false).ne_tensor(&targets.main()).sum(Kind::Int64));
        Measured { loss, errors }
    }

    /// Whether there are kernels for it: for the plain loss of few classes on a CPU.
    fn has_kernel(&self, device: Device, classes: i64) -> bool {
        let is_plain = self.class_weights.is_none() && self.label_smoothing == 0.0;
        is_plain && device == Device::Cpu && classes <= FEW_CLASSES
    }

    /// What the mean was divided by, 0-dim f32 on the device: the sum of the samples' weights; of mixtures their number, as
    /// PyTorch does with probabilities. No device wait.
    pub(crate) fn weight(&self, targets: &Targets) -> Tensor {
        match (&self.class_weights, targets) {
            (Some(weights), Targets::Classes(labels)) => weights.index_select(0, labels).sum(Kind::Float),
            _ => Tensor::full([] as [i64; 0], targets.len() as i64, (Kind::Float, targets.own().device())),
        }
    }
}

/// The weight of each class, `None` where all are 1. Balanced weights count the classes, which waits for the device.
pub(crate) fn class_weights(loss: &Loss, train: &Split) -> Result<Option<Vec<f64>>, Error> {
    let classes = train.classes() as usize;
    match &loss.class_weights {
        ClassWeights::Rule(ClassRule::None) => Ok(None),
        ClassWeights::Rule(ClassRule::Balanced) => balanced(train, classes).map(Some),
        ClassWeights::Given(weights) if weights.len() == classes => Ok(Some(weights.clone())),
        ClassWeights::Given(weights) => Err(Mismatch::ClassWeights { given: weights.len(), classes }.into()),
    }
}

/// `n / (C * n_c)` for each class c.
fn balanced(train: &Split, classes: usize) -> Result<Vec<f64>, Error> {
    let counts: Vec<i64> = train
        .labels()
        .f_bincount(None::<Tensor>, classes as i64)
        .and_then(Vec::try_from)
        .map_err(Error::torch("count the classes"))?;
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        return Err(Mismatch::EmptyClass { class }.into());
    }
    Ok(counts.iter().map(|&count| train.len() as f64 / (classes as f64 * count as f64)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    #[test]
    fn losses_and_their_gradients_are_those_of_pytorch_with_smoothing_and_weights_in_every_combination() {
        let golden: Value = serde_json::from_str(include_str!("../tests/golden/loop.json")).unwrap();
        let golden = &golden["losses"];
        let labels = Tensor::from_slice(&numbers(&golden["labels"])).to_kind(Kind::Int64);
        let logits = Tensor::from_slice(&numbers(&golden["logits"])).view([-1, 4]).to_kind(Kind::Float);
        let cases = golden["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 18);
        for case in cases {
            let is_mixed = case["mixed"].as_bool().unwrap();
            let targets = match is_mixed {
                false => Targets::Classes(labels.shallow_clone()),
                true => {
                    let lambda = Tensor::from_slice(&numbers(&golden["lambda"])).to_kind(Kind::Float);
                    Targets::Mixed { a: labels.shallow_clone(), b: labels.roll([1], [0]), lambda }
                }
            };
            let logits = logits.copy().set_requires_grad(true);
            let weights = case["weights"].as_array().map(|_| numbers(&case["weights"]));
            let criterion = Criterion::new(case["smoothing"].as_f64().unwrap(), weights.as_deref(), Device::Cpu);
            let loss = criterion.measure(&logits, &targets).loss;
            assert!((loss.double_value(&[]) - case["loss"].as_f64().unwrap()).abs() < 1e-6, "{case}");
            loss.backward();
            let found: Vec<f64> = logits.grad().to_kind(Kind::Double).view([-1]).try_into().unwrap();
            let difference = found.iter().zip(numbers(&case["gradient"])).map(|(a, b)| (a - b).abs());
            assert!(difference.fold(0.0, f64::max) < 1e-7, "{case}");
            let sum = |w: Vec<f64>| numbers(&golden["labels"]).iter().map(|&label| w[label as usize]).sum();
            let total = weights.filter(|_| !is_mixed).map_or(11.0, sum);
            assert_eq!(criterion.weight(&targets).double_value(&[]), total);
        }
    }
}

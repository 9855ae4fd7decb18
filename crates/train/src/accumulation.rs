//! Gradients gathered over the minibatches of one update, on the device and without waiting for it.

use crate::error::Error;
use tch::Tensor;

/// Name of the sum of weights among the saved tensors; parameters have a dot in theirs.
const WEIGHT: &str = "weight";

/// The sum of `weight * gradient` over some minibatches, in the order of the parameters, and the sum of the weights.
#[derive(Debug)]
pub(crate) struct Accumulation {
    sums: Vec<Tensor>,
    weight: Tensor,
}

impl Accumulation {
    /// Takes in the gradient of a minibatch's mean loss; `weight` is 0-dim, what that mean was divided by.
    pub(crate) fn add(so_far: Option<Accumulation>, gradients: Vec<Tensor>, weight: Tensor) -> Result<Self, Error> {
        let _guard = tch::no_grad_guard();
        let failed = Error::torch("accumulate gradients");
        let Some(mut gathered) = so_far else {
            let scaled = |mut gradient: Tensor| gradient.f_mul_(&weight).map_err(failed);
            return Ok(Accumulation { sums: gradients.into_iter().map(scaled).collect::<Result<_, _>>()?, weight });
        };
        for (sum, gradient) in gathered.sums.iter_mut().zip(&gradients) {
            let _ = sum.f_addcmul_(gradient, &weight).map_err(failed)?;
        }
        let _ = gathered.weight.f_add_(&weight).map_err(failed)?;
        Ok(gathered)
    }

    /// The gradient of the mean over all that was gathered.
    pub(crate) fn mean(self) -> Result<Vec<Tensor>, Error> {
        let _guard = tch::no_grad_guard();
        let failed = Error::torch("average gathered gradients");
        self.sums.into_iter().map(|mut sum| sum.f_div_(&self.weight).map_err(failed)).collect()
    }

    /// What to save, under the parameters' names.
    pub(crate) fn named<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<(String, Tensor)> {
        let sums = names.zip(&self.sums).map(|(name, sum)| (name.to_owned(), sum.shallow_clone()));
        sums.chain([(WEIGHT.to_owned(), self.weight.shallow_clone())]).collect()
    }

    /// What was saved, brought back beside `parameters`; the names that are missing or do not fit, on an error.
    pub(crate) fn from_named<'a>(
        mut saved: Vec<(String, Tensor)>,
        parameters: impl Iterator<Item = (&'a str, &'a Tensor)>,
    ) -> Result<Accumulation, String> {
        let mut take = |name: &str, size: Vec<i64>, device| {
            let found = saved.iter().position(|(saved, tensor)| saved == name && tensor.size() == size);
            let found = found.ok_or_else(|| format!("`{name}` is missing or has another shape"))?;
            Ok::<_, String>(saved.swap_remove(found).1.to_device(device))
        };
        let (mut sums, mut device) = (Vec::new(), tch::Device::Cpu);
        for (name, parameter) in parameters {
            device = parameter.device();
            sums.push(take(name, parameter.size(), device)?);
        }
        Ok(Accumulation { sums, weight: take(WEIGHT, Vec::new(), device)? })
    }
}

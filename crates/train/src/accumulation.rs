//! Gradients gathered over the minibatches of one update, on the device and without waiting for it.

use crate::error::Error;
use tch::{TchError, Tensor};

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

    /// The same with the gradient of a minibatch's *summed* loss.
    pub(crate) fn add_sums(
        so_far: Option<Accumulation>,
        gradients: Vec<Tensor>,
        weight: Tensor,
    ) -> Result<Self, Error> {
        let _guard = tch::no_grad_guard();
        let failed = Error::torch("accumulate gradients");
        let Some(mut gathered) = so_far else { return Ok(Accumulation { sums: gradients, weight }) };
        for (sum, gradient) in gathered.sums.iter_mut().zip(&gradients) {
            let _ = sum.f_add_(gradient).map_err(failed)?;
        }
        let _ = gathered.weight.f_add_(&weight).map_err(failed)?;
        Ok(gathered)
    }

    /// Nothing, of `parameters`.
    pub(crate) fn nothing<'a>(parameters: impl Iterator<Item = &'a Tensor>) -> Result<Accumulation, Error> {
        let failed = Error::torch("accumulate gradients");
        let sums: Vec<Tensor> =
            parameters.map(|it| it.detach().f_zeros_like()).collect::<Result<_, _>>().map_err(failed)?;
        let device = sums.first().map_or(tch::Device::Cpu, Tensor::device);
        let weight = Tensor::f_zeros([] as [i64; 0], (tch::Kind::Float, device)).map_err(failed)?;
        Ok(Accumulation { sums, weight })
    }

    /// The sum of the samples' weights, 0-dim.
    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// All numbers in a row, `notes` behind them: f32 `[n]`.
    pub(crate) fn flat(&self, notes: &Tensor) -> Result<Tensor, TchError> {
        let parts = self.sums.iter().chain([&self.weight, notes]).map(|it| it.f_reshape([-1]));
        Tensor::f_cat(&parts.collect::<Result<Vec<_>, _>>()?, 0)
    }

    /// The same with the numbers of such a row.
    pub(crate) fn filled_from(self, flat: &Tensor) -> Result<Accumulation, TchError> {
        let mut start = 0;
        let mut next = |like: &Tensor| {
            let count = like.numel() as i64;
            start += count;
            flat.f_narrow(0, start - count, count)?.f_view_as(like)
        };
        let sums = self.sums.iter().map(&mut next).collect::<Result<_, _>>()?;
        let weight = next(&self.weight)?;
        Ok(Accumulation { sums, weight })
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

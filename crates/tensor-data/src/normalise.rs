//! Pixels brought to a mean of 0 and a standard deviation of 1, channel by channel, as most networks of the literature take
//! them.

use serde::{Deserialize, Serialize};
#[cfg(feature = "tch")]
use tch::{Device, Kind, Tensor};

use crate::Error;

/// `(pixel - mean) / std` for each channel, of pixels that are scaled already (0 to 1 with a divisor of 255). Computed in `f32`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalise {
    /// What is subtracted, one finite number per channel.
    pub mean: Vec<f64>,
    /// What the difference is divided by, one positive number per channel.
    pub std: Vec<f64>,
}

impl Normalise {
    /// Checks it against the channels of a picture.
    ///
    /// # Errors
    /// [`Error::Normalise`] unless there are one finite mean and one positive finite deviation (in `f32`) for each.
    pub fn check(&self, channels: usize) -> Result<(), Error> {
        let is_positive = |&std: &f64| std as f32 > 0.0 && (std as f32).is_finite();
        let fits = self.mean.len() == channels && self.std.len() == channels;
        if fits && self.mean.iter().all(|&mean| (mean as f32).is_finite()) && self.std.iter().all(is_positive) {
            return Ok(());
        }
        Err(Error::Normalise { mean: self.mean.clone(), std: self.std.clone(), channels })
    }

    /// Scaled pixels `f32 [n, channels, height, width]`, normalised.
    ///
    /// # Panics
    /// When the numbers of channels differ, as libtorch's operators do.
    #[cfg(feature = "tch")]
    pub fn apply(&self, images: &Tensor) -> Tensor {
        Normaliser::new(self, images.device()).apply(images)
    }
}

/// Both rows of numbers on a device, `f32 [channels, 1, 1]`.
#[cfg(feature = "tch")]
#[derive(Debug)]
pub(crate) struct Normaliser {
    pub(crate) rule: Normalise,
    mean: Tensor,
    std: Tensor,
}

#[cfg(feature = "tch")]
impl Normaliser {
    pub(crate) fn new(rule: &Normalise, device: Device) -> Self {
        let row = |of: &[f64]| Tensor::from_slice(of).to_kind(Kind::Float).view([-1, 1, 1]).to_device(device);
        Self { rule: rule.clone(), mean: row(&rule.mean), std: row(&rule.std) }
    }

    pub(crate) fn apply(&self, images: &Tensor) -> Tensor {
        (images - &self.mean).g_div_(&self.std) // f32 [n, channels, height, width]
    }
}

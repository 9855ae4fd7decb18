//! What a program must know to use an exported model, beside the tensors.

use serde_json::json;
use tch::{Device, Kind, Tensor};
use tensor_data::Normalise;
use train::ModelMeta;

/// The type of the pixels that an exported model takes, 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pixels {
    /// Bytes, as decoders give them.
    #[default]
    U8,
    /// f32, for programs whose pictures are floating-point numbers already.
    F32,
}

/// What is done to pixels and logits inside an exported model, and what its answers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Shape of a picture, `[channels, height, width]`, channels in the order red, green, blue.
    pub input: [i64; 3],
    /// Type of the pixels.
    pub pixels: Pixels,
    /// What the answers 0, 1, ... mean; one for each class.
    pub classes: Vec<String>,
    /// Pixels, 0 to 255, are divided by this, above 0.
    pub divisor: f64,
    /// What is done to the divided pixels of each channel.
    pub normalise: Option<Normalise>,
    /// What logits are divided by before the probabilities, above 0; 1 where nothing was fitted.
    pub temperature: f64,
    /// How a picture of another size is brought to `input`, in words: the one step that is left to the program.
    pub resizing: String,
    /// Whether the answers are the mean of those to a picture and to its mirror image.
    pub mirrored: bool,
    /// Architecture, as recipes name it.
    pub network: String,
    /// What it was trained on.
    pub data_set: String,
}

/// From pixels to what a network takes, with the arithmetic of training.
pub(crate) struct Preparation {
    scale: f64,
    /// Mean and deviation, f32 `[channels, 1, 1]`.
    normalise: Option<[Tensor; 2]>,
}

impl Preparation {
    /// Pixels `[n, channels, height, width]`, u8 or f32, 0 to 255, to f32 of the same shape.
    pub fn apply(&self, pixels: &Tensor) -> Tensor {
        let scaled = pixels.to_kind(Kind::Float) * self.scale;
        match &self.normalise {
            Some([mean, std]) => (scaled - mean) / std,
            None => scaled,
        }
    }
}

impl Description {
    /// The description of a saved model; `resizing` says how pictures are brought to its size.
    pub fn of(meta: &ModelMeta, resizing: String, pixels: Pixels) -> Description {
        let named = |class: usize| meta.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
        Description {
            input: meta.input,
            pixels,
            classes: (0..usize::try_from(meta.classes).unwrap_or_default()).map(named).collect(),
            divisor: meta.divisor,
            normalise: meta.normalise.clone(),
            temperature: meta.calibration.as_ref().map_or(1.0, |it| it.temperature.value()),
            resizing,
            mirrored: meta.run.as_ref().is_some_and(|run| run.recipe.evaluation.mirror),
            network: meta.arch.name().to_owned(),
            data_set: meta.dataset.clone(),
        }
    }

    /// What is done to pixels, with its numbers on a device.
    pub(crate) fn preparation(&self, device: Device) -> Preparation {
        let row = |of: &[f64]| Tensor::from_slice(of).to_kind(Kind::Float).view([-1, 1, 1]).to_device(device);
        let normalise = self.normalise.as_ref().map(|it| [row(&it.mean), row(&it.std)]);
        Preparation { scale: 1.0 / self.divisor, normalise }
    }

    /// Probabilities of logits, f32 `[n, classes]`.
    pub(crate) fn probabilities(&self, logits: &Tensor) -> Tensor {
        (logits / self.temperature).softmax(-1, Kind::Float)
    }

    /// Keys and values as the file holds them. `classes`, `input` and `preprocessing` are JSON.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let preprocessing = json!({
            "inside": "pixels / divisor, then (x - mean) / std for each channel",
            "divisor": self.divisor,
            "mean": self.normalise.as_ref().map(|it| &it.mean),
            "std": self.normalise.as_ref().map(|it| &it.std),
        });
        let version = env!("CARGO_PKG_VERSION").to_owned();
        vec![
            ("classes", json!(self.classes).to_string()),
            ("input", json!(self.input).to_string()),
            ("preprocessing", preprocessing.to_string()),
            ("resizing", self.resizing.clone()),
            ("mirrored", self.mirrored.to_string()),
            ("temperature", self.temperature.to_string()),
            ("network", self.network.clone()),
            ("data_set", self.data_set.clone()),
            ("minibatch_version", version),
        ]
    }
}

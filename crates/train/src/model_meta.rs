//! The description of a saved model.

use crate::calibration::SavedCalibration;
use crate::checkpoint::Files;
use crate::error::Error;
use crate::files::parse;
use crate::identity::Identity;
use models::Arch;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tensor_data::Normalise;

/// Its file in a checkpoint.
pub(crate) const MODEL_META: &str = "model.json";

/// What must be known of a saved model to use it: how to build it, and what pictures it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelMeta {
    /// The network.
    pub arch: Arch,
    /// Shape of a picture, `[channels, height, width]`.
    pub input: [i64; 3],
    /// Number of classes.
    pub classes: i64,
    /// Pixels, 0 to 255, are divided by this.
    pub divisor: f64,
    /// What is done to the divided pixels of each channel; `None` for nothing, as in models of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalise: Option<Normalise>,
    /// What the answers 0, 1, ... mean; empty in models of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// The data set it was trained on.
    pub dataset: String,
    /// The run that it belongs to; `None` in models of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Identity>,
    /// How far its probabilities can be believed, from a file of its own; `None` of models that were not calibrated.
    #[serde(skip)]
    pub calibration: Option<SavedCalibration>,
}

impl ModelMeta {
    /// The description in the files of a checkpoint; `folder` names them in messages.
    pub(crate) fn from_files(files: &Files, folder: &Path) -> Result<ModelMeta, Error> {
        let mut meta: ModelMeta = parse(files, MODEL_META, folder)?;
        meta.calibration = SavedCalibration::from_files(files, folder)?;
        Ok(meta)
    }
}

//! How far a saved model's probabilities can be believed: a temperature fitted on the validation part, and what share of its
//! answers was wrong there from which probability on. It lies beside the model as `calibration.json`.

use crate::checkpoint::Files;
use crate::error::Error;
use crate::files::{json, parse};
use metrics::{Answers, Calibration, RejectCurve, Temperature};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "calibration.json";

/// What the validation part says of a model's probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedCalibration {
    /// What logits are divided by.
    pub temperature: Temperature,
    /// Validation pictures that it was fitted on.
    pub pictures: usize,
    /// The probabilities as they come out of the network, on those pictures.
    pub before: Calibration,
    /// The probabilities at the temperature, on those pictures.
    pub after: Calibration,
    /// What each threshold meant on those pictures, at the temperature.
    pub reject: RejectCurve,
}

impl SavedCalibration {
    /// Fits a temperature to answers on the validation part.
    pub fn fit(validation: &Answers) -> SavedCalibration {
        let temperature = Temperature::fit(validation);
        SavedCalibration {
            temperature,
            pictures: validation.labels().len(),
            before: Calibration::measure(validation, Temperature::ONE),
            after: Calibration::measure(validation, temperature),
            reject: RejectCurve::of(validation, temperature),
        }
    }

    pub(crate) fn from_files(files: &Files, folder: &Path) -> Result<Option<SavedCalibration>, Error> {
        files.contains_key(FILE).then(|| parse(files, FILE, folder)).transpose()
    }

    pub(crate) fn put_into(&self, files: &mut Files) -> Result<(), Error> {
        files.insert(FILE.into(), json(FILE, self)?);
        Ok(())
    }
}

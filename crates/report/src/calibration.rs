//! How far the probabilities of the test set came true, before and after they were divided by the temperature.

use crate::curves::inline;
use crate::error::Error;
use crate::record::Record;
use train::metrics::Calibration;
use viz::{Reliability, reliability};

/// The diagram of a run with its figures.
pub struct Calibrated {
    pub svg: String,
    /// What is measured, before and after.
    pub rows: Vec<(&'static str, String, String)>,
    pub temperature: String,
}

/// Draws it; `None` where the run recorded none.
pub fn draw(record: &Record) -> Result<Option<Calibrated>, Error> {
    let Some(figures) = record.summary.as_ref().and_then(|summary| summary.test.as_ref()) else {
        return Ok(None);
    };
    let bins = |calibration: &Calibration| {
        calibration.bins.iter().map(|bin| (bin.pictures, bin.confidence, bin.accuracy)).collect()
    };
    let (before, after) = (&figures.before, &figures.after);
    let temperature = format!("{:.2}", after.temperature.value());
    let kinds = [
        Reliability { name: "as computed".to_owned(), bins: bins(before) },
        Reliability { name: format!("at temperature {temperature}"), bins: bins(after) },
    ];
    let points = |calibration: &Calibration| format!("{:.2} points", 100.0 * calibration.error);
    let loss = |calibration: &Calibration| format!("{:.4}", calibration.loss);
    Ok(Some(Calibrated {
        svg: inline(&reliability("Reliability", &kinds)?),
        rows: vec![
            ("expected calibration error", points(before), points(after)),
            ("negative log-likelihood, nats", loss(before), loss(after)),
        ],
        temperature,
    }))
}

//! The parts of the report that each run has for itself.

use crate::answered::Answered;
use crate::calibration::{self, Calibrated};
use crate::error::Error;
use crate::filters::Filters;
use crate::layers::{self, Layers};
use crate::layers_over_time::{self, OverTime};
use crate::record::Record;
use crate::tested::{self, Tested};
use models::Summary;
use tensor_data::Split;
use train::Predictions;

/// Everything the page shows of one run alone.
pub struct Sections {
    pub record: Record,
    pub filters: Option<Filters>,
    pub layers: Option<Layers>,
    pub over_time: Option<OverTime>,
    pub tested: Option<Tested>,
    pub calibrated: Option<Calibrated>,
    pub parameters: Option<Summary>,
}

/// The test of a run that has ended: what its best model answers, or why its pictures cannot be shown.
pub type Test<'a> = Result<(&'a Split, Predictions), String>;

impl Sections {
    /// Computes and draws a run's parts; `test` is given where training has ended. `number` tells the runs of a page apart.
    pub fn of(mut record: Record, test: Option<Test<'_>>, number: usize) -> Sections {
        let filters = match &record.best {
            Some(model) => Filters::draw(&record, model, number),
            None => Ok(None),
        };
        let filters = or_note(filters, &mut record, "filters");
        let layers = match (&record.best, &test) {
            (Some(model), Some(Ok((split, _)))) => layers::draw(model, split),
            _ => Ok(None),
        };
        let layers = or_note(layers, &mut record, "histograms");
        let over_time = match &test {
            Some(Ok((split, _))) => layers_over_time::draw(&record, split),
            _ => Ok(None),
        };
        let over_time = or_note(over_time, &mut record, "layers over time");
        let calibrated = or_note(calibration::draw(&record), &mut record, "calibration");
        let recorded = record.summary.as_ref().and_then(|summary| summary.test_error);
        let answered =
            test.map(|test| test.and_then(|(_, answers)| Answered::of(&answers).map_err(|error| error.to_string())));
        match (&answered, recorded) {
            (Some(Err(why)), _) => record.note(format!("the test pictures are left out: {why}")),
            (Some(Ok(answered)), Some(recorded)) => {
                tested::disagreement(answered, recorded).into_iter().for_each(|line| record.note(line));
            }
            _ => {}
        }
        let tested = answered.and_then(|answered| Tested::of(&record, answered));
        let parameters = record.best.as_ref().map(|model| model.summary());
        Sections { parameters, filters, layers, over_time, tested, calibrated, record }
    }

    /// The answers to the test pictures, where those are there.
    pub fn answered(&self) -> Option<&Answered> {
        self.tested.as_ref()?.answered.as_ref().ok()
    }
}

/// A part, or a note that it is left out and why.
fn or_note<T>(part: Result<Option<T>, Error>, record: &mut Record, what: &str) -> Option<T> {
    part.unwrap_or_else(|error| {
        record.note(format!("the {what} are left out: {error}"));
        None
    })
}

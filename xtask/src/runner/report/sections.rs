//! The parts of the report that each run has for itself.

use super::filters::Filters;
use super::record::Record;
use super::tested::Tested;
use anyhow::Result;
use models::Summary;
use tensor_data::Split;

/// Everything the page shows of one run alone.
pub struct Sections {
    pub record: Record,
    pub filters: Option<Filters>,
    pub tested: Option<Tested>,
    pub parameters: Option<Summary>,
}

impl Sections {
    /// Computes and draws a run's parts; `test` is given where its test set may be looked at. `number` tells the runs of
    /// a page apart.
    pub fn of(mut record: Record, test: Option<&Split>, number: usize) -> Sections {
        let filters = match &record.best {
            Some(model) => Filters::draw(&record, model, number),
            None => Ok(None),
        };
        let tested = match (&record.best, test) {
            (Some(model), Some(split)) => Tested::examine(model, split, &record.identity.recipe, number).map(Some),
            _ => Ok(None),
        };
        let filters = or_note(filters, &mut record, "filters");
        let tested = or_note(tested, &mut record, "test figures");
        let recorded = record.summary.as_ref().and_then(|summary| summary.test_error);
        if let (Some(tested), Some(recorded)) = (&tested, recorded)
            && let Some(line) = tested.disagreement(recorded)
        {
            record.note(line);
        }
        Sections { parameters: record.best.as_ref().map(|model| model.summary()), filters, tested, record }
    }
}

/// A part, or a note that it is left out and why.
fn or_note<T>(part: Result<Option<T>>, record: &mut Record, what: &str) -> Option<T> {
    part.unwrap_or_else(|error| {
        record.note(format!("the {what} are left out: {error:#}"));
        None
    })
}

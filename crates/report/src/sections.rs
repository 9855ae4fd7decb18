//! The parts of the report that each run has for itself.

use crate::error::Error;
use crate::filters::Filters;
use crate::record::Record;
use crate::test_sets::Examined;
use crate::tested::{self, Tested};
use models::Summary;

/// Everything the page shows of one run alone.
pub struct Sections {
    pub record: Record,
    pub filters: Option<Filters>,
    pub tested: Option<Tested>,
    pub parameters: Option<Summary>,
}

impl Sections {
    /// Computes and draws a run's parts; `test` is given where training has ended: the pictures that the run was tested on,
    /// or why they cannot be shown. `number` tells the runs of a page apart.
    pub fn of(mut record: Record, test: Option<Result<Examined<'_>, String>>, number: usize) -> Sections {
        let filters = match &record.best {
            Some(model) => Filters::draw(&record, model, number),
            None => Ok(None),
        };
        let filters = or_note(filters, &mut record, "filters");
        let recorded = record.summary.as_ref().and_then(|summary| summary.test_error);
        match (&test, recorded) {
            (Some(Err(why)), _) => record.note(format!("the test pictures are left out: {why}")),
            (Some(Ok(examined)), Some(recorded)) => {
                tested::disagreement(examined, recorded).into_iter().for_each(|line| record.note(line));
            }
            _ => {}
        }
        let tested = test.map_or(Ok(None), |test| Tested::draw(&record, test, number));
        let tested = or_note(tested, &mut record, "test figures");
        Sections { parameters: record.best.as_ref().map(|model| model.summary()), filters, tested, record }
    }

    /// Pictures of the test set, where there are some to show.
    pub fn pictures(&self) -> Option<&tested::Pictures> {
        self.tested.as_ref()?.shown()
    }
}

/// A part, or a note that it is left out and why.
fn or_note<T>(part: Result<Option<T>, Error>, record: &mut Record, what: &str) -> Option<T> {
    part.unwrap_or_else(|error| {
        record.note(format!("the {what} are left out: {error}"));
        None
    })
}

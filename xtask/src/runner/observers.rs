//! Everybody who watches a run, in the order in which they are told: first the folder, which saves, so that what the
//! others say of a validation is true on the disk as well as it can be.

use crate::event_lines::EventLines;
use crate::reporter::Reporter;
use report::tensorboard::TensorBoard;
use report::watch::Watch;
use train::{Error, Event, Observer, RunFolder};

/// The observers of a run.
pub struct Observers<'a> {
    pub folder: &'a mut RunFolder,
    pub reporter: &'a mut Reporter,
    pub lines: Option<EventLines>,
    pub tensorboard: Option<TensorBoard>,
    pub watch: Option<Watch>,
}

impl Observer for Observers<'_> {
    fn on(&mut self, event: &Event<'_>) -> Result<(), Error> {
        self.folder.on(event)?;
        let savings = self.folder.take_savings();
        if let Some(lines) = &mut self.lines {
            lines.on(event)?;
            lines.saved(&savings);
        }
        self.reporter.on(event)?;
        if let Some(tensorboard) = &mut self.tensorboard {
            tensorboard.on(event)?;
        }
        self.watch.as_mut().map_or(Ok(()), |watch| watch.on(event))
    }
}

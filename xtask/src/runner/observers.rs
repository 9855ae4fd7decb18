//! Everybody who watches a run, in the order in which they are told: first the folder, which saves, so that what the
//! others say of a validation is true on the disk as well as it can be; last the live page and the signals, which may end it.

use crate::event_lines::EventLines;
use crate::reporter::Reporter;
use crate::signals::Signals;
use report::tensorboard::TensorBoard;
use report::watch::Watch;
use std::ops::ControlFlow;
use train::{Answer, Event, Observer, RunFolder};

/// The observers of a run.
pub struct Observers<'a> {
    pub folder: &'a mut RunFolder,
    pub reporter: &'a mut Reporter,
    pub lines: Option<EventLines>,
    pub tensorboard: Option<TensorBoard>,
    pub watch: Option<Watch>,
    pub signals: &'a mut Signals,
}

impl Observer for Observers<'_> {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        let _ = self.folder.on(event)?;
        let savings = self.folder.take_savings();
        if let Some(lines) = &mut self.lines {
            let _ = lines.on(event)?;
            lines.saved(&savings);
        }
        let _ = self.reporter.on(event)?;
        if let Some(tensorboard) = &mut self.tensorboard {
            let _ = tensorboard.on(event)?;
        }
        let asked = match &mut self.watch {
            Some(watch) => watch.on(event)?,
            None => ControlFlow::Continue(()),
        };
        let signal = self.signals.on(event)?;
        Ok(if asked.is_break() { asked } else { signal })
    }
}

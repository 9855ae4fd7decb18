//! A ready observer for programs: plain lines, one for each validation, into whatever takes text.

use crate::event::{Answer, Event, Observer};
use std::io::Write;
use std::ops::ControlFlow::Continue;

/// Writes a line for each validation: epoch, losses in nats per sample, errors in percent, seconds in the loop.
#[derive(Debug)]
pub struct Printer<W>(W);

impl<W: Write> Printer<W> {
    /// Writes into `out`, for example `std::io::stdout()`.
    pub fn new(out: W) -> Printer<W> {
        Printer(out)
    }
}

impl<W: Write> Observer for Printer<W> {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        let Event::Validated { row, improved, plan, learner, .. } = event else { return Ok(Continue(())) };
        let best = if *improved { "  best so far" } else { "" };
        writeln!(
            self.0,
            "epoch {}/{}  train loss {:.4}  validation loss {:.4} error {:.2} %  {:.1} s{best}",
            row.epoch,
            plan.recipe().epochs,
            row.train_loss,
            row.validation_loss,
            100.0 * row.validation_error,
            learner.progress.train_seconds,
        )
        .map_err(|cause| format!("cannot write the line of a validation: {cause}"))?;
        Ok(Continue(()))
    }
}

//! Ctrl-C and SIGTERM: the first asks training to finish its minibatch and save, the second leaves at once.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use train::{Answer, Event, Observer};

/// Signals that ask a run to stop, and the exit status that the contract gives each.
const SIGNALS: [(i32, u8); 2] = [(SIGINT, 130), (SIGTERM, 143)];

/// Whether a signal came, and which.
pub struct Signals {
    asked: Arc<AtomicBool>,
    which: Arc<AtomicUsize>,
}

impl Signals {
    /// Starts to listen.
    pub fn listen() -> Result<Signals> {
        let signals = Signals { asked: Arc::default(), which: Arc::default() };
        for (signal, status) in SIGNALS {
            // Registered first, so that it sees the flag of an earlier signal and not the one being set now.
            flag::register_conditional_shutdown(signal, status.into(), Arc::clone(&signals.asked))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&signals.which), status.into()))
                .and_then(|_| flag::register(signal, Arc::clone(&signals.asked)))
                .context("cannot listen for Ctrl-C and SIGTERM")?;
        }
        Ok(signals)
    }

    /// Takes the end of the standard input for a signal: whoever started this process has closed it, or is gone.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn listen_to_input(&self) -> Result<()> {
        let (asked, which) = (Arc::clone(&self.asked), Arc::clone(&self.which));
        let wait = move || {
            // An input that cannot be read has ended as well.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            which.store(usize::from(SIGNALS[0].1), Ordering::Relaxed);
            asked.store(true, Ordering::Relaxed);
        };
        std::thread::Builder::new().spawn(wait).context("the system refuses a thread")?;
        Ok(())
    }

    /// What is set when one came.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// The exit status of the signal that came.
    pub fn status(&self) -> u8 {
        self.which.load(Ordering::Relaxed) as u8
    }
}

impl Observer for Signals {
    fn on(&mut self, _: &Event<'_>) -> Answer {
        Ok(if self.asked.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

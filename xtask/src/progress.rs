//! What a person sees while something takes long: a bar on a terminal, a few plain lines elsewhere. All of it goes
//! to standard error, so that standard output holds results alone.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tensor_data::fetch::Progress;

use crate::shown;

/// Where lines go instead of standard error.
static LOG: OnceLock<Mutex<File>> = OnceLock::new();

/// Sends what is said from now on to a file, and shows no bars: of several processes that train together, one speaks.
pub fn send_to(log: File) {
    // Once: the first file stays.
    let _ = LOG.set(Mutex::new(log));
}

/// Writes one line to standard error. A closed standard error is no reason to stop working.
pub fn say(line: impl AsRef<str>) {
    let line = shown::lines(line.as_ref());
    let _ = match LOG.get() {
        Some(log) => writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{line}"),
        None => writeln!(std::io::stderr(), "{line}"),
    };
}

/// Where bars are drawn.
fn target() -> ProgressDrawTarget {
    if LOG.get().is_some() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}

/// Writes `text` to standard output.
///
/// # Errors
/// If standard output is closed.
pub fn print(text: impl AsRef<str>) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", text.as_ref())?)
}

/// Progress of something counted in bytes.
pub struct Bytes {
    bar: ProgressBar,
    label: String,
    total: u64,
    quarters_said: u64,
}

impl Bytes {
    /// Starts at 0 of `total` bytes.
    pub fn new(label: &str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), target());
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(label.to_owned());
        if bar.is_hidden() {
            say(format!("{label} ({})", libtorch::disk::size(total)));
        }
        Bytes { bar, label: label.to_owned(), total, quarters_said: 0 }
    }

    /// Says how far it has come.
    pub fn set(&mut self, done: u64) {
        self.bar.set_position(done.min(self.total));
        let quarters = (done.saturating_mul(4) / self.total.max(1)).min(3);
        if self.bar.is_hidden() && quarters > self.quarters_said {
            self.quarters_said = quarters;
            say(format!("{}: {} %", self.label, quarters * 25));
        }
    }
}

/// Shows a download of files.
#[derive(Default)]
pub struct Download {
    bar: Option<(String, Bytes)>,
}

impl Download {
    /// Shows what it does now.
    pub fn show(&mut self, progress: &Progress<'_>) {
        match *progress {
            Progress::Received { name, bytes, total } => {
                if self.bar.as_ref().is_none_or(|(of, _)| of != name) {
                    self.bar = Some((name.to_owned(), Bytes::new(name, total.unwrap_or(bytes))));
                }
                if let Some((_, bar)) = &mut self.bar {
                    bar.set(bytes);
                }
            }
            Progress::Waiting { .. } => say("waiting: another process is fetching into the same folder"),
            Progress::Retrying { url, reason, wait, .. } => {
                self.bar = None;
                say(format!("{url}: {reason}; again in {:.0} s", wait.as_secs_f64()));
            }
            Progress::Failed { url, reason, .. } => {
                self.bar = None;
                say(format!("{url}: {reason}"));
            }
            Progress::Done { .. } => self.bar = None,
            _ => {}
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A turning sign for something whose length is not known; silent off a terminal.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// Starts turning.
    pub fn new(label: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, target());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(label.to_owned());
        // Turning takes a thread. Where the system refuses one, the sign stands still.
        if thread::Builder::new().spawn(|| ()).is_ok() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Spinner(bar)
    }

    /// Changes the words beside the sign.
    pub fn set(&self, label: String) {
        self.0.set_message(label);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

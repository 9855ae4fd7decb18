//! What a person sees: lines about progress on standard error, results on standard output.

use std::io::Write;
use std::time::Duration;

use indicatif::ProgressBar;

/// Writes one line to standard error. A closed standard error is no reason to stop working.
pub fn say(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", printable(line.as_ref()));
}

/// Writes `text` to standard output.
///
/// # Errors
/// If standard output is closed.
pub fn print(text: impl AsRef<str>) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", printable(text.as_ref()))?)
}

/// A turning sign for something whose length is not known; silent off a terminal.
pub fn spinner(label: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(label);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The text without what would steer a terminal: lines hold what other programs said.
fn printable(text: &str) -> String {
    let escaped =
        |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_said_steers_no_terminal() {
        assert_eq!(printable("a\n\tü\x1b[2J"), "a\n\tü\\u{1b}[2J");
    }
}

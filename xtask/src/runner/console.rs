//! What a person sees: lines on the terminal, wrong turns on standard error, numbers as people read them.

use std::process::ExitCode;

/// Prints the error and what led to it, and gives the exit status: 2 for a wrong recipe, 1 for all else.
#[expect(clippy::print_stderr, reason = "this is where errors reach the user")]
pub fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    let usage = error.downcast_ref::<Usage>().is_some()
        || error.downcast_ref::<train::Error>().is_some_and(train::Error::is_usage);
    ExitCode::from(if usage { 2 } else { 1 })
}

/// A mistake in how the command was given.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Prints a value as JSON, alone on standard output.
#[expect(clippy::print_stdout, reason = "the machine-readable result")]
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a line for people: on standard output, or on standard error where that is kept for JSON.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where lines reach the user"
)]
pub fn line(json: bool, text: &str) {
    if json { eprintln!("{text}") } else { println!("{text}") }
}

/// A fraction as a percentage, such as `0.92 %`.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", fraction * 100.0)
}

/// A number with its thousands apart, such as `10,234`.
pub fn thousands(number: f64) -> String {
    indicatif::HumanCount(number.round() as u64).to_string()
}

/// Seconds as people say them: `8.3 s`, `2 min 05 s`, `1 h 02 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(0.0092), "0.92 %");
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(
            [8.26, 125.0, 3720.0].map(duration),
            ["8.3 s", "2 min 05 s", "1 h 02 min"]
        );
    }
}

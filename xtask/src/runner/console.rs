//! What a person sees: lines on the terminal, wrong turns on standard error, numbers as people read them. Nothing that came
//! from outside steers the terminal: see [`shown`].

use anyhow::Context;
use std::io::{self, Write};
use std::process::ExitCode;
use train::run_folder::Saved;
pub use values::{duration, percent, rate, shape, thousands};
use xtask::cli::Checkpoint;
pub use xtask::shown;
use xtask::words;
pub use xtask::words::count;

/// Prints the error and what led to it, and gives the exit status: 2 for a wrong recipe, 1 for all else.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    complain(error);
    ExitCode::from(status(error))
}

/// Prints the error and what led to it.
pub fn complain(error: &anyhow::Error) {
    // When nobody is left to read it, the exit status still tells.
    let _ = writeln!(io::stderr(), "error: {}", message(error));
}

/// The error and what led to it, on one line unless it is of a kind that has more, so that no file name begins a line.
pub fn message(error: &anyhow::Error) -> String {
    let text = words::chain(error);
    if has_lines(error) { shown::lines(&text) } else { shown::word(&text) }
}

/// A mistake in a recipe is shown with the line that it stands in; each mirror that failed has a line.
fn has_lines(error: &anyhow::Error) -> bool {
    let fetch = |error: &tensor_data::Error| matches!(error, tensor_data::Error::Fetch { .. });
    error.chain().any(|error| match of_training(error) {
        Some(train::Error::RecipeSyntax { .. }) => true,
        Some(train::Error::Data(error)) => fetch(error),
        _ => error.downcast_ref().is_some_and(fetch),
    })
}

/// What training said, also where a report passes it on.
fn of_training<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a train::Error> {
    match error.downcast_ref() {
        Some(report::Error::Run(error)) => Some(error),
        _ => match error.downcast_ref() {
            Some(sweep::Error::Train(error)) => Some(error),
            _ => error.downcast_ref(),
        },
    }
}

/// The exit status of an error.
pub fn status(error: &anyhow::Error) -> u8 {
    let usage = error.downcast_ref::<Usage>().is_some()
        || of_training(error.as_ref()).is_some_and(train::Error::is_usage)
        || error.downcast_ref::<inspect::Error>().is_some_and(inspect::Error::is_usage)
        || error.downcast_ref::<sweep::Error>().is_some_and(sweep::Error::is_usage);
    if usage { 2 } else { 1 }
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
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = shown::json(&serde_json::to_string_pretty(value)?);
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")
}

/// Prints a value as JSON on one line of standard output.
pub fn print_json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = shown::json(&serde_json::to_string(value)?);
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")
}

/// Prints a line for people: on standard output, or on standard error where that is kept for JSON. Training does not
/// end because whoever read the lines went away (`... | head`), so that is not an error.
pub fn line(json: bool, text: &str) {
    let text = shown::lines(text);
    let _ = if json { writeln!(io::stderr(), "{text}") } else { writeln!(io::stdout(), "{text}") };
}

/// The saved model that the command line asks for.
pub fn saved(asked: &Checkpoint) -> Saved {
    match asked {
        Checkpoint::Best => Saved::Best,
        Checkpoint::Last => Saved::Last,
        Checkpoint::Kept(folder) => Saved::Kept(folder.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Bound;

    /// Every error of the libraries that holds what the system said, as it is printed.
    #[test]
    fn each_library_says_a_cause_once() {
        let cause = || io::Error::from_raw_os_error(28);
        let (said, path) = (cause().to_string(), || "a/b".into());
        let data = |read: bool| {
            if read {
                tensor_data::Error::Read { path: path(), cause: cause() }
            } else {
                tensor_data::Error::Write { path: path(), cause: cause() }
            }
        };
        let torch = || tch::TchError::Torch(format!("{said}\nframe #1: c10::what"));
        let fetched = || libtorch::Error::Io { action: "read a/b".into(), cause: cause() };
        let errors: [anyhow::Error; 10] = [
            fetched().into(),
            libtorch::Error::Fetch { what: "torch".into(), cause: Box::new(fetched()) }.into(),
            data(true).into(),
            data(false).into(),
            train::Error::from(data(true)).into(),
            train::Error::Io { action: "write", path: path(), cause: cause() }.into(),
            train::Error::from(torch_ext::Error::doing("add")(torch())).into(),
            train::Error::from(optim::Error::from(torch())).into(),
            train::Error::from(torch_ext::Error(said.clone())).into(),
            viz::Error::Write { path: path(), cause: cause() }.into(),
        ];
        for error in errors {
            for told in [format!("{error:#}"), words::chain(&error), format!("{:#}", error.context("while it ran"))] {
                assert_eq!(told.matches(&said).count(), 1, "{told}");
                assert!(!told.contains("frame #"), "{told}");
            }
        }
        let range = values::Range::new("x", Bound::Unbounded, Bound::Unbounded);
        let outside = || range.check(f64::NAN).unwrap_err();
        let errors: [anyhow::Error; 3] = [
            train::Error::from(outside()).into(),
            models::Error::from(outside()).into(),
            optim::Error::from(outside()).into(),
        ];
        for error in errors {
            assert_eq!(format!("{error:#}").matches("is NaN").count(), 1, "{error:#}");
        }
    }

    /// The same of those to come: a text that says its cause gives no `source()`, and one that gives a `source()` is that
    /// error's own.
    #[test]
    fn no_error_gives_a_source_that_its_text_says() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        let mut seen = 0;
        for folder in std::fs::read_dir(crates).unwrap() {
            let Ok(text) = std::fs::read_to_string(folder.unwrap().path().join("src/error.rs")) else { continue };
            seen += 1;
            let mut attribute = "";
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[error(") {
                    attribute = line;
                }
                let is_source = line.starts_with("source:") || line.contains("#[source]");
                let is_from = line.contains("#[from]") && !attribute.contains("transparent");
                assert!(!is_source && !is_from, "{line}");
            }
        }
        assert!(seen >= 6, "{seen}");
    }
}

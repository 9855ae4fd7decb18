//! `test`: what continuous integration runs, in its order.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{cargo, cxx_compiler};
use crate::progress::{print, say};
use crate::setup;
use crate::start;
use libtorch::search::Wish;

/// Cargo's part of `test`, in this order; the quick ones first.
const STEPS: [&[&str]; 5] = [
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["test", "--workspace"],
    &["test", "-p", "optim", "--no-default-features", "--lib", "--tests"],
    &["test", "-p", "tensor-data", "--no-default-features", "--lib", "--tests"],
];

/// `test`: stops at the first step that fails, and names it.
///
/// # Errors
/// If a step fails.
pub fn test() -> Result<()> {
    cxx_compiler()?;
    setup::ensure(Wish::default())?;
    for args in STEPS {
        let name = format!("cargo {}", args.join(" "));
        say(format!("== {name}"));
        let command = cargo(args);
        if args.first() == Some(&"test") { count_tests(command, &name)? } else { step(command, &name)? }
    }
    let mut docs = cargo(["doc", "--workspace", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    say("== cargo doc --workspace --no-deps");
    step(docs, "cargo doc --workspace --no-deps")?;
    short_training()?;
    print("everything passed")
}

/// One epoch of LeNet through the runner, as a user would start it.
fn short_training() -> Result<()> {
    let name = "train lenet --epochs 1";
    say(format!("== {name}"));
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let out = folder.path().join("run");
    let mut command = Command::new(start::ready()?);
    command.args(["train", "lenet", "--epochs", "1", "--out"]).arg(&out);
    step(command, name)?;
    ensure!(out.join("summary.json").is_file(), "{name} left no summary.json");
    Ok(())
}

fn step(mut command: Command, name: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{name} does not start"))?;
    ensure!(status.success(), "{name} failed ({status}): see above");
    Ok(())
}

/// Runs tests, passing on what they print, and adds up what their result lines say.
fn count_tests(mut command: Command, name: &str) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{name} does not start"))?;
    let output = child.stdout.take().context("the tests' output is not connected")?;
    let mut total = Counts::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        total.add(&line);
        print(line)?;
    }
    let status = child.wait()?;
    say(format!("{} tests passed, {} failed, {} ignored", total.passed, total.failed, total.ignored));
    ensure!(status.success(), "{name} failed ({status}): see above");
    if total.passed == 0 {
        bail!("{name} ran no test at all");
    }
    Ok(())
}

/// Tests by outcome.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Adds a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; ...`; other lines count nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = result.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let [count, outcome] = pair else { continue };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match *outcome {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_up_and_others_are_not() {
        let mut counts = Counts::default();
        for line in [
            "running 7 tests",
            "test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.20s",
            "9 passed",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, Counts { passed: 8, failed: 1, ignored: 2 });
    }
}

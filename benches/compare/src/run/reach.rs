//! Time to a test error: `train` as a user runs it, once for each seed.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use compare::record::Row;
use compare::turn::Setting;
use compare::work::{Clock, Side, Target, Work};
use serde_json::Value;

use crate::terminal::say;

/// Runs `train` once for each of `seeds`, numbered from 1; gives times and test errors.
///
/// # Errors
/// If a run fails.
pub fn reach(setting: &Setting<'_>, work: Work, target: Target, seeds: &[u64]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (&seed, repetition) in seeds.iter().zip(1..) {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let run = folder.path().join("run");
        let mut command = Command::new(setting.runner);
        command.args(["train", target.recipe, "--dataset", "mnist", "--seed", &seed.to_string()]);
        command.args(["--epochs", &target.epochs.to_string(), "--device", &setting.device.to_string()]);
        command.arg("--out").arg(&run).env("OMP_NUM_THREADS", setting.threads.to_string());
        if let Some(root) = setting.mnist.parent() {
            command.arg("--data").arg(root);
        }
        let clock = Instant::now();
        let output = command.output().with_context(|| format!("cannot start {}", setting.runner.display()))?;
        let wall = clock.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "train failed: {}", said.lines().last().unwrap_or_default());
        let (error, training) = figures(&run.join("summary.json"))?;
        say(format!("seed {seed}: test error {:.2} % in {wall:.1} s, training {training:.1} s", error * 100.0));
        for (measure, value) in
            [(Clock::Wall.measure(), wall), (Clock::Training.measure(), training), ("test-error", error)]
        {
            rows.push(Row::new(work, Side::Ours, repetition, measure, value));
        }
    }
    Ok(rows)
}

/// Test error, a fraction, and seconds of training of a run.
fn figures(summary: &Path) -> Result<(f64, f64)> {
    let written = std::fs::read(summary).context("train left no summary")?;
    let summary: Value = serde_json::from_slice(&written).context("the summary cannot be read")?;
    let figure = |key: &str| summary[key].as_f64().with_context(|| format!("the summary holds no {key}"));
    Ok((figure("test_error")?, figure("train_seconds")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_summary_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        std::fs::write(&path, r#"{"test_error": 0.0092, "train_seconds": 1.5}"#).unwrap();
        assert_eq!(figures(&path).unwrap(), (0.0092, 1.5));
        std::fs::write(&path, r#"{"test_error": 0.0092}"#).unwrap();
        assert_eq!(figures(&path).unwrap_err().to_string(), "the summary holds no train_seconds");
    }
}

//! `--scaling`: time per epoch and peak memory as work grows, and whether memory stays flat over 10,000 steps. One process per
//! point, so that peaks do not mix.

use std::path::Path;

use anyhow::{Context, Result};
use compare::machine::Machine;
use compare::record::{Record, Row};
use compare::scaling::Axis;
use compare::stats::median;
use compare::turn::{ours, take};
use compare::work::Work;
use compare::workspace::Workspace;

use crate::programs::Programs;
use crate::terminal::say;
use crate::words::Words;
use crate::workplace;

/// Measures every point `repetitions` times, axis after axis, and memory over 10,000 steps; gives the rows, kept in
/// `benches/results/` unless the run is quick.
///
/// # Errors
/// If a point cannot be measured or the rows cannot be written.
pub fn measure(workspace: &Workspace, words: &Words) -> Result<Record> {
    let mnist = workplace::mnist(workspace, words.data.as_deref())?;
    let program = Programs::ready(workspace)?.ours;
    let repetitions = if words.quick { 1 } else { words.repetitions };
    let pictures = if words.quick { "1000" } else { "50000" };
    let mut record = Record {
        kind: "scaling".to_owned(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        command: format!("cargo xtask bench --scaling --threads {} --repetitions {}", words.threads, words.repetitions),
        threads: words.threads,
        machine: Machine::here(""),
        rows: Vec::new(),
    };
    for (repetition, axis) in (1..=repetitions).flat_map(|n| Axis::ALL.map(|axis| (n, axis))) {
        for &value in axis.points(words.quick) {
            let threads = if axis == Axis::Threads { value as u32 } else { words.threads };
            let mut command = ours(&program, &mnist, threads, Work::Lenet500);
            command.args(["--epochs", "2"]).args(axis.options(value));
            if axis != Axis::Pictures {
                command.args(["--pictures", pictures]);
            }
            let turn = take(command)?;
            let row = |measure: &str, value_of: f64| Row {
                work: axis.name().into(),
                side: value.to_string(),
                repetition,
                measure: measure.into(),
                value: value_of,
            };
            // The first epoch warms up.
            let epochs = turn.values("epoch");
            let epoch = median(epochs.get(1..).unwrap_or_default()).context("no epoch was measured")?;
            let memory = *turn.values("memory-peak").last().context("no memory was measured")?;
            say(format!("{} {value}: {epoch:.3} s per epoch, {:.0} MB", axis.name(), memory / 1e6));
            record.rows.extend([row("epoch", epoch), row("memory-peak", memory)]);
        }
    }
    record.rows.extend(over_steps(&program, &mnist, words)?);
    if !words.quick {
        let path = record.write(&workspace.results())?;
        say(format!("rows kept in {}", workplace::shorten(&path).display()));
    }
    Ok(record)
}

/// Resident memory while LeNet takes 10,000 steps of 20 pictures.
fn over_steps(program: &Path, mnist: &Path, words: &Words) -> Result<Vec<Row>> {
    let (steps, every) = if words.quick { (40_u64, 10_u64) } else { (10_000, 100) };
    let mut command = ours(program, mnist, words.threads, Work::Lenet20);
    command.args(["--epochs", "4", "--steps", &steps.to_string(), "--memory", &every.to_string()]);
    let values = take(command)?.values("memory");
    let last = values.last().copied().unwrap_or_default();
    say(format!("memory after {steps} steps: {:.0} MB", last / 1e6));
    let rows = values.into_iter().zip(1..).map(|(value, n): (f64, u64)| Row {
        work: "steps".into(),
        side: (n * every).to_string(),
        repetition: 1,
        measure: "memory".into(),
        value,
    });
    Ok(rows.collect())
}

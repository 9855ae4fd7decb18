//! Both sides take turns, A B A B, so that a change in the machine's mood meets both. Before anything is timed, both
//! sides' losses are shown to coincide from the same initial parameters.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tensor_data::mnist;

use super::record::{self, Machine, Record, Row};
use super::side::{Amount, Setting, take};
use super::work::{SEEDS, Side, Target, Work};
use super::{python, stats};
use crate::cli::BenchArgs;
use crate::libtorch::inspect::VERSION;
use crate::places;
use crate::progress::say;

/// Minibatches whose losses are compared.
const LOSSES: usize = 30;
/// Largest difference of a minibatch's loss, nats: sums are formed in different orders.
const TOLERANCE: f64 = 1e-3;
/// The same where one side computes in bf16, which keeps 8 bits of a number.
const TOLERANCE_BF16: f64 = 5e-2;

/// What `--versus` was asked to do, checked.
#[derive(Debug)]
pub struct Task {
    works: Vec<Work>,
    repetitions: u32,
    amount: Amount,
    seeds: Vec<u64>,
    threads: u32,
    runner: PathBuf,
    python: PathBuf,
    mnist: PathBuf,
    command: String,
    /// Where the rows are kept; a quick run's go nowhere.
    results: Option<PathBuf>,
}

impl Task {
    /// Finds Python, the data and the runner.
    ///
    /// # Errors
    /// If one of them is not to be had.
    pub fn new(args: &BenchArgs) -> Result<Task> {
        let roots = places::data_roots(&args.data);
        let mnist = roots.iter().map(|root| root.join("mnist")).find(|folder| mnist::is_present(folder)).context(
            "the comparison needs MNIST, and it is in none of the data folders: fetch it with `cargo xtask data mnist`",
        )?;
        let amount =
            if args.quick { Amount { pictures: 2000, epochs: 2 } } else { Amount { pictures: 50_000, epochs: 3 } };
        let python = python::ready(args.python.as_deref())?;
        Ok(Task {
            works: if args.work.is_empty() { Work::ALL.to_vec() } else { args.work.clone() },
            repetitions: if args.quick { args.repetitions.min(2) } else { args.repetitions },
            amount,
            seeds: SEEDS[..if args.quick { 1 } else { SEEDS.len() }].to_vec(),
            threads: args.threads,
            runner: std::env::current_exe().context("cannot tell where this program lies")?,
            python,
            mnist: mnist.canonicalize()?,
            command: format!(
                "cargo xtask bench --versus --threads {} --repetitions {}",
                args.threads, args.repetitions
            ),
            results: (!args.quick).then(record::folder),
        })
    }

    /// Measures everything; rows are written after each work, so that an interrupted run leaves what it has. Works
    /// measured earlier on the same day with as many threads are kept. Gives what was measured, and what failed.
    ///
    /// # Errors
    /// If losses do not coincide or results cannot be written. A side that fails is reported and left out.
    pub fn measure(&self) -> Result<(Record, Vec<String>)> {
        let mut record = Record {
            kind: "versus".to_owned(),
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            command: self.command.clone(),
            threads: self.threads,
            machine: Machine::here(VERSION),
            rows: Vec::new(),
        };
        if let Some(folder) = &self.results
            && let path = folder.join(record.file_name())
            && path.exists()
        {
            record.rows = Record::read(&path)?.rows;
            record.rows.retain(|row| !self.works.iter().any(|work| work.name() == row.work));
        }
        let mut failures = Vec::new();
        for &work in &self.works {
            say(format!("== {}", work.name()));
            match work.target() {
                Some(target) => self.reach(work, target, &mut record.rows)?,
                None => self.alternate(work, &mut record.rows, &mut failures)?,
            }
            if let Some(folder) = &self.results {
                say(format!("rows kept in {}", places::shorten(&record.write(folder)?).display()));
            }
        }
        Ok((record, failures))
    }

    /// One work: coinciding losses first, then the turns.
    fn alternate(&self, work: Work, rows: &mut Vec<Row>, failures: &mut Vec<String>) -> Result<()> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let initial = folder.path().join("initial.safetensors");
        let setting = Setting {
            runner: &self.runner,
            python: &self.python,
            mnist: &self.mnist,
            initial: &initial,
            threads: self.threads,
        };
        let mut sides = work.sides().to_vec();
        if work != Work::Start {
            sides = self.coinciding(work, &setting, rows, failures)?;
        }
        for repetition in 1..=self.repetitions {
            let mut broken = Vec::new();
            for &side in &sides {
                match self.turn(work, side, &setting, repetition) {
                    Ok(new) => rows.extend(new),
                    Err(error) => {
                        report(failures, work, side, &error);
                        broken.push(side);
                    }
                }
            }
            sides.retain(|side| !broken.contains(side));
        }
        Ok(())
    }

    /// Compares each side's first losses with ours; gives the sides that can take part.
    fn coinciding(
        &self,
        work: Work,
        setting: &Setting<'_>,
        rows: &mut Vec<Row>,
        failures: &mut Vec<String>,
    ) -> Result<Vec<Side>> {
        let training = work.training().context("this work trains nothing")?;
        let steps = LOSSES.min(self.amount.pictures as usize / training.batch as usize);
        let mut ours = setting.ours(work, self.amount);
        ours.args(["--losses", "--steps", &steps.to_string()]).arg("--initial").arg(setting.initial);
        let ours = match take(ours) {
            Ok(turn) => turn.values("loss"),
            Err(error) => {
                report(failures, work, Side::Ours, &error);
                // Others start from our initial parameters: without them there is nothing to compare with.
                return Ok(Vec::new());
            }
        };
        let mut sides = vec![Side::Ours];
        for &side in work.sides().iter().filter(|side| **side != Side::Ours) {
            let mut command = setting.pytorch(side, training, self.amount);
            command.args(["--losses", &steps.to_string()]);
            let theirs = match take(command) {
                Ok(turn) => turn.values("loss"),
                Err(error) => {
                    report(failures, work, side, &error);
                    continue;
                }
            };
            let bf16 = side == Side::Bf16 || work == Work::Lenet500Bf16;
            let deviation = deviation(&ours, &theirs, if bf16 { TOLERANCE_BF16 } else { TOLERANCE })
                .with_context(|| format!("{}, {}", work.name(), side.name()))?;
            say(format!("{}: losses of {steps} minibatches differ from ours by at most {deviation:.1e}", side.name()));
            rows.push(row(work, side, 0, "loss-deviation", deviation));
            sides.push(side);
        }
        Ok(sides)
    }

    fn turn(&self, work: Work, side: Side, setting: &Setting<'_>, repetition: u32) -> Result<Vec<Row>> {
        let mut command = match (side, work.training()) {
            (Side::Import, _) => setting.import(),
            (Side::Ours, _) => setting.ours(work, self.amount),
            (_, Some(training)) => setting.pytorch(side, training, self.amount),
            (_, None) => bail!("{} trains nothing", work.name()),
        };
        match (work, side) {
            (Work::Start, Side::Ours) => drop(command.args(["--steps", "1"])),
            (Work::Lenet500, Side::Ours) => drop(command.arg("--peak")),
            _ => {}
        }
        let turn = take(command)?;
        if work == Work::Start {
            say(format!("{repetition} {}: {:.3} s to the first line", side.name(), turn.first_line));
            return Ok(vec![row(work, side, repetition, "start", turn.first_line)]);
        }
        let mut rows = Vec::new();
        for measure in ["peak", "flops", "epoch", "validation"] {
            let values = turn.values(measure);
            // The first epoch warms up: buffers, compiled kernels, processor clocks.
            let warm = usize::from(matches!(measure, "epoch" | "validation"));
            rows.extend(values.iter().skip(warm).map(|&value| row(work, side, repetition, measure, value)));
        }
        let epochs = turn.values("epoch");
        let epoch =
            stats::median(epochs.get(1..).unwrap_or_default()).context("no epoch after the one that warms up")?;
        say(format!("{repetition} {}: {epoch:.4} s per epoch", side.name()));
        Ok(rows)
    }

    /// Runs `train` as a user would, once for each seed.
    fn reach(&self, work: Work, target: Target, rows: &mut Vec<Row>) -> Result<()> {
        for (&seed, repetition) in self.seeds.iter().zip(1..) {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let mut command = Command::new(&self.runner);
            command.args(["train", target.recipe, "--dataset", "mnist", "--json", "--seed", &seed.to_string()]);
            command.args(["--epochs", &target.epochs.to_string(), "--device", "cpu"]);
            command.arg("--out").arg(folder.path().join("run")).env("OMP_NUM_THREADS", self.threads.to_string());
            if let Some(root) = self.mnist.parent() {
                command.arg("--data").arg(root);
            }
            let clock = std::time::Instant::now();
            let output = command.output().with_context(|| format!("cannot start {}", self.runner.display()))?;
            let wall = clock.elapsed().as_secs_f64();
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "train failed: {}", said.lines().last().unwrap_or_default());
            let printed = String::from_utf8_lossy(&output.stdout);
            let last = printed.lines().last().context("train printed nothing")?; // the summary
            let summary: Value = serde_json::from_str(last).context("train printed no summary")?;
            let error = summary["test_error"].as_f64().context("the summary holds no test error")?;
            say(format!("seed {seed}: test error {:.2} % in {wall:.1} s", error * 100.0));
            rows.push(row(work, Side::Ours, repetition, "wall", wall));
            rows.push(row(work, Side::Ours, repetition, "test-error", error));
        }
        Ok(())
    }

    /// Where a quick run's page goes: nowhere near the docs.
    pub fn is_kept(&self) -> bool {
        self.results.is_some()
    }
}

fn report(failures: &mut Vec<String>, work: Work, side: Side, error: &anyhow::Error) {
    let failure = format!("{}, {}: {error:#}", work.name(), side.name());
    say(format!("FAILED {failure}"));
    failures.push(failure);
}

fn row(work: Work, side: Side, repetition: u32, measure: &str, value: f64) -> Row {
    Row { work: work.name().into(), side: side.name().into(), repetition, measure: measure.into(), value }
}

/// The largest difference of two loss curves.
fn deviation(ours: &[f64], theirs: &[f64], tolerance: f64) -> Result<f64> {
    ensure!(
        !ours.is_empty() && ours.len() == theirs.len(),
        "{} losses of ours do not go with {} of theirs",
        ours.len(),
        theirs.len()
    );
    let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    ensure!(
        largest <= tolerance,
        "the losses differ by {largest:.1e}, more than {tolerance:.0e}: the sides do not compute the same, and their \
         times must not be compared"
    );
    Ok(largest)
}

/// Draws everything that rows of `--versus` say: the table and its chart.
///
/// # Errors
/// If a file cannot be written.
pub fn render(record: &Record, page: &Path, pictures: &Path) -> Result<()> {
    let mut body = super::table::goals(record);
    if let Some(svg) = super::bars::draw(record) {
        super::page::write(&pictures.join("bench-versus.svg"), &svg)?;
        body.push_str("\n![PyTorch's time over ours, for each work](pictures/bench-versus.svg)\n");
    }
    super::page::replace(page, "versus", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_curves_coincide_within_the_tolerance_or_nothing_is_timed() {
        assert_eq!(deviation(&[2.5, 1.0], &[2.5, 1.25], 0.25).unwrap(), 0.25);
        let message = |ours: &[f64], theirs: &[f64]| deviation(ours, theirs, 1e-3).unwrap_err().to_string();
        assert!(message(&[2.0], &[2.5]).contains("differ by 5.0e-1"));
        assert!(message(&[2.0], &[2.0, 1.0]).contains("1 losses of ours do not go with 2"));
        assert!(message(&[], &[]).contains("0 losses"));
    }
}

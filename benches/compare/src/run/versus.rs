//! All sides take turns, A B A B, so that a change in the machine's state meets each. Before anything is timed, their
//! losses are shown to coincide from the same initial parameters ([`compare::coincide`]).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use compare::coincide;
use compare::device::Device;
use compare::machine::{Gpu, Machine};
use compare::peers::Peer;
use compare::platform::Platform;
use compare::record::{Record, Row};
use compare::stats;
use compare::turn::{Setting, take};
use compare::work::{Amount, SEEDS, Side, Work};
use compare::workspace::Workspace;
use libtorch::inspect::VERSION;

use crate::programs::{Peers, Programs};
use crate::python;
use crate::reach::reach;
use crate::terminal::say;
use crate::words::Words;
use crate::workplace;

/// What `--versus` was asked to do, checked.
#[derive(Debug)]
pub struct Task {
    platform: Platform,
    device: Device,
    works: Vec<Work>,
    repetitions: u32,
    amount: Amount,
    seeds: Vec<u64>,
    threads: u32,
    programs: Programs,
    python: PathBuf,
    script: PathBuf,
    /// Other libraries, where they take turns.
    peers: Option<Peers>,
    mnist: PathBuf,
    machine: Machine,
    command: String,
    /// Where the rows are kept; a quick run's go nowhere.
    results: Option<PathBuf>,
}

impl Task {
    /// Finds Python and the data, and builds our side, and other libraries' sides where they are asked for.
    ///
    /// # Errors
    /// If one of them is not to be had, or the arguments do not go together.
    pub fn new(workspace: &Workspace, words: &Words) -> Result<Task> {
        let device = words.device;
        let platform = Platform::of(device);
        let works = platform.chosen(&words.work)?;
        ensure!(!words.peers || device == Device::Cpu, "--peers compares on the CPU: leave out either it or --device");
        let mnist = workplace::mnist(workspace, words.data.as_deref())?;
        let python = python::ready(words.python.as_deref(), &workspace.pytorch("requirements.txt"))?;
        let programs = Programs::ready(workspace)?;
        let peers = words.peers.then(|| Peers::build(workspace)).transpose()?;
        let machine = Machine {
            gpu: match device {
                Device::Cpu => None,
                Device::Cuda(index) => Some(Gpu::query(&python, index)?),
            },
            peers: if words.peers { Peer::ALL.map(|peer| peer.title().to_owned()).to_vec() } else { Vec::new() },
            ..Machine::here(VERSION)
        };
        Ok(Task {
            platform,
            works,
            repetitions: if words.quick { words.repetitions.min(2) } else { words.repetitions },
            amount: if words.quick {
                Amount { pictures: 2000, epochs: 2 }
            } else {
                Amount { pictures: 50_000, epochs: 3 }
            },
            seeds: SEEDS[..if words.quick { 1 } else { SEEDS.len() }].to_vec(),
            threads: words.threads,
            programs,
            python,
            script: workspace.pytorch("side.py"),
            peers,
            mnist,
            machine,
            command: format!(
                "cargo xtask bench --versus{}{} --threads {} --repetitions {}",
                if words.peers { " --peers" } else { "" },
                if device == Device::Cpu { String::new() } else { format!(" --device {device}") },
                words.threads,
                words.repetitions
            ),
            device,
            results: (!words.quick).then(|| workspace.results()),
        })
    }

    /// Measures everything; rows are written after each work, so that an interrupted run leaves what it has. Works
    /// measured earlier on the same day with as many threads are kept. Gives what was measured, and what failed.
    ///
    /// # Errors
    /// If losses do not coincide or results cannot be written. A side that fails is reported and left out.
    pub fn measure(&self) -> Result<(Record, Vec<String>)> {
        let mut record = Record {
            kind: self.platform.kind().to_owned(),
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            command: self.command.clone(),
            threads: self.threads,
            machine: self.machine.clone(),
            rows: Vec::new(),
        };
        if let Some(folder) = &self.results
            && let path = folder.join(record.file_name())
            && path.exists()
        {
            record.keep(Record::read(&path)?, &self.works);
        }
        let mut failures = Vec::new();
        for &work in &self.works {
            say(format!("== {}", work.name()));
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let initial = folder.path().join("initial.safetensors");
            let setting = Setting {
                ours: &self.programs.ours,
                runner: &self.programs.runner,
                python: &self.python,
                script: &self.script,
                mnist: &self.mnist,
                initial: &initial,
                threads: self.threads,
                device: self.device,
            };
            match self.platform.target(work) {
                Some(target) => record.rows.extend(reach(&setting, work, target, &self.seeds)?),
                None => self.alternate(work, &setting, &mut record.rows, &mut failures)?,
            }
            if let Some(folder) = &self.results {
                say(format!("rows kept in {}", workplace::shorten(&record.write(folder)?).display()));
            }
        }
        Ok((record, failures))
    }

    /// One work: coinciding losses first, then the turns.
    fn alternate(
        &self,
        work: Work,
        setting: &Setting<'_>,
        rows: &mut Vec<Row>,
        failures: &mut Vec<String>,
    ) -> Result<()> {
        let mut sides = self.platform.sides(work, self.peers.is_some());
        if work != Work::Start {
            sides = self.coinciding(work, &sides, setting, rows, failures)?;
        }
        for repetition in 1..=self.repetitions {
            let mut broken = Vec::new();
            for &side in &sides {
                match self.turn(work, side, setting, repetition) {
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
        sides: &[Side],
        setting: &Setting<'_>,
        rows: &mut Vec<Row>,
        failures: &mut Vec<String>,
    ) -> Result<Vec<Side>> {
        let training = work.training().context("this work trains nothing")?;
        let steps = coincide::LOSSES.min(self.amount.pictures as usize / training.batch as usize);
        let mut ours = Vec::new();
        let mut coinciding = Vec::new();
        for &side in sides {
            let mut command = self.command(work, side, setting, self.amount)?;
            match side {
                Side::Ours => {
                    command.args(["--losses", "--steps", &steps.to_string()]).arg("--initial").arg(setting.initial)
                }
                _ => command.args(["--losses", &steps.to_string()]),
            };
            let losses = match take(command) {
                Ok(turn) => turn.values("loss"),
                Err(error) => {
                    report(failures, work, side, &error);
                    if side == Side::Ours {
                        // Others start from our initial parameters: without them there is nothing to compare with.
                        return Ok(Vec::new());
                    }
                    continue;
                }
            };
            if side == Side::Ours {
                ours = losses;
            } else {
                let deviation = coincide::deviation(&ours, &losses, coincide::tolerance(self.platform, work, side))
                    .with_context(|| format!("{}, {}", work.name(), side.name()))?;
                say(format!(
                    "{}: losses of {steps} minibatches differ from ours by at most {deviation:.1e}",
                    side.name()
                ));
                rows.push(Row::new(work, side, 0, "loss-deviation", deviation));
            }
            coinciding.push(side);
        }
        Ok(coinciding)
    }

    fn turn(&self, work: Work, side: Side, setting: &Setting<'_>, repetition: u32) -> Result<Vec<Row>> {
        let amount = if side.peer().is_some() { work.for_peers(self.amount) } else { self.amount };
        let mut command = self.command(work, side, setting, amount)?;
        match (work, side) {
            (Work::Start, Side::Ours) => drop(command.args(["--steps", "1"])),
            (Work::Lenet500, Side::Ours) if self.platform == Platform::Cpu => drop(command.arg("--peak")),
            _ => {}
        }
        let turn = take(command)?;
        if work == Work::Start {
            say(format!("{repetition} {}: {:.3} s to the first line", side.name(), turn.first_line));
            return Ok(vec![Row::new(work, side, repetition, "start", turn.first_line)]);
        }
        let mut rows = Vec::new();
        for measure in ["peak", "flops", "epoch", "validation"] {
            let values = turn.values(measure);
            // The first epoch warms up: buffers, compiled kernels, processor clocks.
            let warm = usize::from(matches!(measure, "epoch" | "validation"));
            rows.extend(values.iter().skip(warm).map(|&value| Row::new(work, side, repetition, measure, value)));
        }
        if amount.pictures < self.amount.pictures {
            let scale = self.amount.pictures as f64 / amount.pictures as f64;
            rows.push(Row::new(work, side, repetition, "scale", scale));
        }
        let epochs = turn.values("epoch");
        let epoch =
            stats::median(epochs.get(1..).unwrap_or_default()).context("no epoch after the one that warms up")?;
        say(format!("{repetition} {}: {epoch:.4} s per epoch of {} pictures", side.name(), amount.pictures));
        Ok(rows)
    }

    /// The process that is a side's turn.
    fn command(&self, work: Work, side: Side, setting: &Setting<'_>, amount: Amount) -> Result<Command> {
        Ok(match (side, side.peer(), &self.peers, work.training()) {
            (Side::Import, ..) => setting.import(),
            (Side::Ours, ..) => setting.ours(work, amount),
            (_, Some(peer), Some(programs), Some(training)) => setting.peer(programs.of(peer), training, amount),
            (_, None, _, Some(training)) => setting.pytorch(work, side, training, amount),
            _ => bail!("{} is no side of {}", side.name(), work.name()),
        })
    }

    /// Whether rows, table and chart are kept; those of a quick run are not.
    pub fn is_kept(&self) -> bool {
        self.results.is_some()
    }
}

fn report(failures: &mut Vec<String>, work: Work, side: Side, error: &anyhow::Error) {
    let failure = format!("{}, {}: {error:#}", work.name(), side.name());
    say(format!("FAILED {failure}"));
    failures.push(failure);
}

/// Draws everything that rows of `--versus` say: the table and its chart, in the platform's part of the page.
///
/// # Errors
/// If a file cannot be written.
pub fn render(platform: Platform, record: &Record, page: &Path, pictures: &Path) -> Result<()> {
    let mut body = compare::table::goals(platform, record);
    if let Some(chart) = compare::bars::draw(platform, record) {
        let name = format!("bench-{}.svg", platform.kind());
        chart.save(&pictures.join(&name))?;
        body.push_str(&format!("\n![Their time over ours, for each work](pictures/{name})\n"));
    }
    compare::page::replace(page, platform.kind(), &body)
}

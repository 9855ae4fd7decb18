//! One turn of one side: a process of its own that prints measures as JSON lines.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::device::Device;
use crate::platform::Platform;
use crate::work::{Amount, Side, Training, Work};

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Measure {
    /// Its name, as in rows.
    pub measure: String,
    /// Its value.
    pub value: f64,
}

/// What a turn came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The measures, in their order.
    pub measures: Vec<Measure>,
    /// Seconds from the start of the process to its first line.
    pub first_line: f64,
}

/// Where everything lies that a turn needs.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The program `ours-side`.
    pub ours: &'a Path,
    /// The program that trains as users do, `minibatch`.
    pub runner: &'a Path,
    /// A Python with PyTorch.
    pub python: &'a Path,
    /// PyTorch's side, `side.py`.
    pub script: &'a Path,
    /// The folder that holds MNIST's four files.
    pub mnist: &'a Path,
    /// Safetensors with the initial parameters of the work at hand.
    pub initial: &'a Path,
    /// Threads to compute with.
    pub threads: u32,
    /// Where to compute.
    pub device: Device,
}

impl Setting<'_> {
    /// Our own side of a work, with the settings of all turns.
    pub fn ours(&self, work: Work, amount: Amount) -> Command {
        let mut command = ours(self.ours, self.mnist, self.threads, work);
        command.args(["--device", &self.device.to_string()]);
        command.args(["--epochs", &amount.epochs.to_string(), "--pictures", &amount.pictures.to_string()]);
        command
    }

    /// PyTorch's side of a work.
    pub fn pytorch(&self, work: Work, side: Side, training: Training, amount: Amount) -> Command {
        let mut command = with_threads(Command::new(self.python), self.threads);
        let platform = Platform::of(self.device);
        let (way, workers) = match side {
            Side::Loader => ("loader", "0"),
            Side::LoaderWorkers => ("loader", "2"),
            Side::Compile => ("compile", "0"),
            _ => ("resident", "0"),
        };
        command.arg(self.script);
        command.args(["--way", way, "--workers", workers, "--device", &self.device.to_string()]);
        command.args(["--precision", platform.precision(work, side).name()]);
        command.args(["--compile-mode", platform.compile_mode(), "--threads", &self.threads.to_string()]);
        self.options(&mut command, training, amount);
        command
    }

    /// Another library's side of a work.
    pub fn peer(&self, program: &Path, training: Training, amount: Amount) -> Command {
        let mut command = with_threads(Command::new(program), self.threads);
        self.options(&mut command, training, amount);
        command
    }

    /// What all other sides are told.
    fn options(&self, command: &mut Command, training: Training, amount: Amount) {
        command.arg("--data").arg(self.mnist).arg("--initial").arg(self.initial);
        for (option, value) in [
            ("--model", training.model.to_owned()),
            ("--batch", training.batch.to_string()),
            ("--learning-rate", training.learning_rate.to_string()),
            ("--l1", training.l1.to_string()),
            ("--l2", training.l2.to_string()),
            ("--epochs", amount.epochs.to_string()),
            ("--pictures", amount.pictures.to_string()),
        ] {
            command.args([option, &value]);
        }
    }

    /// `import torch`, and a line when that is done.
    pub fn import(&self) -> Command {
        let mut command = with_threads(Command::new(self.python), self.threads);
        command.args(["-c", "import torch; print('{\"measure\": \"imported\", \"value\": 0}', flush=True)"]);
        command
    }
}

/// Our own side of a work: `program` is `ours-side`, `mnist` the folder that holds MNIST's four files.
pub fn ours(program: &Path, mnist: &Path, threads: u32, work: Work) -> Command {
    let mut command = with_threads(Command::new(program), threads);
    command.args(["--work", work.name(), "--mnist"]).arg(mnist);
    command
}

fn with_threads(mut command: Command, threads: u32) -> Command {
    let threads = threads.to_string();
    for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
        command.env(variable, &threads);
    }
    command
}

/// Lets a side take its turn.
///
/// # Errors
/// If it does not start, fails, or prints something else than measures; the message holds what it said last.
pub fn take(mut command: Command) -> Result<Turn> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut said = tempfile::tempfile().context("cannot make a temporary file")?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said.try_clone()?);
    let clock = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    let output = child.stdout.take().context("the side's output is not connected")?;
    let (mut measures, mut first_line) = (Vec::new(), f64::NAN);
    for line in BufReader::new(output).lines() {
        let line = line?;
        if measures.is_empty() {
            first_line = clock.elapsed().as_secs_f64();
        }
        measures.push(parse(&line)?);
    }
    let status = child.wait()?;
    ensure!(status.success(), "{program} failed ({status}): {}", last_words(&mut said)?);
    ensure!(!measures.is_empty(), "{program} measured nothing");
    Ok(Turn { measures, first_line })
}

impl Turn {
    /// All values of a measure, in their order.
    pub fn values(&self, measure: &str) -> Vec<f64> {
        self.measures.iter().filter(|it| it.measure == measure).map(|it| it.value).collect()
    }
}

fn parse(line: &str) -> Result<Measure> {
    let measure: Measure =
        serde_json::from_str(line).with_context(|| format!("a side printed what is no measure: {line}"))?;
    ensure!(measure.value.is_finite(), "a side measured {} = {}", measure.measure, measure.value);
    Ok(measure)
}

/// What a program said last on standard error.
fn last_words(said: &mut File) -> Result<String> {
    let mut text = String::new();
    said.rewind()?;
    said.read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(lines.last().map_or_else(|| "it said nothing".to_owned(), |line| (*line).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_turn_is_the_lines_that_a_process_prints_and_the_time_to_the_first() {
        let script = r#"sleep 0.2; echo '{"measure": "epoch", "value": 1.5}'; echo '{"measure": "epoch", "value": 2}'"#;
        let turn = take(shell(script)).unwrap();
        assert_eq!(turn.values("epoch"), [1.5, 2.0]);
        assert_eq!(turn.values("validation"), [0.0; 0]);
        assert!(turn.first_line >= 0.2);
    }

    #[test]
    fn pytorch_is_told_where_and_how_to_compute() {
        let path = Path::new("x");
        let setting = |device| Setting {
            ours: path,
            runner: path,
            python: path,
            script: path,
            mnist: path,
            initial: path,
            threads: 2,
            device,
        };
        let told = |device, work: Work, side| {
            let amount = Amount { pictures: 2000, epochs: 2 };
            let command = setting(device).pytorch(work, side, work.training().unwrap(), amount);
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            words.join(" ")
        };
        let cuda = told(Device::Cuda(1), Work::Lenet500Tf32, Side::Compile);
        assert!(cuda.contains("--way compile --workers 0 --device cuda:1 --precision tf32"), "{cuda}");
        assert!(cuda.contains("--compile-mode reduce-overhead"), "{cuda}");
        let cpu = told(Device::Cpu, Work::Lenet500Bf16, Side::Bf16);
        assert!(cpu.contains("--way resident --workers 0 --device cpu --precision bf16"), "{cpu}");
        assert!(cpu.contains("--compile-mode default"), "{cpu}");
    }

    #[test]
    fn a_side_that_fails_is_quoted() {
        let message = |script: &str| format!("{:#}", take(shell(script)).unwrap_err());
        let missing = message("echo Traceback >&2; echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1");
        assert!(missing.contains("exit status: 1") && missing.contains("No module named 'torch'"), "{missing}");
        assert!(message("echo hello").contains("no measure: hello"));
        assert!(message("true").contains("measured nothing"));
        let absent = format!("{:#}", take(Command::new("/no/such/python")).unwrap_err());
        assert!(absent.contains("cannot start /no/such/python"), "{absent}");
    }
}

//! `sweep --jobs N`: processes that train in one sweep's folder, each with its share of the threads. This process starts them, tells
//! what they tell, and asks them to stop; it trains nothing. They stop by themselves where it is gone.

use crate::console;
use crate::device;
use crate::signals::Signals;
use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;
use sweep::state::Ended;
use sweep::{Folder, Stopped};
use tch::Device;
use xtask::cli::{Jobs, SweepArgs};
use xtask::places;
use xtask::progress::{Spinner, say};
use xtask::words::Suggested;

/// Of the memory that is free, as much is used: what else the machine does needs some.
const SHARE: f64 = 0.8;
/// How often this process looks whether it is asked to stop.
const PAUSE: Duration = Duration::from_millis(100);

/// How many processes are to train, `jobs` being what was asked for: `auto` is one for each thread, as far as there is memory for
/// their copies of the data, and one on a GPU.
pub fn count(jobs: Option<Jobs>, device: Device) -> usize {
    match jobs {
        None => 1,
        Some(Jobs::Count(jobs)) => {
            if let Some(fit) = memory_for().filter(|fit| *fit < jobs && !device.is_cuda()) {
                say(format!(
                    "WARNING: there may be memory for {} only: --jobs auto",
                    console::count(fit as i64, "process")
                ));
            }
            jobs
        }
        Some(Jobs::Auto) if device.is_cuda() => 1,
        Some(Jobs::Auto) => memory_for().unwrap_or(usize::MAX).clamp(1, threads()),
    }
}

/// Threads that libtorch computes with in this process.
fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

/// How many processes such as this one, which holds the data and trains nothing, the free memory takes. `None` where the system
/// does not say.
fn memory_for() -> Option<usize> {
    let (held, free) = (torch_ext::memory::bytes(torch_ext::memory::NOW)?, torch_ext::memory::available()?);
    // This one lets go of its own copy.
    Some(((held as f64 + SHARE * free as f64) / held as f64) as usize)
}

/// Something that a process told, or how it ended without a last word.
enum Heard {
    Line(Value),
    Lost(String),
}

/// Lets `jobs` processes train until nothing is left, and says why they came back.
///
/// # Errors
/// A process that cannot be started; what ends one of them, after the others have stopped.
pub fn train(folder: &Folder, jobs: usize, device: Device, args: &SweepArgs, signals: &Signals) -> Result<Stopped> {
    let (sender, heard) = mpsc::channel();
    // A process stops when its input ends.
    let mut inputs = Vec::new();
    for _ in 0..jobs {
        inputs.extend(start(folder, jobs, device, args, sender.clone())?);
    }
    drop(sender);
    let teller = Teller { folder, json: args.output.json, spinner: Spinner::new("training") };
    let mut stopped = Stopped::Done;
    let mut failure = None;
    loop {
        match heard.recv_timeout(PAUSE) {
            Ok(Heard::Line(line)) => match line["event"].as_str() {
                Some("sweep") if line["stopped"] == "minutes" => stopped = Stopped::Late,
                Some("sweep") => {}
                Some("error") => {
                    failure = failure.or_else(|| Some(line["message"].as_str().unwrap_or("no message").to_owned()))
                }
                _ => teller.tell(&line)?,
            },
            Ok(Heard::Lost(problem)) => failure = failure.or(Some(problem)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if failure.is_some() || signals.flag().load(Ordering::Relaxed) {
            inputs.clear();
        }
    }
    match failure {
        Some(problem) => {
            let continued = Suggested::new("sweep").option("--resume", Some(folder.path()));
            Err(anyhow!("{problem}\nthe others have stopped; continue with\n  {continued}"))
        }
        None if signals.flag().load(Ordering::Relaxed) => Ok(Stopped::Interrupted),
        None => Ok(stopped),
    }
}

fn start(
    folder: &Folder,
    jobs: usize,
    device: Device,
    args: &SweepArgs,
    heard: Sender<Heard>,
) -> Result<Option<ChildStdin>> {
    let mut command = Command::new(places::runner_file()?);
    command.args(["sweep", "--helper", "--json", "--device", &device::name(device), "--resume"]).arg(folder.path());
    if let Some(data) = &args.data.data {
        command.arg("--data").arg(data);
    }
    if let Some(minutes) = args.max_minutes {
        command.arg(format!("--max-minutes={minutes}"));
    }
    let share = (threads() / jobs).max(1).to_string();
    command.env("OMP_NUM_THREADS", &share).env("MKL_NUM_THREADS", &share);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start a process that trains")?;
    let input = child.stdin.take();
    thread::Builder::new().spawn(move || listen(child, &heard)).context("the system refuses a thread")?;
    Ok(input)
}

/// Passes on what a process tells, until it is gone.
fn listen(mut child: Child, heard: &Sender<Heard>) {
    let output = child.stdout.take();
    // Read beside the lines: a process waits while nobody takes what it writes.
    let errors = child.stderr.take().and_then(|errors| thread::Builder::new().spawn(move || read(errors)).ok());
    let mut has_ended = false;
    for line in output.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
        has_ended |= line["event"] == "sweep" || line["event"] == "error";
        // Whoever listens has gone only where this process ends.
        let _ = heard.send(Heard::Line(line));
    }
    let said = errors.and_then(|errors| errors.join().ok()).unwrap_or_default();
    let problem = match child.wait() {
        _ if has_ended => return,
        Ok(status) => format!("a process that trains ended with {status}: {}", last_line(&said)),
        Err(error) => format!("a process that trains is lost: {error}"),
    };
    let _ = heard.send(Heard::Lost(problem));
}

fn read(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    // What could be read before an error is what there is.
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_line(text: &str) -> &str {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing")
}

/// Tells a person, or a program, what the processes tell.
struct Teller<'a> {
    folder: &'a Folder,
    json: bool,
    spinner: Spinner,
}

impl Teller<'_> {
    fn tell(&self, line: &Value) -> Result<()> {
        let search = self.folder.search();
        let (trial, run) = (line["trial"].as_u64().unwrap_or_default(), line["run"].as_u64().unwrap_or_default());
        match line["event"].as_str() {
            Some("validated") => {
                let error = console::percent(line["validation_error"].as_f64().unwrap_or(f64::NAN));
                self.spinner.set(format!("trial {trial} of {}, validation error {error}", search.trials));
            }
            Some("ended") => {
                let ended: Ended =
                    serde_json::from_value(line.clone()).context("a process tells of an end in other words")?;
                let told = sweep::words::ended(search, trial, run, &ended, &self.folder.state()?);
                console::line(self.json, &told);
            }
            _ => self.spinner.set(format!("trial {trial} of {}", search.trials)),
        }
        if self.json {
            // Nobody may be left to read it.
            let _ = console::print_json_line(line);
        }
        Ok(())
    }
}

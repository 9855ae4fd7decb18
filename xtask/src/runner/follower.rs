//! What ranks 1 and up do: they hear from rank 0 which run this is, load the same pictures, take over its model, and train with it.
//! They write nothing but a log beside rank 0's, and print nothing but what ends them.

use crate::console::percent;
use crate::prepared::Wanted;
use crate::ranks::{Hello, Joined};
use crate::signals::Signals;
use crate::{data_sets, device};
use anyhow::{Result, anyhow};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use tensor_data::Dataset;
use train::{Answer, Event, Identity, Learner, Observer, Plan, StoppedBy, fit};
use xtask::cli::{self, TrainArgs};
use xtask::progress;

/// Exit status where another rank was asked to stop.
const STOPPED_BY_ANOTHER: u8 = 130;

/// Trains as one of several ranks, which is not the first.
///
/// # Errors
/// Whatever keeps this rank from training, which all are told, and what keeps another one.
pub fn train(args: &TrainArgs, joined: &Joined) -> Result<ExitCode> {
    match follow(args, joined) {
        // Rank 0 says it on this terminal.
        Err(error) if joined.is_copy && is_of_rank_0(&error) => Ok(ExitCode::FAILURE),
        followed => followed,
    }
}

fn is_of_rank_0(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(train::Error::Ranks(told)) if told.starts_with("rank 0: "))
}

fn follow(args: &TrainArgs, joined: &Joined) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let ranks = &joined.ranks;
    ranks.agree(None, joined.patience)?; // rank 0 has its run
    let hello = Hello::heard(ranks)?;
    let Some(identity) = &hello.identity else { return Ok(ExitCode::SUCCESS) };
    let log = log(&hello, ranks.rank());
    let ready = prepare(args, joined, &hello, identity);
    ranks.agree(ready.as_ref().err().map(|error| format!("{error:#}")).as_deref(), joined.patience)?;
    let (plan, data, learner) = ready?;
    let mut learner = learner.of_first_rank(&plan, identity)?;
    if learner.finished(&plan)?.is_some() {
        return Ok(ExitCode::SUCCESS);
    }
    let features = learner.features(&plan, &data)?;
    let mut observers = Watcher { log, signals: &mut signals };
    let outcome = fit(&plan, features.as_ref().unwrap_or(&data), &mut learner, &mut observers)?;
    Ok(if outcome.stopped_by == StoppedBy::Interrupt { ExitCode::from(status(&signals)) } else { ExitCode::SUCCESS })
}

/// The exit status of training that was ended: by a signal to this process, or to another rank.
pub fn status(signals: &Signals) -> u8 {
    match signals.status() {
        0 => STOPPED_BY_ANOTHER,
        status => status,
    }
}

/// The log of this rank, in the run's folder, where this machine sees that; all that is said from now on goes there.
fn log(hello: &Hello, rank: usize) -> Option<File> {
    let path = Path::new(&hello.run).join(format!("log-rank-{rank}.txt"));
    let log = OpenOptions::new().append(true).create(true).open(path).ok()?;
    progress::send_to(log.try_clone().ok()?);
    Some(log)
}

/// The same plan and pictures as rank 0's, and a model for its values.
fn prepare(args: &TrainArgs, joined: &Joined, hello: &Hello, identity: &Identity) -> Result<(Plan, Dataset, Learner)> {
    hello.check_version()?;
    let asked = of_local_rank(args.device.device, joined.local_rank);
    if hello.is_new {
        let wanted = Wanted { device: asked, ranks: joined.ranks.clone(), ..Wanted::from(args) };
        let prepared = wanted.prepare(wanted.recipe()?)?;
        let differences = identity.recipe.differences(&prepared.recipe)?;
        if !differences.is_empty() {
            let differences: Vec<String> = differences.into_iter().map(|(_, change)| change).collect();
            return Err(anyhow!(
                "its recipe is not rank 0's ({}): start all ranks with one command line",
                differences.join(", ")
            ));
        }
        check_pictures(identity, &prepared.data)?;
        return Ok((prepared.plan, prepared.data, prepared.learner));
    }
    let device = device::resolve(asked)?;
    let (data, _) = data_sets::open_of_run(Path::new(&hello.run), identity, &args.data, device)?;
    let plan = Plan::new(&identity.recipe, &data)?.across(joined.ranks.clone())?;
    let model = plan.initial_model(&data, device)?;
    let learner = Learner::with_model(&plan, &data, model)?;
    Ok((plan, data, learner))
}

fn check_pictures(identity: &Identity, data: &Dataset) -> Result<()> {
    match identity.pictures.as_ref().and_then(|known| known.difference(&data.fingerprint)) {
        None => Ok(()),
        Some(difference) => Err(anyhow!(
            "its pictures of {} hold {difference}, compared with rank 0's: give all ranks the same files",
            data.name
        )),
    }
}

/// Where several GPUs are, each rank of a machine takes one.
fn of_local_rank(asked: cli::Device, local_rank: usize) -> cli::Device {
    match asked {
        cli::Device::Cpu => cli::Device::Cpu,
        cli::Device::Auto if torch_ext::cuda_devices() == 0 => cli::Device::Auto,
        cli::Device::Auto => cli::Device::Cuda(local_rank % torch_ext::cuda_devices().max(1) as usize),
        cli::Device::Cuda(first) => cli::Device::Cuda(first + local_rank),
    }
}

/// Keeps the log, and hears of signals.
struct Watcher<'a> {
    log: Option<File>,
    signals: &'a mut Signals,
}

impl Observer for Watcher<'_> {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        let line = match event {
            Event::Started { plan, learner } => Some(format!(
                "rank {} of {} on {}, {} threads, from iteration {}",
                plan.ranks().rank(),
                plan.ranks().count(),
                device::name(learner.model.device()),
                tch::get_num_threads(),
                learner.progress.iteration
            )),
            Event::Validated { row, .. } => Some(format!(
                "epoch {}, iteration {}: validation error {}",
                row.epoch,
                row.iteration,
                percent(row.validation_error)
            )),
            Event::Stopped { by, learner } => {
                Some(format!("stopped at iteration {}: {by:?}", learner.progress.iteration))
            }
            _ => None,
        };
        if let (Some(log), Some(line)) = (&mut self.log, line) {
            let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S");
            // A log that cannot be written is no reason to end the training of all.
            let _ = writeln!(log, "{now}  {line}");
        }
        self.signals.on(event)
    }
}

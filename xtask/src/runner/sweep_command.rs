//! `sweep`: many settings of one recipe. The search, its folder and its words are [`sweep`]'s; here they get their data, their
//! signals and a terminal.

use crate::console;
use crate::prepared::{self, NamedRecipe, Prepared, Wanted};
use crate::signals::Signals;
use crate::train_command::default_folders;
use crate::{backbone, collect, data_sets, device, event_lines, own_pictures, probe, recipes, sweep_jobs};
use anyhow::{Context, Result};
use console::shown;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use sweep::state::Ended;
use sweep::strategy::Strategy;
use sweep::{About, Claim, Definition, Error, Folder, Halving, Happened, Outcome, Shared, Slurm, Stop, Stopped};
use tch::Device;
use tensor_data::Dataset;
use train::{Plan, Row};
use xtask::cli::{Setting, SweepAction, SweepArgs, SweepStrategy};
use xtask::places;
use xtask::progress::Spinner;
use xtask::words::{self, Suggested};

/// A line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Begun {
        trial: u64,
        run: u64,
        settings: BTreeMap<&'a str, &'a str>,
        folder: String,
    },
    Validated {
        trial: u64,
        run: u64,
        #[serde(flatten)]
        row: &'a Row,
    },
    Ended {
        trial: u64,
        run: u64,
        #[serde(flatten)]
        ended: &'a Ended,
    },
    Sweep {
        folder: String,
        stopped: &'static str,
        #[serde(flatten)]
        outcome: &'a Outcome,
    },
}

/// Searches; with `--json`, a failure is the last line of standard output as well.
pub fn run(args: &SweepArgs) -> Result<ExitCode> {
    let (result, json) = match &args.action {
        Some(SweepAction::Collect(args)) => (collect::run(args), args.output.json),
        None => (sweep(args), args.output.json),
    };
    if let Err(error) = &result
        && json
    {
        event_lines::error(error);
    }
    result
}

fn sweep(args: &SweepArgs) -> Result<ExitCode> {
    let deadline = |minutes: f64| Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    let signals = Signals::listen()?;
    let (folder, data, device) = match &args.resume {
        Some(path) => resume(path, args)?,
        None => begin(args)?,
    };
    if args.commands || args.slurm {
        return elsewhere(&folder, args);
    }
    if args.helper {
        signals.listen_to_input()?;
    }
    let json = args.output.json;
    let jobs = sweep_jobs::count(args.jobs, device);
    if jobs > 1 {
        drop(data);
        console::line(
            json,
            &format!("sweep     {}, {}", shown::path(folder.path()), console::count(jobs as i64, "process")),
        );
        let stopped = sweep_jobs::train(&folder, jobs, device, args, &signals)?;
        close(&folder, &sweep::outcome(&folder)?, stopped, args)?;
        return Ok(ended(stopped, &signals));
    }
    let minutes = args.max_minutes.or(folder.definition().minutes);
    let stop = Stop { interrupt: signals.flag(), deadline: minutes.map(deadline) };
    let pretrained = folder.search().base.pretrained.clone();
    let weights = pretrained.as_ref().map(|it| backbone::find(&it.weights, &args.data)).transpose()?;
    let network = |plan: &Plan| {
        let model = plan.initial_model(&data, device)?;
        if let Some((pretrained, weights)) = pretrained.as_ref().zip(weights.as_ref()) {
            backbone::load(&model, pretrained, weights).map_err(|error| Error::Network(words::chain(&error)))?;
        }
        Ok(model)
    };
    let about = About {
        device: device::name(device),
        libtorch: probe::LIBTORCH.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let shared = Shared::new(&data, device, &network, about);
    console::line(json, &format!("sweep     {}", shown::path(folder.path())));
    let stopped = {
        let mut teller = Teller { folder: &folder, json, spinner: Spinner::new("training") };
        sweep::run(&folder, &shared, args.trial, stop, &mut |happened| teller.tell(happened))?
    };
    let is_last = match stopped {
        Stopped::Done => args.trial.is_none(),
        Stopped::Late => !folder.others_train()?,
        Stopped::Interrupted | Stopped::Others => false,
    };
    let outcome = if is_last { sweep::close(&folder, &shared)? } else { sweep::outcome(&folder)? };
    close(&folder, &outcome, stopped, args)?;
    Ok(ended(stopped, &signals))
}

fn ended(stopped: Stopped, signals: &Signals) -> ExitCode {
    if stopped == Stopped::Interrupted { ExitCode::from(signals.status()) } else { ExitCode::SUCCESS }
}

/// The trials for others to train: as commands, or as jobs of Slurm.
fn elsewhere(folder: &Folder, args: &SweepArgs) -> Result<ExitCode> {
    let count = folder.begin_all()?;
    let resume =
        |sweep: Suggested| sweep.option("--resume", Some(folder.path())).option("--data", args.data.data.as_ref());
    if args.commands {
        let command = resume(Suggested::new("sweep"));
        (1..=count).for_each(|trial| {
            console::line(false, &command.clone().option("--trial", Some(trial.to_string())).to_string());
        });
        return Ok(ExitCode::SUCCESS);
    }
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let jobs = Slurm {
        folder: words::quote(here.join(folder.path())),
        working: words::quote(here),
        command: resume(Suggested::of(&places::program_file()?, "sweep")).to_string(),
    };
    jobs.write(folder, count)?;
    let trials = console::count(count as i64, "trial");
    console::line(false, &format!("sweep    {}, {trials}", shown::path(folder.path())));
    console::line(false, &format!("next     {}", jobs.submit()));
    Ok(ExitCode::SUCCESS)
}

/// A new sweep.
fn begin(args: &SweepArgs) -> Result<(Folder, Dataset, Device)> {
    let wanted = Wanted::from(args);
    let (named, mut definition) = if own_pictures::is_place(wanted.recipe) {
        (wanted.recipe()?, Definition::default())
    } else {
        let (name, definition, recipe) = recipes::read_sweep(wanted.recipe, &wanted.overrides)?;
        (NamedRecipe { name, recipe }, definition)
    };
    add_options(&mut definition, args);
    let search = definition.resolve(&named.recipe)?;
    let path = match &args.out {
        Some(path) => path.clone(),
        None => free_folder(&named.name)?,
    };
    train::RunFolder::check_free(&path)?;
    let prepared = wanted.prepare(NamedRecipe { recipe: search.base, ..named })?;
    let identity = prepared.identity();
    let Prepared { device, data, note, .. } = prepared;
    let notes = note.map(|note| format!("\n*** {note} ***\n")).into_iter().chain(prepared::uneven(&data));
    notes.for_each(|note| console::line(args.output.json || args.commands, &note));
    Ok((Folder::create(&path, &definition, identity)?, data, device))
}

/// What the options say, in place of the recipe's table.
fn add_options(definition: &mut Definition, args: &SweepArgs) {
    args.grid.iter().for_each(|Setting { key, value }| definition.add_grid(key, value));
    args.random.iter().for_each(|Setting { key, value }| definition.add_random(key, value));
    definition.strategy = args.strategy.map(strategy).or(definition.strategy);
    definition.trials = args.trials.or(definition.trials);
    definition.seeds = args.seeds.or(definition.seeds);
    definition.minutes = args.max_minutes.or(definition.minutes);
    if let Some(epochs) = args.halving {
        let factor = args.halving_factor.unwrap_or(Halving::default_factor());
        definition.halving = Some(Halving { epochs, factor });
    }
}

fn strategy(asked: SweepStrategy) -> Strategy {
    match asked {
        SweepStrategy::Grid => Strategy::Grid,
        SweepStrategy::Random => Strategy::Random,
        SweepStrategy::Zoom => Strategy::Zoom,
        SweepStrategy::Tpe => Strategy::Tpe,
    }
}

fn free_folder(name: &str) -> Result<PathBuf> {
    default_folders(&format!("sweep-{name}")).find(|path| !path.exists()).context("no name of a folder is free")
}

/// A sweep that continues, with the pictures that it began with.
fn resume(path: &Path, args: &SweepArgs) -> Result<(Folder, Dataset, Device)> {
    let folder = Folder::open(path, |definition| definition.trials = args.trials.or(definition.trials))?;
    let device = device::resolve(args.device.device)?;
    let (data, _) = data_sets::open_of_run(path, folder.identity(), &args.data, device)?;
    Ok((folder, data, device))
}

/// Tells of each run.
struct Teller<'a> {
    folder: &'a Folder,
    json: bool,
    spinner: Spinner,
}

impl Teller<'_> {
    fn tell(&mut self, happened: &Happened<'_>) {
        let search = self.folder.search();
        match happened {
            Happened::Begun(claim) => {
                let Claim { trial, run, settings, folder, .. } = claim;
                self.spinner.set(format!("trial {trial} of {}", search.trials));
                let settings = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
                self.write(&Line::Begun { trial: *trial, run: *run, settings, folder: folder.display().to_string() });
            }
            Happened::Validated(claim, row) => {
                let error = console::percent(row.validation_error);
                let (trial, trials, epoch) = (claim.trial, search.trials, row.epoch);
                self.spinner.set(format!("trial {trial} of {trials}, epoch {epoch}, validation error {error}"));
                self.write(&Line::Validated { trial, run: claim.run, row });
            }
            Happened::Ended(trial, run, ended, state) => {
                console::line(self.json, &sweep::words::ended(search, *trial, *run, ended, state));
                self.write(&Line::Ended { trial: *trial, run: *run, ended });
            }
            Happened::Waiting => self.spinner.set("waiting for other processes".to_owned()),
        }
    }

    /// Writes a line of JSON where it is wanted; nobody may be left to read it.
    fn write(&self, line: &Line<'_>) {
        if self.json {
            let _ = console::print_json_line(line);
        }
    }
}

/// The block at the end.
fn close(folder: &Folder, outcome: &Outcome, stopped: Stopped, args: &SweepArgs) -> Result<()> {
    let json = args.output.json;
    let path = folder.path();
    let continued = Suggested::new("sweep").option("--resume", Some(path)).option("--data", args.data.data.as_ref());
    let mut text = format!(
        "\n{}table     {}\n",
        sweep::words::outcome(&folder.search().axes, outcome),
        shown::path(path.join(sweep::table::FILE))
    );
    let winner = path.join("winner.toml");
    let stopped = match stopped {
        Stopped::Done => "done",
        Stopped::Others => {
            text += "other processes still train in this sweep: the last to end puts the winner to the test\n";
            "others"
        }
        Stopped::Interrupted => {
            text += &format!("stopped; continue with\n  {continued}\n");
            "interrupted"
        }
        Stopped::Late => {
            text += &format!("the minutes are over; continue with\n  {continued}\n");
            "minutes"
        }
    };
    sweep::show(folder, outcome, places::program())?;
    text += &format!("report    {}\n", shown::path(path.join(sweep::page::FILE)));
    text += &format!("optuna    {}\n", shown::path(path.join(sweep::optuna::FILE)));
    if outcome.winner.as_ref().is_some_and(|winner| winner.test.is_some()) {
        text += &format!("recipe    {}\nnext      {}\n", shown::path(&winner), Suggested::new("train").path(&winner));
    }
    console::line(json, text.trim_end());
    if json {
        console::print_json_line(&Line::Sweep { folder: path.display().to_string(), stopped, outcome })?;
    }
    Ok(())
}

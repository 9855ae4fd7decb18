//! `train`: from the words of the command line to a finished run. Everything comes together here, and nothing is
//! computed here.

use crate::reporter::Reporter;
use crate::signals::Signals;
use crate::{closing, console, data_sets, device, recipes, watch};
use anyhow::Result;
use console::thousands;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tensor_data::Dataset;
use train::{Learner, Observer, Plan, Recipe, RunFolder, StoppedBy, Summary, fit};
use xtask::cli::TrainArgs;
use xtask::places;

/// What all steps of a run share.
pub struct Run {
    /// The recipe's.
    pub name: String,
    pub folder: RunFolder,
    pub reporter: Reporter,
    pub plan: Plan,
    pub data: Dataset,
    pub learner: Learner,
    /// Why the data set is not the one that the recipe names.
    pub note: Option<String>,
}

/// Trains, and says how it went.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let clock = Instant::now();
    let signals = Signals::listen()?;
    let listener = args.watch.then(|| watch::listen(args.port)).transpose()?;
    let mut run = match &args.resume {
        None => begin(args)?,
        Some(path) => match resume(path, args)? {
            Some(run) => run,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let mut watch = listener.map(|listener| watch::start(listener, &mut run)).transpose()?;
    let watch: &mut dyn Observer = match &mut watch {
        Some(watch) => watch,
        None => &mut (),
    };
    let outcome = match run.learner.outcome(&run.plan) {
        Some(outcome) => {
            run.learner.restore_best()?;
            outcome
        }
        None => {
            let mut observers = ((&mut run.folder, &mut run.reporter), watch);
            fit(&run.plan, &run.data, &mut run.learner, signals.flag(), &mut observers)?
        }
    };
    let summary = closing::summarise(&run, &outcome, clock)?;
    summary.write(run.folder.path())?;
    let report = (outcome.stopped_by != StoppedBy::Interrupt).then(|| closing::write_report(&run));
    closing::close(&mut run, &summary, report.as_deref())?;
    if args.output.json {
        let path = run.folder.path().display().to_string();
        console::print_json(&Printed { run: path, summary: &summary })?;
    }
    Ok(if outcome.stopped_by == StoppedBy::Interrupt { ExitCode::from(signals.status()) } else { ExitCode::SUCCESS })
}

/// `--json`: the summary, and where the run lies.
#[derive(Serialize)]
struct Printed<'a> {
    run: String,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// A new run.
fn begin(args: &TrainArgs) -> Result<Run> {
    let word = args.recipe.as_deref().unwrap_or_default();
    let (name, mut recipe) = recipes::read(word, args)?;
    let out = args.out.clone().unwrap_or_else(|| default_folder(&name));
    RunFolder::check_free(&out)?;
    let device = device::resolve(args.device.device)?;
    let opened = data_sets::open(&recipe.data.set, args.dataset.is_some(), &args.data)?;
    recipe.data.set.clone_from(&opened.source.name);
    let data = data_sets::upload(&opened.source, &recipe, device)?;
    let plan = Plan::new(&recipe, &data)?;
    let learner = Learner::new(&plan, &data, device)?;
    let folder = RunFolder::create(&out, &recipe)?;
    let reporter = Reporter::new(folder.path(), args.output.json)?;
    let mut run = Run { name, folder, reporter, plan, data, learner, note: opened.note };
    open_with(&mut run, &recipe)?;
    Ok(run)
}

/// A run that goes on; `None` when it is finished already.
fn resume(path: &Path, args: &TrainArgs) -> Result<Option<Run>> {
    let before = train::run_folder::read_recipe(path, &[])?;
    let mut folder = RunFolder::open(path, &recipes::overrides(args))?;
    let recipe = folder.recipe().clone();
    let changes = before.changes_on_resume(&recipe)?;
    let device = device::resolve(args.device.device)?;
    let data = data_sets::open_exactly(&recipe, &args.data, device)?;
    let plan = Plan::new(&recipe, &data)?;
    let (mut learner, damaged) = folder.load(&plan, &data, device)?;
    let written = Summary::read(path).ok();
    let note = written.as_ref().and_then(|summary| summary.dataset_note.clone());
    let name = written.as_ref().map_or_else(|| name_of(path), |summary| summary.recipe.clone());
    learner.adopt(&before, &plan);
    // Where the process died between the last checkpoint and the summary, that is what is left to do.
    let reason = learner.progress.stopped_by.as_ref();
    let is_summed_up = |reason: &&String| {
        written.is_some_and(|it| it.stopped_by == **reason && it.iterations == learner.progress.iteration)
    };
    if let Some(reason) = reason.filter(is_summed_up) {
        let text = format!(
            "{} is finished ({reason}, {} iterations): nothing to do",
            path.display(),
            learner.progress.iteration
        );
        console::line(args.output.json, &text);
        return Ok(None);
    }
    folder.write_recipe()?;
    let mut reporter = Reporter::new(path, args.output.json)?;
    if let Some(error) = damaged {
        reporter
            .line(&format!("WARNING: the newest checkpoint is damaged, going on from the one before it: {error}"))?;
    }
    reporter.line(&format!("resuming {} at iteration {}", path.display(), learner.progress.iteration))?;
    for change in changes {
        reporter.line(&format!("changed on resume: {change}"))?;
    }
    Ok(Some(Run { name, folder, reporter, plan, data, learner, note }))
}

/// The name of the recipe, from the name of a folder such as `lenet-20260131-120000`.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.rsplitn(3, '-').nth(2).unwrap_or(&name);
    stem.to_owned()
}

/// `runs/<recipe>-<yyyymmdd-hhmmss>` in the workspace; with a number behind it where two runs begin in one second.
fn default_folder(name: &str) -> PathBuf {
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let first = places::shorten(&places::workspace().join("runs").join(format!("{name}-{stamp}")));
    let others = (2..).map(|n| PathBuf::from(format!("{}-{n}", first.display())));
    std::iter::once(first.clone()).chain(others).find(|path| !path.exists()).unwrap_or(first)
}

/// What is said before a new run.
fn open_with(run: &mut Run, recipe: &Recipe) -> Result<()> {
    if let Some(note) = &run.note {
        run.reporter.line(&format!("\n*** {note} ***\n"))?;
    }
    let model = run.learner.model.summary().to_string();
    let (train, valid, test) = (run.data.train.len(), run.data.valid.len(), run.data.test.len());
    let device = device::name(run.data.train.device());
    run.reporter.line(&format!(
        "{}: {}\ndata    {}, {} to train, {} to validate, {} to test\ndevice  {device}, {}, seed {}\nrun     {}\n\n{model}\n",
        run.name,
        recipe.description,
        run.data.name,
        thousands(train as f64),
        thousands(valid as f64),
        thousands(test as f64),
        console::count(tch::get_num_threads().into(), "thread"),
        recipe.seed,
        run.folder.path().display(),
    ))?;
    Ok(())
}

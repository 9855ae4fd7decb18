//! `train`: from the words of the command line to a finished run. Everything comes together here, and nothing is
//! computed here.

use crate::closing::Look;
use crate::event_lines::{self, About, EventLines};
use crate::observers::Observers;
use crate::prepared::{Prepared, Wanted};
use crate::ranks::Joined;
use crate::reporter::Reporter;
use crate::signals::Signals;
use crate::{closing, console, data_sets, device, dry_run, folds, follower, overfit, prepared, ranks, recipes, watch};
use anyhow::{Context, Result};
use console::{Usage, shown, thousands};
use models::Model;
use report::tensorboard::{self, TensorBoard};
use report::warnings;
use report::watch::Watch;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tch::Device;
use tensor_data::Dataset;
use train::run_folder::{FoldSet, Reserved};
use train::{Identity, Learner, Outcome, Plan, Ranks, Recipe, RunFolder, StoppedBy, Summary, fit};
use xtask::cli::{self, DataDirArgs, TrainArgs};
use xtask::places;
use xtask::progress::say;

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

/// What commands that train have in common.
pub struct How<'a> {
    /// Where data sets and weights are looked for.
    pub data: &'a DataDirArgs,
    pub device: cli::Device,
    /// Whether standard output is kept for JSON.
    pub json: bool,
    pub tensorboard: bool,
}

impl<'a> From<&'a TrainArgs> for How<'a> {
    fn from(args: &'a TrainArgs) -> How<'a> {
        let (device, json, tensorboard) = (args.device.device, args.output.json, args.tensorboard);
        How { data: &args.data, device, json, tensorboard }
    }
}

/// Does what the options ask for; with `--json`, a failure is the last line of standard output as well.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let result = ranks::check(args).and_then(|()| match args.overfit_one_batch {
        Some(steps) => overfit::run(args, steps.0),
        None if args.dry_run => dry_run::run(args),
        None if args.folds.is_some() || args.resume.as_deref().is_some_and(FoldSet::is_at) => folds::run(args),
        None => train(args),
    });
    if let Err(error) = &result
        && args.output.json
    {
        event_lines::error(error);
    }
    result
}

/// Trains, and says how it went.
fn train(args: &TrainArgs) -> Result<ExitCode> {
    let clock = Instant::now();
    let mut joined = ranks::join(args)?;
    if joined.ranks.rank() > 0 {
        return follower::train(args, &joined);
    }
    let mut signals = Signals::listen()?;
    let listener = args.watch.then(|| report::watch::listen(args.port)).transpose()?;
    let continued = args.resume.as_deref().or_else(|| started_again(args, &joined));
    let begun = match continued {
        None => begin(args, &joined.ranks).map(Some),
        Some(path) => resume(path, args, &joined.ranks),
    };
    let Some(mut run) = joined.tell(begun, continued.is_none())? else { return Ok(ExitCode::SUCCESS) };
    let watch = listener.map(|listener| watch::start(listener, args.watch_stop, &mut run)).transpose()?.flatten();
    let path = run.folder.path().to_owned();
    let features = if run.learner.progress.stopped_by.is_none() { features(&run)? } else { None };
    let trained = train_on(&mut run, features.as_ref(), &How::from(args), &mut signals, watch);
    let outcome = trained.map_err(|error| joined.explained(error, &path))?;
    let look = if args.no_test { Look::Away } else { Look::AtTest };
    let summary = closing::summarise(&run, &run.data, &outcome, look, clock)?;
    summary.write(run.folder.path())?;
    let report = (outcome.stopped_by != StoppedBy::Interrupt).then(|| closing::write_report(&run));
    closing::close(&mut run, &args.data, &summary, report.as_deref())?;
    if args.output.json {
        event_lines::summary(&path, &summary)?;
    }
    Ok(match outcome.stopped_by {
        StoppedBy::Interrupt if joined.ranks.is_alone() => ExitCode::from(signals.status()),
        StoppedBy::Interrupt => ExitCode::from(follower::status(&signals)),
        _ => ExitCode::SUCCESS,
    })
}

/// The folder of the run that is to continue with the command line that began it, as where a launcher starts it again after a loss.
fn started_again<'a>(args: &'a TrainArgs, joined: &Joined) -> Option<&'a Path> {
    let is_again = joined.attempt > 0 || args.or_resume;
    if is_again && args.out.is_none() {
        say(
            "WARNING: the launcher has started this again, and without --out nothing says which run to continue: a new one begins",
        );
    }
    args.out.as_deref().filter(|out| is_again && out.join(Identity::FILE).exists())
}

/// Trains a run from wherever it stands to its end or to a signal; on `features` in the place of its pictures, where there are some.
pub fn train_on(
    run: &mut Run,
    features: Option<&Dataset>,
    how: &How<'_>,
    signals: &mut Signals,
    watch: Option<Watch>,
) -> Result<Outcome> {
    if let Some(outcome) = run.learner.finished(&run.plan)? {
        return Ok(outcome);
    }
    let path = run.folder.path().to_owned();
    let lines = how.json.then(|| EventLines::new(about(run)));
    let wanted = how.tensorboard || tensorboard::folder(&path).exists();
    let tensorboard = wanted.then(|| TensorBoard::new(&path));
    let (folder, reporter) = (&mut run.folder, &mut run.reporter);
    let mut observers = Observers { folder, reporter, lines, tensorboard, watch, signals };
    let data = features.unwrap_or(&run.data);
    Ok(fit(&run.plan, data, &mut run.learner, &mut observers)?)
}

/// What the last layer takes of the pictures, computed once, where it alone is trained and nothing moves them.
fn features(run: &Run) -> Result<Option<Dataset>> {
    let clock = Instant::now();
    let features = run.learner.features(&run.plan, &run.data)?;
    let Dataset { train, valid, test, .. } = &run.data;
    features.iter().for_each(|_| say_features(train.len() + valid.len() + test.len(), clock));
    Ok(features)
}

/// Says how long features took.
pub fn say_features(pictures: usize, clock: Instant) {
    let seconds = console::duration(clock.elapsed().as_secs_f64());
    say(format!("features of {} pictures computed once in {seconds}", thousands(pictures as f64)));
}

/// What `--json` says of a run at its start.
fn about(run: &Run) -> About {
    let recipe = run.plan.recipe();
    About {
        run: run.folder.path().display().to_string(),
        recipe: run.name.clone(),
        dataset: run.data.name.clone(),
        model: recipe.model.kind(),
        parameters: run.learner.model.summary().parameters,
        device: device::name(run.data.train.device()),
        seed: recipe.seed,
        minibatch_size: run.plan.minibatch_size(),
    }
}

/// A new run.
fn begin(args: &TrainArgs, ranks: &Ranks) -> Result<Run> {
    let wanted = Wanted { ranks: ranks.clone(), ..Wanted::from(args) };
    let named = wanted.recipe()?;
    let place = take_folder(args.out.as_deref(), &named.name)?;
    let prepared = wanted.prepare(named)?;
    let folder = RunFolder::begin(place, prepared.identity())?;
    let Prepared { name, recipe, data, plan, learner, note, .. } = prepared;
    let reporter = Reporter::new(folder.path(), args.output.json)?;
    let mut run = Run { name, folder, reporter, plan, data, learner, note };
    open_with(&mut run, &recipe)?;
    Ok(run)
}

/// A run that continues; `None` when it is finished already.
fn resume(path: &Path, args: &TrainArgs, ranks: &Ranks) -> Result<Option<Run>> {
    if let Some(set) = path.parent().filter(|set| FoldSet::is_at(set)) {
        let path = shown::path(path);
        return Err(Usage(format!("{path} is one of several folds: resume all of them, {}", shown::path(set))).into());
    }
    let mut folder = RunFolder::open(path, &recipes::overrides(args))?;
    let changes = folder.changes()?;
    let known = folder.identity().clone();
    if let Some(word) = &args.recipe {
        recipes::check_own(word, &known.name, path)?;
    }
    let device = device::resolve(args.device.device)?;
    let (data, data_folder) = data_sets::open_of_run(path, &known, &args.data, device)?;
    let plan = Plan::new(folder.recipe(), &data)?.across(ranks.clone())?;
    let (mut learner, damaged) = load(&mut folder, &plan, &data, device, &args.data)?;
    folder.set_data_folder(data_folder);
    let written = Summary::read(path).ok();
    let notes = folder.take_notes();
    let adopted = learner.adopt(folder.trained(), &plan);
    // Where the process died between the last checkpoint and the summary, that is what is left to do.
    let reason = learner.progress.stopped_by.as_ref();
    let is_tested = |it: &Summary| it.test_error.is_some() || it.best_iteration.is_none() || args.no_test;
    let is_summed_up =
        |it: &Summary| Some(&it.stopped_by) == reason && it.iterations == learner.progress.iteration && is_tested(it);
    if let Some((reason, summary)) = reason.zip(written.filter(is_summed_up)) {
        let unused = if changes.is_empty() { String::new() } else { format!("; not taken up: {}", changes.join(", ")) };
        let text = format!(
            "{} is finished ({reason}, {} iterations): nothing to do{unused}",
            shown::path(path),
            learner.progress.iteration
        );
        notes.iter().for_each(|note| console::line(args.output.json, note));
        console::line(args.output.json, &text);
        if args.output.json {
            event_lines::summary(path, &summary)?;
        }
        return Ok(None);
    }
    folder.write_recipe()?;
    let mut reporter = Reporter::new(path, args.output.json)?;
    if let Some(error) = damaged {
        reporter
            .line(&format!("WARNING: the newest checkpoint is damaged, continuing from the one before it: {error}"))?;
    }
    reporter.line(&format!("resuming {} at iteration {}", shown::path(path), learner.progress.iteration))?;
    if ranks.count() > 1 {
        reporter.line(&format!("{} ranks train together, each on its share of every minibatch", ranks.count()))?;
    }
    for note in notes {
        reporter.line(&note)?;
    }
    for change in changes {
        reporter.line(&format!("changed on resume: {change}"))?;
    }
    for note in adopted {
        reporter.line(&note)?;
    }
    for warning in warnings::unknown(&known).into_iter().chain(warnings::copies(&data.fingerprint)) {
        reporter.line(&warning)?;
    }
    let Identity { name, note, .. } = known;
    Ok(Some(Run { name, folder, reporter, plan, data, learner, note }))
}

/// A run's learner from its newest checkpoint, or as the run was to begin where there is none yet.
pub fn load(
    folder: &mut RunFolder,
    plan: &Plan,
    data: &Dataset,
    device: Device,
    folders: &DataDirArgs,
) -> Result<(Learner, Option<train::Error>)> {
    let model = match folder.has_checkpoint() {
        true => plan.initial_model(data, device)?,
        false => prepared::initial_model(plan, data, device, folders)?,
    };
    Ok(folder.load_with(plan, data, model)?)
}

/// Takes the folder that was asked for, or one of its own for a run of the recipe `name`.
pub fn take_folder(out: Option<&Path>, name: &str) -> Result<Reserved> {
    match out {
        Some(out) => Ok(Reserved::take(out)?),
        None => Reserved::take_first(default_folders(name))?.context("no name of a folder is free"),
    }
}

/// `runs/<recipe>-<yyyymmdd-hhmmss>` in the workspace, then the same with a number behind it: for runs that begin in one
/// second.
pub fn default_folders(name: &str) -> impl Iterator<Item = PathBuf> {
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let first = places::shorten(&places::workspace().join("runs").join(format!("{name}-{stamp}")));
    let others = first.clone();
    std::iter::once(first).chain((2..).map(move |n| PathBuf::from(format!("{}-{n}", others.display()))))
}

/// What is said before a new run.
fn open_with(run: &mut Run, recipe: &Recipe) -> Result<()> {
    if let Some(note) = &run.note {
        run.reporter.line(&format!("\n*** {note} ***\n"))?;
    }
    let folder = shown::path(run.folder.path());
    run.reporter.line(&introduction(&run.name, recipe, &run.data, &run.learner.model, &folder))?;
    let ranks = run.plan.ranks().count();
    if ranks > 1 {
        run.reporter.line(&format!("{ranks} ranks train together, each on its share of every minibatch"))?;
    }
    Ok(())
}

/// Rows of a table of layers that are printed; of a longer one the first and the last.
const ROWS: usize = 30;
/// Rows kept at either end of a longer one.
const ENDS: usize = 5;

/// A table of layers that fits on a screen; what was left out is counted.
fn shortened(table: &str) -> String {
    let lines: Vec<&str> = table.lines().collect();
    if lines.len() <= ROWS {
        return table.to_owned();
    }
    let left_out = format!("... {} more layers", lines.len() - 2 * ENDS);
    [&lines[..ENDS], &[left_out.as_str()], &lines[lines.len() - ENDS..]].concat().join("\n")
}

/// What is said of a model that is about to be trained.
pub fn introduction(name: &str, recipe: &Recipe, data: &Dataset, model: &Model, run: &str) -> String {
    let (train, valid, test) = (data.train.len(), data.valid.len(), data.test.len());
    let warning = warnings::copies(&data.fingerprint).map_or(String::new(), |warning| format!("\n{warning}"));
    let uneven = prepared::uneven(data).map_or(String::new(), |warning| format!("\n{warning}\n"));
    format!(
        "{}: {}\ndata    {}, {} to train, {} to validate, {} to test{warning}\ndevice  {}, {}, seed {}\nrun     {run}\n{uneven}\n{}\n",
        shown::word(name),
        shown::word(&recipe.description),
        data.name,
        thousands(train as f64),
        thousands(valid as f64),
        thousands(test as f64),
        device::name(data.train.device()),
        console::count(tch::get_num_threads().into(), "thread"),
        recipe.seed,
        shortened(&model.summary().to_string()),
    )
}

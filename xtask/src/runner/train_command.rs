//! `train`: from the words of the command line to a finished run. Everything comes together here, and nothing is
//! computed here.

use crate::reporter::Reporter;
use crate::signals::Signals;
use crate::{console, data_sets, device, probe, recipes};
use anyhow::Result;
use console::{duration, percent, thousands};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tensor_data::Dataset;
use train::{Learner, Outcome, Plan, Recipe, RunFolder, StoppedBy, Summary, fit};
use xtask::cli::TrainArgs;
use xtask::places;

/// What all steps of a run share.
struct Run {
    name: String,
    folder: RunFolder,
    reporter: Reporter,
    plan: Plan,
    data: Dataset,
    learner: Learner,
    note: Option<String>,
}

/// Trains, and says how it went.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let clock = Instant::now();
    let signals = Signals::listen()?;
    let mut run = match &args.resume {
        None => begin(args)?,
        Some(path) => match resume(path, args)? {
            Some(run) => run,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let outcome = fit(
        &run.plan,
        &run.data,
        &mut run.learner,
        signals.flag(),
        &mut (&mut run.folder, &mut run.reporter),
    )?;
    let summary = summarise(&run, &outcome, clock)?;
    summary.write(run.folder.path())?;
    close(&mut run, &summary)?;
    if args.output.json {
        let path = run.folder.path().display().to_string();
        console::print_json(&Printed {
            run: path,
            summary: &summary,
        })?;
    }
    Ok(if outcome.stopped_by == StoppedBy::Interrupt {
        ExitCode::from(signals.status())
    } else {
        ExitCode::SUCCESS
    })
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
    let device = device::resolve(args.device.device)?;
    let opened = data_sets::open(&recipe.data.set, args.dataset.is_some(), &args.data)?;
    recipe.data.set.clone_from(&opened.source.name);
    let data = data_sets::upload(&opened.source, &recipe, device)?;
    let plan = Plan::new(&recipe, &data)?;
    let learner = Learner::new(&plan, &data, device)?;
    let folder = RunFolder::create(&args.out.clone().unwrap_or_else(|| default_folder(&name)), &recipe)?;
    let reporter = Reporter::new(folder.path(), args.output.json)?;
    let mut run = Run {
        name,
        folder,
        reporter,
        plan,
        data,
        learner,
        note: opened.note,
    };
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
    let note = Summary::read(path).ok().and_then(|summary| summary.dataset_note);
    let name = Summary::read(path)
        .map(|summary| summary.recipe)
        .unwrap_or_else(|_| name_of(path));
    learner.adopt(&before, &plan);
    if let Some(reason) = &learner.progress.stopped_by {
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
        reporter.line(&format!(
            "WARNING: the newest checkpoint is damaged, going on from the one before it: {error}"
        ))?;
    }
    reporter.line(&format!(
        "resuming {} at iteration {}",
        path.display(),
        learner.progress.iteration
    ))?;
    for change in changes {
        reporter.line(&format!("changed on resume: {change}"))?;
    }
    Ok(Some(Run {
        name,
        folder,
        reporter,
        plan,
        data,
        learner,
        note,
    }))
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
    std::iter::once(first.clone())
        .chain(others)
        .find(|path| !path.exists())
        .unwrap_or(first)
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
        "{}: {}\ndata    {}, {} to train, {} to validate, {} to test\ndevice  {device}, {} threads, seed {}\nrun     {}\n\n{model}",
        run.name,
        recipe.description,
        run.data.name,
        thousands(train as f64),
        thousands(valid as f64),
        thousands(test as f64),
        tch::get_num_threads(),
        recipe.seed,
        run.folder.path().display(),
    ))?;
    Ok(())
}

/// The figures of a run. The test set is looked at here and nowhere else, through the model that validation chose.
fn summarise(run: &Run, outcome: &Outcome, clock: Instant) -> Result<Summary> {
    let recipe = run.plan.recipe();
    let evaluation = &recipe.evaluation;
    let finished = outcome.stopped_by != StoppedBy::Interrupt && outcome.best.is_some();
    let test = finished
        .then(|| train::evaluate(&run.learner.model, &run.data.test, evaluation.size, evaluation.tail))
        .transpose()?;
    let trained = outcome.iterations * recipe.minibatch.size as u64;
    Ok(Summary {
        recipe: run.name.clone(),
        dataset: run.data.name.clone(),
        dataset_note: run.note.clone(),
        model: recipe.model.kind().to_owned(),
        parameters: run.learner.model.summary().parameters,
        device: device::name(run.data.train.device()),
        threads: tch::get_num_threads(),
        seed: recipe.seed,
        epochs: outcome.iterations.div_ceil(run.plan.steps_per_epoch()),
        iterations: outcome.iterations,
        best_iteration: outcome.best.map(|best| best.iteration),
        best_validation_error: outcome.best.map(|best| best.error),
        best_validation_loss: outcome.best.map(|best| best.loss),
        test_error: test.map(|score| score.error),
        test_loss: test.map(|score| score.loss),
        stopped_by: run
            .learner
            .progress
            .stopped_by
            .clone()
            .unwrap_or_else(|| "interrupted".to_owned()),
        train_seconds: outcome.train_seconds,
        total_seconds: clock.elapsed().as_secs_f64(),
        images_per_second: trained as f64 / outcome.train_seconds,
        libtorch: probe::LIBTORCH.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The block at the end.
fn close(run: &mut Run, summary: &Summary) -> Result<()> {
    let path = run.folder.path().display().to_string();
    let percent = |error: Option<f64>| error.map_or("not measured".to_owned(), percent);
    let steps = run.plan.steps_per_epoch();
    let best_epoch = summary
        .best_iteration
        .map_or(String::new(), |best| format!(" (epoch {})", best.div_ceil(steps)));
    let why = match summary.stopped_by.as_str() {
        "interrupted" => "interrupted",
        "epochs" => "all epochs done",
        rule => rule,
    };
    let next = match summary.stopped_by.as_str() {
        "interrupted" => format!("cargo xtask train --resume {path}"),
        _ => format!("cargo xtask eval {path}"),
    };
    run.reporter.line(&format!(
        "\nstopped  {why} after {} epochs, {}, {} images/s\nbest     validation error {}{best_epoch}, test error {}\nmodel    {path}/best/model.safetensors\nnext     {next}",
        summary.epochs,
        duration(summary.train_seconds),
        thousands(summary.images_per_second),
        percent(summary.best_validation_error),
        percent(summary.test_error),
    ))?;
    Ok(())
}

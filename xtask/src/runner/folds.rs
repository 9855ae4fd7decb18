//! `train --folds K`: one run after another, each tests another part of the pictures, then what all of them come to.

use crate::closing::Look;
use crate::console::{self, Usage, count, percent, shown};
use crate::prepared::{self, Wanted};
use crate::reporter::Reporter;
use crate::signals::Signals;
use crate::train_command::{self, How, Run};
use crate::whole_set::WholeSet;
use crate::{closing, device, event_lines, recipes};
use anyhow::{Context, Result};
use folds::{ClassRow, Table};
use report::Report;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use tch::Device;
use tensor_data::{Dataset, Parts, Split};
use train::run_folder::{FoldSet, Reserved};
use train::{Identity, Learner, Plan, RunFolder, StoppedBy};
use xtask::cli::TrainArgs;
use xtask::places;
use xtask::progress::say;
use xtask::words::Suggested;

/// Begins or continues a set of folds and says what it comes to.
pub fn run(args: &TrainArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let (set, whole) = match &args.resume {
        Some(path) => reopen(path, args)?,
        None => begin(args)?,
    };
    if !train_all(&set, &whole, &How::from(args), &mut signals)? {
        let next =
            Suggested::new("train").option("--resume", Some(set.path())).option("--data", args.data.data.as_ref());
        console::line(args.output.json, &format!("\nstopped  interrupted\nnext     {next}"));
        return Ok(ExitCode::from(signals.status()));
    }
    close(&set, &whole, args)?;
    Ok(ExitCode::SUCCESS)
}

fn begin(args: &TrainArgs) -> Result<(FoldSet, WholeSet)> {
    let of = args.folds.context("the command line asks for folds")?;
    let wanted = Wanted::from(args);
    let mut named = wanted.recipe()?;
    if let Some(fold) = named.recipe.fold {
        return Err(
            Usage(format!("the recipe names {fold} already: take its section [fold] out to train all folds")).into()
        );
    }
    let place = train_command::take_folder(args.out.as_deref(), &format!("{}-folds", named.name))?;
    named.recipe.fold = Some(train::recipe::Fold { index: 1, of });
    named.recipe.check()?;
    let whole = WholeSet::of_recipe(&named.recipe, of, wanted.exact, &args.data)?;
    named.recipe.data.set.clone_from(&whole.name);
    wanted.fit_minibatch(&mut named.recipe, whole.fewest());
    Ok((new_set(place, &whole, of, Identity::new(named.name, &named.recipe))?, whole))
}

/// A new set of folds; the recipe of `run` names the first fold.
pub fn new_set(place: Reserved, whole: &WholeSet, of: u32, run: Identity) -> Result<FoldSet> {
    let first = whole.dataset(&run.recipe, 1, Device::Cpu)?;
    Plan::new(&run.recipe, &first)?; // what does not fit is told before anything is written
    let (note, data_folder) = (whole.note.clone(), whole.folder.clone());
    Ok(FoldSet::begin(place, of, Identity { note, data_folder, pictures: Some(first.fingerprint), ..run })?)
}

fn reopen(path: &Path, args: &TrainArgs) -> Result<(FoldSet, WholeSet)> {
    if !recipes::overrides(args).is_empty() {
        let problem =
            "all folds are of one recipe, so a set of folds continues as it began: leave --set and --epochs out";
        return Err(Usage(problem.to_owned()).into());
    }
    let set = FoldSet::open(path)?;
    if let Some(word) = &args.recipe {
        recipes::check_own(word, &set.identity().name, path)?;
    }
    let whole = WholeSet::of_set(&set, &args.data)?;
    Ok((set, whole))
}

/// Trains the folds that have not ended; false where a signal stopped it.
pub fn train_all(set: &FoldSet, whole: &WholeSet, how: &How<'_>, signals: &mut Signals) -> Result<bool> {
    let device = device::resolve(how.device)?;
    whole.note.iter().for_each(|note| say(format!("\n*** {note} ***\n")));
    let mut features = None;
    for index in 1..=set.of() {
        if set.finished(index).is_some() {
            console::line(how.json, &format!("fold {index} of {}: finished before", set.of()));
            continue;
        }
        let clock = Instant::now();
        let mut run = open(set, whole, index, device, how)?;
        run.reporter.line(&format!("\nfold {index} of {}: run {}", set.of(), shown::path(run.folder.path())))?;
        if features.is_none() {
            features = Some(features_of_all(&run, whole, device)?);
        }
        let all = features.as_ref().and_then(Option::as_ref);
        let parts = &whole.parts[index as usize - 1];
        let features = all.map(|all| features_of_fold(all, &run.data, parts)).transpose()?;
        let outcome = train_command::train_on(&mut run, features.as_ref(), how, signals, None)?;
        let summary = closing::summarise(&run, features.as_ref().unwrap_or(&run.data), &outcome, Look::AtTest, clock)?;
        summary.write(run.folder.path())?;
        if let Some(figures) = &summary.test {
            run.reporter.line(&format!("fold {index} of {}: {}", set.of(), closing::sure(figures)))?;
        }
        if how.json {
            event_lines::summary(run.folder.path(), &summary)?;
        }
        if outcome.stopped_by == StoppedBy::Interrupt {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The run of a fold: a new one, or the one that is there.
fn open(set: &FoldSet, whole: &WholeSet, index: u32, device: Device, how: &How<'_>) -> Result<Run> {
    let (recipe, path) = (set.recipe(index), set.run(index));
    let Identity { name, note, .. } = set.identity().clone();
    let data = whole.dataset(&recipe, index, device)?;
    let plan = Plan::new(&recipe, &data)?;
    let (folder, learner, notes) = if set.runs().contains(&path) {
        let mut folder = RunFolder::open(&path, &[])?;
        let (learner, damaged) = train_command::load(&mut folder, &plan, &data, device, how.data)?;
        let damaged =
            damaged.map(|error| format!("WARNING: the newest checkpoint is damaged, continuing before it: {error}"));
        let at = format!("resuming {} at iteration {}", shown::path(&path), learner.progress.iteration);
        let notes = damaged.into_iter().chain(folder.take_notes()).chain([at]).collect();
        (folder, learner, notes)
    } else {
        let model = prepared::initial_model(&plan, &data, device, how.data)?;
        let identity = Identity { recipe, pictures: Some(data.fingerprint.clone()), ..set.identity().clone() };
        (RunFolder::create_as(&path, identity)?, Learner::with_model(&plan, &data, model)?, Vec::new())
    };
    let mut reporter = Reporter::new(&path, how.json)?;
    notes.iter().try_for_each(|note: &String| reporter.line(note))?;
    Ok(Run { name, folder, reporter, plan, data, learner, note })
}

/// The features of a fold: those to train on, and those to be answered where they differ.
fn features_of_fold((seen, answered): &(Split, Option<Split>), data: &Dataset, parts: &Parts) -> Result<Dataset> {
    let mut features = data.taken_from(seen, parts)?;
    if let Some(answered) = answered {
        let of_answers = data.taken_from(answered, parts)?;
        (features.valid, features.test) = (of_answers.valid, of_answers.test);
    }
    Ok(features)
}

/// What a frozen trunk makes of all pictures, computed once and in one order, whichever fold is trained first.
fn features_of_all(run: &Run, whole: &WholeSet, device: Device) -> Result<Option<(Split, Option<Split>)>> {
    if !run.learner.model.is_frozen() {
        return Ok(None);
    }
    let clock = Instant::now();
    let features = run.learner.features_of(&run.plan, &run.plan.recipe().upload_samples(&whole.all, device)?)?;
    features.iter().for_each(|_| train_command::say_features(whole.all.len(), clock));
    Ok(features)
}

/// The table, the report, and the lines that a person reads.
fn close(set: &FoldSet, whole: &WholeSet, args: &TrainArgs) -> Result<()> {
    let table = set.table()?;
    let csv = set.write_table(&table)?;
    let report = match report(set, whole, args) {
        Ok(path) => shown::path(&path),
        Err(error) => format!("not written: {}", console::message(&error)),
    };
    let next = Suggested::new("clean").path(set.path()).option("--data", args.data.data.as_ref());
    console::line(
        args.output.json,
        &format!("{}\ntable    {}\nreport   {report}\nnext     {next}", told(&table), shown::path(&csv)),
    );
    if args.output.json {
        event_lines::folds(set.path(), &table)?;
    }
    Ok(())
}

/// What all folds come to, in lines.
fn told(table: &Table) -> String {
    let points = |share: f64| format!("{:.1}", 100.0 * share);
    let (lowest, highest) = table.extremes();
    let pooled = &table.pooled;
    let few: Vec<&ClassRow> = table.classes.iter().filter(|class| class.is_small()).collect();
    let few: Vec<String> = few.iter().map(|it| format!("{} ({})", shown::word(&it.class), it.pictures)).collect();
    let few = match few.is_empty() {
        true => String::new(),
        false => format!("\nwarning  too few pictures of {} to tell", few.join(", ")),
    };
    format!(
        "\nfolds    {}: mean accuracy {} %, spread {} points ({} to {} %)\npooled   {} of {} right: {} % (95 %: {} to {} %), error {}{few}",
        count(table.folds.len() as i64, "fold"),
        points(table.mean),
        points(table.spread),
        points(lowest),
        points(highest),
        pooled.right,
        pooled.pictures,
        points(pooled.accuracy),
        points(pooled.interval.low),
        points(pooled.interval.high),
        percent(1.0 - pooled.accuracy),
    )
}

/// One report over all runs.
fn report(set: &FoldSet, whole: &WholeSet, args: &TrainArgs) -> Result<std::path::PathBuf> {
    let device = device::resolve(args.device.device)?;
    let own = |_: &Path, identity: &Identity| {
        let fold = identity.recipe.fold.context("the run has no fold");
        let data = fold.and_then(|fold| whole.dataset(&identity.recipe, fold.index, device));
        data.map_err(|error| console::message(&error))
    };
    let report = Report::read(&set.runs(), &places::data_roots(&args.data), &own, device)?;
    Ok(report.write(set.path(), places::program())?)
}

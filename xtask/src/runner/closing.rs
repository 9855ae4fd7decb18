//! The end of a run: its figures, its report, and the block of lines that a person reads.

use crate::console::{self, duration, percent, thousands};
use crate::train_command::Run;
use crate::{device, probe};
use anyhow::Result;
use std::time::Instant;
use tensor_data::Dataset;
use train::metrics::{Figures, Interval};
use train::summary::ClassFigures;
use train::{Outcome, Predictions, SavedCalibration, StoppedBy, Summary};
use xtask::cli::DataDirArgs;
use xtask::places;
use xtask::words::Suggested;

/// Whether a run that has ended looks at the test set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Once, through its best model.
    AtTest,
    /// Not now: others choose among runs, and look through the one that they choose.
    Away,
}

/// The figures of a run. The test set is looked at here and nowhere else, through the model that validation chose, and only where
/// `look` allows it. `data` are the run's pictures, or what a frozen trunk makes of them.
pub fn summarise(run: &Run, data: &Dataset, outcome: &Outcome, look: Look, clock: Instant) -> Result<Summary> {
    let recipe = run.plan.recipe();
    let evaluation = &recipe.evaluation;
    let finished = outcome.stopped_by != StoppedBy::Interrupt && outcome.best.is_some();
    let tested = finished && look == Look::AtTest;
    let test = tested.then(|| train::evaluate(&run.learner.model, &data.test, evaluation)).transpose()?;
    let answers = |split| train::predictions(&run.learner.model, split, evaluation.size, evaluation.tail);
    let predictions = tested.then(|| answers(&data.test)).transpose()?;
    let confusion = predictions.as_ref().map(Predictions::confusion).transpose()?;
    let calibration = finished
        .then(|| Ok::<_, train::Error>(SavedCalibration::fit(&answers(&data.valid)?.answers()?)))
        .transpose()?;
    if let Some(calibration) = &calibration {
        run.folder.calibrate_best(calibration)?;
    }
    let figures = predictions.zip(calibration).map(|(predictions, calibration)| {
        Ok::<_, train::Error>(Figures::of(&predictions.answers()?, calibration.temperature, recipe.seed))
    });
    let figures = figures.transpose()?;
    let trained = outcome.iterations * run.plan.minibatch_size() as u64;
    Ok(Summary {
        recipe: run.name.clone(),
        dataset: run.data.name.clone(),
        dataset_note: run.note.clone(),
        model: recipe.model.kind().to_owned(),
        parameters: run.learner.model.summary().parameters,
        device: device::name(run.data.train.device()),
        stepping: run.reporter.stepping().map(ToString::to_string),
        threads: tch::get_num_threads(),
        ranks: run.plan.ranks().count(),
        seed: recipe.seed,
        epochs: outcome.iterations.div_ceil(run.plan.steps_per_epoch()),
        iterations: outcome.iterations,
        best_iteration: outcome.best.map(|best| best.iteration),
        best_validation_error: outcome.best.map(|best| best.error),
        best_validation_loss: outcome.best.map(|best| best.loss),
        test_error: test.map(|score| score.error),
        test_loss: test.map(|score| score.loss),
        test: figures,
        top_k: evaluation.top_k,
        test_top_k_error: test.map(|score| score.top_k_error),
        per_class: confusion.as_ref().map_or(Vec::new(), |it| ClassFigures::of(it, run.data.class_names())),
        macro_average: confusion.as_ref().and_then(|confusion| confusion.macro_average()),
        confusion: confusion.map(|confusion| confusion.rows()).unwrap_or_default(),
        stopped_by: run.learner.progress.stopped_by.clone().unwrap_or_else(|| "interrupted".to_owned()),
        train_seconds: outcome.train_seconds,
        saving_seconds: run.folder.saving_seconds(),
        total_seconds: clock.elapsed().as_secs_f64(),
        images_per_second: trained as f64 / outcome.train_seconds,
        libtorch: probe::LIBTORCH.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Where the report lies, or why there is none: a run that is trained and saved does not fail for its report.
pub fn write_report(run: &Run) -> String {
    match report::after_training(run.folder.path(), &run.data, places::program()) {
        Ok(path) => console::shown::path(path),
        Err(error) => format!("not written: {}", console::message(&error.into())),
    }
}

/// The block at the end.
///
/// `data` is where the command was told to look for data sets; so must be what it suggests.
pub fn close(run: &mut Run, data: &DataDirArgs, summary: &Summary, report: Option<&str>) -> Result<()> {
    let folder = run.folder.path();
    let path = console::shown::path(folder);
    let is_done = summary.stopped_by != "interrupted";
    let unknown = if is_done && summary.best_iteration.is_some() { "not looked at" } else { "not measured" };
    let percent = |error: Option<f64>| error.map_or(unknown.to_owned(), percent);
    let steps = run.plan.steps_per_epoch();
    let best_epoch = summary.best_iteration.map_or(String::new(), |best| format!(" (epoch {})", best.div_ceil(steps)));
    let why = match summary.stopped_by.as_str() {
        "interrupted" => "interrupted".to_owned(),
        "epochs" => "all epochs done".to_owned(),
        limit @ ("iterations" | "minutes") => format!("limit of {limit}"),
        rule => rule.to_owned(),
    };
    // Before the first validation there is no best model; the last one is always there.
    let model = if run.folder.path().join("best/model.safetensors").is_file() { "best" } else { "last" };
    let next = match summary.stopped_by.as_str() {
        "interrupted" => Suggested::new("train").option("--resume", Some(folder)),
        _ if model == "best" && summary.test_error.is_none() => {
            Suggested::new("train").option("--resume", Some(folder))
        }
        _ if model == "best" => Suggested::new("eval").path(folder),
        _ => Suggested::new("eval").path(folder).option("--checkpoint", Some(model)),
    }
    .option("--data", data.data.as_ref());
    let saving = saving(summary.saving_seconds, summary.train_seconds)
        .map_or(String::new(), |line| format!("saving   {line}\n"));
    let few = few(&summary.per_class).map_or(String::new(), |line| format!("warning  {line}\n"));
    let sure = summary.test.as_ref().map_or(String::new(), |figures| format!("test     {}\n{few}", sure(figures)));
    let report = report.map_or(String::new(), |report| format!("report   {report}\n"));
    run.reporter.line(&format!(
        "\nstopped  {why} after {}, {}, {} images/s\nbest     validation error {}{best_epoch}, test error {}\n{sure}{saving}model    {path}/{model}/model.safetensors\n{report}next     {next}",
        trained(summary.iterations, steps),
        duration(summary.train_seconds),
        thousands(summary.images_per_second),
        percent(summary.best_validation_error),
        percent(summary.test_error),
    ))?;
    Ok(())
}

/// The test figures with what it takes to believe them.
pub fn sure(figures: &Figures) -> String {
    let points = |share: f64| format!("{:.1}", 100.0 * share);
    let Interval { low, high } = figures.accuracy_interval;
    let balanced = figures.balanced_accuracy.map_or(String::new(), |it| format!(", balanced {} %", points(it)));
    format!(
        "{} of {} right: {} % (95 %: {} to {} %){balanced}; probabilities off by {} points, {} at temperature {:.2}",
        thousands(figures.right as f64),
        thousands(figures.pictures as f64),
        points(figures.accuracy()),
        points(low),
        points(high),
        points(figures.before.error),
        points(figures.after.error),
        figures.after.temperature.value(),
    )
}

/// Test pictures of a class with which one more mistake is 10 % or more.
const FEW: u64 = 10;
/// Classes that are named.
const NAMED: usize = 8;

/// Classes with too few test pictures for their figures to tell much.
fn few(classes: &[ClassFigures]) -> Option<String> {
    let few: Vec<&ClassFigures> = classes.iter().filter(|class| class.score.support < FEW).collect();
    let more = few.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} other classes") } else { String::new() };
    let named = few.iter().take(NAMED).map(|it| format!("{} ({})", console::shown::word(&it.label), it.score.support));
    let named = named.collect::<Vec<_>>().join(", ");
    (!few.is_empty()).then(|| format!("too few test pictures of {named}{more} to tell: --folds 5 tests every picture"))
}

/// How far a run came: `200 minibatches (0.4 epochs)`, or `3 epochs` where they are whole.
fn trained(iterations: u64, steps_per_epoch: u64) -> String {
    if iterations > 0 && iterations.is_multiple_of(steps_per_epoch) {
        return console::count((iterations / steps_per_epoch) as i64, "epoch");
    }
    let epochs = iterations as f64 / steps_per_epoch as f64;
    let digits = if epochs < 0.1 { 2 } else { 1 };
    format!("{} ({epochs:.digits$} epochs)", console::count(iterations as i64, "minibatch"))
}

/// Less time than this is nothing to save on.
const SHORT_SAVING: f64 = 1.0;

/// What to say of the time that saving took: nothing unless it was long enough to notice and more than a hundredth of
/// training.
fn saving(seconds: f64, train_seconds: f64) -> Option<String> {
    let part = seconds / train_seconds;
    let advice = if train_seconds < 60.0 {
        "the first and the last saving weigh in a run this short"
    } else {
        "a larger checkpoint.seconds saves less often"
    };
    // Saving that took longer than training is no part of it.
    let beside = if part < 1.0 {
        format!("{} of training", percent(part))
    } else {
        format!("beside {} of training", duration(train_seconds))
    };
    (seconds >= SHORT_SAVING && part > 0.01).then(|| format!("{}, {beside}: {advice}", duration(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_is_told_where_it_means_something() {
        let check = |seconds, training, expected: Option<&str>| {
            let line = saving(seconds, training);
            let start = line.as_deref().and_then(|line| line.split(": ").next());
            assert_eq!(start, expected, "{seconds} {training}");
        };
        check(0.04, 0.033, None);
        check(0.99, 2.0, None);
        check(2.0, 200.0, None);
        check(2.0, 100.0, Some("2.0 s, 2.00 % of training"));
        check(3.0, 2.0, Some("3.0 s, beside 2.0 s of training"));
        check(3.0, 0.0, Some("3.0 s, beside 0.0 s of training"));
    }

    #[test]
    fn how_far_a_run_came_is_told_in_minibatches_unless_epochs_are_whole() {
        let cases = [(200, 500), (1, 500), (1, 1), (500, 500), (1500, 500), (1250, 500), (0, 500)];
        let told = cases.map(|(iterations, steps)| trained(iterations, steps));
        let expected = [
            "200 minibatches (0.4 epochs)",
            "1 minibatch (0.00 epochs)",
            "1 epoch",
            "1 epoch",
            "3 epochs",
            "1250 minibatches (2.5 epochs)",
            "0 minibatches (0.00 epochs)",
        ];
        assert_eq!(told, expected);
    }
}

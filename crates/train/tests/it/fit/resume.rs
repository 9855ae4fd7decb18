//! What a resumed run makes of limits, of a changed recipe and of a folder that is not as it was left.

use super::{Recorder, values};
use crate::common::{data, recipe, trained};
use std::fs;
use std::path::Path;
use tch::Device;
use tensor_data::Dataset;
use train::recipe::Evaluation;
use train::{Learner, Outcome, Plan, Recipe, RunFolder, StoppedBy, evaluate, fit, run_folder};

/// Trains in a folder, from whatever it holds, with the recipe it has and `overrides`.
fn resume(path: &Path, data: &Dataset, overrides: &[&str]) -> (Learner, Outcome, Vec<String>) {
    let pairs = overrides.iter().map(|pair| pair.split_once('=').unwrap());
    let pairs: Vec<_> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let before = run_folder::read_recipe(path, &[]).unwrap();
    let mut folder = RunFolder::open(path, &pairs).unwrap();
    before.changes_on_resume(folder.recipe()).unwrap();
    let plan = Plan::new(folder.recipe(), data).unwrap();
    let (mut learner, _) = folder.load(&plan, data, Device::Cpu).unwrap();
    let mut notes = folder.take_notes();
    notes.extend(learner.adopt(&before, &plan));
    let outcome = fit(&plan, data, &mut learner, &mut folder).unwrap();
    (learner, outcome, notes)
}

/// A new run in a folder.
fn begin(path: &Path, data: &Dataset, recipe: &Recipe) -> (Learner, Outcome) {
    let plan = Plan::new(recipe, data).unwrap();
    let mut learner = Learner::new(&plan, data, Device::Cpu).unwrap();
    let mut folder = RunFolder::create(path, recipe).unwrap();
    let outcome = fit(&plan, data, &mut learner, &mut folder).unwrap();
    (learner, outcome)
}

#[test]
fn limits_end_a_run_and_a_raised_limit_lets_it_go_on() {
    for (limit, reason, iterations) in [
        ("limits.iterations=17", "iterations", 17),
        ("limits.minutes=0.0000001", "minutes", 1),
        ("limits.target_error=1", "target-error", 12),
    ] {
        let before = recipe(&[limit]);
        let (mut learner, outcome) = trained(&before, &mut ());
        assert_eq!(outcome.iterations, iterations, "{limit}");
        assert_eq!(learner.progress.stopped_by.as_deref(), Some(reason));
        let now = recipe(&[]);
        let data = data(&now);
        let plan = Plan::new(&now, &data).unwrap();
        learner.adopt(&before, &Plan::new(&before, &data).unwrap());
        assert_eq!(learner.progress.stopped_by.as_deref(), Some(reason), "the same limit still binds");
        learner.adopt(&before, &plan);
        let outcome = fit(&plan, &data, &mut learner, &mut ()).unwrap();
        assert_eq!((outcome.stopped_by, outcome.iterations), (StoppedBy::Epochs, 48), "{limit}");
    }
}

/// 12 minibatches an epoch: limits before the first validation, between two, and at one.
#[test]
fn a_limit_ends_with_a_validated_model() {
    for more in [&[][..], &["average.decay=0.5"]] {
        for (limit, rows) in [(5, 1), (17, 2), (24, 2)] {
            let recipe = recipe(&[&[format!("limits.iterations={limit}").as_str()], more].concat());
            let mut recorder = Recorder::default();
            let (learner, outcome) = trained(&recipe, &mut recorder);
            assert_eq!((recorder.rows.len(), recorder.rows.last().unwrap().iteration), (rows, limit));
            let lowest =
                recorder.rows.iter().map(|row| row.chosen()).min_by(|a, b| a.error.total_cmp(&b.error)).unwrap();
            assert_eq!(outcome.best, Some(lowest));
            assert_eq!(recorder.rows.last().unwrap().best_validation_error, lowest.error);
            // The model that came back is the one of that row.
            let score = evaluate(&learner.model, &data(&recipe).valid, &Evaluation::default()).unwrap();
            assert_eq!((score.error, score.loss), (lowest.error, lowest.loss), "{more:?} after {limit}");
        }
    }
}

/// The validation that a limit brings is no part of the run: with the limit raised it leaves what it would have left without.
#[test]
fn a_raised_limit_leaves_the_bits_of_no_limit() {
    let plain = recipe(&["checkpoint.keep_top=2", "checkpoint.snapshots=1", "stopping.kind=no-improvement"]);
    let data = data(&plain);
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    let (expected, _) = begin(&whole, &data, &plain);
    for (limit, is_taken_back) in [(5, true), (17, true), (24, false), (47, true)] {
        let mut limited = plain.clone();
        limited.limits.iterations = Some(limit);
        let path = root.path().join(limit.to_string());
        let (_, outcome) = begin(&path, &data, &limited);
        assert_eq!(outcome.stopped_by, StoppedBy::Limit("iterations"));
        let kept = run_folder::load_model(&path, &run_folder::Saved::Best, Device::Cpu).unwrap().0;
        let score = evaluate(&kept, &data.valid, &limited.evaluation).unwrap();
        assert_eq!(Some((score.error, score.loss)), outcome.best.map(|best| (best.error, best.loss)), "{limit}");

        let (learner, _, notes) = resume(&path, &data, &["limits.iterations=1000"]);
        assert_eq!(notes.iter().any(|note| note.contains("is taken back")), is_taken_back, "{notes:?}");
        assert!(values(&learner) == values(&expected), "{limit}");
        for name in [
            "metrics.csv",
            "steps.csv",
            "last/model.safetensors",
            "last/optimizer.safetensors",
            "best/model.safetensors",
        ] {
            assert!(fs::read(path.join(name)).unwrap() == fs::read(whole.join(name)).unwrap(), "{name}: {limit}");
        }
        for names in [run_folder::top_models, run_folder::snapshots] {
            assert_eq!(names(&path).unwrap(), names(&whole).unwrap(), "{limit}");
        }
    }
}

/// The best by error is measured by its loss, and what comes is compared with that.
#[test]
fn another_measure_gives_the_remembered_best_its_value() {
    let plain = recipe(&["epochs=3", "learning_rate=0.2", "schedule.kind=constant", "stopping.kind=no-improvement"]);
    let data = data(&plain);
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    let (_, before) = begin(&path, &data, &plain);
    let kept = before.best.unwrap();
    let (_, outcome, notes) = resume(&path, &data, &["epochs=8", "evaluation.watch=loss"]);
    assert!(
        notes.iter().any(|it| it.contains("validation loss is watched") && it.contains(&format!("{:.4}", kept.loss)))
    );
    let rows = run_folder::read_metrics(&path).unwrap();
    let later = rows.iter().skip(3).map(|row| row.chosen());
    let expected = std::iter::once(kept).chain(later).min_by(|a, b| a.loss.total_cmp(&b.loss)).unwrap();
    assert!(expected.iteration > 36, "this test needs a run whose loss falls: {rows:?}");
    assert_eq!(outcome.best, Some(expected));
}

/// A rule that had fired on errors counts again on losses; where it has fired on those too, the run stays ended.
#[test]
fn a_rule_counts_anew_in_another_measure() {
    let plain = recipe(&["stopping.kind=no-improvement", "stopping.epochs=2"]);
    let data = data(&plain);
    let now = recipe(&["stopping.kind=no-improvement", "stopping.epochs=2", "evaluation.watch=loss"]);
    let plan = Plan::new(&now, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    learner.progress.iteration = 36;
    learner.progress.best = Some(train::Best { iteration: 12, error: 0.25, loss: 1.5 });
    learner.progress.stopped_by = Some("no-improvement".to_owned());
    let stopping = &mut learner.progress.stopping;
    (stopping.best, stopping.stale, stopping.over) = (Some(0.25), 2, true);
    learner.adopt(&plain, &plan);
    let stopping = &learner.progress.stopping;
    assert_eq!((stopping.best, stopping.stale, stopping.over), (Some(1.5), 0, false));
    assert_eq!(learner.progress.stopped_by, None);

    // Patience that has run out has done so in every measure.
    let [plain, now] = ["error", "loss"]
        .map(|watch| recipe(&["stopping.kind=patience", "stopping.patience=20", &format!("evaluation.watch={watch}")]));
    let plan = Plan::new(&now, &data).unwrap();
    learner.progress.stopping.patience = 20;
    learner.progress.stopped_by = Some("patience".to_owned());
    learner.adopt(&plain, &plan);
    assert_eq!(learner.progress.stopped_by.as_deref(), Some("patience"));
}

#[test]
fn rows_written_after_the_last_checkpoint_are_written_again_and_not_twice() {
    // A process killed between a validation and the next saving leaves rows that no checkpoint knows of.
    let recipe = recipe(&[]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    fit(&plan, &data, &mut learner, &mut folder).unwrap();
    drop(folder);
    let whole = std::fs::read_to_string(path.join("metrics.csv")).unwrap();
    std::fs::write(path.join("metrics.csv"), format!("{whole}9,9,9,9,9,9,9,9,9,9\n5,5,0.")).unwrap();
    RunFolder::open(&path, &[]).unwrap().load(&plan, &data, Device::Cpu).unwrap();
    assert_eq!(std::fs::read_to_string(path.join("metrics.csv")).unwrap(), whole);
    assert_eq!(run_folder::read_metrics(&path).unwrap().len(), 4);
    // What people make of the table comes back from the checkpoint, and what they wrote is kept beside it.
    std::fs::write(path.join("metrics.csv"), "epoch\n1\n").unwrap();
    let mut folder = RunFolder::open(&path, &[]).unwrap();
    folder.load(&plan, &data, Device::Cpu).unwrap();
    let notes = folder.take_notes();
    assert!(notes.len() == 1 && notes[0].contains("metrics.csv was changed"), "{notes:?}");
    assert_eq!(std::fs::read_to_string(path.join("metrics.csv")).unwrap(), whole);
    assert_eq!(std::fs::read_to_string(path.join("metrics.csv.set-aside")).unwrap(), "epoch\n1\n");
}

/// Without its checkpoint a run is started over only where nothing would be written over.
#[test]
fn a_missing_checkpoint_is_not_a_new_run() {
    let recipe = recipe(&["epochs=2", "checkpoint.keep_top=1", "checkpoint.snapshots=1"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    begin(&path, &data, &recipe);
    fs::write(path.join("summary.json"), "{}").unwrap();
    for name in ["last", "last.previous"] {
        fs::remove_dir_all(path.join(name)).unwrap();
    }
    let load = || {
        let mut folder = RunFolder::open(&path, &[]).unwrap();
        folder.load(&plan, &data, Device::Cpu).map(|(learner, _)| (learner.progress.iteration, folder.take_notes()))
    };
    for (name, told) in [
        ("best", "best/"),
        ("top", "1 model in top/"),
        ("snapshots", "3 models in snapshots/"),
        ("metrics.csv", "2 rows in metrics.csv"),
        ("timings.csv", "2 rows in timings.csv"),
        ("summary.json", "summary.json"),
    ] {
        // Each alone is enough.
        let told_of = load().err().unwrap().to_string();
        assert!(told_of.contains(told) && told_of.contains("--out"), "{told}: {told_of}");
        let it = path.join(name);
        if it.is_dir() { fs::remove_dir_all(it).unwrap() } else { fs::remove_file(it).unwrap() }
    }
    fs::write(path.join("metrics.csv"), "").unwrap();
    let (iteration, notes) = load().unwrap();
    assert!(iteration == 0 && notes[0].contains("starts from the beginning"), "{notes:?}");
}

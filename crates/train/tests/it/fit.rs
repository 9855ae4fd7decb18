//! The loop: it learns, keeps the best, is deterministic, and continues after an interruption as if there had been none.

#[path = "fit/resume.rs"]
mod resume;

use crate::common::{data, recipe, trained};
use std::ops::ControlFlow::{Break, Continue};
use tch::{Device, Tensor};
use tensor_data::Dataset;
use train::recipe::Evaluation;
use train::{
    Answer, Culprit, Error, Event, Holds, Learner, Mismatch, Observer, Plan, Row, RunFolder, StoppedBy, evaluate, fit,
};

/// Remembers every validation, and can ask to stop after so many minibatches.
#[derive(Default)]
struct Recorder {
    rows: Vec<Row>,
    stop: Option<u64>,
}

impl Observer for Recorder {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Validated { row, .. } => self.rows.push(**row),
            Event::Trained { iteration, .. } if self.stop == Some(*iteration) => return Ok(Break(())),
            _ => {}
        }
        Ok(Continue(()))
    }
}

fn values(learner: &Learner) -> Vec<Vec<f32>> {
    let flat = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().reshape([-1])).unwrap();
    learner.model.parameters().iter().map(|p| flat(&p.tensor)).collect()
}

#[test]
fn training_learns_and_gives_back_the_best_model() {
    let recipe = recipe(&["epochs=12", "learning_rate=0.2", "schedule.kind=constant"]);
    let mut recorder = Recorder::default();
    let (learner, outcome) = trained(&recipe, &mut recorder);
    let best = outcome.best.unwrap();
    assert_eq!((outcome.stopped_by, outcome.iterations, recorder.rows.len()), (StoppedBy::Epochs, 144, 12));
    assert!(recorder.rows[0].train_loss > 2.0 * recorder.rows[11].train_loss);
    let lowest = recorder.rows.iter().map(|row| row.validation_error).fold(f64::INFINITY, f64::min);
    assert_eq!(best.error, lowest);
    // The model that came back is the best one, not the last one.
    let score =
        evaluate(&learner.model, &data(&recipe).valid, &Evaluation { size: 77, ..Evaluation::default() }).unwrap();
    assert_eq!((score.error, score.samples), (best.error, 200));
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let (first, second) = (trained(&recipe(&[]), &mut ()).0, trained(&recipe(&[]), &mut ()).0);
    assert!(values(&first) == values(&second));
    let (other, _) = trained(&recipe(&["seed=8"]), &mut ());
    assert!(values(&first) != values(&other));
}

/// Every source of randomness and all that is remembered between minibatches, off.
const BARE: [&str; 6] = [
    "minibatch.order=stored",
    "minibatch.shift=0",
    "model.dropout=0",
    "penalty.with_weight_decay=true",
    "epochs=2",
    "checkpoint.seconds=1000",
];

/// What may be on, each alone. Accumulation by 5 leaves 2 of an epoch's 12 minibatches over.
const FEATURES: [(&str, &[&str]); 12] = [
    ("nothing", &[]),
    ("clipping", &["gradients.clip_norm=0.1", "gradients.clip_value=0.01"]),
    ("accumulation", &["gradients.accumulate=5"]),
    ("average", &["average.decay=0.9"]),
    ("warm average", &["average.decay=0.99", "average.warm_up=true"]),
    ("smoothing", &["loss.label_smoothing=0.1", "loss.class_weights=balanced"]),
    ("shuffle", &["minibatch.order=shuffled"]),
    ("shift", &["minibatch.shift=2"]),
    ("balance", &["minibatch.sampling=balanced", "minibatch.order=shuffled", "minibatch.shift=2"]),
    ("alternating flips", &["augment=[{ kind = 'flip', alternating = true }, { kind = 'rotate' }]"]),
    ("mixtures", &["augment=[{ kind = 'mixup', alpha = 1 }]", "gradients.accumulate=5", "loss.class_weights=balanced"]),
    ("dropout", &["model.dropout=0.3"]),
];

const OPTIMIZERS: [(&str, &[&str]); 6] = [
    ("plain sgd", &["optimizer.momentum=0"]),
    ("sgd", &["optimizer.momentum=0.9"]),
    ("nesterov", &["optimizer.nesterov=true"]),
    ("adam", &["optimizer.kind=adam", "learning_rate=0.01"]),
    ("adamw", &["optimizer.kind=adamw", "learning_rate=0.01"]),
    ("rmsprop", &["optimizer.kind=rmsprop", "learning_rate=0.01"]),
];

/// A run in one go, and one stopped after `stop` minibatches and resumed from disk, leave the same bits.
fn check_resume(data: &Dataset, what: &str, stop: u64, overrides: &[&str]) {
    let recipe = recipe(overrides);
    let plan = Plan::new(&recipe, data).unwrap();
    let root = tempfile::tempdir().unwrap();

    let whole_path = root.path().join("whole");
    let mut whole = Learner::new(&plan, data, Device::Cpu).unwrap();
    fit(&plan, data, &mut whole, &mut RunFolder::create(&whole_path, &recipe).unwrap()).unwrap();

    let parts_path = root.path().join("parts");
    let mut folder = RunFolder::create(&parts_path, &recipe).unwrap();
    let mut recorder = Recorder { stop: Some(stop), ..Recorder::default() };
    let mut first = Learner::new(&plan, data, Device::Cpu).unwrap();
    let outcome = fit(&plan, data, &mut first, &mut (&mut folder, &mut recorder)).unwrap();
    assert_eq!((outcome.stopped_by, outcome.iterations), (StoppedBy::Interrupt, stop), "{what}");
    drop((folder, first));

    let mut folder = RunFolder::open(&parts_path, &[]).unwrap();
    let (mut second, damaged) = folder.load(&plan, data, Device::Cpu).unwrap();
    assert!(damaged.is_none());
    assert_eq!(second.progress.iteration, stop, "{what}");
    fit(&plan, data, &mut second, &mut folder).unwrap();

    assert!(values(&whole) == values(&second), "{what} stopped at {stop}");
    let mut names =
        vec!["metrics.csv", "last/model.safetensors", "last/optimizer.safetensors", "best/model.safetensors"];
    names.extend(recipe.average.map(|_| "last/average.safetensors"));
    for name in names {
        let read = |path: &std::path::Path| std::fs::read(path.join(name)).unwrap();
        assert!(read(&whole_path) == read(&parts_path), "{name}: {what} stopped at {stop}");
    }
}

#[test]
fn a_run_stopped_anywhere_and_resumed_from_disk_gives_the_same_bits() {
    // 12 minibatches per epoch: after the first minibatch, in mid-epoch, at a validation, just before the end.
    let data = data(&recipe(&[]));
    for stop in [1, 17, 24, 47] {
        check_resume(&data, "sgd with all randomness", stop, &[]);
    }
}

#[test]
fn every_optimiser_with_every_feature_resumes_in_mid_epoch_to_the_same_bits() {
    let data = data(&recipe(&[]));
    for (optimizer, keys) in OPTIMIZERS {
        for (feature, more) in FEATURES {
            // Minibatch 17 is the fifth of its epoch, 19 the seventh: after and amid an accumulation.
            let stop = if feature == "accumulation" { 19 } else { 17 };
            check_resume(&data, &format!("{optimizer} with {feature}"), stop, &[&BARE[..], keys, more].concat());
        }
        // Balanced sampling excludes class weights and alternating flips.
        let all = FEATURES.iter().filter(|(feature, _)| *feature != "balance");
        let all: Vec<&str> = all.flat_map(|(_, keys)| keys.iter().copied()).collect();
        check_resume(&data, &format!("{optimizer} with everything"), 19, &[&BARE[..], keys, &all].concat());
    }
}

#[test]
fn bf16_and_f16_with_their_loss_scale_resume_to_the_same_bits_and_learn_as_f32_does() {
    let data = data(&recipe(&[]));
    let error = |precision: &str| {
        let (_, outcome) = trained(&recipe(&["epochs=12", precision]), &mut ());
        outcome.best.unwrap().error
    };
    let full = error("precision=f32");
    for precision in ["precision=bf16", "precision=f16"] {
        check_resume(&data, precision, 17, &[precision]);
        check_resume(&data, precision, 19, &[precision, "gradients.accumulate=3"]);
        let found = error(precision);
        assert!((found - full).abs() <= 0.05, "{precision}: {found}, f32: {full}");
    }
}

#[test]
fn a_diverging_run_stops_with_the_last_finite_checkpoint_intact() {
    let recipe = recipe(&["learning_rate=1e30", "schedule.kind=constant", "optimizer.momentum=0"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let error = fit(&plan, &data, &mut learner, &mut folder).unwrap_err();
    // The output layer starts at 0, so the first step moves it alone, to about 1e29. The second step takes hidden1 along
    // gradients of that size, times 1e30: beyond f32. The third loss shows it.
    assert!(matches!(&error, Error::Diverged(it) if (it.iteration, it.epoch) == (3, 1)), "{error}");
    for part in ["iteration 3 (epoch 1)", "learning rate 1e30", "the values of hidden1.weight", "gradients.clip_norm"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let (saved, damaged) = folder.load(&plan, &data, Device::Cpu).unwrap();
    assert!(damaged.is_none() && values(&saved).iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn an_interrupt_between_a_bad_step_and_the_loss_that_shows_it_saves_nothing() {
    let recipe = recipe(&["learning_rate=1e30", "schedule.kind=constant", "optimizer.momentum=0"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::create(&root.path().join("run"), &recipe).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let mut recorder = Recorder { stop: Some(2), ..Recorder::default() };
    let error = fit(&plan, &data, &mut learner, &mut (&mut folder, &mut recorder)).unwrap_err();
    let values_first = Culprit::Values("hidden1.weight".into());
    assert!(matches!(&error, Error::Diverged(it) if it.iteration == 2 && it.culprit == values_first), "{error}");
    let (saved, damaged) = folder.load(&plan, &data, Device::Cpu).unwrap();
    assert!(damaged.is_none() && saved.progress.iteration == 0);
}

#[test]
fn a_memory_that_overflows_behind_finite_parameters_is_not_saved_either() {
    // A gradient of about 1e24 is finite and its square is not: Adam's first step along it is 0, its second would be NaN.
    let recipe = recipe(&["optimizer.kind=adam", "penalty.l2=1e25", "limits.iterations=1"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let error = fit(&plan, &data, &mut learner, &mut ()).unwrap_err();
    assert!(matches!(&error, Error::Diverged(it) if it.iteration == 1 && it.loss.is_finite()), "{error}");
    assert!(error.to_string().contains("second_moment.hidden1.weight"), "{error}");
}

#[test]
fn the_best_model_is_chosen_by_what_the_recipe_watches() {
    for (watch, value) in
        [("error", (|row| row.validation_error) as fn(&Row) -> f64), ("loss", |row| row.validation_loss)]
    {
        let watch = format!("evaluation.watch={watch}");
        let mut recorder = Recorder::default();
        let recipe = recipe(&[&watch, "epochs=30", "learning_rate=0.3", "schedule.kind=constant", "model.dropout=0"]);
        let (_, outcome) = trained(&recipe, &mut recorder);
        let lowest = recorder.rows.iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        let best = outcome.best.unwrap();
        assert_eq!(
            (best.iteration, best.error, best.loss),
            (lowest.iteration, lowest.validation_error, lowest.validation_loss)
        );
    }
}

#[test]
fn an_existing_run_is_never_overwritten_and_never_shared() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    let held = RunFolder::create(&path, &recipe(&[])).unwrap();
    assert!(RunFolder::create(&path, &recipe(&[])).unwrap_err().to_string().contains("never overwritten"));
    assert!(RunFolder::open(&path, &[]).unwrap_err().to_string().contains("another process"));
    drop(held);
    RunFolder::open(&path, &[]).unwrap();
    let told = RunFolder::open(root.path(), &[]).unwrap_err().to_string();
    assert!(told.contains("is not the folder of a run"), "{told}");
}

#[test]
fn a_minibatch_larger_than_the_data_set_is_told_with_both_sizes() {
    let recipe = recipe(&["minibatch.size=601"]);
    let told = Plan::new(&recipe, &data(&recipe)).unwrap_err();
    assert!(told.is_usage() && told.to_string().contains("601") && told.to_string().contains("600 samples"), "{told}");
}

#[test]
fn an_observer_that_fails_ends_the_run() {
    let mut failing = |event: &Event<'_>| match event {
        Event::Trained { iteration: 3, .. } => Err("the third".parse::<u8>().unwrap_err().into()),
        _ => Ok(Continue(())),
    };
    let recipe = recipe(&[]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let error = fit(&plan, &data, &mut learner, &mut failing).unwrap_err();
    assert!(matches!(&error, Error::Observer { cause } if cause.is::<std::num::ParseIntError>()), "{error:?}");
    assert_eq!((error.to_string().as_str(), learner.progress.iteration), ("invalid digit found in string", 3));
    // What an observer of this crate failed with is not wrapped.
    let mut full = |_: &Event<'_>| Err(Error::from(Mismatch::EmptyClass { class: 0 }).into());
    assert!(matches!(fit(&plan, &data, &mut learner, &mut full), Err(Error::Mismatch(_))));
}

#[test]
fn an_observer_ends_training_and_the_outcome_tells_what_the_model_is() {
    let recipe = recipe(&[]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let mut until = |last: u64| {
        let mut stop = |event: &Event<'_>| match event {
            Event::Started { learner, .. } if learner.progress.iteration >= last => Ok(Break(())),
            Event::Trained { iteration, .. } if *iteration >= last => Ok(Break(())),
            _ => Ok(Continue(())),
        };
        let outcome = fit(&plan, &data, &mut learner, &mut (&mut (), &mut stop)).unwrap();
        assert_eq!(outcome.stopped_by, StoppedBy::Interrupt);
        (outcome.iterations, outcome.holds, outcome.best.map(|best| best.iteration))
    };
    // 12 minibatches in an epoch, each of which is validated.
    assert_eq!(until(0), (0, Holds::Last, None));
    assert_eq!(until(11), (11, Holds::Last, None));
    assert_eq!(until(12), (12, Holds::Best, Some(12)));
}

#[test]
fn the_full_batch_step_equals_the_average_of_its_parts() {
    // E is a mean, so the gradient over 600 samples is the mean of the gradients over its minibatches of 200.
    let recipe = recipe(&["model.kind=softmax", "minibatch.shift=0", "minibatch.order=stored"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let gradients = |size: usize| -> Tensor {
        let batches = data.train.batches(size, tensor_data::Order::Stored, tensor_data::Tail::Drop).unwrap();
        let each: Vec<Tensor> = batches
            .map(|batch| {
                let logits = learner.model.forward(&batch.images, models::Mode::Train);
                let loss = logits.cross_entropy_for_logits(batch.labels());
                learner.optimizer.gradients(&loss).unwrap().remove(0)
            })
            .collect();
        Tensor::stack(&each, 0).mean_dim(&[0i64][..], false, tch::Kind::Float)
    };
    let whole = gradients(600);
    for size in [1, 200] {
        let difference = (gradients(size) - &whole).abs().max().double_value(&[]);
        assert!(difference < 1e-6, "minibatches of {size}: {difference}");
    }
}

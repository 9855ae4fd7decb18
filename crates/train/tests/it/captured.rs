//! Steps that take their minibatch and their numbers from the device, as captured graphs do, leave the same bits as ordinary
//! ones. Here their operations are done again each time; on CUDA, where there is one, they are replayed.

use crate::common::{data, data_on, recipe};
use std::ops::ControlFlow::{Break, Continue};
use tch::{Device, Kind, Tensor};
use tensor_data::Dataset;
use train::{
    Answer, EagerReason, Error, Event, Learner, Observer, Outcome, Plan, Recipe, Row, RunFolder, Stepping, fit,
    fit_as_captured,
};

/// Remembers validations and how steps were taken; can ask to stop after so many minibatches.
#[derive(Default)]
struct Recorder {
    rows: Vec<Row>,
    how: Vec<(u64, Stepping)>,
    last: u64,
    stop: Option<u64>,
}

impl Observer for Recorder {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Started { learner, .. } => self.last = learner.progress.iteration,
            Event::Stepping(how) => self.how.push((self.last + 1, (*how).clone())),
            Event::Validated { row, .. } => self.rows.push(**row),
            Event::Trained { iteration, .. } => {
                self.last = *iteration;
                if self.stop == Some(*iteration) {
                    return Ok(Break(()));
                }
            }
            Event::Thawed { .. } | Event::Stopped { .. } => {}
        }
        Ok(Continue(()))
    }
}

type Fit = fn(&Plan, &Dataset, &mut Learner, &mut dyn Observer) -> Result<Outcome, Error>;

/// What a run leaves.
struct Left {
    /// Parameters (the best ones), what the optimiser remembers, the average, the number of updates.
    tensors: Vec<(String, Tensor)>,
    rows: Vec<Row>,
    /// How steps were taken, and the minibatch at which that was told.
    how: Vec<(u64, Stepping)>,
}

fn run(fit: Fit, recipe: &Recipe, data: &Dataset) -> Left {
    let plan = Plan::new(recipe, data).unwrap();
    let mut learner = Learner::new(&plan, data, data.train.device()).unwrap();
    let mut recorder = Recorder::default();
    fit(&plan, data, &mut learner, &mut recorder).unwrap();
    let mut tensors = learner.model.clone_values();
    tensors.extend(learner.optimizer.state().unwrap());
    tensors.extend(learner.averaged.iter().flat_map(|model| model.clone_values()));
    tensors.push(("updates".to_owned(), Tensor::from(learner.progress.updates as i64)));
    Left { tensors, rows: recorder.rows, how: recorder.how }
}

fn check_same_bits(overrides: &[&str]) {
    let recipe = recipe(overrides);
    let data = data(&recipe);
    let (usual, captured) = (run(fit, &recipe, &data), run(fit_as_captured, &recipe, &data));
    assert_eq!(captured.how.last().map(|(_, how)| how), Some(&Stepping::Captured), "{overrides:?}");
    assert_eq!(usual.rows, captured.rows, "{overrides:?}");
    assert_eq!(usual.tensors.len(), captured.tensors.len());
    for ((name, usual), (_, captured)) in usual.tensors.iter().zip(&captured.tensors) {
        assert!(usual == captured, "{name} with {overrides:?}");
    }
}

#[test]
fn every_rule_leaves_the_same_bits() {
    for keys in [
        &["optimizer.momentum=0"][..],
        &["optimizer.momentum=0.9"],
        &["optimizer.dampening=0.5"],
        &["optimizer.nesterov=true"],
        &["optimizer.kind=adam", "learning_rate=0.01"],
        &["optimizer.kind=adamw", "learning_rate=0.01", "penalty.with_weight_decay=true"],
        &["optimizer.kind=rmsprop", "learning_rate=0.01"],
        &["optimizer.kind=rmsprop", "learning_rate=0.01", "optimizer.centered=true", "optimizer.momentum=0.5"],
    ] {
        check_same_bits(keys);
    }
}

#[test]
fn every_schedule_and_stopping_rule_leaves_the_same_bits() {
    for keys in [
        &["schedule.kind=constant"][..],
        &["schedule.kind=inverse-time", "schedule.decay=0.01"],
        &["schedule.kind=exponential", "schedule.factor=0.99"],
        &["schedule.kind=one-cycle"],
        &["stopping.kind=patience", "stopping.patience=5"],
        &["stopping.kind=halving", "stopping.epochs=1", "epochs=6"],
        &["stopping.kind=plateau", "stopping.epochs=1", "epochs=6"],
    ] {
        check_same_bits(keys);
    }
}

#[test]
fn minibatches_of_every_kind_leave_the_same_bits() {
    // 600 pictures: 80 leave 40 over, 7 leave 5 and end each epoch amid a stretch; 600 and "all" are an epoch each.
    for keys in [
        &["minibatch.order=stored", "minibatch.shift=0"][..],
        &["minibatch.order=stored"],
        &["minibatch.shift=0"],
        &["minibatch.shift=3", "data.storage=u8"],
        &["data.storage=u8", "minibatch.shift=0", "minibatch.order=stored"],
        &["minibatch.size=80", "minibatch.tail=keep"],
        &["minibatch.size=80"],
        &["minibatch.size=7", "minibatch.tail=keep", "epochs=2"],
        &["minibatch.size=all"],
    ] {
        check_same_bits(keys);
    }
}

#[test]
fn augmented_minibatches_leave_the_same_bits() {
    for keys in [
        &["augment=[{ kind = 'flip', alternating = true }, { kind = 'shift', pixels = 2, padding = 'reflect' }]"][..],
        &["augment=[{ kind = 'affine' }, { kind = 'colour-jitter' }, { kind = 'erase' }]", "data.storage=u8"],
        &["augment=[{ kind = 'rand-augment' }]", "minibatch.order=stored"],
        &["augment=[{ kind = 'resized-crop' }, { kind = 'mixup' }]", "minibatch.size=80", "minibatch.tail=keep"],
        &["minibatch.sampling=balanced", "minibatch.shift=2"],
        &["augment=[{ kind = 'cutmix' }]", "loss.class_weights=balanced", "loss.label_smoothing=0.1"],
    ] {
        check_same_bits(keys);
    }
}

#[test]
fn all_that_lies_between_loss_and_step_leaves_the_same_bits() {
    for keys in [
        &["penalty.l1=0.001", "penalty.l2=0"][..],
        &["gradients.clip_norm=0.1", "gradients.clip_value=0.01"],
        &["average.decay=0.9"],
        &["average.decay=0.99", "average.warm_up=true"],
        &["loss.label_smoothing=0.1", "loss.class_weights=balanced"],
        &["groups=[{ parameters = 'hidden', learning_rate_factor = 0.5, decay = false }]"],
        &["precision=bf16"],
        &["model.dropout=0"],
        &["limits.iterations=17"],
    ] {
        check_same_bits(keys);
    }
    let lenet = "model={ kind = 'lenet', filters = [3, 4], hidden = 10 }";
    check_same_bits(&[lenet, "epochs=2"]);
}

#[test]
fn runs_of_either_kind_resume_in_mid_epoch_to_the_bits_of_the_other() {
    let settings: [&[&str]; 4] = [
        &[],
        &["average.decay=0.99", "average.warm_up=true", "optimizer.kind=adam", "learning_rate=0.01"],
        &["optimizer.momentum=0", "minibatch.size=80", "minibatch.tail=keep"],
        &["stopping.kind=patience", "stopping.patience=20"],
    ];
    for keys in settings {
        let recipe = recipe(keys);
        let data = data(&recipe);
        let plan = Plan::new(&recipe, &data).unwrap();
        let root = tempfile::tempdir().unwrap();
        let whole = root.path().join("whole");
        let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
        let mut folder = RunFolder::create(&whole, &recipe).unwrap();
        fit(&plan, &data, &mut learner, &mut folder).unwrap();
        drop(folder);
        for (first, second, stop) in [
            (fit_as_captured as Fit, fit as Fit, 17),
            (fit, fit_as_captured, 17),
            (fit_as_captured, fit_as_captured, 19),
            (fit_as_captured, fit_as_captured, 1),
        ] {
            let parts = root.path().join(format!("parts-{stop}-{}", std::ptr::fn_addr_eq(first, second)));
            let _ = std::fs::remove_dir_all(&parts);
            let mut folder = RunFolder::create(&parts, &recipe).unwrap();
            let mut recorder = Recorder { stop: Some(stop), ..Recorder::default() };
            let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
            first(&plan, &data, &mut learner, &mut (&mut folder, &mut recorder)).unwrap();
            drop((folder, learner));
            let mut folder = RunFolder::open(&parts, &[]).unwrap();
            let (mut learner, _) = folder.load(&plan, &data, Device::Cpu).unwrap();
            assert_eq!(learner.progress.iteration, stop);
            second(&plan, &data, &mut learner, &mut folder).unwrap();
            for name in
                ["metrics.csv", "last/model.safetensors", "last/optimizer.safetensors", "best/model.safetensors"]
            {
                let read = |path: &std::path::Path| std::fs::read(path.join(name)).unwrap();
                assert!(read(&whole) == read(&parts), "{name}: {keys:?} stopped at {stop}");
            }
        }
    }
}

#[test]
fn why_steps_are_not_captured_is_told_once_and_at_the_first_minibatch() {
    let told = |fit: Fit, keys: &[&str]| {
        let recipe = recipe(&[&["epochs=2"], keys].concat());
        run(fit, &recipe, &data(&recipe)).how
    };
    let eager = |reason| vec![(1, Stepping::Eager(reason))];
    assert_eq!(told(fit, &[]), eager(EagerReason::Device));
    assert_eq!(told(fit, &["graphs=off"]), eager(EagerReason::Recipe));
    assert_eq!(told(fit_as_captured, &["graphs=off"]), eager(EagerReason::Recipe));
    assert_eq!(told(fit_as_captured, &["precision=f16"]), eager(EagerReason::LossScale));
    assert_eq!(told(fit_as_captured, &["gradients.accumulate=2"]), eager(EagerReason::Accumulation));
    // The first minibatch is an ordinary one: momentum's first step differs from all others.
    assert_eq!(told(fit_as_captured, &[]), [(2, Stepping::Captured)]);
    assert_eq!(Stepping::Captured.to_string(), "captured");
    let told = Stepping::Eager(EagerReason::Accumulation).to_string();
    assert_eq!(told, "eager: gradients.accumulate is above 1");
}

#[test]
fn a_run_that_diverges_ends_at_the_same_minibatch_with_the_same_culprit() {
    let recipe = recipe(&["learning_rate=1e30", "schedule.kind=constant", "optimizer.momentum=0"]);
    let data = data(&recipe);
    let ends = |fit: Fit| {
        let plan = Plan::new(&recipe, &data).unwrap();
        let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
        fit(&plan, &data, &mut learner, &mut ()).unwrap_err().to_string()
    };
    assert_eq!(ends(fit), ends(fit_as_captured));
    assert!(ends(fit).contains("iteration 3"), "{}", ends(fit));
}

/// A device to replay on; none is told, so that nobody takes a skipped test for one that passed.
fn cuda() -> Option<Device> {
    let device = Device::Cuda(0);
    let found = torch_ext::cuda_devices() > 0 && torch_ext::graph_support(device).is_ok();
    if !found {
        eprintln!("SKIPPED: no CUDA device on which graphs can be captured");
    }
    found.then_some(device)
}

/// Largest difference of two tensors over the largest number of the first.
fn relative_difference(one: &Tensor, other: &Tensor) -> f64 {
    let (one, other) = (one.to_kind(Kind::Double), other.to_kind(Kind::Double));
    let (difference, scale) = ((&one - other).abs().max(), one.abs().max());
    difference.double_value(&[]) / scale.double_value(&[]).max(1e-30)
}

#[test]
fn on_cuda_a_run_with_graphs_ends_where_one_without_ends() {
    let Some(device) = cuda() else { return };
    let lenet = "model={ kind = 'lenet', filters = [3, 4], hidden = 10 }";
    for keys in [
        &[][..],
        &["data.storage=u8", "minibatch.size=80", "minibatch.tail=keep"],
        &["optimizer.kind=adamw", "learning_rate=0.01", "penalty.with_weight_decay=true", "average.decay=0.9"],
        &["gradients.clip_norm=1", "average.decay=0.99", "average.warm_up=true", "loss.label_smoothing=0.1"],
        &["precision=bf16"],
        &[lenet, "epochs=2"],
    ] {
        let with = recipe(keys);
        let without = recipe(&[keys, &["graphs=off"]].concat());
        let data = data_on(&with, device);
        let (graphs, eager) = (run(fit, &with, &data), run(fit, &without, &data));
        assert_eq!(graphs.how, [(4, Stepping::Captured)], "{keys:?}");
        assert_eq!(graphs.rows.len(), eager.rows.len());
        for ((name, graph), (_, eager)) in graphs.tensors.iter().zip(&eager.tensors) {
            let difference = relative_difference(eager, graph);
            assert!(difference <= 1e-6, "{name} with {keys:?}: {difference}");
        }
    }
}

#[test]
fn on_cuda_a_run_with_graphs_resumes_in_mid_epoch() {
    let Some(device) = cuda() else { return };
    let recipe = recipe(&["epochs=3"]);
    let data = data_on(&recipe, device);
    let plan = Plan::new(&recipe, &data).unwrap();
    let whole = run(fit, &recipe, &data);
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run");
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    let mut recorder = Recorder { stop: Some(17), ..Recorder::default() };
    let mut learner = Learner::new(&plan, &data, device).unwrap();
    fit(&plan, &data, &mut learner, &mut (&mut folder, &mut recorder)).unwrap();
    drop((folder, learner));
    let mut folder = RunFolder::open(&path, &[]).unwrap();
    let (mut learner, _) = folder.load(&plan, &data, device).unwrap();
    fit(&plan, &data, &mut learner, &mut folder).unwrap();
    for ((name, value), (_, expected)) in learner.model.clone_values().iter().zip(&whole.tensors) {
        let difference = relative_difference(expected, value);
        assert!(difference <= 1e-6, "{name}: {difference}");
    }
}

//! A network that starts from known weights. Where its head alone is trained the rest stays, and training on features that were
//! computed once comes to what training on the pictures comes to; and everything can be trained after that.

use crate::common::{data, recipe, stop_at};
use models::block::{BatchNorm, Block, Classifier, Conv, Linear, Pool, Sequential};
use models::{Activation, Arch, Model};
use optim::{AdamOptions, Rule};
use tch::Device;
use tensor_data::Dataset;
use train::recipe::{Pretrained, Statistics, Trained};
use train::{Answer, Event, Learner, Plan, Recipe, RunFolder, evaluate, fit};

fn model() -> Model {
    let trunk = Sequential::new()
        .named("stem", Conv::new(8, 5).without_bias())
        .named("bn", BatchNorm::default())
        .then(Activation::Relu)
        .then(Block::MaxPool(Pool::new(4)))
        .then(Block::Dropout(0.1))
        .then(Block::Flatten);
    Model::from_blocks("known", &Classifier::new(trunk, "fc", Linear::new(10)), [1, 28, 28], Device::Cpu, 5).unwrap()
}

fn head_alone(overrides: &[&str]) -> Recipe {
    let mut recipe = recipe(&[&["minibatch.shift=0"], overrides].concat());
    recipe.model = Arch::Own { name: "known".into() };
    recipe.pretrained = Some(Pretrained::new("known"));
    recipe
}

#[test]
fn features_of_a_frozen_trunk_serve_as_pictures() {
    let recipe = head_alone(&[]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let before = model().clone_values();

    let mut slow = Learner::with_model(&plan, &data, model()).unwrap();
    let of_pictures = fit(&plan, &data, &mut slow, &mut ()).unwrap();
    let mut fast = Learner::with_model(&plan, &data, model()).unwrap();
    let features = fast.features(&plan, &data).unwrap().expect("nothing moves the pictures");
    assert_eq!(features.train.images().size(), [600, 8 * 6 * 6, 1, 1]);
    let of_features = fit(&plan, &features, &mut fast, &mut ()).unwrap();

    for ((name, before), (_, after)) in before.iter().zip(fast.model.clone_values()) {
        assert_eq!(*before == after, !name.starts_with("fc."), "{name}");
    }
    for ((name, slow), (_, fast)) in slow.model.clone_values().iter().zip(fast.model.clone_values()) {
        assert!(slow.allclose(&fast, 1e-4, 1e-5, false), "{name}");
    }
    let (slow, fast) = (of_pictures.best.unwrap(), of_features.best.unwrap());
    assert!((slow.loss - fast.loss).abs() < 1e-4 && slow.iteration == fast.iteration, "{slow:?} {fast:?}");
    assert!(fast.error < 0.6, "of ten classes, from drawn filters: {fast:?}");
}

/// Both views of a picture are answered, whether from its pixels or from features that were computed once.
#[test]
fn answers_from_both_sides_come_from_features_as_well() {
    let recipe = head_alone(&["evaluation.mirror=true", "epochs=1"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let learner = Learner::with_model(&plan, &data, model()).unwrap();
    assert!(learner.model.answers_mirrored());
    let features = learner.features(&plan, &data).unwrap().expect("nothing moves the pictures");
    let once = |split| learner.features_of(&plan, split).unwrap().unwrap();
    for (split, of_pictures) in [(&features.valid, &data.valid), (&features.test, &data.test)] {
        let [found, expected] =
            [split, of_pictures].map(|it| evaluate(&learner.model, it, &recipe.evaluation).unwrap());
        assert!((found.loss - expected.loss).abs() < 1e-5 && found.error == expected.error, "{found:?} {expected:?}");
        let (seen, answered) = once(of_pictures);
        assert!(*answered.unwrap().images() == *split.images() && *seen.images() != *split.images());
    }
    assert!(*once(&data.train).0.images() == *features.train.images(), "training sees one view");
    let mut one_sided = model();
    one_sided.freeze_trunk().unwrap();
    let one = evaluate(&one_sided, &data.valid, &recipe.evaluation).unwrap();
    let both = evaluate(&learner.model, &data.valid, &recipe.evaluation).unwrap();
    assert!(one.loss != both.loss);
}

#[test]
fn a_saved_model_answers_from_both_sides_again() {
    let root = tempfile::tempdir().unwrap();
    let recipe = recipe(&["evaluation.mirror=true", "epochs=1"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let mut folder = RunFolder::create(&root.path().join("run"), &recipe).unwrap();
    fit(&plan, &data, &mut learner, &mut folder).unwrap();
    let (saved, _) =
        train::run_folder::load_model(&root.path().join("run"), &train::run_folder::Saved::Best, Device::Cpu).unwrap();
    let [own, found] = [&learner.model, &saved].map(|it| evaluate(it, &data.test, &recipe.evaluation).unwrap());
    assert!(saved.answers_mirrored() && own == found);
}

#[test]
fn moved_pictures_have_no_features_that_stay() {
    let mut recipe = head_alone(&["epochs=1"]);
    recipe.minibatch.shift = 1;
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let learner = Learner::with_model(&plan, &data, model()).unwrap();
    assert!(learner.features(&plan, &data).unwrap().is_none());
    let recipe = head_alone(&["epochs=1", "augment=[{ kind = 'flip' }]"]);
    let plan = Plan::new(&recipe, &data).unwrap();
    assert!(learner.features(&plan, &data).unwrap().is_none());
}

#[test]
fn a_head_resumes_to_the_same_bits() {
    let recipe = head_alone(&["epochs=2", "gradients.accumulate=2", "average.decay=0.9"]);
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let root = tempfile::tempdir().unwrap();
    let features = |learner: &Learner| -> Dataset { learner.features(&plan, &data).unwrap().unwrap() };

    let mut whole = Learner::with_model(&plan, &data, model()).unwrap();
    fit(&plan, &features(&whole), &mut whole, &mut ()).unwrap();

    let path = root.path().join("parts");
    let mut first = Learner::with_model(&plan, &data, model()).unwrap();
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    fit(&plan, &features(&first), &mut first, &mut (&mut folder, &mut stop_at(15))).unwrap();
    drop(folder);
    let mut folder = RunFolder::open(&path, &[]).unwrap();
    let (mut second, _) = folder.load_with(&plan, &data, model()).unwrap();
    assert_eq!(second.progress.iteration, 15);
    fit(&plan, &features(&second), &mut second, &mut folder).unwrap();
    assert!(whole.model.clone_values() == second.model.clone_values());
}

/// The head for an epoch of 12 minibatches, then everything.
fn thawed(overrides: &[&str]) -> Recipe {
    let mut recipe = head_alone(&[&["epochs=3"], overrides].concat());
    recipe.pretrained = Some(Pretrained { train: Trained::All, head_epochs: 1, ..Pretrained::new("known") });
    recipe
}

fn after(recipe: &Recipe, last: u64) -> Learner {
    let data = data(recipe);
    let plan = Plan::new(recipe, &data).unwrap();
    let mut learner = Learner::with_model(&plan, &data, model()).unwrap();
    let mut at_the_end = Vec::new();
    let mut keep = |event: &Event<'_>| -> Answer {
        if let Event::Stopped { learner, .. } = event {
            at_the_end = learner.model.clone_values();
        }
        Ok(std::ops::ControlFlow::Continue(()))
    };
    fit(&plan, &data, &mut learner, &mut (&mut stop_at(last), &mut keep)).unwrap();
    learner.model.load_values(&at_the_end).unwrap(); // not the best
    learner
}

/// Names of the tensors that are not what they were.
fn moved(learner: &Learner) -> Vec<String> {
    let before = model().clone_values().into_iter().zip(learner.model.clone_values());
    before.filter(|((_, before), (_, after))| before != after).map(|((name, _), _)| name).collect()
}

#[test]
fn the_head_has_its_epochs_before_everything_is_trained() {
    let recipe = thawed(&["schedule.kind=\"constant\""]);
    let (head, all) = (after(&recipe, 12), after(&recipe, 13));
    assert_eq!(moved(&head), ["fc.weight", "fc.bias"]);
    let everything =
        ["stem.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias", "bn.running_mean", "bn.running_var"];
    assert_eq!(moved(&all), everything);
    let alone = after(&head_alone(&["epochs=3", "schedule.kind=\"constant\""]), 12);
    for ((name, head), (_, alone)) in head.model.clone_values().into_iter().zip(alone.model.clone_values()) {
        assert!(head.allclose(&alone, 1e-5, 1e-6, false), "{name}");
    }
}

#[test]
fn the_momentum_of_the_head_outlives_the_thaw() {
    let rest = ["schedule.kind=\"constant\"", "learning_rate=1e-30", "penalty.l2=0", "optimizer.momentum=0.5"];
    let momentum = |learner: &Learner, name: &str| {
        let state = learner.optimizer.state().unwrap();
        let (_, tensor) = state.into_iter().find(|(it, _)| it == &format!("momentum.{name}")).unwrap();
        tensor
    };
    let recipe = thawed(&rest);
    let (before, after) = (after(&recipe, 12), after(&recipe, 13));
    // With parameters that stand still, v13 - v12 / 2 is the thirteenth gradient, no larger than the loss allows: |dL/dbias| <= 1.
    let gradient = momentum(&after, "fc.bias") - momentum(&before, "fc.bias") * 0.5;
    assert!(gradient.abs().max().double_value(&[]) <= 1.0);
    assert!(momentum(&before, "fc.bias").abs().max().double_value(&[]) > 0.01, "else this shows nothing");
    assert!(momentum(&after, "stem.weight").abs().max().double_value(&[]) > 0.0);
}

#[test]
fn a_run_that_thaws_resumes_to_the_same_bits_from_anywhere() {
    let mut recipe = thawed(&["average.decay=0.9", "gradients.accumulate=5"]);
    recipe.optimizer = Rule::Adam(AdamOptions::default());
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut whole = Learner::with_model(&plan, &data, model()).unwrap();
    fit(&plan, &data, &mut whole, &mut ()).unwrap();
    for stop in [7, 12, 13, 20] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run");
        let mut first = Learner::with_model(&plan, &data, model()).unwrap();
        let mut folder = RunFolder::create(&path, &recipe).unwrap();
        fit(&plan, &data, &mut first, &mut (&mut folder, &mut stop_at(stop))).unwrap();
        drop(folder);
        let mut folder = RunFolder::open(&path, &[]).unwrap();
        let (mut second, _) = folder.load_with(&plan, &data, model()).unwrap();
        assert_eq!(second.progress.iteration, stop);
        assert_eq!(second.model.is_frozen(), stop <= 12, "after {stop}");
        fit(&plan, &data, &mut second, &mut folder).unwrap();
        assert!(whole.model.clone_values() == second.model.clone_values(), "resumed after {stop}");
    }
}

#[test]
fn a_block_moves_at_its_share_of_the_rate_of_the_one_behind_it() {
    let rest = ["schedule.kind=\"constant\"", "penalty.l2=0", "optimizer.momentum=0"];
    let moved = |layer_decay: f64| {
        let mut recipe = thawed(&rest);
        let all = Pretrained { train: Trained::All, layer_decay, ..Pretrained::new("known") };
        recipe.pretrained = Some(all);
        let before = model().clone_values().into_iter();
        let learner = after(&recipe, 1);
        before
            .zip(learner.model.clone_values())
            .map(|((name, before), (_, after))| (name, after - before))
            .collect::<Vec<_>>()
    };
    for ((name, full), (_, half)) in moved(1.0).into_iter().zip(moved(0.5)) {
        let share = match name.as_str() {
            "stem.weight" | "bn.weight" | "bn.bias" => 0.5,
            _ => 1.0, // the head, and statistics, which no rate moves
        };
        assert!((full * share).allclose(&half, 1e-3, 1e-7, false), "{name}");
    }
}

#[test]
fn statistics_stay_where_the_recipe_says_so() {
    let mut recipe = thawed(&[]);
    let all = Pretrained { train: Trained::All, batch_norm: Statistics::Frozen, ..Pretrained::new("known") };
    recipe.pretrained = Some(all);
    assert_eq!(moved(&after(&recipe, 3)), ["stem.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias"]);
}

#[test]
fn keys_without_effect_are_refused() {
    let says = |pretrained: Pretrained, expected: &str| {
        let mut recipe = head_alone(&["epochs=3"]);
        recipe.pretrained = Some(pretrained);
        let error = recipe.check().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let head = || Pretrained::new("known");
    says(Pretrained { head_epochs: 1, ..head() }, "pretrained.head_epochs");
    says(Pretrained { layer_decay: 0.5, ..head() }, "pretrained.layer_decay");
    says(Pretrained { batch_norm: Statistics::Frozen, ..head() }, "`pretrained.train` is \"head\"");
    says(Pretrained { train: Trained::All, head_epochs: 3, ..head() }, "below `epochs`, which is 3");
    says(Pretrained { train: Trained::All, layer_decay: 0.0, ..head() }, "above 0");

    let mut recipe = recipe(&[]);
    let all = Pretrained { train: Trained::All, batch_norm: Statistics::Frozen, ..Pretrained::new("known") };
    recipe.pretrained = Some(all);
    let data = data(&recipe);
    let error = Learner::new(&Plan::new(&recipe, &data).unwrap(), &data, Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("has no batch normalisation that could keep its statistics"), "{error}");
}

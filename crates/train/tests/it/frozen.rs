//! A network that starts from known weights and trains its head alone: the rest stays, and training on features that were
//! computed once comes to what training on the pictures comes to.

use crate::common::{data, recipe, stop_at};
use models::block::{BatchNorm, Block, Classifier, Conv, Linear, Pool, Sequential};
use models::{Activation, Arch, Model};
use tch::Device;
use tensor_data::Dataset;
use train::recipe::{Pretrained, Trained};
use train::{Learner, Plan, Recipe, RunFolder, fit};

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
    recipe.pretrained = Some(Pretrained { weights: "known".into(), train: Trained::Head });
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

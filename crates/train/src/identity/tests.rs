//! What a run's folder and every model in it say of the run, and what is refused because of it.

use super::*;
use crate::fit::fit;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::run_folder::RunFolder;
use crate::run_folder::{self, Saved, load_model, snapshots, top_models};
use tch::Device;
use tensor_data::{Dataset, Holdout, Samples, Source, Storage};

const TEXT: &str = r#"
    epochs = 3
    learning_rate = 0.1
    data = { set = "squares", validation = 10, holdout = "random" }
    minibatch = { size = 8 }
    model = { kind = "mlp", hidden = [4] }
    optimizer = { kind = "sgd", momentum = 0.9 }
    checkpoint = { seconds = 0, snapshots = 1, keep_top = 2 }
"#;

fn recipe(overrides: &[(&str, &str)]) -> Recipe {
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Recipe::parse(TEXT, "the test's recipe", &overrides).unwrap()
}

/// 50 pictures to train on, drawn by arithmetic from `step`, 10 of them held out by `seed`.
fn data(name: &str, step: usize, seed: u64) -> Dataset {
    let samples = |count: usize| {
        let pixels = (0..16 * count).map(|i| (i * i * step % 251) as u8).collect();
        Samples::new([1, 4, 4], 3, pixels, (0..count).map(|i| (i % 3) as u32).collect()).unwrap()
    };
    let source = Source::new(name, samples(50), samples(5));
    let holdout = Holdout::Random { count: 10, seed };
    Dataset::upload(&source, holdout, 1.0 / 255.0, Storage::F32, Device::Cpu).unwrap()
}

/// Trains into a folder.
fn train(folder: &mut RunFolder, plan: &Plan, data: &Dataset) -> Result<(), Error> {
    let mut learner = Learner::new(plan, data, Device::Cpu).unwrap();
    fit(plan, data, &mut learner, folder).map(|_| ())
}

#[test]
fn pictures_of_another_set_are_refused() {
    let error = Plan::new(&recipe(&[("data.set", "mnist")]), &data("glyphs", 37, 0)).unwrap_err();
    assert!(error.is_usage(), "{error}");
    for part in ["`data.set` is \"mnist\"", "pictures are those of \"glyphs\""] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn every_saved_model_knows_its_run() {
    let (root, recipe, data) = (tempfile::tempdir().unwrap(), recipe(&[]), data("squares", 37, 0));
    let path = root.path().join("run");
    let identity = Identity {
        note: Some("a note".into()),
        data_folder: Some("/squares".into()),
        pictures: Some(data.fingerprint.clone()),
        ..Identity::new("corners", &recipe)
    };
    let mut folder = RunFolder::create_as(&path, identity.clone()).unwrap();
    assert_eq!(run_folder::identity(&path, None).unwrap(), identity, "it is written before training begins");
    let plan = Plan::new(&recipe, &data).unwrap();
    train(&mut folder, &plan, &data).unwrap();
    let kept = top_models(&path).unwrap().into_iter().map(|name| format!("top/{name}"));
    let kept = kept.chain(snapshots(&path).unwrap().into_iter().map(|name| format!("snapshots/{name}")));
    let kept: Vec<Saved> = kept.map(Saved::Kept).collect();
    assert_eq!(kept.len(), 2 + 4);
    for saved in kept.into_iter().chain([Saved::Best, Saved::Last]) {
        let (_, meta) = load_model(&path, &saved, Device::Cpu).unwrap();
        assert_eq!(meta.run.as_ref(), Some(&identity), "{saved:?}");
    }
}

#[test]
fn a_program_need_not_say_the_pictures_itself() {
    let (root, recipe, data) = (tempfile::tempdir().unwrap(), recipe(&[]), data("squares", 37, 0));
    let path = root.path().join("corners");
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    train(&mut folder, &Plan::new(&recipe, &data).unwrap(), &data).unwrap();
    let expected = Identity { pictures: Some(data.fingerprint.clone()), ..Identity::new("corners", &recipe) };
    assert_eq!(run_folder::identity(&path, None).unwrap(), expected);
}

#[test]
fn a_folder_of_another_recipe_is_not_trained_into() {
    let (root, data) = (tempfile::tempdir().unwrap(), data("squares", 37, 0));
    let mut folder = RunFolder::create(&root.path().join("run"), &recipe(&[("data.divisor", "256")])).unwrap();
    let told = train(&mut folder, &Plan::new(&recipe(&[]), &data).unwrap(), &data).unwrap_err().to_string();
    assert!(told.contains("data.divisor: 256.0 -> 255.0") && told.contains("another recipe"), "{told}");
}

#[test]
fn other_pictures_and_another_split_are_not_resumed() {
    let (root, recipe, one) = (tempfile::tempdir().unwrap(), recipe(&[]), data("squares", 37, 0));
    let path = root.path().join("run");
    let mut folder = RunFolder::create(&path, &recipe).unwrap();
    train(&mut folder, &Plan::new(&recipe, &one).unwrap(), &one).unwrap();
    drop(folder);
    let resumed = |data: &Dataset| {
        let plan = Plan::new(&recipe, data).unwrap();
        RunFolder::open(&path, &[]).unwrap().load(&plan, data, Device::Cpu).map(|_| ())
    };
    resumed(&one).unwrap();
    let told = resumed(&data("squares", 41, 0)).unwrap_err().to_string();
    for part in ["trained on squares (50 pictures and 5 to test with)", "holds other pictures:"] {
        assert!(told.contains(part), "{told}");
    }
    // What a version that draws otherwise would do.
    let told = resumed(&data("squares", 37, 1)).unwrap_err().to_string();
    assert!(told.contains("the same pictures, of which others are held out"), "{told}");
}

#[test]
fn an_identity_is_read_as_it_was_written() {
    let rich = [
        ("seed", "9223372036854775807"),
        ("learning_rate", "0.1234567890123456789"),
        ("minibatch.size", "all"),
        ("loss.class_weights", "[0.1, 2.0, 1e-3]"),
        ("schedule.kind", "one-cycle"),
        ("stopping.kind", "patience"),
        ("average.decay", "0.99"),
        ("groups", "[{ parameters = 'hidden1', decay = false }]"),
        ("limits.target_error", "0.3"),
    ];
    for recipe in [recipe(&[]), recipe(&rich)] {
        let before = Identity { pictures: Some(data("squares", 37, 0).fingerprint), ..Identity::new("x", &recipe) };
        let text = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Identity>(&text).unwrap(), before, "{text}");
    }
}

//! What a saved model says of the pictures it takes: normalisation and class names.

use models::Arch;
use tch::Device;
use tensor_data::{Dataset, Normalise, Samples, Source};
use train::run_folder::{Saved, load_model};
use train::{Learner, ModelMeta, Plan, Recipe, RunFolder, fit, recipe::Minibatch};

fn recipe(mean: &[f64], std: &[f64]) -> Recipe {
    let mut recipe = Recipe::new("tiny", Arch::Softmax, 1, 0.1);
    recipe.minibatch = Minibatch::shuffled(10);
    recipe.data.validation = 10;
    (recipe.data.mean, recipe.data.std) = (mean.into(), std.into());
    recipe
}

fn data(recipe: &Recipe) -> Dataset {
    let samples = |count: usize| {
        let pixels = (0..4 * count).map(|i| (i * 37 % 256) as u8).collect();
        let labels = (0..count).map(|i| (i % 2) as u32).collect();
        Samples::new([1, 2, 2], 2, pixels, labels).unwrap().named(["cat", "dog"]).unwrap()
    };
    recipe.upload(&Source::new("tiny", samples(40), samples(10)), Device::Cpu).unwrap()
}

#[test]
fn a_saved_model_knows_its_classes_and_its_normalisation() {
    let place = tempfile::tempdir().unwrap();
    let (folder, recipe) = (place.path().join("run"), recipe(&[0.5], &[0.25]));
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let mut run = RunFolder::create(&folder, &recipe).unwrap();
    fit(&plan, &data, &mut learner, &mut run).unwrap();
    let (_, meta) = load_model(&folder, &Saved::Best, Device::Cpu).unwrap();
    assert_eq!(meta.class_names, ["cat", "dog"]);
    assert_eq!(meta.normalise, Some(Normalise { mean: vec![0.5], std: vec![0.25] }));
}

#[test]
fn a_description_of_an_earlier_version_has_neither() {
    let old = r#"{"arch": {"kind": "softmax"}, "input": [1, 2, 2], "classes": 2, "divisor": 255.0, "dataset": "tiny"}"#;
    let meta: ModelMeta = serde_json::from_str(old).unwrap();
    assert!(meta.class_names.is_empty() && meta.normalise.is_none());
}

#[test]
fn pictures_normalised_otherwise_than_the_recipe_says_are_refused() {
    let plain = data(&recipe(&[], &[]));
    let told = Plan::new(&recipe(&[0.5], &[0.25]), &plain).unwrap_err().to_string();
    assert!(told.contains("data.mean"), "{told}");
}

#[test]
fn mean_and_deviation_come_in_pairs() {
    for (mean, std, says) in
        [(&[0.5][..], &[][..], "`data.std`"), (&[0.5], &[0.0], "data.std"), (&[1e9], &[1.0], "data.mean")]
    {
        let told = recipe(mean, std).check().unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
}

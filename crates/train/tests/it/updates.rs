//! What lies between a loss and moved parameters: against PyTorch's own terms, and full-batch descent against its parts.

use crate::common::{recipe, trained};
use serde_json::Value;
use std::ops::ControlFlow::Continue;
use tch::{Device, Kind};
use tensor_data::{Dataset, Holdout, Samples, Source, Storage, Tail};
use train::{Answer, Event, Learner, Observer, Plan, Recipe, Row, evaluate, fit};

/// The pictures of `golden/loop.py`: 44 to train on, 6 to validate, 5 to test, 4x4, three classes.
pub fn arithmetic() -> Dataset {
    let samples = |places: std::ops::Range<usize>| {
        let pixels = places.clone().flat_map(|i| (0..16).map(move |j| ((i * 31 + j * 17 + i * j) % 256) as u8));
        Samples::new([1, 4, 4], 3, pixels.collect(), places.map(|i| (i * i % 7 % 3) as u32).collect()).unwrap()
    };
    let source = Source::new("arithmetic", samples(0..50), samples(50..55));
    Dataset::upload(&source, Holdout::Last(6), 1.0 / 255.0, Storage::F32, Device::Cpu).unwrap()
}

/// A softmax regression in stored order. Each override is `key=value`.
pub fn softmax(overrides: &[String]) -> Recipe {
    const TEXT: &str = r#"
        epochs = 3
        learning_rate = 0.5
        data = { set = "arithmetic", validation = 6 }
        minibatch = { size = 8, order = "stored" }
        model = { kind = "softmax" }
        optimizer = { kind = "sgd" }
    "#;
    let split = |pair: &String| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap();
    Recipe::parse(TEXT, "the test's recipe", &overrides.iter().map(split).collect::<Vec<_>>()).unwrap()
}

/// The learner as it is after the last minibatch, not the best.
fn last_of(recipe: &Recipe, data: &Dataset) -> Learner {
    let plan = Plan::new(recipe, data).unwrap();
    let mut learner = Learner::new(&plan, data, Device::Cpu).unwrap();
    let mut last = Vec::new();
    let mut keep = |event: &Event<'_>| {
        if let Event::Stopped { learner, .. } = event {
            last = learner.model.clone_values();
        }
        Ok(Continue(()))
    };
    fit(&plan, data, &mut learner, &mut keep).unwrap();
    learner.model.load_values(&last).unwrap();
    learner
}

pub fn numbers(model: &models::Model, name: &str) -> Vec<f64> {
    model.parameter(name).unwrap().tensor.detach().to_kind(Kind::Double).reshape([-1]).try_into().unwrap()
}

pub fn largest_difference(one: &[f64], other: &[f64]) -> f64 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn whole_trainings_with_every_knob_end_where_pytorch_ends() {
    let golden: Value = serde_json::from_str(include_str!("../golden/loop.json")).unwrap();
    let data = arithmetic();
    let trainings = golden["trainings"].as_array().unwrap();
    assert_eq!(trainings.len(), 13);
    for case in trainings {
        let overrides: Vec<String> = serde_json::from_value(case["recipe"].clone()).unwrap();
        let learner = last_of(&softmax(&overrides), &data);
        let check = |model: &models::Model, key: &str, name: &str| {
            let expected: Vec<f64> = serde_json::from_value(case[key].clone()).unwrap();
            let difference = largest_difference(&numbers(model, name), &expected);
            assert!(difference < 2e-6, "{overrides:?} {key}: {difference}");
        };
        check(&learner.model, "weight", "output.weight");
        check(&learner.model, "bias", "output.bias");
        assert_eq!(learner.averaged.is_some(), case["averaged_weight"].is_array());
        if let Some(averaged) = &learner.averaged {
            check(averaged, "averaged_weight", "output.weight");
            check(averaged, "averaged_bias", "output.bias");
        }
    }
}

#[test]
fn a_step_with_all_pictures_is_the_average_of_its_parts() {
    // E is a mean over samples plus a penalty, so m pictures at a time, gathered, make the step that all make at once;
    // 44 = 11 * 4 = 44 * 1, and 7 leaves 2 over.
    let data = arithmetic();
    let step = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).chain(["epochs=4".to_owned()]).collect();
        let learner = last_of(&softmax(&keys), &data);
        assert_eq!(learner.progress.updates, 4, "one update an epoch");
        numbers(&learner.model, "output.weight")
    };
    for more in [&[][..], &["penalty.l2=0.05", "penalty.l1=0.01"], &["loss.class_weights=[3.0, 1.0, 0.5]"]] {
        let all = step(&[&["minibatch.size=all"], more].concat());
        for size in [1, 4, 7, 44] {
            let keys = [&format!("minibatch.size={size}"), "minibatch.tail=keep", "gradients.accumulate=44"];
            let difference = largest_difference(&all, &step(&[&keys[..], more].concat()));
            assert!(difference < 1e-6, "minibatches of {size}, {more:?}: {difference}");
        }
        let online = softmax(&["minibatch.size=1".into(), "epochs=4".into()]);
        let online = numbers(&last_of(&online, &data).model, "output.weight");
        assert!(largest_difference(&all, &online) > 1e-3, "44 small steps are not one step of their mean");
    }
}

#[test]
fn accumulation_by_as_many_minibatches_as_there_are_steps_shows_in_updates_and_not_in_iterations() {
    let data = arithmetic();
    for (accumulate, updates) in [(1, 15), (2, 9), (3, 6), (5, 3), (100, 3)] {
        let learner = last_of(&softmax(&[format!("gradients.accumulate={accumulate}")]), &data);
        assert_eq!((learner.progress.iteration, learner.progress.updates), (15, updates), "{accumulate}");
        assert_eq!(learner.progress.validations, 3);
    }
}

/// The message for this recipe on the pictures above, which must count as wrong usage.
fn refused(overrides: &[&str]) -> String {
    let recipe = softmax(&overrides.iter().map(ToString::to_string).collect::<Vec<_>>());
    let data = arithmetic();
    let made = Plan::new(&recipe, &data).and_then(|plan| Learner::new(&plan, &data, Device::Cpu));
    let error = made.err().expect("a recipe that does not fit was taken");
    assert!(error.is_usage(), "{error}");
    error.to_string()
}

#[test]
fn groups_that_match_nothing_or_overlap_are_refused_by_name() {
    let told = refused(&["groups=[{ parameters = 'conv' }]"]);
    assert!(told.contains("begins with \"conv\"") && told.contains("output.weight, output.bias"), "{told}");
    let told = refused(&["groups=[{ parameters = 'output' }, { parameters = 'output.b' }]"]);
    assert!(told.contains("output.bias lies in two groups, \"output\" and \"output.b\""), "{told}");
}

#[test]
fn class_weights_that_do_not_fit_the_classes_are_refused() {
    let told = refused(&["loss.class_weights=[1.0, 2.0]"]);
    assert!(told.contains("holds 2 numbers") && told.contains("3 classes"), "{told}");
    let samples = Samples::new([1, 2, 2], 3, vec![9; 4 * 6], vec![0, 1, 0, 1, 2, 2]).unwrap();
    let source = Source::new("arithmetic", samples.clone(), samples);
    let data = Dataset::upload(&source, Holdout::Last(2), 1.0, Storage::F32, Device::Cpu).unwrap();
    let recipe = softmax(&["minibatch.size=2".into(), "loss.class_weights=balanced".into()]);
    let told = Plan::new(&recipe, &data).unwrap_err().to_string();
    assert!(told.contains("class 2 has no picture in the training set"), "{told}");
}

/// Rows of all validations.
#[derive(Default)]
struct Rows(Vec<Row>);

impl Observer for Rows {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        if let Event::Validated { row, .. } = event {
            self.0.push(**row);
        }
        Ok(Continue(()))
    }
}

#[test]
fn with_an_average_both_models_are_validated_and_the_averaged_one_is_chosen() {
    let mut rows = Rows::default();
    let recipe = recipe(&["average.decay=0.97", "average.warm_up=true", "evaluation.watch=loss", "epochs=6"]);
    let (learner, outcome) = trained(&recipe, &mut rows);
    let best = outcome.best.unwrap();
    let averaged: Vec<f64> = rows.0.iter().map(|row| row.averaged_validation_loss.unwrap()).collect();
    assert!(rows.0.iter().zip(&averaged).all(|(row, loss)| row.validation_loss != *loss));
    assert_eq!(best.loss, averaged.iter().copied().fold(f64::INFINITY, f64::min));
    // What came back, and would be saved as the best, has the figures of the averaged model.
    let score = evaluate(&learner.model, &crate::common::data(&recipe).valid, &recipe.evaluation).unwrap();
    assert_eq!((score.loss, score.error), (best.loss, best.error));
    let mut plain = Rows::default();
    trained(&crate::common::recipe(&["epochs=1"]), &mut plain);
    assert_eq!((plain.0[0].averaged_validation_loss, plain.0[0].averaged_validation_error), (None, None));
}

#[test]
fn validation_loss_is_the_plain_likelihood_whatever_is_minimised() {
    let data = arithmetic();
    for keys in [["loss.label_smoothing=0.5", "epochs=1"], ["loss.class_weights=[9.0, 1.0, 0.1]", "epochs=1"]] {
        let (recipe, mut rows) = (softmax(&keys.map(str::to_owned)), Rows::default());
        let plan = Plan::new(&recipe, &data).unwrap();
        let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
        fit(&plan, &data, &mut learner, &mut rows).unwrap();
        let batch = data.valid.batches(6, tensor_data::Order::Stored, Tail::Keep).unwrap().next().unwrap();
        let logits = learner.model.forward(&batch.images, models::Mode::Eval);
        let true_class = logits.log_softmax(1, Kind::Float).gather(1, &batch.labels().unsqueeze(1), false);
        let expected = -true_class.mean(Kind::Double).double_value(&[]);
        assert!((rows.0[0].validation_loss - expected).abs() < 1e-6, "{keys:?}");
        assert!((expected - 3f64.ln()).abs() > 0.01, "where all classes are equally likely, smoothing would not show");
    }
}

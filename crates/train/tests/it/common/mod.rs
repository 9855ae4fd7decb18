//! A small data set and recipe that the tests of the loop share.

use std::ops::ControlFlow::{Break, Continue};
use tch::Device;
use tensor_data::{Dataset, Source, glyphs};
use train::{Answer, Event, Learner, Observer, Outcome, Plan, Recipe, fit};

/// 600 drawn digits to train on, 200 held out of them, 200 to test with; at 28x28.
pub fn data(recipe: &Recipe) -> Dataset {
    data_on(recipe, Device::Cpu)
}

/// The same on another device.
pub fn data_on(recipe: &Recipe, device: Device) -> Dataset {
    let source = Source::new("glyphs", glyphs::draw(800, 1).unwrap(), glyphs::draw(200, 2).unwrap());
    let holdout = recipe.data.holdout(recipe.seed);
    Dataset::upload(&source, holdout, 1.0 / recipe.data.divisor, recipe.data.storage, device).unwrap()
}

/// A recipe that trains in a second, with every source of randomness on. Each override is `key=value`.
pub fn recipe(overrides: &[&str]) -> Recipe {
    const TEXT: &str = r#"
        seed = 7
        epochs = 4
        learning_rate = 0.05
        [data]
        set = "glyphs"
        validation = 200
        [minibatch]
        size = 50
        shift = 1
        [model]
        kind = "mlp"
        hidden = [16]
        dropout = 0.2
        [optimizer]
        kind = "sgd"
        momentum = 0.9
        [penalty]
        l2 = 0.0001
        [schedule]
        kind = "cosine"
        [checkpoint]
        seconds = 0
    "#;
    let pairs: Vec<_> = overrides.iter().map(|pair| pair.split_once('=').unwrap()).collect();
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Recipe::parse(TEXT, "the test's recipe", &pairs).unwrap()
}

/// An observer that ends training after so many minibatches.
#[allow(dead_code)]
pub fn stop_at(last: u64) -> impl FnMut(&Event<'_>) -> Answer {
    move |event| match event {
        Event::Trained { iteration, .. } if *iteration >= last => Ok(Break(())),
        _ => Ok(Continue(())),
    }
}

/// Trains from the start and gives back the learner as well.
#[allow(dead_code)]
pub fn trained(recipe: &Recipe, observer: &mut dyn Observer) -> (Learner, Outcome) {
    let data = data(recipe);
    let plan = Plan::new(recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let outcome = fit(&plan, &data, &mut learner, observer).unwrap();
    (learner, outcome)
}

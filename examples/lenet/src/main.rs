//! LeNet on MNIST, from files to test error: `cargo run -- path/to/mnist`, about twenty seconds an epoch on one core.

use std::error::Error;

use minibatch::train::{Printer, recipe::Minibatch};
use minibatch::{Arch, Device, Learner, Plan, Recipe, evaluate, fit, tensor_data::mnist};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder that holds MNIST's four files")?;
    let source = mnist::load(folder.as_ref())?;

    let mut recipe = Recipe::new("mnist", Arch::lenet(), 1, 0.2); // one epoch
    recipe.minibatch = Minibatch::shuffled(100);

    let data = recipe.upload(&source, Device::cuda_if_available())?;
    let plan = Plan::new(&recipe, &data)?;
    let mut learner = Learner::new(&plan, &data, Device::cuda_if_available())?;
    println!("{}", learner.model.summary());

    // The learner holds the best model afterwards.
    let outcome = fit(&plan, &data, &mut learner, &mut Printer::new(std::io::stdout()))?;
    let test = evaluate(&learner.model, &data.test, &recipe.evaluation)?;
    println!("{:.0} s, test error {:.2} %", outcome.train_seconds, 100.0 * test.error);
    Ok(())
}

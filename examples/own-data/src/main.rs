//! From arrays in memory to a saved model and back: pictures that the program makes, a run's folder, a prediction.

use std::error::Error;

use minibatch::models::Activation;
use minibatch::tensor_data::Order;
use minibatch::train::run_folder::{Saved, load_model};
use minibatch::train::{Printer, RunFolder, recipe::Minibatch};
use minibatch::{Arch, Device, Kind, Learner, Mode, Plan, Recipe, Samples, Source, fit, tensor_data};

const CLASSES: usize = 4;
const SIDE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder for the run")?;
    let source = Source::new("corners", pictures(400)?, pictures(100)?);

    let model = Arch::Mlp { hidden: vec![16], activation: Activation::Relu, initial: Default::default(), dropout: 0.0 };
    let mut recipe = Recipe::new("corners", model, 5, 0.1);
    recipe.data.validation = 80;
    recipe.minibatch = Minibatch::shuffled(20);

    let data = recipe.upload(&source, Device::Cpu)?;
    let plan = Plan::new(&recipe, &data)?;
    let mut learner = Learner::new(&plan, &data, Device::Cpu)?;
    // The folder saves checkpoints, from which a run resumes; the printer says how it goes.
    let mut run = RunFolder::create(folder.as_ref(), &recipe)?;
    fit(&plan, &data, &mut learner, &mut (&mut run, &mut Printer::new(std::io::stdout())))?;

    let (model, _) = load_model(folder.as_ref(), &Saved::Best, Device::Cpu)?;
    let mut right = 0;
    for batch in data.test.batches(50, Order::Stored, tensor_data::Tail::Keep)? {
        let answers = model.forward(&batch.images, Mode::Eval).argmax(1, false); // [50]
        right += answers.eq_tensor(batch.labels()).sum(Kind::Int64).int64_value(&[]);
    }
    println!("{right} of {} test pictures right", data.test.len());
    Ok(())
}

/// Grey pictures with one bright corner; the class says which.
fn pictures(count: usize) -> Result<Samples, tensor_data::Error> {
    let mut pixels = Vec::with_capacity(count * SIDE * SIDE);
    let mut labels = Vec::with_capacity(count);
    for index in 0..count {
        let class = index % CLASSES;
        labels.push(class as u32);
        for place in 0..SIDE * SIDE {
            let (row, column) = (place / SIDE, place % SIDE);
            let corner = usize::from(row >= SIDE / 2) * 2 + usize::from(column >= SIDE / 2);
            let grain = (index * 31 + place * 17) % 60;
            pixels.push((if corner == class { 150 + grain } else { grain }) as u8);
        }
    }
    Samples::new([1, SIDE, SIDE], CLASSES, pixels, labels)
}

//! A trained model inside a program: the classes of picture files, by the model that a run saved.

use std::{error::Error, path::PathBuf};

use minibatch::Device;
use minibatch::inspect::{Invert, asked, predict};
use minibatch::train::run_folder::{Saved, load_model};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1).map(PathBuf::from);
    let run = words.next().ok_or("name the folder of a run, then pictures")?;
    let (model, meta) = load_model(&run, &Saved::Best, Device::Cpu)?;
    let asked = asked::find(&words.collect::<Vec<_>>(), || Box::new(std::io::stdin()));
    let rows = predict(&model, &meta, &asked.entries, Invert::default(), 1, Device::Cpu)?;
    for (entry, row) in asked.entries.iter().zip(rows) {
        let path = entry.path.display().to_string();
        match row {
            Ok(answer) => println!("{path}: {} {:.3}", answer.classes[0].name, answer.classes[0].probability),
            Err(refused) => println!("{}", refused.told(&path)),
        }
    }
    Ok(())
}

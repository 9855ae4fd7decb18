//! `augment`: the command line and the words of [`inspect::augmented`].

use crate::console::{self, shown};
use crate::own_pictures;
use crate::prepared;
use crate::recipes;
use anyhow::Result;
use inspect::augmented;
use std::path::Path;
use std::process::ExitCode;
use train::Recipe;
use train::recipe::Pictures;
use xtask::cli::AugmentArgs;
use xtask::places;
use xtask::progress::say;

/// Draws what the operations of a recipe make of pictures.
pub fn run(args: &AugmentArgs) -> Result<ExitCode> {
    let (name, recipe) = recipe(args)?;
    let opened = prepared::open(&recipe, args.dataset.is_some(), &args.data)?;
    if let Some(note) = &opened.note {
        say(format!("\n*** {note} ***\n"));
    }
    let list = recipe.operations();
    if list.is_empty() {
        console::line(false, &format!("{name} augments nothing: each operation is drawn with its defaults"));
    }
    let count = args.count.min(opened.source.train.len());
    let drawn = augmented(&opened.source.train, &list, count, recipe.seed, args.epochs)?;
    drawn.left_out.iter().for_each(|why| console::line(false, &format!("left out {why}")));
    let folder = places::shorten(&places::workspace().join("runs/augment"));
    let path = args.out.clone().unwrap_or_else(|| folder.join(format!("augment-{name}.png")));
    drawn.figure.save(&path)?;
    console::line(false, &format!("figure   {}", shown::path(&path)));
    Ok(ExitCode::SUCCESS)
}

/// The recipe, with the pictures of the folder where one is named. No weights are looked for: nothing is trained.
fn recipe(args: &AugmentArgs) -> Result<(String, Recipe)> {
    let overrides = recipes::options(args.dataset.as_deref(), args.seed, None, &args.set);
    if own_pictures::is_place(&args.recipe) {
        return own_pictures::untrained(Path::new(&args.recipe), &overrides);
    }
    let (name, mut recipe) = recipes::read(&args.recipe, &overrides)?;
    if let Some(folder) = &args.folder {
        let (_, of_folder) = own_pictures::untrained(folder, &[])?;
        let place = of_folder.pictures.map_or_else(|| folder.clone(), |own| own.folder);
        recipe.pictures = Some(match recipe.pictures {
            Some(own) => Pictures { folder: place, ..own },
            None => Pictures::new(place),
        });
        recipe.data.set = of_folder.data.set;
    }
    Ok((name, recipe))
}

//! `look`: what a folder of pictures holds, before anything is learned from it. It changes nothing.

use crate::console::{self, Usage, shown};
use crate::own_pictures;
use anyhow::{Result, anyhow};
use formats::Contents;
use pictures::{Facts, Inventory, Settings, Shares, Split};
use std::path::Path;
use std::process::ExitCode;
use xtask::cli::LookArgs;

/// Lines of one kind that are printed; `--json` has all.
const LINES: usize = 20;

/// Looks at the folder and prints what it holds; 1 where a picture cannot be read.
pub fn run(args: &LookArgs) -> Result<ExitCode> {
    let Some(folder) = &args.folder else { return clear_cache() };
    if let Some(read) = own_pictures::looked_at(folder, args.split_seed)? {
        return arrays(&read, folder, args);
    }
    let settings = Settings { group: pictures::Group::named(&args.group), ..Settings::default() };
    let inventory = Inventory::of(folder, &settings).map_err(|error| anyhow!("{}", told(&error)))?;
    let split = Split::of(&inventory, &Shares { seed: args.split_seed, ..Shares::default() });
    if args.output.json {
        console::print_json(&inventory.as_json(&split))?;
    } else {
        print(&inventory, &split);
    }
    Ok(ExitCode::from(u8::from(!inventory.unreadable.is_empty())))
}

/// A data set of arrays: there are no files that could be bad.
fn arrays(read: &formats::Read, place: &Path, args: &LookArgs) -> Result<ExitCode> {
    if args.group != "none" {
        return Err(Usage("--group has no effect: the pictures are arrays, which belong to no folder".into()).into());
    }
    let contents = Contents::of(&read.source);
    if args.output.json {
        console::print_json(&contents.as_json(place))?;
        return Ok(ExitCode::SUCCESS);
    }
    console::line(false, &shown::word(&contents.summary()));
    let [channels, height, width] = contents.shape;
    console::line(false, &format!("arrays of {channels} x {height} x {width} (channels, height, width)"));
    read.remarks.iter().for_each(|remark| console::line(false, &shown::word(remark)));
    some(
        "the same picture under several labels",
        contents.copies.iter().filter(|it| it.across_classes).map(|it| {
            let places: Vec<String> = it.pictures.iter().map(|(part, i)| format!("{part}/{i}")).collect();
            places.join(", ")
        }),
    );
    let count = |part: &str| contents.counts.get(part).map_or(0, |counts| counts.iter().sum());
    say_split([count("train"), count("validation"), count("test")]);
    Ok(ExitCode::SUCCESS)
}

fn say_split([train, validation, test]: [usize; 3]) {
    let [train, validation, test] = [train, validation, test].map(|count| console::thousands(count as f64));
    console::line(false, &format!("split: {train} to learn from, {validation} to choose by, {test} to test with"));
}

fn clear_cache() -> Result<ExitCode> {
    let cache = own_pictures::cache()?;
    let freed = cache.clear().map_err(|error| anyhow!("{}", told(&error)))?;
    console::line(false, &format!("{} freed in {}", libtorch::disk::size(freed), shown::path(&cache.folder)));
    Ok(ExitCode::SUCCESS)
}

fn told(error: &pictures::Error) -> String {
    error.told(&shown::path(error.path()))
}

fn print(inventory: &Inventory, split: &Split) {
    console::line(false, &shown::word(&inventory.summary()));
    let range = |of: fn(&pictures::Picture) -> u32| {
        let all = || inventory.pictures.iter().map(of);
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    };
    let ((narrowest, widest), (lowest, highest)) = (range(|it| it.width), range(|it| it.height));
    let grey = inventory.where_facts(|facts| facts.channels == 1).len();
    let count = inventory.pictures.len();
    console::line(
        false,
        &format!(
            "width {narrowest} to {widest}, height {lowest} to {highest} pixels; {} in colour, {grey} grey",
            count - grey
        ),
    );
    some("cannot be read", inventory.unreadable.iter().map(|it| format!("{}: {}", shown::path(&it.path), it.cause)));
    some(
        "perhaps damaged",
        inventory
            .pictures
            .iter()
            .filter_map(|it| Some(format!("{}: {}", shown::path(&it.path), it.facts.doubt.as_ref()?))),
    );
    let list = |is: fn(&Facts) -> bool| inventory.where_facts(is).into_iter().map(shown::path);
    some("turned as their data say", list(|facts| facts.turned));
    some("animated or of several pages, of which the first is taken", list(|facts| facts.animated));
    some("transparent, to be laid over pictures.background (white by default)", list(|facts| facts.transparent));
    some(
        "there more than once",
        inventory.duplicates.iter().map(|it| {
            let paths: Vec<String> = it.pictures.iter().map(|&i| shown::path(&inventory.pictures[i].path)).collect();
            let likeness = if it.exact { "same content" } else { "nearly the same" };
            let across = if it.across_classes { ", in different classes" } else { "" };
            let leak = if it.across_splits { ", in different parts" } else { "" };
            format!("{} ({likeness}{across}{leak})", paths.join(", "))
        }),
    );
    some("ignored", inventory.ignored.iter().map(|it| format!("{}: {}", shown::path(&it.path), it.why)));
    say_split([split.train.len(), split.validation.len(), split.test.len()]);
    split.warnings.iter().for_each(|warning| console::line(false, &format!("warning: {}", shown::word(warning))));
}

/// A heading and its lines, if there are any.
fn some(heading: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    console::line(false, &format!("{heading}:"));
    lines.iter().take(LINES).for_each(|line| console::line(false, &format!("  {}", shown::word(line))));
    if lines.len() > LINES {
        console::line(false, &format!("  and {} more (--json lists them)", lines.len() - LINES));
    }
}

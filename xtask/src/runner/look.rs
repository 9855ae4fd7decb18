//! `look`: what a folder of pictures holds, before anything is learned from it. It changes nothing.

use crate::console::{self, shown};
use crate::own_pictures;
use anyhow::{Result, anyhow};
use pictures::{Inventory, Part, Settings, Shares, Split};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use xtask::cli::LookArgs;

/// Lines of one kind that are printed; `--json` has all.
const LINES: usize = 20;

/// Looks at the folder and prints what it holds; 1 where a picture cannot be read.
pub fn run(args: &LookArgs) -> Result<ExitCode> {
    let Some(folder) = &args.folder else { return clear_cache() };
    let settings = Settings { group: pictures::Group::named(&args.group), ..Settings::default() };
    let inventory = Inventory::of(folder, &settings).map_err(|error| anyhow!("{}", told(&error)))?;
    let split = Split::of(&inventory, &Shares { seed: args.split_seed, ..Shares::default() });
    if args.output.json {
        console::print_json(&as_json(&inventory, &split))?;
    } else {
        print(&inventory, &split);
    }
    Ok(ExitCode::from(u8::from(!inventory.unreadable.is_empty())))
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

const PARTS: [(&str, Part); 3] = [("train", Part::Train), ("validation", Part::Validation), ("test", Part::Test)];

fn as_json(inventory: &Inventory, split: &Split) -> Value {
    let path = |i: &usize| shown_path(&inventory.pictures[*i].path);
    let paths = |found: Vec<&Path>| found.into_iter().map(shown_path).collect::<Vec<_>>();
    let counts = |counts: Vec<usize>| -> BTreeMap<&str, usize> {
        inventory.classes.iter().map(String::as_str).zip(counts).collect()
    };
    let classes = inventory.classes.iter().zip(inventory.counts(None));
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    let mut channels: BTreeMap<String, usize> = BTreeMap::new();
    let mut damaged = Vec::new();
    for picture in &inventory.pictures {
        *sizes.entry(format!("{}x{}", picture.width, picture.height)).or_default() += 1;
        *channels.entry(picture.facts.channels.to_string()).or_default() += 1;
        damaged
            .extend(picture.facts.doubt.as_ref().map(|why| json!({ "path": shown_path(&picture.path), "cause": why })));
    }
    json!({
        "folder": shown_path(&inventory.root),
        "layout": inventory.layout,
        "classes": classes.map(|(name, count)| json!({ "name": name, "count": count })).collect::<Vec<_>>(),
        "pictures": inventory.pictures.len(),
        "sizes": sizes,
        "channels": channels,
        "unreadable": inventory.unreadable.iter().map(|it| json!({ "path": shown_path(&it.path), "cause": it.cause })).collect::<Vec<_>>(),
        "perhaps_damaged": damaged,
        "rotated": paths(inventory.where_facts(|facts| facts.turned)),
        "animated": paths(inventory.where_facts(|facts| facts.animated)),
        "transparent": paths(inventory.where_facts(|facts| facts.transparent)),
        "duplicates": inventory.duplicates.iter().map(|it| json!({
            "paths": it.pictures.iter().map(path).collect::<Vec<_>>(),
            "exact": it.exact,
            "across_classes": it.across_classes,
            "across_splits": it.across_splits,
        })).collect::<Vec<_>>(),
        "ignored": inventory.ignored.iter().map(|it| json!({ "path": shown_path(&it.path), "why": it.why })).collect::<Vec<_>>(),
        "split": PARTS.map(|(name, part)| (name, counts(split.counts(inventory, part)))).into_iter().collect::<BTreeMap<_, _>>(),
        "warnings": split.warnings,
    })
}

fn shown_path(path: &Path) -> String {
    path.to_str().map_or_else(|| shown::path(path), str::to_owned)
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
    let parts = [split.train.len(), split.validation.len(), split.test.len()];
    console::line(
        false,
        &format!("split: {} to learn from, {} to choose by, {} to test with", parts[0], parts[1], parts[2]),
    );
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

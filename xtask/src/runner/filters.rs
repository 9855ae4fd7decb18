//! `filters`: what a saved model has learnt to look for, and how that grew while it trained.

use crate::console::{self, Usage};
use crate::filter_sheets::{Sheet, symmetric};
use anyhow::{Result, bail};
use models::{Model, Role};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tch::Device;
use train::run_folder::{Saved, load_model, load_snapshot, read_recipe, snapshots};
use viz::{Animation, Background, Picture, Section, sections, stack};
use xtask::cli::FiltersArgs;

/// At most so many moments stand in a strip.
const STRIP: usize = 12;
/// At most so many moments are frames of an animation.
const FRAMES: usize = 60;
/// A whole training is shown in about this time, each frame at least 0.1 s and at most 1 s.
const ANIMATION: Duration = Duration::from_secs(6);

/// Draws, and prints what was written.
pub fn run(args: &FiltersArgs) -> Result<ExitCode> {
    read_recipe(&args.run, &[])?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join("pictures"));
    match args.snapshot.as_deref() {
        None => {
            let saved = console::saved(&args.checkpoint);
            let (model, _) = load_model(&args.run, &saved, Device::Cpu)?;
            let name = saved.folder().rsplit('/').next().unwrap_or_default();
            let suffix = if saved == Saved::Best { String::new() } else { format!("-{name}") };
            one_moment(args, &model, &format!("{name} model"), &suffix, &out)?;
        }
        Some(asked) => {
            let names = kept(&args.run)?;
            if asked == "all" {
                all_moments(args, &names, &out)?;
            } else if names.iter().any(|name| name == asked) {
                let (model, _) = load_snapshot(&args.run, asked, Device::Cpu)?;
                one_moment(args, &model, &spoken(asked), &format!("-{asked}"), &out)?;
            } else {
                let known = names.join(", ");
                return Err(Usage(format!(
                    "there is no snapshot \"{asked}\"; the run kept {known} (all draws them all)"
                ))
                .into());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The run's snapshots, of which there must be some.
fn kept(run: &Path) -> Result<Vec<String>> {
    let names = snapshots(run)?;
    if names.is_empty() {
        bail!(
            "run {} kept no snapshots: train with --set checkpoint.snapshots=1 to keep one every epoch",
            console::shown::path(run)
        );
    }
    Ok(names)
}

/// A sheet for each layer of one model.
fn one_moment(args: &FiltersArgs, model: &Model, moment: &str, suffix: &str, out: &Path) -> Result<()> {
    for sheet in sheets(model, args.layer.as_deref())? {
        let (picture, suffix) = if args.classic {
            (sheet.classic()?, format!("{suffix}-classic"))
        } else {
            (sheet.draw(&format!("{}, {moment}", sheet.about()), None)?, suffix.to_owned())
        };
        save(&sheet, &out.join(format!("filters-{}{suffix}.png", sheet.layer)), |path| picture.save(path))?;
    }
    Ok(())
}

/// A strip and an animation for each layer, over all snapshots.
fn all_moments(args: &FiltersArgs, names: &[String], out: &Path) -> Result<()> {
    let names = spread(names, FRAMES);
    let mut moments = Vec::with_capacity(names.len());
    for name in names {
        let (model, _) = load_snapshot(&args.run, &name, Device::Cpu)?;
        moments.push((spoken(&name), sheets(&model, args.layer.as_deref())?));
    }
    let layers = moments.first().map_or(0, |(_, sheets)| sheets.len());
    let suffix = if args.classic { "-classic" } else { "" };
    for layer in 0..layers {
        let grown: Vec<(&str, &Sheet)> = moments.iter().map(|(name, sheets)| (name.as_str(), &sheets[layer])).collect();
        let sheet = grown[0].1;
        let file = |ending: &str| out.join(format!("filters-{}-growth{suffix}.{ending}", sheet.layer));
        let (strip, frames) = if args.classic {
            let frames = classic(&grown)?;
            (stack(&spread(&frames, STRIP), 8, Background::Light)?, frames)
        } else {
            (strip(&spread(&grown, STRIP))?, frames(&grown)?)
        };
        save(sheet, &file("png"), |path| strip.save(path))?;
        let delay = ANIMATION / u32::try_from(frames.len())?;
        let delay = delay.clamp(Duration::from_millis(100), Duration::from_secs(1));
        let animation = Animation::new(&frames, delay)?;
        save(sheet, &file("gif"), |path| animation.save(path))?;
    }
    Ok(())
}

/// Moments one beneath the other, the first filters of each side by side, all on one scale.
fn strip(grown: &[(&str, &Sheet)]) -> Result<Picture> {
    let rows: Vec<Sheet> = grown.iter().map(|(_, sheet)| sheet.row()).collect();
    let mut options = rows[0].row_options(symmetric(rows.iter().flat_map(Sheet::images)));
    options.grid.title = Some(rows[0].about());
    let moment = |((name, _), row): (&(&str, &Sheet), &Sheet)| Section {
        name: (*name).to_owned(),
        images: row.images().to_vec(),
    };
    let moments: Vec<Section> = grown.iter().zip(&rows).map(moment).collect();
    Ok(sections(&moments, &options)?)
}

/// The sheet at every moment, all on one scale.
fn frames(grown: &[(&str, &Sheet)]) -> Result<Vec<Picture>> {
    let sheets: Vec<Sheet> = grown.iter().map(|(_, sheet)| sheet.frame()).collect();
    let scaling = symmetric(sheets.iter().flat_map(Sheet::images));
    let frame = |((name, _), sheet): (&(&str, &Sheet), &Sheet)| {
        sheet.draw(&format!("{}, {name}", sheet.about()), Some(scaling))
    };
    grown.iter().zip(&sheets).map(frame).collect()
}

fn classic(grown: &[(&str, &Sheet)]) -> Result<Vec<Picture>> {
    grown.iter().map(|(_, sheet)| sheet.frame().classic()).collect()
}

/// At most so many of the moments, evenly spread, the first and the last among them.
fn spread<T: Clone>(moments: &[T], most: usize) -> Vec<T> {
    let count = moments.len().min(most);
    let index = |i: usize| i * (moments.len() - 1) / (count - 1).max(1);
    (0..count).map(|i| moments[index(i)].clone()).collect()
}

/// `epoch-0003` as people say it.
fn spoken(snapshot: &str) -> String {
    let epoch = snapshot.strip_prefix("epoch-").and_then(|epoch| epoch.parse::<u64>().ok());
    epoch.map_or(snapshot.to_owned(), |epoch| format!("epoch {epoch}"))
}

/// The sheets of a model's layers, or of the one asked for.
fn sheets(model: &Model, asked: Option<&str>) -> Result<Vec<Sheet>> {
    let weights: Vec<_> = model.parameters().iter().filter(|parameter| parameter.role == Role::Weight).collect();
    let layer = |name: &str| name.trim_end_matches(".weight").to_owned();
    let names: Vec<String> = weights.iter().map(|parameter| layer(&parameter.name)).collect();
    if let Some(asked) = asked.filter(|&asked| names.iter().all(|name| name != asked)) {
        let known = names.join(", ");
        return Err(Usage(format!("there is no layer \"{asked}\" with filters; this model has {known}")).into());
    }
    let wanted = |name: &str| asked.is_none_or(|asked| asked == name);
    let chosen = weights.iter().zip(&names).enumerate().filter(|(_, (_, name))| wanted(name));
    chosen.map(|(i, (parameter, name))| Sheet::new(name, &parameter.tensor, (i == 0).then(|| model.input()))).collect()
}

fn save(sheet: &Sheet, path: &Path, write: impl FnOnce(&Path) -> Result<(), viz::Error>) -> Result<()> {
    write(path)?;
    console::line(
        false,
        &format!("{:<8} {:<18} {}", sheet.layer, console::shape(&sheet.shape), console::shown::path(path)),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_holds_the_first_and_the_last_moment() {
        let check = |count: usize, expected: &[usize]| {
            let all: Vec<usize> = (0..count).collect();
            assert_eq!(spread(&all, 12), expected);
        };
        check(1, &[0]);
        check(3, &[0, 1, 2]);
        check(12, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        check(34, &[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33]);
    }
}

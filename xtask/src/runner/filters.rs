//! `filters`: the command line and the words of [`inspect::filters`].

use crate::console::{self, Usage};
use anyhow::{Result, bail};
use inspect::filters::{Growth, sheets, spoken};
use models::Model;
use std::path::Path;
use std::process::ExitCode;
use tch::Device;
use train::run_folder::{Saved, load_model, load_snapshot, read_recipe, snapshots};
use xtask::cli::FiltersArgs;

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
        let path = out.join(format!("filters-{}{suffix}.png", sheet.layer));
        picture.save(&path)?;
        written(&sheet.layer, &sheet.shape, &path);
    }
    Ok(())
}

/// A strip and an animation for each layer, over all snapshots.
fn all_moments(args: &FiltersArgs, names: &[String], out: &Path) -> Result<()> {
    let suffix = if args.classic { "-classic" } else { "" };
    for grown in Growth::load(&args.run, names, args.layer.as_deref())?.draw(args.classic) {
        let grown = grown?;
        let file = |ending: &str| out.join(format!("filters-{}-growth{suffix}.{ending}", grown.layer));
        grown.strip.save(&file("png"))?;
        written(&grown.layer, &grown.shape, &file("png"));
        grown.animation.save(&file("gif"))?;
        written(&grown.layer, &grown.shape, &file("gif"));
    }
    Ok(())
}

fn written(layer: &str, shape: &[i64], path: &Path) {
    let (shape, path) = (console::shape(shape), console::shown::path(path));
    console::line(false, &format!("{layer:<8} {shape:<18} {path}"));
}

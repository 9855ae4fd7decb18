//! `find-rate`: which learning rates a recipe can bear. The sweep and its arithmetic are [`train::rate_finder`]'s; here
//! they get a table, a picture and words.

use crate::console::{self, Usage, rate};
use crate::prepared::{self, Prepared, Wanted};
use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use train::rate_finder::{Point, Range, Suggestion, suggest, sweep};
use viz::{Best, Chart, Drawing, Scale, Series};
use xtask::cli::{FindArgs, FindRateArgs, Setting};
use xtask::places;
use xtask::words::Suggested;

/// What was found, as `rates.json` and `--json` have it.
#[derive(Serialize)]
struct Found {
    recipe: String,
    dataset: String,
    from: f64,
    to: f64,
    /// Minibatches trained before the loss diverged, or all of them.
    steps: usize,
    diverged: bool,
    /// `None` where the loss never fell.
    steepest: Option<f64>,
    tenth_of_lowest: Option<f64>,
    lowest_loss: Option<f64>,
    seed: u64,
    csv: String,
    picture: String,
}

/// A row of `rates.csv`.
#[derive(Serialize)]
struct Row {
    step: usize,
    learning_rate: f64,
    loss: f64,
    smoothed_loss: f64,
}

/// Sweeps, writes and prints.
pub fn run(args: &FindRateArgs) -> Result<ExitCode> {
    if args.from >= args.to {
        return Err(Usage(format!("--from {} must lie below --to {}", args.from, args.to)).into());
    }
    let wanted = Wanted::of(&args.find, args.seed);
    let named = wanted.recipe()?;
    let Prepared { name, recipe, device, data, note, .. } = wanted.prepare(named)?;
    let json = args.output.json;
    if let Some(note) = note {
        console::line(json, &format!("\n*** {note} ***\n"));
    }
    if let Some(warning) = prepared::uneven(&data) {
        console::line(json, &warning);
    }
    let range = Range { from: args.from, to: args.to, steps: args.steps, smoothing: args.smoothing };
    let points = sweep(&recipe, &data, device, range)?;
    let suggestion = suggest(&points);
    let out = args.out.clone().unwrap_or_else(|| default_folder("find-rate", &name));
    let [csv, picture, result] = ["rates.csv", "rates.svg", "rates.json"].map(|file| out.join(file));
    let found = Found {
        dataset: data.name.clone(),
        from: args.from,
        to: args.to,
        steps: points.len(),
        diverged: (points.len() as u64) < args.steps,
        steepest: suggestion.map(|found| found.steepest),
        tenth_of_lowest: suggestion.map(|found| found.tenth_of_lowest),
        lowest_loss: points.iter().map(|point| point.smoothed).reduce(f64::min),
        seed: recipe.seed,
        csv: csv.display().to_string(),
        picture: picture.display().to_string(),
        recipe: name,
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write_table(&csv, &points).with_context(|| format!("cannot write {}", csv.display()))?;
    fs::write(&result, format!("{}\n", serde_json::to_string_pretty(&found)?))
        .with_context(|| format!("cannot write {}", result.display()))?;
    if !points.is_empty() {
        draw(&found.recipe, &points, suggestion)?.save(&picture)?;
    }
    console::line(json, &describe(&found, args));
    if json {
        console::print_json(&found)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a finder writes what it found of a recipe.
pub fn default_folder(finder: &str, name: &str) -> PathBuf {
    places::shorten(&places::workspace().join("runs").join(finder).join(name))
}

fn write_table(path: &Path, points: &[Point]) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    for (i, point) in points.iter().enumerate() {
        writer.serialize(Row {
            step: i + 1,
            learning_rate: point.rate,
            loss: point.loss,
            smoothed_loss: point.smoothed,
        })?;
    }
    Ok(writer.flush()?)
}

/// The losses over the rates, on a logarithmic axis, with an upright line for each suggestion.
fn draw(recipe: &str, points: &[Point], suggestion: Option<Suggestion>) -> Result<Drawing> {
    let rates: Vec<f64> = points.iter().map(|point| point.rate).collect();
    let smoothed = || points.iter().map(|point| point.smoothed);
    let losses: Vec<f64> = points.iter().map(|point| point.loss).collect();
    let mut series = vec![
        Series::new("loss of each minibatch", &rates, &losses)?,
        Series::new("smoothed", &rates, &smoothed().collect::<Vec<_>>())?.marked(Best::Lowest),
    ];
    if let Some(found) = suggestion {
        let ends = [smoothed().fold(f64::INFINITY, f64::min), smoothed().fold(0.0, f64::max)];
        for (name, at) in [("steepest descent", found.steepest), ("a tenth of the lowest", found.tenth_of_lowest)] {
            series.push(Series::new(format!("{name}: {}", rate(at)), &[at; 2], &ends)?);
        }
    }
    let mut chart = Chart::new(&format!("Loss over learning rate: {recipe}"), "learning rate", "loss", series)?;
    chart.x.scale = Scale::Log;
    Ok(chart.draw())
}

fn describe(found: &Found, args: &FindRateArgs) -> String {
    let Found { recipe, dataset, csv, picture, .. } = found;
    let end = if found.diverged { "then the loss diverged" } else { "the loss did not diverge" };
    let head = format!(
        "{recipe} on {dataset}: learning rates from {} to {}, {} minibatches, {end}",
        rate(found.from),
        rate(found.to),
        found.steps
    );
    let written = format!("written  {}, {}", console::shown::word(csv), console::shown::word(picture));
    let (Some(steepest), Some(tenth)) = (found.steepest, found.tenth_of_lowest) else {
        return format!(
            "{head}\nno rate can be suggested: the loss never fell. Try other bounds with --from and --to\n{written}"
        );
    };
    format!(
        "{head}\nsteepest {}  the loss falls fastest here\ntenth    {}  a tenth of the rate where it is lowest; take the lower of the two where training is unstable\n{written}\nnext     {}",
        rate(steepest),
        rate(tenth),
        next("train", &args.find, args.seed, "learning_rate", rate(steepest))
    )
}

/// A command about what was measured, with the value that was found.
pub fn next(command: &str, find: &FindArgs, seed: Option<u64>, key: &str, value: String) -> Suggested {
    let mut settings: Vec<Setting> = find.set.iter().filter(|setting| setting.key != key).cloned().collect();
    settings.push(Setting { key: key.to_owned(), value });
    Suggested::new(command)
        .path(Path::new(&find.recipe))
        .option("--dataset", find.dataset.as_ref())
        .option("--data", find.data.data.as_ref())
        .option("--seed", seed.map(|seed| seed.to_string()))
        .set(&settings)
}

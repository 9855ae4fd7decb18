//! `find-batch`: the fastest minibatch size of a recipe on this machine, and the largest that fits. Measuring and the arithmetic
//! are [`train::batch_finder`]'s; here they get rounds, a table, a picture and words.

use crate::console::{self, thousands};
use crate::find_rate;
use crate::prepared::{Prepared, Wanted};
use crate::signals::Signals;
use crate::{device, probe};
use anyhow::{Context, Result};
use libtorch::disk::size as bytes;
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tensor_data::Dataset;
use train::Error;
use train::batch_finder::{Choice, Point, choose, is_out_of_memory, measure, needed, sizes};
use viz::{Best, Chart, Drawing, Scale, Series};
use xtask::cli::FindBatchArgs;
use xtask::progress::Spinner;

/// Seconds of training that count, for each size in each round.
const LEAST: Duration = Duration::from_secs(1);
/// How often each size is measured.
const ROUNDS: usize = 3;
/// Of the memory that is free, as much is used: what else the machine does needs some.
const SHARE: f64 = 0.9;

/// What was found, as `batches.json` and `--json` have it.
#[derive(Serialize)]
struct Found {
    recipe: String,
    dataset: String,
    device: String,
    threads: i32,
    libtorch: &'static str,
    sizes: Vec<Row>,
    #[serde(flatten)]
    choice: Option<Choice>,
    /// Why no larger size was tried.
    ended_by: String,
    csv: String,
    picture: String,
}

/// A row of `batches.csv`: the rates are pictures a second, the median over the rounds, the lowest and the highest.
#[derive(Serialize)]
struct Row {
    size: usize,
    seconds_per_minibatch: f64,
    images_per_second: f64,
    lowest: f64,
    highest: f64,
    peak_bytes: Option<u64>,
}

/// Measures, writes and prints.
pub fn run(args: &FindBatchArgs) -> Result<ExitCode> {
    let signals = Signals::listen()?;
    let wanted = Wanted::of(&args.find, None);
    let prepared = wanted.prepare(wanted.recipe()?)?;
    let json = args.output.json;
    if let Some(note) = &prepared.note {
        console::line(json, &format!("\n*** {note} ***\n"));
    }
    let (points, ended_by) = search(&prepared, args, &signals)?;
    if signals.flag().load(Ordering::Relaxed) {
        console::line(json, "interrupted: nothing was written");
        return Ok(ExitCode::from(signals.status()));
    }
    let Prepared { name, device, data, .. } = prepared;
    let out = args.out.clone().unwrap_or_else(|| find_rate::default_folder("find-batch", &name));
    let [csv, picture, result] = ["batches.csv", "batches.svg", "batches.json"].map(|file| out.join(file));
    let found = Found {
        recipe: name,
        dataset: data.name.clone(),
        device: device::name(device),
        threads: tch::get_num_threads(),
        libtorch: probe::LIBTORCH,
        sizes: points.iter().map(row).collect(),
        choice: choose(&points),
        ended_by,
        csv: csv.display().to_string(),
        picture: picture.display().to_string(),
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write_table(&csv, &found.sizes).with_context(|| format!("cannot write {}", csv.display()))?;
    fs::write(&result, format!("{}\n", serde_json::to_string_pretty(&found)?))
        .with_context(|| format!("cannot write {}", result.display()))?;
    draw(&found)?.save(&picture)?;
    console::line(json, &describe(&found, args));
    if json {
        console::print_json(&found)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All sizes that fit, smallest first, each measured once a round, and why the search ended where it did. In the first round
/// sizes are added until one does not fit.
fn search(prepared: &Prepared, args: &FindBatchArgs, signals: &Signals) -> Result<(Vec<Point>, String)> {
    let Prepared { recipe, device, data, plan, learner, .. } = prepared;
    let features = learner.features(plan, data)?;
    let spinner = Spinner::new("measuring");
    let time = |size: usize, round: usize| {
        spinner.set(format!("round {round} of {ROUNDS}: minibatches of {}", thousands(size as f64)));
        measure(recipe, data, features.as_ref(), *device, size, LEAST)
    };
    let is_asked = || signals.flag().load(Ordering::Relaxed);
    let mut points: Vec<Point> = Vec::new();
    let mut ended_by = None;
    for size in sizes(args.from.min(data.train.len()), highest(args, data)) {
        if is_asked() {
            return Ok((points, String::new()));
        }
        if let Some(why) = too_large(&points, size, args, device.is_cuda()) {
            ended_by = Some(why);
            break;
        }
        torch_ext::memory::reset_peak();
        match time(size, 1) {
            Ok(seconds) => points.push(Point { size, seconds: vec![seconds], peak: peak(device.is_cuda()) }),
            Err(error) if is_out_of_memory(&error) && !points.is_empty() => {
                ended_by = Some(format!("minibatches of {} are out of memory", thousands(size as f64)));
                break;
            }
            Err(error) => return Err(told(error, size)),
        }
    }
    for round in 2..=ROUNDS {
        for point in points.iter_mut().take_while(|_| !is_asked()) {
            match time(point.size, round) {
                Ok(seconds) => point.seconds.push(seconds),
                // It did fit once: what else the machine does may need more now.
                Err(error) if is_out_of_memory(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let ended_by = ended_by.unwrap_or_else(|| match args.to {
        Some(to) if to < data.train.len() => format!("--to {to}"),
        _ => format!("there are {} pictures to train on", thousands(data.train.len() as f64)),
    });
    Ok((points, ended_by))
}

/// The highest size to try: all pictures, or what the command line says.
fn highest(args: &FindBatchArgs, data: &Dataset) -> usize {
    args.to.map_or(data.train.len(), |to| to.min(data.train.len()))
}

/// Why a size is not tried: it would take more memory than there is, or too long. The device says itself when its memory is out.
fn too_large(points: &[Point], size: usize, args: &FindBatchArgs, is_cuda: bool) -> Option<String> {
    let of = thousands(size as f64);
    let last = points.last()?;
    let seconds = last.median() * size as f64 / last.size as f64;
    if seconds > args.max_seconds {
        return Some(format!("a minibatch of {of} would take {seconds:.0} s: see --max-seconds"));
    }
    if is_cuda {
        return None;
    }
    let there =
        torch_ext::memory::bytes(torch_ext::memory::NOW)? as f64 + SHARE * torch_ext::memory::available()? as f64;
    let need = needed(points, size)?;
    (need as f64 > there)
        .then(|| format!("minibatches of {of} would need {}, and there are {}", bytes(need), bytes(there as u64)))
}

/// The most memory that the process had since it was reset; on CUDA that is not what fills up.
fn peak(is_cuda: bool) -> Option<u64> {
    if is_cuda { None } else { torch_ext::memory::bytes(torch_ext::memory::PEAK) }
}

/// The first size does not fit.
fn told(error: Error, size: usize) -> anyhow::Error {
    if is_out_of_memory(&error) {
        return anyhow::anyhow!("not even minibatches of {size} fit: begin lower with --from ({error})");
    }
    error.into()
}

fn row(point: &Point) -> Row {
    let (lowest, highest) = point.spread();
    Row {
        size: point.size,
        seconds_per_minibatch: point.median(),
        images_per_second: point.rate(),
        lowest,
        highest,
        peak_bytes: point.peak,
    }
}

fn write_table(path: &Path, rows: &[Row]) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    Ok(writer.flush()?)
}

/// Pictures a second over the size, on logarithmic axes.
fn draw(found: &Found) -> Result<Drawing> {
    let sizes: Vec<f64> = found.sizes.iter().map(|row| row.size as f64).collect();
    let rates = |of: fn(&Row) -> f64| -> Vec<f64> { found.sizes.iter().map(of).collect() };
    let series = vec![
        Series::new("median", &sizes, &rates(|row| row.images_per_second))?.marked(Best::Highest),
        Series::new("lowest round", &sizes, &rates(|row| row.lowest))?,
        Series::new("highest round", &sizes, &rates(|row| row.highest))?,
    ];
    let title = format!("Pictures trained a second: {} on {}", found.recipe, found.device);
    let mut chart = Chart::new(&title, "pictures of a minibatch", "pictures a second", series)?;
    (chart.x.scale, chart.y.scale) = (Scale::Log, Scale::Log);
    Ok(chart.draw())
}

fn describe(found: &Found, args: &FindBatchArgs) -> String {
    let Found { recipe, dataset, device, threads, csv, picture, ended_by, .. } = found;
    let threads = console::count(i64::from(*threads), "thread");
    let mut text =
        format!("{recipe} on {dataset}, {device}, {threads}: median of {ROUNDS} rounds (lowest to highest)\n");
    text += "    size   ms a minibatch   pictures/s                         memory\n";
    for Row { size, seconds_per_minibatch, images_per_second, lowest, highest, peak_bytes } in &found.sizes {
        let spread = format!("({} to {})", thousands(*lowest), thousands(*highest));
        let memory = peak_bytes.map_or(String::new(), bytes);
        let milliseconds = 1e3 * seconds_per_minibatch;
        text += &format!(
            "{size:>8}   {milliseconds:>14.2}   {:>10} {spread:<22} {memory:>8}\n",
            thousands(*images_per_second)
        );
    }
    let Some(Choice { fastest, smallest_near, largest }) = found.choice else { return text };
    text += &format!("fastest  {fastest}\nlargest  {largest}: {ended_by}\n");
    let rate =
        |size: usize| found.sizes.iter().find(|row| row.size == size).map_or(f64::NAN, |row| row.images_per_second);
    if smallest_near < fastest {
        let share = 100.0 * rate(smallest_near) / rate(fastest);
        let steps = fastest as f64 / smallest_near as f64;
        text += &format!(
            "advice   {smallest_near} trains {share:.0} % as fast, with {} times the steps an epoch\n",
            times(steps)
        );
    }
    text += &format!("written  {}, {}\n", console::shown::word(csv), console::shown::word(picture));
    text += &format!(
        "next     {}  (another size wants another learning rate)",
        find_rate::next("find-rate", &args.find, None, "minibatch.size", smallest_near.to_string())
    );
    text
}

/// `2`, `7.3`, `113`.
fn times(ratio: f64) -> String {
    if ratio.fract() == 0.0 || ratio >= 100.0 { format!("{ratio:.0}") } else { format!("{ratio:.1}") }
}

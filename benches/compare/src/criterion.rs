//! What criterion's benches came to: gathered from the files that it leaves, kept as a record in `benches/results/`, and
//! compared with the newest record of the same kind of machine, so that a regression is seen without a saved baseline.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::machine::Machine;
use crate::record::{Record, Row};
use crate::stats::{median, spread};
use crate::table::conditions;

/// Kind of the records, and name of the part of `docs/performance.md`.
pub const KIND: &str = "criterion";
/// Measures of a bench: quartiles of the seconds per iteration, and pictures per iteration where they were told.
const LOWER: &str = "lower";
const MEDIAN: &str = "median";
const UPPER: &str = "upper";
const PICTURES: &str = "pictures";
/// A median that moves by less, either way, tells nothing.
const NOISE: f64 = 1.15;

/// `benchmark.json`, as far as it is of use.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<u64>,
}

/// `sample.json`: nanoseconds of each sample, and how many iterations it had.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// A record of the benches that criterion measured into `home` since `since`; its rows are in the order of the names.
///
/// # Errors
/// If criterion's files cannot be read.
pub fn gather(home: &Path, since: SystemTime, threads: u32) -> Result<Record> {
    let mut folders = Vec::new();
    measured(home, since, &mut folders)?;
    folders.sort();
    let mut rows = Vec::new();
    for folder in folders {
        rows.extend(rows_of(&folder)?);
    }
    Ok(Record {
        kind: KIND.to_owned(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        command: format!("cargo xtask bench --keep --threads {threads}"),
        threads,
        machine: Machine::here(""),
        rows,
    })
}

/// Folders `new` below `folder` whose samples were written since then.
fn measured(folder: &Path, since: SystemTime, found: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.file_name().is_some_and(|name| name == "new") {
            let written = fs::metadata(path.join("sample.json")).and_then(|it| it.modified());
            if written.is_ok_and(|time| time >= since) {
                found.push(path);
            }
        } else if path.is_dir() {
            measured(&path, since, found)?;
        }
    }
    Ok(())
}

fn rows_of(folder: &Path) -> Result<Vec<Row>> {
    let Benchmark { full_id, throughput } = parsed(&folder.join("benchmark.json"))?;
    let Sample { iters, times } = parsed(&folder.join("sample.json"))?;
    let seconds: Vec<f64> = times.iter().zip(&iters).map(|(time, count)| time / count / 1e9).collect();
    let spread = spread(&seconds).with_context(|| format!("{} holds no samples", folder.display()))?;
    let pictures = throughput.and_then(|it| it.elements).map(|count| (PICTURES, count as f64));
    let row = |(measure, value): (&str, f64)| Row {
        work: full_id.clone(),
        side: "ours".to_owned(),
        repetition: 1,
        measure: measure.to_owned(),
        value,
    };
    let times = [(LOWER, spread.lower), (MEDIAN, spread.median), (UPPER, spread.upper)];
    Ok(times.into_iter().chain(pictures).map(row).collect())
}

fn parsed<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_reader(std::io::BufReader::new(file))
        .with_context(|| format!("{} is not what this version of criterion writes", path.display()))
}

/// The newest record in `folder` of a machine with the same processor, as many processors and threads.
///
/// # Errors
/// If a record cannot be read.
pub fn earlier(folder: &Path, now: &Record) -> Result<Option<Record>> {
    let alike = |it: &Record| {
        let cpu = |it: &Record| (it.machine.cpu.clone(), it.machine.processors, it.threads);
        it.kind == KIND && cpu(it) == cpu(now)
    };
    let records = Record::all(folder)?.into_iter().filter(alike);
    Ok(records.max_by(|a, b| a.date.cmp(&b.date)))
}

/// `now` with the benches that `before`, of the same day, has and it lacks: a filter renews some of a record.
pub fn completed(now: Record, before: Option<Record>) -> Record {
    let renewed = names(&now);
    let kept = before.into_iter().flat_map(|it| it.rows).filter(|row| !renewed.contains(&row.work)).collect::<Vec<_>>();
    let mut rows = [kept, now.rows].concat();
    rows.sort_by(|a, b| a.work.cmp(&b.work)); // stable: the measures of a bench keep their order
    Record { rows, ..now }
}

fn names(record: &Record) -> BTreeSet<String> {
    record.rows.iter().map(|row| row.work.clone()).collect()
}

fn value(record: &Record, name: &str, measure: &str) -> Option<f64> {
    let values: Vec<f64> = record.values(name, "ours", measure).into_iter().map(|(_, value)| value).collect();
    median(&values)
}

/// For the terminal: each bench of `now`, and its median over that of `before`.
pub fn comparison(now: &Record, before: &Record) -> String {
    let mut text = format!("{:<78}  {:>10}  {:>10}  new / old\n", "median", "old", "new");
    let mut slower = 0;
    for name in names(now) {
        let Some(new) = value(now, &name, MEDIAN) else { continue };
        let old = value(before, &name, MEDIAN);
        let ratio = old.map(|old| new / old);
        let verdict = match ratio {
            None => "not in the record".to_owned(),
            Some(ratio) if ratio > NOISE => {
                slower += 1;
                format!("{ratio:.2}  SLOWER")
            }
            Some(ratio) if ratio < 1.0 / NOISE => format!("{ratio:.2}  faster"),
            Some(ratio) => format!("{ratio:.2}"),
        };
        let old = old.map(time).unwrap_or_default();
        let _ = writeln!(text, "{name:<78}  {old:>10}  {:>10}  {verdict}", time(new)); // a String takes all
    }
    let day = before.date.get(..10).unwrap_or(&before.date);
    let _ = writeln!(text, "{slower} slower by more than {:.0} % than on {day}", (NOISE - 1.0) * 100.0);
    text
}

/// The part of the page.
pub fn section(record: &Record) -> String {
    let mut text = "| bench | median | quartiles | pictures/s |\n| --- | --- | --- | --- |\n".to_owned();
    for name in names(record) {
        let cell = |measure| value(record, &name, measure);
        let (Some(lower), Some(median), Some(upper)) = (cell(LOWER), cell(MEDIAN), cell(UPPER)) else { continue };
        let speed = cell(PICTURES).map(|count| format!("{:.0}", count / median)).unwrap_or_default();
        let _ = writeln!(text, "| {name} | {} | {} to {} | {speed} |", time(median), time(lower), time(upper));
    }
    text + &conditions(record)
}

/// Seconds with three digits and the unit that suits them.
fn time(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
    let &(size, unit) = units.iter().find(|(size, _)| seconds >= *size).unwrap_or(&(1e-9, "ns"));
    let value = seconds / size;
    let digits = if value >= 100.0 { 0 } else { 3 - value.max(1.0).log10().floor() as usize - 1 };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
#[path = "criterion_tests.rs"]
mod tests;

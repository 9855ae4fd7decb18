//! `predict`: the command line and the words of [`inspect::predict`].

use crate::console::{self, Usage, shown};
use crate::{device, picture_batch};
use anyhow::{Context, Result, anyhow};
use inspect::asked::{self, Entry, PassedOver};
use inspect::{Class, Prediction, Refused};
use serde::Serialize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use train::ModelMeta;
use train::run_folder::load_model;
use xtask::cli::PredictArgs;
use xtask::progress::say;

#[derive(Serialize)]
struct Predictions {
    run: String,
    checkpoint: String,
    dataset: String,
    pictures: Vec<Answer>,
    /// Of folders: what was not taken for a picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passed_over: Vec<Skipped>,
}

/// What is known of a picture, in the order in which they were asked for.
#[derive(Serialize)]
struct Answer {
    picture: String,
    /// Which of the IMAGE arguments led to it, from 1.
    argument: usize,
    /// The path's bytes in hexadecimal digits, where they are not UTF-8 and `picture` can't be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_bytes: Option<String>,
    /// `ok`, `unsure` or `unreadable`.
    status: &'static str,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Good(Prediction),
    Bad { error: String },
}

#[derive(Serialize)]
struct Skipped {
    folder: String,
    argument: usize,
    hidden: u64,
    not_pictures: u64,
}

/// Classifies and prints.
pub fn run(args: &PredictArgs) -> Result<ExitCode> {
    let device = device::resolve(args.device.device)?;
    let saved = console::saved(&args.checkpoint);
    let (model, meta) = load_model(&args.run, &saved, device)?;
    let asked = asked::find(&args.images, picture_batch::standard_input);
    let shape = console::shape(&[&[1], meta.input.as_slice()].concat());
    let (invert, top) = (picture_batch::invert(args.invert), usize::try_from(args.top)?);
    let least = args.reject.map(|wrong| least_probability(&meta, wrong)).transpose()?;
    let mut table = args.csv.as_deref().map(Table::new).transpose()?;
    // A table has the second best whatever is printed.
    let top_computed = if table.is_some() { top.max(2) } else { top };
    let mut status = 0;
    let mut pictures = Vec::new();
    if !args.output.json {
        asked.passed_over.iter().for_each(picture_batch::passed_over);
    }
    for entries in asked.entries.chunks(inspect::at_once(&meta)) {
        let rows = inspect::predict(&model, &meta, entries, invert, top_computed, device)?;
        for (entry, row) in entries.iter().zip(rows) {
            let mut result = outcome(entry, row);
            if matches!(result, Outcome::Bad { .. }) {
                status = 1;
            }
            let sureness = result.status(least);
            if let Some(table) = &mut table {
                table.row(entry, &result, sureness)?;
            }
            if let Outcome::Good(prediction) = &mut result {
                prediction.classes.truncate(top);
            }
            if args.output.json {
                pictures.push(answer(entry, result, sureness));
            } else {
                print(&entry.path, &result, sureness, &shape);
            }
        }
    }
    table.map(Table::write).transpose()?;
    if args.output.json {
        console::print_json(&Predictions {
            run: args.run.display().to_string(),
            checkpoint: saved.folder().to_owned(),
            dataset: meta.dataset,
            pictures,
            passed_over: asked.passed_over.iter().map(skipped).collect(),
        })?;
    }
    Ok(ExitCode::from(status))
}

fn outcome(entry: &Entry, row: Result<Prediction, Refused<'_>>) -> Outcome {
    match row {
        Ok(mut prediction) => {
            for step in &mut prediction.conversion {
                *step = picture_batch::with_remedy(step);
            }
            Outcome::Good(prediction)
        }
        Err(refused) => Outcome::Bad { error: shown::word(&refused.told(&shown::path(&entry.path))) },
    }
}

impl Outcome {
    /// `least` is the probability from which on an answer is given.
    fn status(&self, least: Option<f64>) -> &'static str {
        match self {
            Outcome::Bad { .. } => "unreadable",
            Outcome::Good(prediction) => {
                let probability = prediction.classes.first().map_or(0.0, |class| class.probability);
                if least.is_some_and(|least| probability < least) { "unsure" } else { "ok" }
            }
        }
    }
}

/// The probability from which on at most `wrong`, a share, of the answers was wrong on the validation pictures. Where even the surest
/// were wrong more often, none is given.
fn least_probability(meta: &ModelMeta, wrong: f64) -> Result<f64> {
    let calibration = meta.calibration.as_ref().ok_or_else(|| {
        Usage("--reject needs a best model that was measured on its validation pictures, as every run that ended has; this one was not".into())
    })?;
    let Some(threshold) = calibration.reject.at(wrong) else {
        say(format!(
            "no answer was right often enough on {} validation pictures: all are unsure",
            calibration.pictures
        ));
        return Ok(f64::INFINITY);
    };
    say(format!(
        "answers from {} on: of {} validation pictures {} were answered, {} of those wrong",
        console::percent(threshold.probability),
        console::thousands(calibration.pictures as f64),
        console::percent(threshold.answered),
        console::percent(threshold.wrong)
    ));
    Ok(threshold.probability)
}

/// A row for each picture, written at the end: whole or not at all.
struct Table<'a> {
    path: &'a Path,
    rows: csv::Writer<Vec<u8>>,
}

impl<'a> Table<'a> {
    fn new(path: &'a Path) -> Result<Table<'a>> {
        if path.exists() {
            let problem = format!("{} exists already and is never overwritten: name another file", shown::path(path));
            return Err(Usage(problem).into());
        }
        let mut rows = csv::Writer::from_writer(Vec::new());
        rows.write_record(["path", "class", "probability", "second", "second_probability", "status", "cause"])?;
        Ok(Table { path, rows })
    }

    fn row(&mut self, entry: &Entry, outcome: &Outcome, status: &str) -> Result<()> {
        let mut cells = vec![entry.path.display().to_string()];
        let cause = match outcome {
            Outcome::Good(prediction) => {
                for place in 0..2 {
                    let class = prediction.classes.get(place);
                    cells.push(class.map_or(String::new(), |it| it.name.clone()));
                    cells.push(class.map_or(String::new(), |it| format!("{:.6}", it.probability)));
                }
                String::new()
            }
            Outcome::Bad { error } => {
                cells.extend([const { String::new() }; 4]);
                error.clone()
            }
        };
        cells.extend([status.to_owned(), cause]);
        Ok(self.rows.write_record(cells)?)
    }

    fn write(self) -> Result<()> {
        let bytes = self.rows.into_inner().map_err(|error| anyhow!("{error}"))?;
        whole_file::write(self.path, &bytes).with_context(|| format!("cannot write {}", shown::path(self.path)))
    }
}

fn answer(entry: &Entry, result: Outcome, status: &'static str) -> Answer {
    let hexadecimal = || entry.path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Answer {
        picture: entry.path.display().to_string(),
        argument: entry.argument,
        picture_bytes: entry.path.to_str().is_none().then(hexadecimal),
        status,
        result,
    }
}

fn skipped(folder: &PassedOver) -> Skipped {
    let PassedOver { argument, hidden, others, .. } = *folder;
    Skipped { folder: folder.folder.display().to_string(), argument, hidden, not_pictures: others }
}

fn print(picture: &Path, outcome: &Outcome, status: &str, shape: &str) {
    let Prediction { width, height, conversion, doubt, classes } = match outcome {
        Outcome::Good(prediction) => prediction,
        Outcome::Bad { error } => return console::complain(&anyhow!("{error}")),
    };
    let how = match conversion.as_slice() {
        [] => "taken as it is".to_owned(),
        steps => steps.join("; "),
    };
    console::line(false, &format!("{}: {width} x {height} pixels to {shape}: {how}", shown::path(picture)));
    if let Some(doubt) = doubt {
        console::line(false, &format!("  warning: {doubt}"));
    }
    if status == "unsure" {
        console::line(false, "  unsure");
    }
    let widest = classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0).max(3);
    for Class { name, probability, .. } in classes {
        let bar = "█".repeat((probability * 30.0).round() as usize);
        let percent = console::percent(*probability);
        console::line(false, format!("  {:>widest$}  {percent:>8}  {bar}", shown::word(name)).trim_end());
    }
}

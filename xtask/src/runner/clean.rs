//! `clean`: labels that are probably wrong become a table and a page, and an edited table becomes moves that can be undone.

use crate::console::{self, Usage, count, shown};
use crate::folds;
use crate::own_pictures;
use crate::signals::Signals;
use crate::train_command::How;
use crate::whole_set::WholeSet;
use crate::{data_sets, device};
use ::clean::{File, Journal, Page, Row, Shown, State};
use ::folds::Fold;
use anyhow::{Context, Result};
use metrics::Suspect;
use pictures::{Inventory, Layout};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use train::recipe::Pictures;
use train::run_folder::{self, FoldSet, Reserved, Saved};
use train::{Identity, Recipe};
use xtask::cli::CleanArgs;
use xtask::progress::say;
use xtask::words::Suggested;

const TABLE: &str = "suspects.csv";
const PAGE: &str = "suspects.html";
const JOURNAL: &str = "journal.json";

/// Does what was asked for.
pub fn run(args: &CleanArgs) -> Result<ExitCode> {
    let folder = args.run.join("clean");
    if args.undo {
        return undo(args, &folder.join(JOURNAL));
    }
    if args.apply {
        return apply(args, &folder);
    }
    let table = folder.join(TABLE);
    if table.exists() {
        let problem = format!(
            "{} is there already and may have been edited: --apply moves files by it; remove it to have suspects found again",
            shown::path(&table)
        );
        return Err(Usage(problem).into());
    }
    let mut signals = Signals::listen()?;
    let how = How { data: &args.data, device: args.device.device, json: args.output.json, tensorboard: false };
    let (set, whole) = folds_of(args)?;
    if !folds::train_all(&set, &whole, &how, &mut signals)? {
        let again = Suggested::new("clean").path(&args.run).option("--data", args.data.data.as_ref());
        console::line(how.json, &format!("\nstopped  interrupted\nnext     {again}"));
        return Ok(ExitCode::from(signals.status()));
    }
    find(args, &set, &whole, &folder)
}

/// The folds whose models judge: the set that was named, or those of a run, which are made where there are none.
fn folds_of(args: &CleanArgs) -> Result<(FoldSet, WholeSet)> {
    if FoldSet::is_at(&args.run) {
        let set = FoldSet::open(&args.run)?;
        let whole = WholeSet::of_set(&set, &args.data)?;
        return Ok((set, whole));
    }
    let place = args.run.join("folds");
    if FoldSet::is_at(&place) {
        let set = FoldSet::open(&place)?;
        let whole = WholeSet::of_set(&set, &args.data)?;
        return Ok((set, whole));
    }
    let of = args.folds;
    let known = identity(&args.run)?;
    if let Some(fold) = known.recipe.fold {
        let problem = format!("{} is {fold}: name the folder of the whole set", shown::path(&args.run));
        return Err(Usage(problem).into());
    }
    say(format!(
        "{} has no folds, and a model cannot judge the labels that it was trained on: {of} folds are trained first, in {}",
        shown::path(&args.run),
        shown::path(&place)
    ));
    let mut recipe = Recipe { fold: Some(Fold { index: 1, of }), ..known.recipe.clone() };
    if let Some(own) = &mut recipe.pictures {
        own.test = Pictures::new("").test; // each fold's part takes its place
    }
    recipe.check()?;
    let known = Identity { recipe, pictures: None, ..known };
    let whole = WholeSet::of_run(&args.run, &known, of, &args.data)?;
    Ok((folds::new_set(Reserved::take(&place)?, &whole, of, known)?, whole))
}

/// What a run, or what all of a set of folds, is.
fn identity(run: &Path) -> Result<Identity> {
    if FoldSet::is_at(run) {
        return Ok(FoldSet::read(run)?.identity().clone());
    }
    run_folder::read_recipe(run, &[])?;
    Ok(run_folder::identity(run, None)?)
}

/// Judges every picture by the fold that did not learn from it, and writes table and page.
fn find(args: &CleanArgs, set: &FoldSet, whole: &WholeSet, folder: &Path) -> Result<ExitCode> {
    let labels: Vec<usize> = whole.all.labels().iter().map(|&label| label as usize).collect();
    let suspects = metrics::suspects(&labels, &out_of_fold(set, whole, args)?);
    let can_move = whole.inventory.as_ref().is_some_and(|inventory| inventory.layout != Layout::Table);
    let rows: Vec<Row> = suspects.iter().map(|suspect| row(suspect, whole, can_move)).collect();
    let next = match (&whole.inventory, can_move) {
        (_, true) => {
            "empty the column move_to of the table where the label is right, then move files with --apply".to_owned()
        }
        (Some(_), false) => "classes come from a table of paths and labels: correct them there".to_owned(),
        (None, _) => "the pictures are no files of their own: correct the labels where the arrays come from".to_owned(),
    };
    let page = Page {
        name: set.identity().recipe.data.set.clone(),
        pictures: whole.all.len(),
        how: format!(
            "Each was judged by one of {} models that was not trained on it. Another class than the label is as probable as in pictures of \
             that class on average (confident learning).",
            set.of()
        ),
        next: vec![format!("To do: {next}.")],
    };
    let shape = whole.all.shape();
    let html = page.html(&rows, |place| Shown { shape, pixels: whole.all.picture(suspects[place].picture).0 })?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", shown::path(folder)))?;
    let (table, page) = (folder.join(TABLE), folder.join(PAGE));
    whole_file::write(&page, html.as_bytes()).with_context(|| format!("cannot write {}", shown::path(&page)))?;
    ::clean::write(&table, &rows)?;
    if args.output.json {
        let (table, page) = (table.display().to_string(), page.display().to_string());
        console::print_json(&serde_json::json!({
            "suspects": rows.len(), "pictures": whole.all.len(), "table": table, "page": page,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let share = 100.0 * rows.len() as f64 / whole.all.len() as f64;
    console::line(
        false,
        &format!(
            "\nsuspects {} of {} ({share:.1} %)\npage     {}\ntable    {}\nto do    {next}",
            rows.len(),
            count(whole.all.len() as i64, "picture"),
            shown::path(&page),
            shown::path(&table)
        ),
    );
    if can_move {
        console::line(false, &format!("next     {} --apply", Suggested::new("clean").path(&args.run)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A row of probabilities for every picture, by the model of the fold that tests it.
fn out_of_fold(set: &FoldSet, whole: &WholeSet, args: &CleanArgs) -> Result<Vec<Vec<f64>>> {
    let device = device::resolve(args.device.device)?;
    let mut all = vec![Vec::new(); whole.all.len()];
    for (index, parts) in (1..=set.of()).zip(&whole.parts) {
        let recipe = set.recipe(index);
        let (model, _) = run_folder::load_model(&set.run(index), &Saved::Best, device)?;
        let tested = recipe.upload_samples(&whole.all.select(&parts.test)?, device)?;
        let found = train::predictions(&model, &tested, recipe.evaluation.size, tensor_data::Tail::Keep)?;
        for (row, &picture) in parts.test.iter().enumerate() {
            all[picture] = found.probabilities(row).iter().map(|&p| f64::from(p)).collect();
        }
    }
    Ok(all)
}

fn row(suspect: &Suspect, whole: &WholeSet, can_move: bool) -> Row {
    let class = |class: usize| whole.all.class_names()[class].clone();
    let path = whole.inventory.as_ref().map(|inventory| inventory.pictures[suspect.picture].path.as_path());
    // A table holds text: a path that is none is shown, and its file is left where it is.
    let text = path.and_then(Path::to_str);
    let picture = text.map(str::to_owned).or_else(|| path.map(shown::path));
    let suggested = class(suspect.suggested);
    Row {
        picture: picture.unwrap_or_else(|| suspect.picture.to_string()),
        given: class(suspect.given),
        move_to: if can_move && text.is_some() { suggested.clone() } else { String::new() },
        suggested,
        confidence: suspect.confidence,
        given_probability: suspect.self_confidence,
        margin: suspect.margin(),
    }
}

/// Moves files by the table, or finishes moves that were interrupted.
fn apply(args: &CleanArgs, folder: &Path) -> Result<ExitCode> {
    let (table, journal) = (folder.join(TABLE), folder.join(JOURNAL));
    let unfinished = Journal::read(&journal)?.filter(|it| it.state == State::Applying);
    let done = match unfinished {
        Some(begun) => {
            say("moves that were interrupted are finished first");
            begun.finish(&journal)?
        }
        None => {
            Journal::check_free(&journal)?;
            if !table.is_file() {
                let find = Suggested::new("clean").path(&args.run);
                return Err(Usage(format!("there is no {}: `{find}` writes it", shown::path(&table))).into());
            }
            let inventory = inventory(args)?;
            let root = std::path::absolute(&inventory.root)?;
            let moves = ::clean::plan(&root, &::clean::read(&table)?, &files(&inventory), &inventory.classes)?;
            Journal::begin(&journal, &root, moves)?
        }
    };
    told(args, &done, "moved to other class folders", "undo", "--undo")
}

fn undo(args: &CleanArgs, journal: &Path) -> Result<ExitCode> {
    let Some(found) = Journal::read(journal)? else {
        return Err(Usage(format!("nothing was moved: there is no {}", shown::path(journal))).into());
    };
    let done = found.undo(journal)?;
    told(args, &done, "moved back to where they were", "again", "--apply")
}

fn told(args: &CleanArgs, journal: &Journal, what: &str, word: &str, option: &str) -> Result<ExitCode> {
    if args.output.json {
        console::print_json(journal)?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = count(journal.moves.len() as i64, "picture");
    console::line(false, &format!("{files} {what} in {}", shown::path(&journal.root)));
    console::line(false, &format!("{word:<8} {} {option}", Suggested::new("clean").path(&args.run)));
    Ok(ExitCode::SUCCESS)
}

/// The run's folder of pictures as it is now.
fn inventory(args: &CleanArgs) -> Result<Inventory> {
    let known = identity(&args.run)?;
    let Some(own) = &known.recipe.pictures else {
        let problem =
            format!("{} was not trained on a folder of picture files: nothing can be moved", shown::path(&args.run));
        return Err(Usage(problem).into());
    };
    let place = data_sets::own_place(&args.run, &known, own, &args.data)?;
    Ok(own_pictures::folder(own, place)?.whole.inventory)
}

fn files(inventory: &Inventory) -> Vec<File> {
    let file = |it: &pictures::Picture| File {
        path: PathBuf::from(&it.path),
        class: inventory.classes[it.class as usize].clone(),
        sha256: it.sha256,
    };
    inventory.pictures.iter().map(file).collect()
}

//! `data`: which data sets are on this machine, and fetching one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tensor_data::catalog::{self, Entry, Published};
use tensor_data::fetch::Settings;
use tensor_data::files::{self, Folder};
use tensor_data::survey;

use crate::cli::DataArgs;
use crate::places;
use crate::progress::{Download, print};
use crate::shown;

/// Why a data set cannot be had from the folder that `--data` names, in one line.
pub fn not_there(entry: &'static Entry, root: &Path) -> String {
    let alone = "with --data, nothing is fetched and nothing takes its place";
    let belong = format!("{} belong in {}", files::NAMES.join(", "), root.join(entry.name).display());
    if !root.is_dir() {
        return format!("--data: there is no folder {}; {alone}", root.display());
    }
    match survey::what_lacks(entry, &[root.to_owned()]).first() {
        Some(lack) => format!("{lack}; {alone}"),
        None => format!(
            "{} does not hold {}: {belong}, plain or with .gz; found there: {}; {alone}",
            root.display(),
            entry.title,
            Folder::own(root).contents()
        ),
    }
}

/// `data`
///
/// # Errors
/// If there is no data set of that name, or it cannot be fetched.
pub fn run(args: &DataArgs) -> Result<()> {
    let Some(name) = args.name.as_deref() else {
        return list(args);
    };
    let Some(entry) = catalog::find(name) else {
        bail!("there is no data set \"{name}\": known are {}", catalog::names());
    };
    let Some(published) = entry.published() else {
        bail!("{name} is drawn by this program and always there: nothing to fetch");
    };
    let folder = args.out.clone().unwrap_or_else(|| usual_folder(entry));
    fetch(published, &folder)?;
    report(args, &folder, &format!("{name} is complete and verified"))
}

/// Where a data set is fetched to unless another folder is named.
pub fn usual_folder(entry: &Entry) -> PathBuf {
    places::data_home().join(entry.name)
}

/// Fetches a data set into `folder` and verifies it, showing how far it has come.
///
/// # Errors
/// Those of [`Published::fetch`].
pub fn fetch(published: &Published, folder: &Path) -> Result<()> {
    let mut download = Download::default();
    published.fetch(folder, &Settings::default(), &mut |progress| download.show(&progress))?;
    Ok(())
}

fn list(args: &DataArgs) -> Result<()> {
    let sets = survey::all(&places::data_roots(&args.data));
    if args.output.json {
        return print(serde_json::to_string_pretty(&sets)?);
    }
    for set in &sets {
        print(format!("{:<14} {:<44} {}", set.name, set.about, shown::word(&set.state())))?;
    }
    if let Some(lacking) = sets.iter().find(|set| !set.complete) {
        print(format!("\nfetch with: {} data {}", places::program(), lacking.name))?;
    }
    Ok(())
}

fn report(args: &DataArgs, folder: &Path, words: &str) -> Result<()> {
    let folder = std::path::absolute(folder).context("the current folder is unknown")?;
    if args.output.json {
        return print(serde_json::json!({ "name": args.name, "folder": folder, "verified": true }).to_string());
    }
    print(format!("{words}: {}", shown::path(&folder)))
}

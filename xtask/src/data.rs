//! `data`: which data sets are on this machine, and fetching one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensor_data::fetch::Progress;
use tensor_data::{Error, mnist};

use crate::cli::DataArgs;
use crate::places;
use crate::progress::{Bytes, print, say};

/// A data set and what is known of it on this machine.
#[derive(Debug, Serialize)]
pub struct DataSet {
    /// Its name in recipes.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Where it lies, or where its files belong; `None` for one that is drawn by the program.
    pub folder: Option<PathBuf>,
    /// Whether it can be read from there.
    pub complete: bool,
    /// Files that its folder lacks.
    pub missing: Vec<String>,
    /// Folders that were looked into.
    pub looked_in: Vec<PathBuf>,
}

impl DataSet {
    /// Where it is or what is missing, in a few words.
    pub fn state(&self) -> String {
        match &self.folder {
            None => "always there (drawn by this program)".to_owned(),
            Some(folder) if self.complete => format!("complete in {}", folder.display()),
            Some(folder) if folder.is_dir() => {
                format!("{} lacks {}", folder.display(), self.missing.join(", "))
            }
            Some(_) => {
                let looked: Vec<_> = self.looked_in.iter().map(|folder| folder.display().to_string()).collect();
                format!("not found; looked in {}", looked.join(", "))
            }
        }
    }
}

/// All data sets, looked for in `roots`.
pub fn all(roots: &[PathBuf]) -> Vec<DataSet> {
    let looked_in: Vec<PathBuf> = roots.iter().map(|root| root.join("mnist")).collect();
    let complete = looked_in.iter().find(|folder| mnist::is_present(folder));
    let folder = complete.or_else(|| looked_in.iter().find(|folder| folder.is_dir())).or(looked_in.last()).cloned();
    let missing = match &folder {
        Some(folder) if complete.is_none() => match mnist::load(folder) {
            Err(Error::Missing { names, .. }) => names,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    vec![
        DataSet {
            name: "mnist",
            about: "60,000 + 10,000 handwritten digits, 28x28",
            complete: complete.is_some(),
            folder,
            missing,
            looked_in,
        },
        DataSet {
            name: "glyphs",
            about: "60,000 + 10,000 drawn digits, 28x28",
            folder: None,
            complete: true,
            missing: Vec::new(),
            looked_in: Vec::new(),
        },
    ]
}

/// `data`
///
/// # Errors
/// If there is no data set of that name, or it cannot be fetched.
pub fn run(args: &DataArgs) -> Result<()> {
    match args.name.as_deref() {
        None => list(args),
        Some("mnist") => {
            let folder = args.out.clone().unwrap_or_else(|| places::workspace().join("data/mnist"));
            fetch_mnist(&folder)?;
            report(args, &folder, "mnist is complete and verified")
        }
        Some("glyphs") => {
            bail!("glyphs is drawn by this program and always there: nothing to fetch")
        }
        Some(other) => bail!("there is no data set \"{other}\": known are mnist and glyphs"),
    }
}

/// Fetches MNIST into `folder` and verifies it, showing how far it has come.
///
/// # Errors
/// Those of [`mnist::fetch`].
pub fn fetch_mnist(folder: &Path) -> Result<()> {
    let mut bar: Option<(String, Bytes)> = None;
    mnist::fetch(folder, &mut |progress| match progress {
        Progress::Received { name, bytes, total } => {
            if bar.as_ref().is_none_or(|(of, _)| of != name) {
                bar = Some((name.to_owned(), Bytes::new(name, total.unwrap_or(bytes))));
            }
            if let Some((_, bar)) = &mut bar {
                bar.set(bytes);
            }
        }
        Progress::Waiting { .. } => say("waiting: another process is fetching into the same folder"),
        Progress::Retrying { url, reason, wait, .. } => {
            bar = None;
            say(format!("{url}: {reason}; again in {:.0} s", wait.as_secs_f64()));
        }
        Progress::Failed { url, reason, .. } => {
            bar = None;
            say(format!("{url}: {reason}"));
        }
        Progress::Done { .. } => bar = None,
        _ => {}
    })?;
    Ok(())
}

fn list(args: &DataArgs) -> Result<()> {
    let sets = all(&places::data_roots(&args.data));
    if args.output.json {
        return print(serde_json::to_string_pretty(&sets)?);
    }
    for set in &sets {
        print(format!("{:<8} {:<44} {}", set.name, set.about, set.state()))?;
    }
    if sets.iter().any(|set| !set.complete) {
        print("\nfetch with: cargo xtask data mnist")?;
    }
    Ok(())
}

fn report(args: &DataArgs, folder: &Path, words: &str) -> Result<()> {
    let folder = std::path::absolute(folder).context("the current folder is unknown")?;
    if args.output.json {
        return print(serde_json::json!({ "name": args.name, "folder": folder, "verified": true }).to_string());
    }
    print(format!("{words}: {}", folder.display()))
}
